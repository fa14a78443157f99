#include "domain/sessions.h"
#include "domain/sql.h"
#include <stdio.h>

/* Ended sessions are forgotten a week later, a few with each new one. */
static const struct statement FORGET = {
    "sessions_forget",
    "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE expires_at < now() - interval '7 "
    "days' ORDER BY expires_at LIMIT 10 FOR UPDATE SKIP LOCKED)"};

static const struct statement OPEN = {
    "sessions_open",
    "WITH seen AS (UPDATE users SET last_seen_at = now() WHERE id = $1::uuid RETURNING id, role), "
    "made AS (INSERT INTO sessions (user_id, address, user_agent, expires_at) SELECT id, $2, left($3, 500), now() + "
    "$5::int * interval '1 day' FROM seen RETURNING id, user_id), "
    "token AS (INSERT INTO refresh_tokens (digest, session_id) SELECT decode($4, 'hex'), id FROM made) "
    "SELECT made.id, seen.id, seen.role FROM made, seen"};

/* The row lock makes a second use of the token wait, and then see the first. The fourth column: it was used before, and
 * not just now by the same browser. */
static const struct statement TAKE = {
    "sessions_take_token",
    "SELECT s.id, u.id, u.role, t.used_at IS NOT NULL AND NOT (t.used_at > now() - interval '" SESSIONS_GRACE
    "' AND s.user_agent = left($2, 500)), s.revoked_at IS NULL AND s.expires_at > now() AND u.is_active "
    "FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id WHERE t.digest = "
    "decode($1, 'hex') FOR UPDATE OF t"};
/* A second use within the grace does not lengthen it. What it gave and nobody took (that answer was lost) goes later.
 */
static const struct statement ROTATE = {
    "sessions_rotate",
    "WITH used AS (UPDATE refresh_tokens SET used_at = coalesce(used_at, now()) WHERE digest = decode($1, 'hex')), "
    "old AS (DELETE FROM refresh_tokens WHERE session_id = $3::uuid AND (used_at < now() - interval '2 days' OR "
    "(used_at IS NULL AND created_at < now() - interval '1 day' AND digest <> decode($1, 'hex')))), "
    "fresh AS (INSERT INTO refresh_tokens (digest, session_id) VALUES (decode($2, 'hex'), $3::uuid)), "
    "seen AS (UPDATE users SET last_seen_at = now() WHERE id = $4::uuid) "
    "UPDATE sessions SET last_used_at = now(), expires_at = now() + $5::int * interval '1 day' WHERE id = $3::uuid"};
static const struct statement REVOKE = {
    "sessions_revoke",
    "UPDATE sessions SET revoked_at = now(), reason = $2 WHERE id = $1::uuid AND revoked_at IS NULL"};

static const struct statement END_BY_TOKEN = {"sessions_end_by_token",
                                              "UPDATE sessions SET revoked_at = now(), reason = 'logout' WHERE "
                                              "revoked_at IS NULL AND id = (SELECT session_id FROM "
                                              "refresh_tokens WHERE digest = decode($1, 'hex')) RETURNING user_id"};
static const struct statement END = {
    "sessions_end",
    "UPDATE sessions SET revoked_at = now(), reason = 'logout' WHERE id::text = $2 AND user_id = $1::uuid "
    "AND revoked_at IS NULL RETURNING id"};
static const struct statement END_ALL = {
    "sessions_end_all",
    "UPDATE sessions SET revoked_at = now(), reason = 'logout' WHERE user_id = $1::uuid AND revoked_at IS NULL"};

static const struct statement LIST = {
    "sessions_list",
    "SELECT json_build_object('items', coalesce(json_agg(json_build_object('id', id, 'created_at', "
    "rfc3339(created_at), "
    "'last_used_at', rfc3339(last_used_at), 'expires_at', rfc3339(expires_at), 'ip', address, 'user_agent', "
    "user_agent, "
    "'current', id::text = $2) ORDER BY last_used_at DESC), '[]'::json)) FROM sessions WHERE user_id = $1::uuid AND "
    "revoked_at IS NULL AND expires_at > now()"};

static void fill(const struct pg_result *row, struct session *ret_session) {
    struct session session = {.user.role = role_from_name(result_text(row, 0, 2))};
    snprintf(session.id, sizeof session.id, "%s", result_text(row, 0, 0));
    snprintf(session.user.id, sizeof session.user.id, "%s", result_text(row, 0, 1));
    *ret_session = session;
}

int sessions_open(struct postgres *db, const char *user_id, const char *address, const char *user_agent,
                  const char *digest, int64_t days, struct session *ret_session, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &FORGET, NULL, e);
    if (!r)
        r = postgres_query(db, &OPEN, &row, e, user_id, address, user_agent, digest, SQL_INT(days));
    if (r < 0)
        return r;
    if (!result_rows(row))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no such account");
    fill(row, ret_session);
    return 0;
}

static int refuse(struct error *e, const char *why) {
    error_set(e, EACCES, ERROR_SESSION_REVOKED, "%s", why);
    error_hint(e, "sign in again");
    return -EACCES;
}

int sessions_refresh(struct postgres *db, const char *used, const char *fresh, const char *user_agent, int64_t days,
                     struct session *ret_session, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *row = NULL;
    *ret_session = (struct session){0};
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = postgres_query(db, &TAKE, &row, e, used, user_agent);
    if (r < 0)
        return r;
    if (!result_rows(row))
        return refuse(e, "this refresh token is not known");
    fill(row, ret_session);
    bool again = result_bool(row, 0, 3), alive = result_bool(row, 0, 4);
    if (again)
        r = postgres_query(db, &REVOKE, NULL, e, ret_session->id, "reuse");
    else if (alive)
        r = postgres_query(db, &ROTATE, NULL, e, used, fresh, ret_session->id, ret_session->user.id, SQL_INT(days));
    if (!r)
        r = postgres_commit(&transaction, e);
    if (r < 0)
        return r;
    return again   ? refuse(e, "this refresh token was used before, so its session was ended")
           : alive ? 0
                   : refuse(e, "this session has ended");
}

int sessions_end_by_token(struct postgres *db, const char *digest, char ret_user_id[UUID_TEXT_SIZE], struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &END_BY_TOKEN, &row, e, digest);
    if (!r)
        snprintf(ret_user_id, UUID_TEXT_SIZE, "%s", result_rows(row) ? result_text(row, 0, 0) : "");
    return r;
}

int sessions_end(struct postgres *db, const struct caller *caller, const char *id, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &END, &row, e, caller->id, id);
    return r < 0 || result_rows(row) ? r : error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no session %.40s", id);
}

int sessions_end_all(struct postgres *db, const struct caller *caller, struct error *e) {
    return postgres_query(db, &END_ALL, NULL, e, caller->id);
}

int sessions_list(struct postgres *db, const struct caller *caller, const char *current, char **ret_json,
                  struct error *e) {
    return postgres_value(db, &LIST, ret_json, e, caller->id, current);
}
