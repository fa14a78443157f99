#include "domain/api_keys.h"
#include "base/memory.h"
#include "domain/sql.h"

#define KEY_JSON                                                                                                       \
    "json_build_object('id', k.id, 'name', k.name, 'prefix', k.prefix, 'scopes', k.scopes, 'expires_at', "             \
    "rfc3339(k.expires_at), 'last_used_at', rfc3339(k.last_used_at), 'created_at', rfc3339(k.created_at), "            \
    "'updated_at', rfc3339(k.updated_at), 'revision', k.revision)"

static const struct statement CREATE = {
    "api_keys_create",
    "INSERT INTO api_keys AS k (user_id, name, digest, prefix, scopes, expires_at) SELECT $1::uuid, b->>'name', "
    "decode($4, 'hex'), $5, ARRAY(SELECT jsonb_array_elements_text(b->'scopes')), (b->>'expires_at')::timestamptz FROM "
    "(SELECT $3::jsonb AS b) body WHERE quota_take('api_keys', 'API keys', $1::uuid, $2::user_role, $6::bigint) "
    "RETURNING " KEY_JSON};

#define SOURCE                                                                                                         \
    "FROM api_keys k WHERE k.user_id = $4::uuid AND $5::text IS NOT NULL AND ($6::text IS NULL OR " LIST_SEARCH(       \
        "k.name") ")"
#define SORT(name, expression) LIST_SORT("api_keys", name, expression, "k", KEY_JSON, SOURCE)
static const struct list_sort sorts[] = {
    SORT("created_at", "k.created_at"),
    SORT("name", "lower(k.name)"),
    {NULL},
};

static const struct statement DELETE = {
    "api_keys_delete", "DELETE FROM api_keys k WHERE k.id::text = $2 AND k.user_id = $1::uuid RETURNING " KEY_JSON};

int api_keys_create(struct postgres *db, const struct caller *caller, const json_t *body, const char *digest,
                    const char *prefix, char **ret_json, struct error *e) {
    cleanup_free char *text = json_print(body);
    return postgres_value(db, &CREATE, ret_json, e, SQL_CALLER(caller), text, digest, prefix,
                          SQL_INT(quota_limit(caller->role, QUOTA_API_KEYS)));
}

int api_keys_list(struct postgres *db, const struct caller *caller, const struct list_query *query, char **ret_json,
                  struct error *e) {
    return list_run(db, sorts, caller, query, NULL, 0, ret_json, e);
}

int api_keys_delete(struct postgres *db, const struct caller *caller, const char *id, char **ret_json,
                    struct error *e) {
    int r = postgres_value(db, &DELETE, ret_json, e, caller->id, id);
    return sql_missing(r, "API key", id, e);
}
