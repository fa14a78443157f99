/* Roles, rising. A row: identifier, name (users.role). What each may do and have: permission_table.h, quota_table.h. */
#pragma once

#define ROLE_TABLE(X)                                                                                                  \
    X(GUEST, "guest")                                                                                                  \
    X(FREE_USER, "free_user")                                                                                          \
    X(PRO_USER, "pro_user")                                                                                            \
    X(TEAM_MEMBER, "team_member")                                                                                      \
    X(TEAM_ORGANIZER, "team_organizer")                                                                                \
    X(ADMIN, "admin")                                                                                                  \
    X(SUPER_ADMIN, "super_admin")
