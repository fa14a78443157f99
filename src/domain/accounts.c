#include "domain/accounts.h"
#include "base/memory.h"
#include "base/public_url.h"
#include "base/secret.h"
#include "base/text.h"
#include "domain/sql.h"
#include "domain/user_json.h"
#include <stdio.h>

#define ACCOUNT_COLUMNS                                                                                                \
    "u.id, u.role, u.is_active, coalesce(u.password_hash, ''), u.email, "                                              \
    "coalesce(left(u.settings->>'language', 7), '')"

static const struct statement CREATE = {
    "accounts_create", "INSERT INTO users AS u (email, name, role, password_hash, last_seen_at) VALUES ($1, $2, "
                       "$3::user_role, nullif($4, ''), now()) RETURNING " ACCOUNT_COLUMNS};
static const struct statement FIND = {"accounts_find",
                                      "SELECT " ACCOUNT_COLUMNS " FROM users u WHERE lower(u.email) = lower($1)"};
static const struct statement GET = {"accounts_get", "SELECT " ACCOUNT_COLUMNS " FROM users u WHERE u.id = $1::uuid"};
static const struct statement JSON = {"accounts_json", "SELECT " USER_JSON("u") " FROM users u WHERE u.id = $1::uuid"};

static const struct statement SET_PASSWORD = {
    "accounts_set_password",
    "WITH changed AS (UPDATE users SET password_hash = $2 WHERE id = $1::uuid RETURNING id) "
    "UPDATE sessions SET revoked_at = now(), reason = 'password' WHERE user_id IN (SELECT id FROM changed) AND "
    "revoked_at IS NULL AND id::text <> $3"};

static const struct statement ME = {
    "accounts_me", "SELECT (" USER_JSON("u") ")::jsonb || jsonb_build_object('usage', (SELECT jsonb_object_agg(q, "
                                             "quota_used(q, u.id)) FROM unnest(string_to_array($2, ' ')) q)) FROM "
                                             "users u WHERE u.id = $1::uuid"};

static const struct statement CHANGE = {
    "accounts_change",
    "UPDATE users u SET " SQL_CHANGE("u", "name", "b->>'name'") ", " SQL_CHANGE(
        "u", "email",
        "b->>'email'") ", " SQL_CHANGE("u", "settings",
                                       "u.settings || (b->'settings')") " FROM (SELECT $3::jsonb AS b) body WHERE u.id "
                                                                        "= "
                                                                        "$1::uuid AND " SQL_IS_EXPECTED(
                                                                            "u", "$2") " RETURNING " USER_JSON("u")};

static const struct statement MAKE_LINK = {
    "accounts_make_link",
    "WITH old AS (DELETE FROM one_time_links WHERE (purpose = $1::link_purpose AND user_id IS NOT DISTINCT FROM "
    "$2::uuid) OR expires_at < now()) INSERT INTO one_time_links (digest, purpose, user_id, expires_at) VALUES "
    "(decode($3, 'hex'), $1::link_purpose, $2::uuid, now() + $4::int * interval '1 second')"};
static const struct statement USE_LINK = {
    "accounts_use_link",
    "DELETE FROM one_time_links WHERE purpose = $1::link_purpose AND digest = decode($2, 'hex') AND "
    "expires_at > now() RETURNING coalesce(user_id::text, '')"};

static const struct statement HAVE_ADMINISTRATOR = {
    "accounts_have_administrator",
    "SELECT EXISTS (SELECT FROM users WHERE role >= 'admin' AND role = 'super_admin' AND "
    "is_active AND password_hash IS NOT NULL)"};

static const char *const purposes[] = {"reset", "claim"};

static int fill(int r, const struct pg_result *row, struct account *ret_account, struct error *e) {
    if (r < 0)
        return r;
    if (!result_rows(row))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no such account");
    struct account account = {.role = role_from_name(result_text(row, 0, 1)), .is_active = result_bool(row, 0, 2)};
    snprintf(account.id, sizeof account.id, "%s", result_text(row, 0, 0));
    snprintf(account.password_hash, sizeof account.password_hash, "%s", result_text(row, 0, 3));
    snprintf(account.email, sizeof account.email, "%s", result_text(row, 0, 4));
    snprintf(account.language, sizeof account.language, "%s", result_text(row, 0, 5));
    *ret_account = account;
    return 0;
}

int accounts_create(struct postgres *db, const char *email, const char *name, enum role role, const char *hash,
                    struct account *ret_account, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &CREATE, &row, e, email, name, role_name(role), hash);
    return fill(r, row, ret_account, e);
}

int accounts_find(struct postgres *db, const char *email, struct account *ret_account, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &FIND, &row, e, email);
    return fill(r, row, ret_account, e);
}

int accounts_get(struct postgres *db, const char *id, struct account *ret_account, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &GET, &row, e, id);
    return fill(r, row, ret_account, e);
}

int accounts_json(struct postgres *db, const char *id, char **ret_json, struct error *e) {
    return postgres_value(db, &JSON, ret_json, e, id);
}

int accounts_set_password(struct postgres *db, const char *id, const char *hash, const char *keep, struct error *e) {
    return postgres_query(db, &SET_PASSWORD, NULL, e, id, hash, keep);
}

int accounts_me(struct postgres *db, const struct caller *caller, char **ret_json, struct error *e) {
    cleanup_text struct text names = {0};
    for (int i = 0; i < QUOTA_COUNT; i++)
        text_print(&names, "%s%s", i ? " " : "", quota_name((enum quota)i));
    return postgres_value(db, &ME, ret_json, e, caller->id, names.data);
}

int accounts_change(struct postgres *db, const struct caller *caller, int64_t revision, const json_t *body,
                    char **ret_json, struct error *e) {
    cleanup_free char *text = json_print(body), *now = NULL;
    int r = postgres_value(db, &CHANGE, ret_json, e, caller->id, SQL_INT(revision), text);
    return r == -ENOENT ? sql_stale(accounts_json(db, caller->id, &now, e), "account", e) : r;
}

int accounts_make_link(struct postgres *db, enum link_purpose purpose, const char *user_id, char **ret_url,
                       struct error *e) {
    static const struct {
        const char *page;
        int64_t seconds;
    } rows[] = {{"reset-password", LINK_RESET_SECONDS}, {"welcome", LINK_CLAIM_SECONDS}};
    char secret[SECRET_TEXT_SIZE], digest[SECRET_DIGEST_SIZE];
    secret_make(secret, digest);
    int r = postgres_query(db, &MAKE_LINK, NULL, e, purposes[purpose], user_id, digest, SQL_INT(rows[purpose].seconds));
    cleanup_free char *base = public_url();
    if (!r)
        *ret_url = memory_print("%s/%s?token=%s", base, rows[purpose].page, secret);
    return r;
}

int accounts_use_link(struct postgres *db, enum link_purpose purpose, const char *digest,
                      char ret_user_id[UUID_TEXT_SIZE], struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &USE_LINK, &row, e, purposes[purpose], digest);
    if (r < 0)
        return r;
    if (!result_rows(row)) {
        error_set(e, ENOENT, ERROR_NOT_FOUND, "this link was used already, has expired, or is none");
        error_hint(e, "ask for a new one");
        return -ENOENT;
    }
    snprintf(ret_user_id, UUID_TEXT_SIZE, "%s", result_text(row, 0, 0));
    return 0;
}

int accounts_have_administrator(struct postgres *db, bool *ret_have, struct error *e) {
    cleanup_result struct pg_result *row = NULL;
    int r = postgres_query(db, &HAVE_ADMINISTRATOR, &row, e);
    if (!r)
        *ret_have = result_bool(row, 0, 0);
    return r;
}
