/* Schemas that several resources share. Constants. */
#pragma once

#include "api/schema.h"

#include "domain/role_table.h"

#define API_ROLE_NAME(id, name) name,
#define API_ROLES               ((const char *const[]){ROLE_TABLE(API_ROLE_NAME) NULL})

#define API_USER_FIELDS                                                                                                \
    SCHEMA_OBJECT_FIELDS, {"email", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 254, .doc = "To sign in with."},             \
        {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .doc = "What people call them."},                                       \
        {"role", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = API_ROLES, .doc = "What they may do."},                      \
        {"is_active", SCHEMA_BOOL, SCHEMA_REQUIRED, .doc = "Whether they may sign in."},                               \
        {"model_cost_day",                                                                                             \
         SCHEMA_INT,                                                                                                   \
         SCHEMA_REQUIRED | SCHEMA_NULLABLE,                                                                            \
         .least = 0,                                                                                                   \
         .most = 9e15,                                                                                                 \
         .doc = "What models may cost them in a day (UTC), in millionths; null: what the role allows."},               \
        {"settings", SCHEMA_OBJECT, SCHEMA_REQUIRED,                                                                   \
         .doc = "Language, theme and the like, as the web app keeps them."},                                           \
    {                                                                                                                  \
        "last_seen_at", SCHEMA_TIME, SCHEMA_REQUIRED | SCHEMA_NULLABLE,                                                \
            .doc = "When they last signed in or refreshed."                                                            \
    }

extern const struct schema api_revisions_query, api_revision, api_revision_whole, api_user;
extern const struct schema api_socket_query; /* of WebSockets, which can send no header */
extern const struct schema api_credential;   /* credentials.c */
