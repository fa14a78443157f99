#include "domain/agents.h"
#include "base/memory.h"
#include "domain/agent_values.h"
#include "domain/browser_limits.h"
#include "domain/fields.h"
#include "domain/presets.h"
#include "domain/sql.h"
#include <string.h>

#define AGENT_COPY_NAME  150 /* bytes of the old name that a copy's name keeps */
#define AGENT_COPIES_MAX 50

/* running while a thread is not at its end, else error when the newest one failed. */
#define AGENT_STATUS                                                                                                   \
    "CASE WHEN EXISTS (SELECT FROM threads x WHERE x.agent_id = a.id "                                                 \
    "AND x.status NOT IN ('completed', 'error', 'stopped')) THEN 'running' "                                           \
    "WHEN (SELECT x.status FROM threads x WHERE x.agent_id = a.id ORDER BY x.id DESC LIMIT 1) = 'error' THEN 'error' " \
    "ELSE 'idle' END"

#define AGENT_JSON_WITH(status)                                                                                        \
    "json_build_object('id', a.id, 'owner_id', a.owner_id, 'team_id', a.team_id, 'preset_id', a.preset_id, "           \
    "'preset_name', (SELECT x.name FROM presets x WHERE x.id = a.preset_id), "                                         \
    "'name', a.name, 'description', a.description, 'is_active', a.is_active, 'status', " status ", "                   \
    "'personal_instructions', a.personal_instructions, 'script', a.script, 'input_schema', a.input_schema, "           \
    "'result_schema', a.result_schema, 'browser_config', a.browser_config, "                                           \
    "'repeat_after_loss', a.repeat_after_loss, 'approvals', a.approvals, 'threads_total', a.threads_total, "           \
    "'threads_completed', a.threads_completed, 'threads_failed', a.threads_failed, "                                   \
    "'credential_ids', coalesce((SELECT json_agg(l.credential_id ORDER BY l.credential_id) FROM agent_credentials l "  \
    "WHERE l.agent_id = a.id), '[]'::json), "                                                                          \
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
    {"approvals", FIELD_ANY, false},
    {NULL, FIELD_ANY, false},
};

#define APPROVALS SQL_OBJECT_OR("b->'approvals'", "'[]'::jsonb")

/* A name that exists already is no further agent: creating it fails on its own, putting it replaces. */
#define INSERT                                                                                                         \
    "INSERT INTO agents AS a (owner_id, preset_id, name, description, is_active, personal_instructions, script, "      \
    "input_schema, result_schema, browser_config, repeat_after_loss, approvals) "                                      \
    "SELECT $1::uuid, p.id, b->>'name', coalesce(b->>'description', ''), coalesce((b->>'is_active')::boolean, true), " \
    "coalesce(b->>'personal_instructions', ''), nullif(b->'script', 'null'::jsonb), "                                  \
    "nullif(b->'input_schema', 'null'::jsonb), nullif(b->'result_schema', 'null'::jsonb), " SQL_OBJECT_OR(             \
        "b->'browser_config'",                                                                                         \
        "'{}'::jsonb") ", coalesce((b->>'repeat_after_loss')::boolean, false), " APPROVALS " "                         \
                       "FROM (SELECT $3::jsonb AS b) body JOIN presets p ON p.id = " SQL_FIND(                         \
                           "presets", "x",                                                                             \
                           "(b->>'preset_id')") " WHERE "                                                              \
                                                "CASE WHEN EXISTS (SELECT FROM agents x WHERE x.owner_id = $1::uuid "  \
                                                "AND lower(x.name) = "                                                 \
                                                "lower(b->>'name')) THEN true ELSE quota_take('agents', 'agents', "    \
                                                "$1::uuid, $2::user_role, "                                            \
                                                "$4::bigint) END "

static const struct statement CREATE = {"agents_create", INSERT "RETURNING " AGENT_JSON_WITH("'idle'")};

static const struct statement PUT = {
    "agents_put",
    INSERT "ON CONFLICT (owner_id, lower(name)) DO UPDATE SET preset_id = excluded.preset_id, name = excluded.name, "
           "description = excluded.description, is_active = excluded.is_active, "
           "personal_instructions = excluded.personal_instructions, script = excluded.script, "
           "input_schema = excluded.input_schema, result_schema = excluded.result_schema, "
           "browser_config = excluded.browser_config, repeat_after_loss = excluded.repeat_after_loss, approvals = "
           "excluded.approvals "
           "RETURNING " AGENT_JSON};

#define CHANGE(column, value) SQL_CHANGE("a", column, value)
#define OR_EMPTY(column)      CHANGE(column, "coalesce(b->>'" column "', '')")
#define OR_NULL(column)       CHANGE(column, "nullif(b->'" column "', 'null'::jsonb)")
#define FLAG(column, default) CHANGE(column, "coalesce((b->>'" column "')::boolean, " default ")")
static const struct statement PATCH = {
    "agents_patch",
    /* A column a line. */
    /* clang-format off */
    "UPDATE agents a SET "
    CHANGE("preset_id", SQL_FIND("presets", "x", "(b->>'preset_id')")) ", "
    CHANGE("name", "b->>'name'") ", "
    OR_EMPTY("description") ", "
    FLAG("is_active", "true") ", "
    OR_EMPTY("personal_instructions") ", "
    OR_NULL("script") ", "
    OR_NULL("input_schema") ", "
    OR_NULL("result_schema") ", "
    CHANGE("browser_config", SQL_OBJECT_OR("b->'browser_config'", "'{}'::jsonb")) ", "
    FLAG("repeat_after_loss", "false") ", "
    CHANGE("approvals", APPROVALS)
    " FROM (SELECT $4::jsonb AS b) body WHERE a.id = " SQL_FIND("agents", "x", "$3")
    " AND " SQL_IS_EXPECTED("a", "$5") " RETURNING " AGENT_JSON
    /* clang-format on */
};

static const struct statement OWNER_ROLE = {
    "agents_owner_role",
    "SELECT u.role FROM agents a JOIN users u ON u.id = a.owner_id WHERE a.id = " SQL_FIND("agents", "x", "$3")};

/* Locked before it is looked whether threads run: one that starts at this moment is then seen, or finds no agent. */
static const struct statement LOCK = {
    "agents_lock", "SELECT a.id FROM agents a WHERE a.id = " SQL_FIND("agents", "x", "$3") " FOR UPDATE"};
static const struct statement DELETE = {
    "agents_delete", "DELETE FROM agents a WHERE a.id = $3::uuid AND " SQL_MAY("a") " AND " SQL_IS_EXPECTED(
                         "a", "$4") " AND NOT EXISTS (SELECT FROM threads t WHERE t.agent_id = a.id AND "
                                    "t.status NOT IN ('completed', 'error', "
                                    "'stopped')) RETURNING " AGENT_JSON_WITH("'idle'")};
static const struct statement IS_EXPECTED = {
    "agents_is_expected", "SELECT a.id FROM agents a WHERE a.id = $1::uuid AND " SQL_IS_EXPECTED("a", "$2")};

static const struct statement GET = {"agents_get",
                                     "SELECT " AGENT_JSON " FROM agents a WHERE a.id = " SQL_FIND("agents", "x", "$3")};

#define LIST_SOURCE                                                                                                    \
    "FROM agents a WHERE caller_may(a.owner_id, a.team_id, $4::uuid, $5::user_role) AND ($6::text IS NULL "            \
    "OR " LIST_SEARCH("a.name") " OR " LIST_SEARCH(                                                                    \
        "a.description") ") AND ($7::uuid IS NULL OR a.preset_id = $7::uuid) "                                         \
                         "AND ($8::boolean IS NULL OR a.is_active = $8::boolean) AND ($9::text IS NULL "               \
                         "OR " AGENT_STATUS " = $9::text)"
#define SORT(name, expression) LIST_SORT("agents_list", name, expression, "a", AGENT_JSON, LIST_SOURCE)
static const struct list_sort sorts[] = {
    SORT("created_at", "a.id"),
    SORT("updated_at", "a.updated_at"),
    SORT("name", "lower(a.name)"),
    SORT("last_thread_at", "coalesce(a.last_thread_at, 'epoch')"),
    SORT("threads_total", "a.threads_total"),
    {0},
};

static int write_agent(struct postgres *db, const struct statement *statement, const struct caller *caller,
                       const json_t *body, char **ret_json, struct error *e) {
    int r = fields_check("agent", agent_fields, body, e);
    if (!r)
        r = agent_check_schemas(body, e);
    if (!r)
        r = browser_limits_check(caller->role, json_object_get(body, "browser_config"), "browser_config.", e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    r = postgres_value(db, statement, ret_json, e, SQL_CALLER(caller), text,
                       SQL_INT(quota_limit(caller->role, QUOTA_AGENTS)));
    return sql_missing(r, "preset", json_text_or(body, "preset_id", ""), e);
}

int agents_create(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json,
                  struct error *e) {
    return write_agent(db, &CREATE, caller, body, ret_json, e);
}

int agents_put(struct postgres *db, const struct caller *caller, const json_t *body, char **ret_json, struct error *e) {
    return write_agent(db, &PUT, caller, body, ret_json, e);
}

static int explain_unchanged(struct postgres *db, const struct caller *caller, const char *reference, struct error *e) {
    cleanup_free char *seen = NULL;
    return sql_stale(agents_get(db, caller, reference, &seen, e), "agent", e);
}

/* Its threads run within the limits of its owner, who may be another than the caller. */
static int check_change(struct postgres *db, const struct caller *caller, const char *reference, const json_t *body,
                        struct error *e) {
    const json_t *config = json_object_get(body, "browser_config");
    cleanup_free char *role = NULL;
    if (!json_object_size(config))
        return 0;
    int r = postgres_value(db, &OWNER_ROLE, &role, e, SQL_CALLER(caller), reference);
    if (r < 0)
        return sql_missing(r, "agent", reference, e);
    return browser_limits_check(role_from_name(role), config, "browser_config.", e);
}

int agents_patch(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                 const json_t *body, char **ret_json, struct error *e) {
    cleanup_free char *preset = NULL;
    const char *preset_id = json_text_or(body, "preset_id", NULL);
    int r = fields_check_change("agent", agent_fields, body, e);
    if (!r)
        r = agent_check_schemas(body, e);
    if (!r && preset_id)
        r = presets_get(db, caller, preset_id, &preset, e);
    if (!r)
        r = check_change(db, caller, reference, body, e);
    if (r < 0)
        return r;
    cleanup_free char *text = json_print(body);
    r = postgres_value(db, &PATCH, ret_json, e, SQL_CALLER(caller), reference, text, SQL_INT(revision));
    return r == -ENOENT && e->code == ERROR_NOT_FOUND ? explain_unchanged(db, caller, reference, e) : r;
}

/* Says why the locked agent was not deleted. */
static int explain_kept(struct postgres *db, const char *id, const char *reference, int64_t revision, struct error *e) {
    cleanup_free char *same = NULL;
    int r = postgres_value(db, &IS_EXPECTED, &same, e, id, SQL_INT(revision));
    if (r == -ENOENT)
        return sql_stale(0, "agent", e);
    return r < 0 ? r : error_set(e, EBUSY, ERROR_CONFLICT, "threads of agent %s have not ended yet", reference);
}

int agents_delete(struct postgres *db, const struct caller *caller, const char *reference, int64_t revision,
                  char **ret_json, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_free char *id = NULL, *deleted = NULL;
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = sql_missing(postgres_value(db, &LOCK, &id, e, SQL_CALLER(caller), reference), "agent", reference, e);
    if (r < 0)
        return r;
    r = postgres_value(db, &DELETE, &deleted, e, SQL_CALLER(caller), id, SQL_INT(revision));
    if (r == -ENOENT)
        return explain_kept(db, id, reference, revision, e);
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

int agents_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
                const struct agent_filter *filter, char **ret_json, struct error *e) {
    const char *const values[] = {filter->preset_id, filter->is_active, filter->status};
    return list_run(db, sorts, caller, query, values, ARRAY_LENGTH(values), ret_json, e);
}

/* "Name (copy)", "Name (copy 2)", ...; a long name gives way at its end. */
static void name_copy(json_t *body, const char *name, int number) {
    cleanup_free char *suffix = number > 1 ? memory_print(" (copy %d)", number) : memory_copy_text(" (copy)");
    size_t keep = strlen(name) < AGENT_COPY_NAME ? strlen(name) : AGENT_COPY_NAME;
    while (keep < strlen(name) && ((unsigned char)name[keep] & 0xc0) == 0x80)
        keep--;
    cleanup_free char *copy = memory_print("%.*s%s", (int)keep, name, suffix);
    json_object_set_new(body, "name", json_string(copy));
}

int agents_duplicate(struct postgres *db, const struct caller *caller, const char *reference, char **ret_json,
                     struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *agent = NULL;
    int r = agents_get(db, caller, reference, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the agent", &agent, e);
    if (r < 0)
        return r;
    cleanup_json json_t *body = fields_pick(agent_fields, agent);
    for (int number = 1; number <= AGENT_COPIES_MAX; number++) {
        name_copy(body, json_text_or(agent, "name", ""), number);
        r = agents_create(db, caller, body, ret_json, e);
        if (r != -EEXIST)
            return r;
    }
    return r;
}
