#include "domain/agents.h"
#include "base/memory.h"
#include "domain/agent_values.h"
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

#define INSERT                                                                                                         \
    "INSERT INTO agents AS a (owner_id, preset_id, name, description, is_active, personal_instructions, script, "      \
    "input_schema, result_schema, browser_config, repeat_after_loss) "                                                 \
    "SELECT $1::uuid, p.id, b->>'name', coalesce(b->>'description', ''), coalesce((b->>'is_active')::boolean, true), " \
    "coalesce(b->>'personal_instructions', ''), nullif(b->'script', 'null'::jsonb), "                                  \
    "nullif(b->'input_schema', 'null'::jsonb), nullif(b->'result_schema', 'null'::jsonb), " SQL_OBJECT_OR(             \
        "b->'browser_config'",                                                                                         \
        "'{}'::jsonb") ", coalesce((b->>'repeat_after_loss')::boolean, false) "                                        \
                       "FROM (SELECT $3::jsonb AS b) body JOIN presets p ON " SQL_IS_REFERENCED(                       \
                           "p",                                                                                        \
                           "(b->>'preset_id')") " AND " SQL_MAY("p") " ORDER BY p.owner_id = $1::uuid DESC LIMIT 1 "

static const struct statement CREATE = {"agents_create", INSERT "RETURNING " AGENT_JSON_WITH("'idle'")};

static const struct statement PUT = {
    "agents_put",
    INSERT "ON CONFLICT (owner_id, lower(name)) DO UPDATE SET preset_id = excluded.preset_id, name = excluded.name, "
           "description = excluded.description, is_active = excluded.is_active, "
           "personal_instructions = excluded.personal_instructions, script = excluded.script, "
           "input_schema = excluded.input_schema, result_schema = excluded.result_schema, "
           "browser_config = excluded.browser_config, repeat_after_loss = excluded.repeat_after_loss "
           "RETURNING " AGENT_JSON};

/* Locked before it is looked whether threads run: one that starts at this moment is then seen, or finds no agent. */
static const struct statement LOCK = {"agents_lock",
                                      "SELECT a.id FROM agents a WHERE " SQL_IS_REFERENCED("a", "$3") " AND " SQL_MAY(
                                          "a") " ORDER BY a.owner_id = $1::uuid DESC LIMIT 1 FOR UPDATE"};
static const struct statement DELETE = {"agents_delete",
                                        "DELETE FROM agents a WHERE a.id = $3::uuid AND " SQL_MAY(
                                            "a") " AND NOT EXISTS (SELECT FROM threads t WHERE t.agent_id = a.id AND "
                                                 "t.status NOT IN ('completed', 'error', "
                                                 "'stopped')) RETURNING " AGENT_JSON_WITH("'idle'")};

static const struct statement GET = {"agents_get", "SELECT " AGENT_JSON
                                                   " FROM agents a WHERE " SQL_IS_REFERENCED("a", "$3") " AND " SQL_MAY(
                                                       "a") " ORDER BY a.owner_id = $1::uuid DESC LIMIT 1"};

static const struct statement LIST = {
    "agents_list",
    PAGE_STATEMENT("a", AGENT_JSON, "FROM agents a WHERE caller_may(a.owner_id, a.team_id, $4::uuid, $5::user_role)")};

static int write_agent(struct postgres *db, const struct statement *statement, const struct caller *caller,
                       const json_t *body, char **ret_json, struct error *e) {
    int r = fields_check("agent", agent_fields, body, e);
    if (!r)
        r = agent_check_schemas(body, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    r = postgres_value(db, statement, ret_json, e, SQL_CALLER(caller), text);
    return sql_missing(r, "preset", json_text_or(body, "preset_id", ""), e);
}

int agents_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                  struct error *e) {
    return write_agent(db, &CREATE, caller, body, ret_json, e);
}

int agents_put(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json, struct error *e) {
    return write_agent(db, &PUT, caller, body, ret_json, e);
}

int agents_delete(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                  struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *id = NULL, *deleted = NULL;
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = sql_missing(postgres_value(db, &LOCK, &id, e, SQL_CALLER(caller), reference), "agent", reference, e);
    if (r < 0)
        return r;
    r = postgres_value(db, &DELETE, &deleted, e, SQL_CALLER(caller), id);
    if (r == -ENOENT)
        return error_set(e, EBUSY, ERROR_CONFLICT, "threads of agent %s have not ended yet", reference);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (!r)
        *ret_json = take_pointer(deleted);
    return r;
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
