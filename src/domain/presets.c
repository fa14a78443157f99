#include "domain/presets.h"
#include "base/memory.h"
#include "domain/fields.h"
#include "domain/model_values.h"
#include "domain/models.h"
#include "domain/sql.h"

#define PRESET_JSON                                                                                                    \
    "json_build_object('id', p.id, 'owner_id', p.owner_id, 'team_id', p.team_id, 'name', p.name, "                     \
    "'description', p.description, 'ai_model', p.ai_model, 'temperature', p.temperature, "                             \
    "'max_tokens', p.max_tokens, 'system_prompt', p.system_prompt, 'additional_config', p.additional_config, "         \
    "'agents_count', (SELECT count(*) FROM agents x WHERE x.preset_id = p.id), "                                       \
    "'created_at', rfc3339(p.created_at), 'updated_at', rfc3339(p.updated_at), 'revision', p.revision)"

static const struct field preset_fields[] = {
    {"name", FIELD_TEXT, true},
    {"description", FIELD_TEXT, false},
    {"ai_model", FIELD_TEXT, false},
    {"temperature", FIELD_REAL, false},
    {"max_tokens", FIELD_INT, false},
    {"system_prompt", FIELD_TEXT, false},
    {"additional_config", FIELD_OBJECT, false},
    {NULL, FIELD_ANY, false},
};

/* A name that exists already is no further preset: creating it fails on its own, putting it replaces. */
#define INSERT                                                                                                         \
    "INSERT INTO presets AS p (owner_id, name, description, ai_model, temperature, max_tokens, system_prompt, "        \
    "additional_config) SELECT $1::uuid, b->>'name', coalesce(b->>'description', ''), "                                \
    "coalesce(b->>'ai_model', 'script'), coalesce((b->>'temperature')::double precision, 0.7), "                       \
    "coalesce((b->>'max_tokens')::integer, 4096), coalesce(b->>'system_prompt', ''), " SQL_OBJECT_OR(                  \
        "b->'additional_config'", "'{}'::jsonb") " FROM (SELECT $3::jsonb AS b) body WHERE CASE WHEN EXISTS ("         \
                                                 "SELECT FROM presets x WHERE x.owner_id = $1::uuid AND "              \
                                                 "lower(x.name) = lower(b->>'name')) THEN true ELSE "                  \
                                                 "quota_take('presets', 'presets', $1::uuid, $2::user_role, "          \
                                                 "$4::bigint) END "

static const struct statement CREATE = {"presets_create", INSERT "RETURNING " PRESET_JSON};

static const struct statement PUT = {
    "presets_put", INSERT
    "ON CONFLICT (owner_id, lower(name)) DO UPDATE SET name = excluded.name, description = excluded.description, "
    "ai_model = excluded.ai_model, temperature = excluded.temperature, max_tokens = excluded.max_tokens, "
    "system_prompt = excluded.system_prompt, additional_config = excluded.additional_config "
    "RETURNING " PRESET_JSON};

#define CHANGE(column, value)  SQL_CHANGE("p", column, value)
#define OR_ELSE(name, default) "coalesce(b->>'" name "', " default ")"
#define OR_EMPTY(column)       CHANGE(column, OR_ELSE(column, "''"))
#define TEMPERATURE            "coalesce((b->>'temperature')::double precision, 0.7)"
#define MAX_TOKENS             "coalesce((b->>'max_tokens')::integer, 4096)"
#define CONFIG                 SQL_OBJECT_OR("b->'additional_config'", "'{}'::jsonb")
#define CHANGED                " WHERE p.id = " SQL_FIND("presets", "x", "$3") " AND " SQL_IS_EXPECTED("p", "$5")
static const struct statement PATCH = {
    "presets_patch",
    /* A column a line. */
    /* clang-format off */
    "UPDATE presets p SET "
    CHANGE("name", "b->>'name'") ", "
    OR_EMPTY("description") ", "
    CHANGE("ai_model", OR_ELSE("ai_model", "'script'")) ", "
    CHANGE("temperature", TEMPERATURE) ", "
    CHANGE("max_tokens", MAX_TOKENS) ", "
    OR_EMPTY("system_prompt") ", "
    CHANGE("additional_config", CONFIG)
    " FROM (SELECT $4::jsonb AS b) body" CHANGED " RETURNING " PRESET_JSON
    /* clang-format on */
};

static const struct statement DELETE = {
    "presets_delete", "DELETE FROM presets p WHERE p.id = " SQL_FIND("presets", "x", "$3") " AND " SQL_IS_EXPECTED(
                          "p", "$4") " RETURNING " PRESET_JSON};

static const struct statement GET = {"presets_get", "SELECT " PRESET_JSON
                                                    " FROM presets p WHERE p.id = " SQL_FIND("presets", "x", "$3")};

#define LIST_SOURCE                                                                                                    \
    "FROM presets p WHERE caller_may(p.owner_id, p.team_id, $4::uuid, $5::user_role) AND ($6::text IS NULL "           \
    "OR " LIST_SEARCH("p.name") " OR " LIST_SEARCH(                                                                    \
        "p.description") ") AND ($7::text IS NULL OR p.ai_model = $7::text)"
#define SORT(name, expression) LIST_SORT("presets_list", name, expression, "p", PRESET_JSON, LIST_SOURCE)
static const struct list_sort sorts[] = {
    SORT("created_at", "p.id"),
    SORT("updated_at", "p.updated_at"),
    SORT("name", "lower(p.name)"),
    SORT("ai_model", "p.ai_model"),
    {0},
};

/* What is given of a model must be usable by who saves it; the run asks again for the owner. */
static int check_model(struct postgres *db, const struct caller *caller, const json_t *body, struct error *e) {
    const char *model = json_text_or(body, "ai_model", NULL);
    const json_t *config = json_object_get(body, "additional_config");
    int r = config && !json_is_null(config) ? model_check_config(config, e) : 0;
    return r < 0 || !model ? r : models_check(db, caller->role, model, e);
}

static int write_preset(struct postgres *db, const struct statement *statement, const struct caller *caller,
                        const json_t *body, char **ret_json, struct error *e) {
    int r = fields_check("preset", preset_fields, body, e);
    if (!r)
        r = check_model(db, caller, body, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    return postgres_value(db, statement, ret_json, e, SQL_CALLER(caller), text,
                          SQL_INT(quota_limit(caller->role, QUOTA_PRESETS)));
}

int presets_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                   struct error *e) {
    return write_preset(db, &CREATE, caller, body, ret_json, e);
}

int presets_put(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                struct error *e) {
    return write_preset(db, &PUT, caller, body, ret_json, e);
}

static int explain_unchanged(struct postgres *db, const struct caller *caller, const char *reference, struct error *e) {
    cleanup_free char *seen = NULL;
    return sql_stale(presets_get(db, caller, reference, &seen, e), "preset", e);
}

int presets_patch(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                  const json_t *body, char **ret_json, struct error *e) {
    int r = fields_check_change("preset", preset_fields, body, e);
    if (!r)
        r = check_model(db, caller, body, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    r = postgres_value(db, &PATCH, ret_json, e, SQL_CALLER(caller), reference, text, SQL_INT(revision));
    return r == -ENOENT ? explain_unchanged(db, caller, reference, e) : r;
}

int presets_delete(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                   char **ret_json, struct error *e) {
    int r = postgres_value(db, &DELETE, ret_json, e, SQL_CALLER(caller), reference, SQL_INT(revision));
    return r == -ENOENT && e->code == ERROR_NOT_FOUND ? explain_unchanged(db, caller, reference, e) : r;
}

int presets_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                struct error *e) {
    int r = postgres_value(db, &GET, ret_json, e, SQL_CALLER(caller), reference);
    return sql_missing(r, "preset", reference, e);
}

int presets_list(struct postgres *db, const struct caller *caller, const struct list_query *query, const char *ai_model,
                 char **ret_json, struct error *e) {
    return list_run(db, sorts, caller, query, &ai_model, 1, ret_json, e);
}
