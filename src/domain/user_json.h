/* How a user looks to clients: row `alias` of users, without anything secret. */
#pragma once

#define USER_JSON(alias)                                                                                               \
    "json_build_object('id', " alias ".id, 'email', " alias ".email, 'name', " alias ".name, 'role', " alias           \
    ".role, 'is_active', " alias ".is_active, 'settings', " alias ".settings, 'model_cost_day', " alias                \
    ".model_cost_day, 'created_at', rfc3339(" alias ".created_at), 'updated_at', rfc3339(" alias                       \
    ".updated_at), 'last_seen_at', rfc3339(" alias ".last_seen_at), 'revision', " alias ".revision)"
