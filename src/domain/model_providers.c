#include "domain/model_providers.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/seal.h"
#include "domain/fields.h"
#include "domain/model_environment.h"
#include "domain/model_values.h"
#include "domain/sql.h"
#include <string.h>

#define PROVIDER_JSON                                                                                                  \
    "json_build_object('id', p.id, 'name', p.name, 'kind', p.kind, 'base_url', p.base_url, "                           \
    "'has_key', p.sealed IS NOT NULL, 'is_active', p.is_active, 'models', p.models, 'source', 'database', "            \
    "'created_at', rfc3339(p.created_at), 'updated_at', rfc3339(p.updated_at), 'revision', p.revision)"

static const struct field provider_fields[] = {
    {"name", FIELD_TEXT, true},     {"kind", FIELD_TEXT, true},       {"base_url", FIELD_TEXT, false},
    {"api_key", FIELD_TEXT, false}, {"is_active", FIELD_BOOL, false}, {"models", FIELD_ANY, false},
    {NULL, FIELD_ANY, false},
};

/* Providers belong to the instance; the permission models.manage lets administrators in. */
#define MAY     "($1::uuid IS NOT NULL AND $2::user_role >= 'admin')"
#define IS(ref) "(p.id::text = " ref "::text OR p.name = " ref "::text)"

static const struct statement CREATE = {
    "model_providers_create",
    "INSERT INTO model_providers AS p (id, name, kind, base_url, sealed, is_active, models) SELECT $4::uuid, "
    "b->>'name', b->>'kind', coalesce(b->>'base_url', ''), $5, coalesce((b->>'is_active')::boolean, true), "
    "coalesce(nullif(b->'models', 'null'::jsonb), '[]'::jsonb) FROM (SELECT $3::jsonb AS b) body WHERE " MAY
    " RETURNING " PROVIDER_JSON};

static const struct statement GET = {"model_providers_get",
                                     "SELECT " PROVIDER_JSON " FROM model_providers p WHERE " MAY " AND " IS("$3")};

static const struct statement LIST = {"model_providers_list",
                                      "SELECT coalesce(json_agg(" PROVIDER_JSON " ORDER BY p.name), '[]'::json) "
                                      "FROM model_providers p WHERE " MAY};

/* Locked, so that address and key are not changed by two at once. */
static const struct statement LOCK = {
    "model_providers_lock", "SELECT p.id, p.kind, p.base_url, p.sealed, " SQL_IS_EXPECTED(
                                "p", "$4") " FROM model_providers p WHERE " MAY " AND " IS("$3") " FOR UPDATE"};

#define CHANGE(column, value) SQL_CHANGE("p", column, value)
static const struct statement PATCH = {
    "model_providers_patch",
    /* A column a line. */
    /* clang-format off */
    "UPDATE model_providers p SET "
    CHANGE("name", "b->>'name'") ", "
    CHANGE("kind", "b->>'kind'") ", "
    CHANGE("base_url", "coalesce(b->>'base_url', '')") ", "
    CHANGE("is_active", "coalesce((b->>'is_active')::boolean, true)") ", "
    CHANGE("models", "coalesce(nullif(b->'models', 'null'::jsonb), '[]'::jsonb)") ", "
    "sealed = $5 FROM (SELECT $4::jsonb AS b) body WHERE p.id = $3::uuid AND " MAY " RETURNING " PROVIDER_JSON
    /* clang-format on */
};

static const struct statement DELETE = {
    "model_providers_delete", "DELETE FROM model_providers p WHERE " MAY
                              " AND " IS("$3") " AND " SQL_IS_EXPECTED("p", "$4") " RETURNING " PROVIDER_JSON};

static int check_url(const char *url, struct error *e) {
    if (!*url || !strncmp(url, "https://", 8) || !strncmp(url, "http://", 7))
        return 0;
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "provider.base_url must begin with https:// or http://");
}

static int check_values(const json_t *body, struct error *e) {
    const char *kind = json_text_or(body, "kind", NULL);
    const json_t *models = json_object_get(body, "models");
    if (kind && !model_kind_is_known(kind))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "provider.kind must be \"openai\" or \"anthropic\"");
    int r = check_url(json_text_or(body, "base_url", ""), e);
    if (!r && models && !json_is_null(models))
        r = model_check_list(models, "provider.models", e);
    return r;
}

/* ret_sealed is NULL for no key. */
static int seal_key(const char *key, const char *id, char **ret_sealed, struct error *e) {
    if (!key || !*key)
        return 0;
    return seal_text(key, config_text(CONFIG_SECRET_KEY), SEAL_MODEL_KEY, id, ret_sealed, e);
}

/* The body as text, without its key. */
static char *public_part(const json_t *body) {
    cleanup_json json_t *part = json_copy((json_t *)body);
    json_object_del(part, "api_key");
    return json_print(part);
}

int model_providers_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                           struct error *e) {
    char id[UUID_TEXT_SIZE];
    cleanup_free char *sealed = NULL, *text = NULL;
    int r = fields_check("provider", provider_fields, body, e);
    if (!r)
        r = check_values(body, e);
    if (!r)
        r = seal_key(json_text_or(body, "api_key", NULL), uuid_make(id), &sealed, e);
    if (r < 0)
        return r;
    text = public_part(body);
    r = postgres_value(db, &CREATE, ret_json, e, SQL_CALLER(caller), text, id, sealed);
    return sql_is_missing(r, e) ? error_set(e, EPERM, ERROR_FORBIDDEN, "only administrators set providers up") : r;
}

/* One of the environment as a client sees it. */
static json_t *show_environment(const json_t *provider) {
    const json_t *models = json_object_get(provider, "models");
    json_t *shown =
        json_pack("{s:n, s:s, s:s, s:s, s:b, s:b, s:s, s:n, s:n, s:n}", "id", "name",
                  json_text_or(provider, "name", ""), "kind", json_text_or(provider, "kind", ""), "base_url",
                  json_text_or(provider, "base_url", ""), "has_key", *json_text_or(provider, "api_key", "") != '\0',
                  "is_active", 1, "source", "environment", "created_at", "updated_at", "revision");
    json_object_set_new(shown, "models", json_is_array(models) ? json_deep_copy(models) : json_array());
    return shown;
}

static const json_t *find_named(const json_t *providers, const char *name) {
    size_t i;
    json_t *provider;
    json_array_foreach (providers, i, provider)
        if (!strcmp(json_text_or(provider, "name", ""), name))
            return provider;
    return NULL;
}

int model_providers_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                        struct error *e) {
    cleanup_json json_t *environment = NULL, *shown = NULL;
    int r = postgres_value(db, &GET, ret_json, e, SQL_CALLER(caller), reference);
    if (!sql_is_missing(r, e) || !permission_allows(caller->role, PERMISSION_MODELS_MANAGE))
        return sql_missing(r, "provider", reference, e);
    r = model_environment_read(&environment, e);
    if (r < 0)
        return r;
    const json_t *found = find_named(environment, reference);
    if (!found)
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no provider %.80s", reference);
    shown = show_environment(found);
    *ret_json = json_print(shown);
    return 0;
}

int model_providers_list(struct postgres *db, const struct caller *caller, char **ret_json, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *list = NULL, *environment = NULL;
    size_t i;
    json_t *provider;
    int r = postgres_value(db, &LIST, &text, e, SQL_CALLER(caller));
    if (!r)
        r = json_parse(text, strlen(text), "the providers", &list, e);
    if (!r)
        r = model_environment_read(&environment, e);
    if (r < 0)
        return r;
    json_array_foreach (environment, i, provider)
        if (!find_named(list, json_text_or(provider, "name", "")))
            json_array_append_new(list, show_environment(provider));
    cleanup_json json_t *answer = json_pack("{s:O}", "items", list);
    *ret_json = json_print(answer);
    return 0;
}

/* Nothing of this reference is in the database. */
static int explain_missing(struct postgres *db, const struct caller *caller, const char *reference, struct error *e) {
    cleanup_free char *seen = NULL;
    int r = model_providers_get(db, caller, reference, &seen, e);
    if (r < 0)
        return r;
    error_set(e, EBUSY, ERROR_CONFLICT, "the provider %s comes from the environment", reference);
    error_hint(e, "change it there, or make one of the same name here, which goes before it");
    return -EBUSY;
}

static bool moves(const struct pg_result *locked, const json_t *body) {
    const char *kind = json_text_or(body, "kind", NULL), *url = json_text_or(body, "base_url", NULL);
    return (kind && strcmp(kind, result_text(locked, 0, 1))) || (url && strcmp(url, result_text(locked, 0, 2)));
}

static int change_key(const struct pg_result *locked, const json_t *body, char **ret_sealed, struct error *e) {
    const char *sealed = result_text(locked, 0, 3);
    const json_t *key = json_object_get(body, "api_key");
    if (key)
        return seal_key(json_string_value(key), result_text(locked, 0, 0), ret_sealed, e);
    if (sealed && moves(locked, body)) {
        error_set(e, EINVAL, ERROR_BAD_INPUT, "provider.base_url and kind can be changed together with the key only");
        error_hint(e, "send the member \"api_key\" in the same change");
        return -EINVAL;
    }
    *ret_sealed = memory_copy_text(sealed);
    return 0;
}

int model_providers_patch(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                          const json_t *body, char **ret_json, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *locked = NULL;
    cleanup_free char *sealed = NULL, *answer = NULL, *text = NULL;
    int r = fields_check_change("provider", provider_fields, body, e);
    if (!r)
        r = check_values(body, e);
    if (!r)
        r = postgres_begin(db, &transaction, e);
    if (!r)
        r = postgres_query(db, &LOCK, &locked, e, SQL_CALLER(caller), reference, SQL_INT(revision));
    if (!r && !result_rows(locked))
        return explain_missing(db, caller, reference, e);
    if (!r && !result_bool(locked, 0, 4))
        return sql_stale(0, "provider", e);
    if (!r)
        r = change_key(locked, body, &sealed, e);
    if (r < 0)
        return r;
    text = public_part(body);
    r = postgres_value(db, &PATCH, &answer, e, SQL_CALLER(caller), result_text(locked, 0, 0), text, sealed);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_json = take_pointer(answer);
    return r;
}

int model_providers_delete(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                           char **ret_json, struct error *e) {
    cleanup_result struct pg_result *locked = NULL;
    int r = postgres_value(db, &DELETE, ret_json, e, SQL_CALLER(caller), reference, SQL_INT(revision));
    if (!sql_is_missing(r, e))
        return r;
    r = postgres_query(db, &LOCK, &locked, e, SQL_CALLER(caller), reference, SQL_INT(revision));
    if (r < 0)
        return r;
    return result_rows(locked) ? sql_stale(0, "provider", e) : explain_missing(db, caller, reference, e);
}
