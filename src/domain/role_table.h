/* Roles, rising, and what each may have. A row: identifier, name (users.role), runs at once. */
#pragma once

#define ROLE_TABLE(X)                                                                                                  \
    X(GUEST, "guest", 1)                                                                                               \
    X(FREE_USER, "free_user", 2)                                                                                       \
    X(PRO_USER, "pro_user", 10)                                                                                        \
    X(TEAM_MEMBER, "team_member", 10)                                                                                  \
    X(TEAM_ORGANIZER, "team_organizer", 20)                                                                            \
    X(ADMIN, "admin", 100)                                                                                             \
    X(SUPER_ADMIN, "super_admin", 100)
