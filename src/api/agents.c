/* Agents: a preset with instructions, a script and a browser; what they may sign in with; their threads. */
#include "domain/agents.h"
#include "agent/definition.h"
#include "api/revisions.h"
#include "api/route_table.h"
#include "domain/credentials.h"

/* Schemas. */

#define WRITABLE                                                                                                       \
    {"name", SCHEMA_TEXT, SCHEMA_REQUIRED, .least = 1, .most = 200, .doc = "What people call it."},                    \
        {"preset_id", SCHEMA_ID, SCHEMA_REQUIRED, .doc = "The preset that it thinks with."},                           \
        {"description", SCHEMA_TEXT, .most = 10000, .initial = "\"\"", .doc = "For people."},                          \
        {"is_active", SCHEMA_BOOL, .initial = "true", .doc = "Whether threads may be started."},                       \
        {"personal_instructions", SCHEMA_TEXT, .most = 200000, .initial = "\"\"", .doc = "What this agent is told."},  \
        {"script", SCHEMA_ANY, SCHEMA_NULLABLE, .doc = "Steps for ai_model \"script\": see /schemas/script."},         \
        {"input_schema", SCHEMA_OBJECT, SCHEMA_NULLABLE, .doc = "JSON Schema of a thread's inputs."},                  \
        {"result_schema", SCHEMA_OBJECT, SCHEMA_NULLABLE, .doc = "JSON Schema of its results."},                       \
        {"browser_config", SCHEMA_OBJECT, .initial = "{}", .doc = "Its browser: see /schemas/browser_config."},        \
        {"approvals",                                                                                                  \
         SCHEMA_LIST,                                                                                                  \
         .items = SCHEMA_OBJECT,                                                                                       \
         .most = 100,                                                                                                  \
         .initial = "[]",                                                                                              \
         .doc =                                                                                                        \
             "Which actions of a model wait for a person: {\"action\", \"text\", \"url\", \"ask\"}; the first that "   \
             "fits decides."},                                                                                         \
    {                                                                                                                  \
        "repeat_after_loss", SCHEMA_BOOL,                                                                              \
            .initial = "false", .doc = "Whether a thread that was lost after its first action may be run again."       \
    }

static const struct schema_field input_fields[] = {WRITABLE, {NULL}};
static const struct schema create_schema = {"AgentCreate", input_fields, .doc = "An agent to make."};
static const struct schema change_schema = {"AgentUpdate", input_fields, .partial = true,
                                            .doc = "What of an agent to change."};

#define STATUSES "idle", "running", "error"

static const struct schema_field agent_fields[] = {
    SCHEMA_OBJECT_FIELDS,
    SCHEMA_OWNER_FIELDS,
    WRITABLE,
    {"preset_name", SCHEMA_TEXT, .most = 200, .doc = "The preset's name."},
    {"status", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES(STATUSES),
     .doc = "running while a thread has not ended, error when the newest one failed."},
    {"threads_total", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "Threads that were started."},
    {"threads_completed", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "Those that completed."},
    {"threads_failed", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "Those that failed."},
    {"credential_ids", SCHEMA_LIST, .items = SCHEMA_ID, .most = 1e6, .doc = "Credentials that it may use."},
    {"last_thread_at", SCHEMA_TIME, SCHEMA_NULLABLE, .doc = "When its newest thread was started."},
    {NULL},
};
static const struct schema agent_schema = {"Agent", agent_fields, .doc = "A preset with a task and a browser."};

static const struct schema_field list_fields[] = {
    API_LIST_FIELDS(SCHEMA_CHOICES("created_at", "-created_at", "name", "-name", "updated_at", "-updated_at",
                                   "last_thread_at", "-last_thread_at", "threads_total", "-threads_total")),
    {"preset_id", SCHEMA_ID, .doc = "Only those of this preset."},
    {"is_active", SCHEMA_BOOL, .doc = "Only those that are switched on, or off."},
    {"status", SCHEMA_TEXT, .choices = SCHEMA_CHOICES(STATUSES), .doc = "Only those in this status."},
    {NULL},
};
static const struct schema list_schema = {"AgentQuery", list_fields, .doc = "Which agents."};

/* Handlers. */

static int list_agents(struct api_call *call, struct error *e) {
    struct list_query query = call_list(call);
    const json_t *active = json_object_get(call->query, "is_active");
    struct agent_filter filter = {
        .preset_id = json_text_or(call->query, "preset_id", NULL),
        .is_active = active ? SQL_BOOL(json_is_true(active)) : NULL,
        .status = json_text_or(call->query, "status", NULL),
    };
    char *json = NULL;
    int r = agents_list(call->db, &call->who.caller, &query, &filter, &json, e);
    return call_done(call, r, json);
}

static int create_agent(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = agent_check_definition(call->body, e);
    if (!r)
        r = agents_create(call->db, &call->who.caller, call->body, &json, e);
    return call_done(call, r, json);
}

static int get_agent(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = agents_get(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

static int change_agent(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = agent_check_definition(call->body, e);
    if (!r)
        r = agents_patch(call->db, &call->who.caller, call_parameter(call, "id"), call->if_match, call->body, &json, e);
    return call_done(call, r, json);
}

static int delete_agent(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = agents_delete(call->db, &call->who.caller, call_parameter(call, "id"), call->if_match, &json, e);
    return call_was(call, r, json);
}

static int duplicate_agent(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = agents_duplicate(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

static int list_credentials(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = credentials_of_agent(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

static int link_credential(struct api_call *call, struct error *e) {
    return credentials_link(call->db, &call->who.caller, call_parameter(call, "id"),
                            call_parameter(call, "credential_id"), e);
}

static int unlink_credential(struct api_call *call, struct error *e) {
    return credentials_unlink(call->db, &call->who.caller, call_parameter(call, "id"),
                              call_parameter(call, "credential_id"), e);
}

/* Rows. */

#define AGENTS .lane = LANE_DATABASE, .tag = "agents"
#define READS  AGENTS, .permission = PERMISSION_AGENTS_READ, .scope = SCOPE_READ
#define WRITES AGENTS, .permission = PERMISSION_AGENTS_WRITE, .scope = SCOPE_WRITE, .rate = RATE_WRITE
#define LINKS                                                                                                          \
    AGENTS, .permission = PERMISSION_CREDENTIALS_USE, .scope = SCOPE_WRITE, .rate = RATE_WRITE, .form = FORM_NOTHING

const struct api_route agents_routes[] = {
    {"GET", "/agents", list_agents, READS, .query = &list_schema, .answer = &agent_schema, .form = FORM_PAGE,
     .summary = "List agents"},
    {"POST", "/agents", create_agent, WRITES, .flags = API_CREATES, .body = &create_schema, .answer = &agent_schema,
     .status = 201, .audit = "agent.create", .summary = "Make an agent"},
    {"GET", "/agents/{id}", get_agent, READS, .answer = &agent_schema, .summary = "One agent"},
    {"PATCH", "/agents/{id}", change_agent, WRITES, .flags = API_IF_MATCH, .body = &change_schema,
     .answer = &agent_schema, .audit = "agent.change", .summary = "Change an agent"},
    {"DELETE", "/agents/{id}", delete_agent, WRITES, .flags = API_IF_MATCH, .form = FORM_NOTHING,
     .audit = "agent.delete", .summary = "Delete an agent whose threads have ended"},
    {"POST", "/agents/{id}/duplicate", duplicate_agent, WRITES, .flags = API_CREATES, .answer = &agent_schema,
     .status = 201, .audit = "agent.create", .summary = "Make a copy of an agent"},
    {"GET", "/agents/{id}/revisions", api_list_revisions, READS, .query = &api_revisions_query, .answer = &api_revision,
     .form = FORM_ITEMS, .summary = "What an agent was at each of its edits"},
    {"GET", "/agents/{id}/revisions/{revision}", api_get_revision, READS, .answer = &api_revision_whole,
     .summary = "What an agent was at one of its edits, and what that edit changed"},
    {"POST", "/agents/{id}/revisions/{revision}/restore", api_restore_revision, WRITES, .flags = API_IF_MATCH,
     .answer = &agent_schema, .audit = "agent.restore", .summary = "Make an agent what it was"},
    {"GET", "/agents/{id}/credentials", list_credentials, AGENTS, .permission = PERMISSION_CREDENTIALS_USE,
     .scope = SCOPE_READ, .answer = &api_credential, .form = FORM_ITEMS, .summary = "What an agent may sign in with"},
    {"PUT", "/agents/{id}/credentials/{credential_id}", link_credential, LINKS, .audit = "credential.link",
     .summary = "Let an agent use a credential"},
    {"DELETE", "/agents/{id}/credentials/{credential_id}", unlink_credential, LINKS, .audit = "credential.unlink",
     .summary = "Let an agent use a credential no more"},
    {NULL},
};
