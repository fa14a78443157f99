#include "domain/users.h"
#include <errno.h>
#include <stdio.h>

static const struct statement FIND_ADMIN = {"users_find_admin",
                                            "SELECT id FROM users WHERE role >= 'admin' AND role = 'super_admin' AND "
                                            "is_active ORDER BY created_at, id LIMIT 1"};

/* The address cannot receive mail and there is no password: this row signs in nowhere. */
static const struct statement MAKE_ADMIN = {
    "users_make_admin",
    "INSERT INTO users (email, name, role) VALUES ('admin@localhost', 'Local administrator', 'super_admin') "
    "ON CONFLICT (lower(email)) DO UPDATE SET role = 'super_admin', is_active = true RETURNING id"};

static const struct statement CALL_NAME = {
    "users_call_name", "SELECT coalesce(nullif(u.name, ''), u.email) FROM users u WHERE u.id = $1::uuid"};

static const struct statement LOCK = {"users_lock",
                                      "SELECT pg_advisory_xact_lock(hashtextextended($2 || ':' || $1, 0))"};

int users_lock(struct postgres *db, const struct caller *caller, const char *what, struct error *e) {
    return postgres_query(db, &LOCK, NULL, e, caller->id, what);
}

int users_call_name(struct postgres *db, const struct caller *caller, char **ret_name, struct error *e) {
    return postgres_value(db, &CALL_NAME, ret_name, e, caller->id);
}

int users_ensure_local_admin(struct postgres *db, struct caller *ret_caller, struct error *e) {
    cleanup_result struct pg_result *found = NULL;
    cleanup_result struct pg_result *made = NULL;
    int r = postgres_query(db, &FIND_ADMIN, &found, e);
    if (!r && !result_rows(found))
        r = postgres_query(db, &MAKE_ADMIN, &made, e);
    if (r < 0)
        return r;
    ret_caller->role = ROLE_SUPER_ADMIN;
    snprintf(ret_caller->id, sizeof ret_caller->id, "%s", result_text(made ? made : found, 0, 0));
    return 0;
}
