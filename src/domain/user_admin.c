#include "domain/user_admin.h"
#include "base/memory.h"
#include "domain/fields.h"
#include "domain/sql.h"
#include "domain/user_json.h"

static const struct field create_fields[] = {
    {"email", FIELD_TEXT, true}, {"name", FIELD_TEXT, false}, {"role", FIELD_TEXT, false}, {NULL, FIELD_ANY, false}};
static const struct field patch_fields[] = {{"name", FIELD_TEXT, true},
                                            {"role", FIELD_TEXT, true},
                                            {"is_active", FIELD_BOOL, true},
                                            {"model_cost_day", FIELD_INT, false},
                                            {NULL, FIELD_ANY, false}};
#define MAY_SEE "(u.id = $1::uuid OR $2::user_role >= 'admin')"
/* Whom the caller may change. */
#define MAY_CHANGE "(u.id = $1::uuid OR ($2::user_role >= 'admin' AND u.role < $2::user_role))"

#define LIST_SOURCE                                                                                                    \
    "FROM users u WHERE $5::user_role >= 'admin' AND ($4::uuid IS NOT NULL) AND ($6::text IS NULL OR " LIST_SEARCH(    \
        "u.email") " OR " LIST_SEARCH("u.name") ") AND ($7::user_role IS NULL OR u.role = $7::user_role) "             \
                                                "AND ($8::boolean IS NULL OR u.is_active = $8::boolean)"
#define SORT(name, expression) LIST_SORT("users_list", name, expression, "u", USER_JSON("u"), LIST_SOURCE)
static const struct list_sort sorts[] = {
    SORT("created_at", "u.id"),
    SORT("email", "lower(u.email)"),
    SORT("name", "lower(u.name)"),
    SORT("role", "u.role"),
    SORT("last_seen_at", "coalesce(u.last_seen_at, 'epoch')"),
    {0},
};

static const struct statement GET = {"users_get",
                                     "SELECT " USER_JSON("u") " FROM users u WHERE u.id = $3::uuid AND " MAY_SEE};

static const struct statement CREATE = {
    "users_create", "INSERT INTO users AS u (email, name, role, password_hash) SELECT b->>'email', "
                    "coalesce(b->>'name', ''), coalesce(b->>'role', 'free_user')::user_role, $4 "
                    "FROM (SELECT $3::jsonb AS b) body WHERE $1::uuid IS NOT NULL AND $2::user_role >= 'admin' "
                    "AND coalesce(b->>'role', 'free_user')::user_role <= $2::user_role RETURNING " USER_JSON("u")};

#define CHANGE(column, value) SQL_CHANGE("u", column, value)
static const struct statement PATCH = {
    "users_patch",
    "UPDATE users u SET " CHANGE("name", "b->>'name'") ", " CHANGE("role", "(b->>'role')::user_role") ", " CHANGE(
        "is_active",
        "(b->>'is_active')::boolean") ", " CHANGE("model_cost_day",
                                                  "(b->>'model_cost_day')::bigint") " FROM (SELECT $4::jsonb AS b) "
                                                                                    "body WHERE u.id = $3::uuid "
                                                                                    "AND " MAY_CHANGE
                                                                                    " AND (NOT b ? 'role' OR "
                                                                                    "(b->>'role')::user_role <= "
                                                                                    "$2::user_role) "
                                                                                    "AND " SQL_IS_EXPECTED(
                                                                                        "u", "$5") " RETURNING"
                                                                                                   " " USER_JSON("u")};

/* Why a change or deletion did not happen: whether the row may be seen, changed, has this revision and gets a role that
 * the caller may give. */
static const struct statement EXPLAIN = {
    "users_explain",
    "SELECT " MAY_CHANGE ", " SQL_IS_EXPECTED("u", "$4") " FROM users u WHERE u.id = $3::uuid AND " MAY_SEE};

static const struct statement LOCK = {"users_lock", "SELECT u.id FROM users u WHERE u.id = $3::uuid AND " MAY_CHANGE
                                                    " AND " SQL_IS_EXPECTED("u", "$4") " FOR UPDATE"};
static const struct statement COUNT_ACTIVE = {
    "users_count_active", "SELECT count(*) FROM threads WHERE owner_id = $1::uuid AND end_time IS NULL"};

/* What somebody owns, in the order that foreign keys ask for. Bytes of files are swept up later. */
static const struct statement deletions[] = {
    {"users_delete_events",
     "DELETE FROM thread_events v USING threads t WHERE t.owner_id = $1::uuid AND v.thread_id = t.id"},
    {"users_delete_jobs", "DELETE FROM jobs WHERE user_id = $1::uuid"},
    {"users_delete_threads", "DELETE FROM threads WHERE owner_id = $1::uuid"},
    {"users_delete_artifacts", "DELETE FROM artifacts WHERE owner_id = $1::uuid"},
    {"users_delete_files", "DELETE FROM artifact_files WHERE owner_id = $1::uuid"},
    {"users_delete_agents", "DELETE FROM agents WHERE owner_id = $1::uuid"},
    {"users_delete_presets", "DELETE FROM presets WHERE owner_id = $1::uuid"},
    {"users_delete_credentials", "DELETE FROM credentials WHERE owner_id = $1::uuid"},
    {"users_delete_feed", "DELETE FROM user_feed WHERE user_id = $1::uuid"},
};
static const struct statement DELETE = {"users_delete",
                                        "DELETE FROM users u WHERE u.id = $1::uuid RETURNING " USER_JSON("u")};

static int missing(const char *id, struct error *e) {
    return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no user %s", id);
}

static int forbid_role(const struct caller *caller, const json_t *body, struct error *e) {
    const char *role = json_text_or(body, "role", NULL);
    if (!role || role_from_name(role) <= caller->role)
        return 0;
    return error_set(e, EPERM, ERROR_FORBIDDEN, "a %s may not make anybody a %s", role_name(caller->role), role);
}

static int check_role(const struct caller *caller, const json_t *body, struct error *e) {
    const char *role = json_text_or(body, "role", NULL);
    if (role && !role_is_name(role))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "user.role: there is no role \"%.40s\"", role);
    return forbid_role(caller, body, e);
}

static int explain(struct postgres *db, const struct caller *caller, const char *id, int64_t revision,
                   struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &EXPLAIN, &result, e, SQL_CALLER(caller), id, SQL_INT(revision));
    if (r < 0)
        return r;
    if (!result_rows(result))
        return missing(id, e);
    if (!result_bool(result, 0, 0))
        return error_set(e, EPERM, ERROR_FORBIDDEN, "a %s may not change users of the same role or a higher one",
                         role_name(caller->role));
    return sql_stale(0, "user", e);
}

int users_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
               const struct user_filter *filter, char **ret_json, struct error *e) {
    struct list_query all = *query;
    all.all = true;
    const char *const values[] = {filter->role, filter->is_active};
    return list_run(db, sorts, caller, &all, values, ARRAY_LENGTH(values), ret_json, e);
}

int users_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e) {
    if (!uuid_is_valid(id))
        return missing(id, e);
    int r = postgres_value(db, &GET, ret_json, e, SQL_CALLER(caller), id);
    return sql_missing(r, "user", id, e);
}

int users_create(struct postgres *db, const struct caller *caller, const json_t *body, const char *password_hash,
                 char **ret_json, struct error *e) {
    int r = fields_check("user", create_fields, body, e);
    if (!r)
        r = check_role(caller, body, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    r = postgres_value(db, &CREATE, ret_json, e, SQL_CALLER(caller), text, password_hash);
    return r == -ENOENT ? error_set(e, EPERM, ERROR_FORBIDDEN, "only administrators make users") : r;
}

int users_patch(struct postgres *db, const struct caller *caller, const char *id, int64_t revision, const json_t *body,
                char **ret_json, struct error *e) {
    int r = fields_check_change("user", patch_fields, body, e);
    if (!r && !uuid_is_valid(id))
        return missing(id, e);
    if (!r)
        r = check_role(caller, body, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    r = postgres_value(db, &PATCH, ret_json, e, SQL_CALLER(caller), id, text, SQL_INT(revision));
    return r == -ENOENT ? explain(db, caller, id, revision, e) : r;
}

static int check_idle(struct postgres *db, const char *id, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &COUNT_ACTIVE, &result, e, id);
    if (r < 0 || !result_int(result, 0, 0))
        return r;
    error_set(e, EBUSY, ERROR_CONFLICT, "%lld threads of this user have not ended yet",
              (long long)result_int(result, 0, 0));
    error_hint(e, "switch the user off (is_active false), stop the threads, then delete");
    return -EBUSY;
}

int users_delete(struct postgres *db, const struct caller *caller, const char *id, int64_t revision, char **ret_json,
                 struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *locked = NULL, *deleted = NULL;
    if (!uuid_is_valid(id))
        return missing(id, e);
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = postgres_value(db, &LOCK, &locked, e, SQL_CALLER(caller), id, SQL_INT(revision));
    if (r == -ENOENT)
        return explain(db, caller, id, revision, e);
    if (!r)
        r = check_idle(db, id, e);
    for (size_t i = 0; !r && i < ARRAY_LENGTH(deletions); i++)
        r = postgres_query(db, &deletions[i], NULL, e, id);
    if (!r)
        r = postgres_value(db, &DELETE, &deleted, e, id);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_json = take_pointer(deleted);
    return r;
}
