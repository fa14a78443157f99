#include "domain/agents.h"
#include "base/memory.h"
#include "domain/fields.h"
#include "domain/sql.h"

/* running while a thread is not at its end, else error when the newest one failed. */
#define AGENT_STATUS                                                                                                   \
    "CASE WHEN EXISTS (SELECT FROM threads x WHERE x.agent_id = a.id "                                                 \
    "AND x.status NOT IN ('completed', 'error', 'stopped')) THEN 'running' "                                           \
    "WHEN (SELECT x.status FROM threads x WHERE x.agent_id = a.id ORDER BY x.id DESC LIMIT 1) = 'error' THEN 'error' " \
    "ELSE 'idle' END"

#define AGENT_JSON_WITH(status)                                                                                        \
    "json_build_object('id', a.id, 'owner_id', a.owner_id, 'team_id', a.team_id, 'preset_id', a.preset_id, "           \
    "'name', a.name, 'description', a.description, 'is_active', a.is_active, 'status', " status ", "                   \
    "'personal_instructions', a.personal_instructions, 'script', a.script, 'input_schema', a.input_schema, "           \
    "'result_schema', a.result_schema, 'browser_config', a.browser_config, "                                           \
    "'repeat_after_loss', a.repeat_after_loss, 'threads_total', a.threads_total, "                                     \
    "'threads_completed', a.threads_completed, 'threads_failed', a.threads_failed, "                                   \
    "'last_thread_at', rfc3339(a.last_thread_at), 'created_at', rfc3339(a.created_at), "                               \
    "'updated_at', rfc3339(a.updated_at), 'revision', a.revision)"
#define AGENT_JSON AGENT_JSON_WITH(AGENT_STATUS)

static const struct field agent_fields[] = {
    {"name", FIELD_TEXT, true},
    {"preset_id", FIELD_TEXT, true},
    {"description", FIELD_TEXT, false},
    {"is_active", FIELD_BOOL, false},
    {"personal_instructions", FIELD_TEXT, false},
    {"script", FIELD_ANY, false},
    {"input_schema", FIELD_OBJECT, false},
    {"result_schema", FIELD_OBJECT, false},
    {"browser_config", FIELD_OBJECT, false},
    {"repeat_after_loss", FIELD_BOOL, false},
    {NULL, FIELD_ANY, false},
};

static const struct statement CREATE = {
    "agents_create",
    "INSERT INTO agents AS a (owner_id, preset_id, name, description, is_active, personal_instructions, script, "
    "input_schema, result_schema, browser_config, repeat_after_loss) "
    "SELECT $1::uuid, p.id, b->>'name', coalesce(b->>'description', ''), coalesce((b->>'is_active')::boolean, true), "
    "coalesce(b->>'personal_instructions', ''), nullif(b->'script', 'null'::jsonb), "
    "nullif(b->'input_schema', 'null'::jsonb), nullif(b->'result_schema', 'null'::jsonb), " SQL_OBJECT_OR(
        "b->'browser_config'",
        "'{}'::jsonb") ", coalesce((b->>'repeat_after_loss')::boolean, false) "
                       "FROM (SELECT $3::jsonb AS b) body JOIN presets p ON " SQL_IS_REFERENCED(
                           "p", "(b->>'preset_id')") " AND " SQL_MAY("p") " ORDER BY p.owner_id = $1::uuid DESC LIMIT "
                                                                          "1 RETURNING " AGENT_JSON_WITH("'idle'")};

static const struct statement GET = {"agents_get", "SELECT " AGENT_JSON
                                                   " FROM agents a WHERE " SQL_IS_REFERENCED("a", "$3") " AND " SQL_MAY(
                                                       "a") " ORDER BY a.owner_id = $1::uuid DESC LIMIT 1"};

static const struct statement LIST = {
    "agents_list",
    PAGE_STATEMENT("a", AGENT_JSON, "FROM agents a WHERE caller_may(a.owner_id, a.team_id, $4::uuid, $5::user_role)")};

int agents_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                  struct error *e) {
    int r = fields_check("agent", agent_fields, body, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    r = postgres_value(db, &CREATE, ret_json, e, SQL_CALLER(caller), text);
    return sql_missing(r, "preset", json_text_or(body, "preset_id", ""), e);
}

int agents_get(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
               struct error *e) {
    int r = postgres_value(db, &GET, ret_json, e, SQL_CALLER(caller), reference);
    return sql_missing(r, "agent", reference, e);
}

int agents_list(struct postgres *db, const struct caller *caller, const struct page *page, char **ret_json,
                struct error *e) {
    int r = page_check(page, e);
    return r < 0 ? r : postgres_value(db, &LIST, ret_json, e, PAGE_VALUES(page), SQL_CALLER(caller));
}
