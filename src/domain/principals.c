#include "domain/principals.h"
#include <errno.h>
#include <stdio.h>

static const struct statement OF_SESSION = {
    "principals_of_session",
    "SELECT u.id, u.role, '', '' FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1::uuid AND "
    "s.revoked_at IS NULL AND s.expires_at > now() AND u.is_active"};

static const struct statement OF_KEY = {
    "principals_of_key",
    "SELECT u.id, u.role, k.id, array_to_string(k.scopes, ' '), coalesce(k.last_used_at < now() - interval '1 minute', "
    "true) FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.digest = decode($1, 'hex') AND (k.expires_at IS "
    "NULL OR k.expires_at > now()) AND u.is_active"};

/* Once a minute is enough to tell a key that is used from one that is not. */
static const struct statement USED = {"principals_key_used",
                                      "UPDATE api_keys SET last_used_at = now() WHERE id = $1::uuid"};

static void fill(const struct pg_result *row, struct signed_in *ret_who) {
    struct signed_in who = {.caller.role = role_from_name(result_text(row, 0, 1))};
    snprintf(who.caller.id, sizeof who.caller.id, "%s", result_text(row, 0, 0));
    snprintf(who.key_id, sizeof who.key_id, "%s", result_text(row, 0, 2));
    snprintf(who.scopes, sizeof who.scopes, "%s", result_text(row, 0, 3));
    *ret_who = who;
}

int principals_of_session(struct postgres *db, const char *session_id, struct signed_in *ret_who, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &OF_SESSION, &row, e, session_id);
    if (r < 0)
        return r;
    if (!result_rows(row)) {
        error_set(e, EACCES, ERROR_SESSION_REVOKED, "this session has ended");
        error_hint(e, "sign in again");
        return -EACCES;
    }
    fill(row, ret_who);
    return 0;
}

int principals_of_key(struct postgres *db, const char *digest, struct signed_in *ret_who, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &OF_KEY, &row, e, digest);
    if (r < 0)
        return r;
    if (!result_rows(row)) {
        error_set(e, EACCES, ERROR_UNAUTHENTICATED, "this API key is not known, has expired, or was deleted");
        error_hint(e, "make another one under /auth/api-keys");
        return -EACCES;
    }
    fill(row, ret_who);
    return result_bool(row, 0, 4) ? postgres_query(db, &USED, NULL, e, ret_who->key_id) : 0;
}
