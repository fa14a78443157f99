#include "domain/presets.h"
#include "base/memory.h"
#include "domain/fields.h"
#include "domain/sql.h"

#define PRESET_JSON                                                                                                    \
    "json_build_object('id', p.id, 'owner_id', p.owner_id, 'team_id', p.team_id, 'name', p.name, "                     \
    "'description', p.description, 'ai_model', p.ai_model, 'temperature', p.temperature, "                             \
    "'max_tokens', p.max_tokens, 'system_prompt', p.system_prompt, 'additional_config', p.additional_config, "         \
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

#define INSERT                                                                                                         \
    "INSERT INTO presets AS p (owner_id, name, description, ai_model, temperature, max_tokens, system_prompt, "        \
    "additional_config) SELECT $1::uuid, b->>'name', coalesce(b->>'description', ''), "                                \
    "coalesce(b->>'ai_model', 'script'), coalesce((b->>'temperature')::double precision, 0.7), "                       \
    "coalesce((b->>'max_tokens')::integer, 4096), coalesce(b->>'system_prompt', ''), " SQL_OBJECT_OR(                  \
        "b->'additional_config'", "'{}'::jsonb") " FROM (SELECT $2::jsonb AS b) body "

static const struct statement CREATE = {"presets_create", INSERT "RETURNING " PRESET_JSON};

static const struct statement PUT = {
    "presets_put", INSERT
    "ON CONFLICT (owner_id, lower(name)) DO UPDATE SET name = excluded.name, description = excluded.description, "
    "ai_model = excluded.ai_model, temperature = excluded.temperature, max_tokens = excluded.max_tokens, "
    "system_prompt = excluded.system_prompt, additional_config = excluded.additional_config "
    "RETURNING " PRESET_JSON};

static const struct statement DELETE = {
    "presets_delete", "DELETE FROM presets p WHERE p.id = (SELECT p.id FROM presets p WHERE " SQL_IS_REFERENCED(
                          "p", "$3") " AND " SQL_MAY("p") " ORDER BY p.owner_id = $1::uuid DESC LIMIT 1) "
                                                          "RETURNING " PRESET_JSON};

static const struct statement GET = {
    "presets_get", "SELECT " PRESET_JSON " FROM presets p WHERE " SQL_IS_REFERENCED("p", "$3") " AND " SQL_MAY(
                       "p") " ORDER BY p.owner_id = $1::uuid DESC LIMIT 1"};

static const struct statement LIST = {
    "presets_list", PAGE_STATEMENT("p", PRESET_JSON,
                                   "FROM presets p WHERE caller_may(p.owner_id, p.team_id, $4::uuid, $5::user_role)")};

static int write_preset(struct postgres *db, const struct statement *statement, const struct caller *caller,
                        const json_t *body, char **ret_json, struct error *e) {
    int r = fields_check("preset", preset_fields, body, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    return postgres_value(db, statement, ret_json, e, caller->id, text);
}

int presets_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                   struct error *e) {
    return write_preset(db, &CREATE, caller, body, ret_json, e);
}

int presets_put(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                struct error *e) {
    return write_preset(db, &PUT, caller, body, ret_json, e);
}

int presets_delete(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                   struct error *e) {
    int r = postgres_value(db, &DELETE, ret_json, e, SQL_CALLER(caller), reference);
    return sql_missing(r, "preset", reference, e);
}

int presets_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                struct error *e) {
    int r = postgres_value(db, &GET, ret_json, e, SQL_CALLER(caller), reference);
    return sql_missing(r, "preset", reference, e);
}

int presets_list(struct postgres *db, const struct caller *caller, const struct page *page, char **ret_json,
                 struct error *e) {
    int r = page_check(page, e);
    return r < 0 ? r : postgres_value(db, &LIST, ret_json, e, PAGE_VALUES(page), SQL_CALLER(caller));
}
