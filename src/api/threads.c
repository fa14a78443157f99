/* Threads: runs of agents. Their files and live channels are thread_files.c's and hub.c's. */
#include "domain/threads.h"
#include "api/results_csv.h"
#include "api/route_table.h"
#include "api/thread_schemas.h"
#include "domain/agents.h"
#include "domain/artifacts.h"
#include "domain/events.h"
#include <string.h>

/* Schemas. */

#define STATUSES SCHEMA_CHOICES("queued", "starting", "running", "waiting", "stopping", "completed", "error", "stopped")
#define NULLABLE SCHEMA_REQUIRED | SCHEMA_NULLABLE

static const struct schema_field start_fields[] = {
    {"task", SCHEMA_TEXT, .most = 200000, .initial = "\"\"", .doc = "What this thread is to do."},
    {"inputs", SCHEMA_OBJECT, .doc = "Values for {{inputs.NAME}}; must fit the agent's input_schema."},
    {"priority", SCHEMA_INT, .least = -100, .most = 100, .initial = "0",
     .doc = "Among one's own waiting threads; higher goes first."},
    {NULL},
};
static const struct schema start_schema = {"ThreadStart", start_fields, .doc = "A thread to start."};

static const struct schema_field thread_fields[] = {
    SCHEMA_OBJECT_FIELDS,
    SCHEMA_OWNER_FIELDS,
    {"agent_id", SCHEMA_ID, NULLABLE, .doc = "Whose run it is; null when the agent was deleted."},
    {"agent_name", SCHEMA_TEXT, NULLABLE, .most = 200, .doc = "What the agent is called."},
    {"agent_revision", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "The revision of the agent that it runs."},
    {"preset_revision", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "The revision of the preset that it runs."},
    {"retry_of", SCHEMA_ID, SCHEMA_NULLABLE, .doc = "The thread that it repeats."},
    {"status", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = STATUSES, .doc = "How far it is."},
    {"reason", SCHEMA_TEXT, .most = 64, .doc = "Why it ended or waits, in one word: timeout, crash, oom, control ..."},
    {"task", SCHEMA_TEXT, .most = 200000, .doc = "What it is to do."},
    {"inputs", SCHEMA_OBJECT, .doc = "What it was started with."},
    {"error_message", SCHEMA_TEXT, .most = 1e6, .doc = "Why it failed, for people."},
    {"browser_id", SCHEMA_ID, SCHEMA_NULLABLE, .doc = "Its browser, from running on."},
    {"queued_at", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When it was asked for."},
    {"start_time", SCHEMA_TIME, SCHEMA_NULLABLE, .doc = "When a worker took it."},
    {"end_time", SCHEMA_TIME, SCHEMA_NULLABLE, .doc = "When it ended."},
    {"execution_time_ms", SCHEMA_INT, SCHEMA_NULLABLE, .least = 0, .most = 9e15, .doc = "How long it ran."},
    {"results", SCHEMA_ANY, SCHEMA_NULLABLE, .doc = "What it brought."},
    {"usage", SCHEMA_OBJECT, .doc = "What it took: steps, tokens."},
    {"cost_micro", SCHEMA_INT, .least = 0, .most = 9e15, .doc = "What it cost, in millionths."},
    {NULL},
};
const struct schema api_thread = {"Thread", thread_fields, .doc = "A run of an agent."};

#define LIST_FIELDS                                                                                                    \
    API_LIST_FIELDS(SCHEMA_CHOICES("created_at", "-created_at", "end_time", "-end_time", "execution_time_ms",          \
                                   "-execution_time_ms", "status", "-status")),                                        \
        {"status", SCHEMA_LIST, .items = SCHEMA_TEXT, .choices = STATUSES, .most = 8, .doc = "Only in one of these."}, \
        {"from", SCHEMA_TIME, .doc = "Only those asked for from then on."}, {                                          \
        "to", SCHEMA_TIME, .doc = "Only those asked for before."                                                       \
    }

static const struct schema_field list_fields[] = {
    LIST_FIELDS, {"agent_id", SCHEMA_ID, .doc = "Only those of this agent."}, {NULL}};
static const struct schema list_schema = {"ThreadQuery", list_fields, .doc = "Which threads."};
static const struct schema_field agent_list_fields[] = {LIST_FIELDS, {NULL}};
static const struct schema agent_list_schema = {"AgentThreadQuery", agent_list_fields,
                                                .doc = "Which threads of an agent."};

static const struct schema_field events_query_fields[] = {
    {"after", SCHEMA_INT, .least = 0, .most = 9e15, .initial = "0", .doc = "Only events behind this number."},
    {"limit", SCHEMA_INT, .least = 1, .most = EVENTS_LIMIT_MAX, .initial = "200", .doc = "At most so many."},
    {"level", SCHEMA_TEXT, .choices = SCHEMA_CHOICES("debug", "info", "warn", "error"),
     .doc = "Only from this level up."},
    {"kind", SCHEMA_LIST, .items = SCHEMA_TEXT, .most = 20, .doc = "Only of these kinds."},
    {NULL},
};
static const struct schema events_query_schema = {"EventQuery", events_query_fields, .doc = "Which events."};

static const struct schema_field event_fields[] = {
    {"seq", SCHEMA_INT, SCHEMA_REQUIRED, .least = 1, .most = 9e15, .doc = "Its number within the thread, from 1."},
    {"time", SCHEMA_TIME, SCHEMA_REQUIRED, .doc = "When it happened."},
    {"kind", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 64, .doc = "What happened: step.finished, thread.completed ..."},
    {"level", SCHEMA_TEXT, SCHEMA_REQUIRED, .choices = SCHEMA_CHOICES("debug", "info", "warn", "error"),
     .doc = "How much it matters."},
    {"message", SCHEMA_TEXT, SCHEMA_REQUIRED, .most = 1e6, .doc = "For people."},
    {"data", SCHEMA_ANY, SCHEMA_NULLABLE, .doc = "For programs."},
    {NULL},
};
const struct schema api_thread_event = {"ThreadEvent", event_fields, .doc = "What happened in a thread."};

static const struct schema_field results_query_fields[] = {
    {"format", SCHEMA_TEXT, .choices = SCHEMA_CHOICES("json", "csv"), .initial = "\"json\"", .doc = "How to write it."},
    {NULL},
};
static const struct schema results_query_schema = {"ResultQuery", results_query_fields, .doc = "Which form."};
static const struct schema_field results_fields[] = {{NULL}};
static const struct schema results_schema = {"Results", results_fields, .doc = "What a thread brought.", .open = true};

/* Handlers. */

/* A list of texts in the query, with commas between them; NULL when it is missing. */
static const char *joined(struct api_call *call, const char *name) {
    json_t *list = json_object_get(call->query, name), *item;
    struct text text = {0};
    size_t i;
    json_array_foreach (list, i, item)
        text_print(&text, "%s%s", i ? "," : "", json_string_value(item));
    const char *kept = text.length ? arena_copy_text(&call->arena, text.data) : NULL;
    text_done(&text);
    return kept;
}

static int list_filtered(struct api_call *call, const char *agent_id, struct error *e) {
    struct list_query query = call_list(call);
    struct thread_filter filter = {.agent_id = agent_id,
                                   .status = joined(call, "status"),
                                   .from = json_text_or(call->query, "from", NULL),
                                   .to = json_text_or(call->query, "to", NULL)};
    char *json = NULL;
    int r = threads_list(call->db, &call->who.caller, &query, &filter, &json, e);
    return call_done(call, r, json);
}

static int list_threads(struct api_call *call, struct error *e) {
    return list_filtered(call, json_text_or(call->query, "agent_id", NULL), e);
}

static int list_of_agent(struct api_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *agent = NULL;
    int r = agents_get(call->db, &call->who.caller, call_parameter(call, "id"), &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the agent", &agent, e);
    return r < 0 ? r : list_filtered(call, json_text_or(agent, "id", ""), e);
}

static int start_thread(struct api_call *call, struct error *e) {
    struct thread_order order = {.agent = call_parameter(call, "id"),
                                 .task = json_text_or(call->body, "task", ""),
                                 .inputs = json_object_get(call->body, "inputs"),
                                 .priority = (int)json_int_or(call->body, "priority", 0)};
    char *json = NULL;
    int r = artifacts_check_disk(e);
    if (!r)
        r = threads_order(call->db, &call->who.caller, &order, &json, e);
    if (!r)
        call_publish(call, REDIS_CHANNEL_JOBS, "ready run");
    return call_done(call, r, json);
}

static int retry_thread(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = artifacts_check_disk(e);
    if (!r)
        r = threads_retry(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    if (!r)
        call_publish(call, REDIS_CHANNEL_JOBS, "ready run");
    return call_done(call, r, json);
}

static int get_thread(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = threads_get(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_done(call, r, json);
}

static int stop_thread(struct api_call *call, struct error *e) {
    char *json = NULL, job_id[UUID_TEXT_SIZE] = "";
    const char *id = call_parameter(call, "id");
    int r = threads_stop(call->db, &call->who.caller, id, &json, job_id, e);
    if (!r && *job_id)
        call_publish(call, REDIS_CHANNEL_JOBS, arena_print(&call->arena, "stop %s", job_id));
    if (!r)
        call_publish(call, arena_print(&call->arena, REDIS_CHANNEL_THREAD "%s", id), "look");
    return call_done(call, r, json);
}

static int delete_thread(struct api_call *call, struct error *e) {
    char *json = NULL;
    int r = threads_delete(call->db, &call->who.caller, call_parameter(call, "id"), &json, e);
    return call_was(call, r, json);
}

static int list_events(struct api_call *call, struct error *e) {
    struct events_filter filter = {.after = call_query_int(call, "after", 0),
                                   .limit = (int)call_query_int(call, "limit", 200),
                                   .level = json_text_or(call->query, "level", NULL),
                                   .kinds = joined(call, "kind")};
    char *json = NULL;
    int r = events_page(call->db, &call->who.caller, call_parameter(call, "id"), &filter, &json, e);
    return call_done(call, r, json);
}

static int get_results(struct api_call *call, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *thread = NULL;
    int r = threads_get(call->db, &call->who.caller, call_parameter(call, "id"), &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the thread", &thread, e);
    if (r < 0)
        return r;
    const json_t *results = json_object_get(thread, "results");
    if (strcmp(call_query_text(call, "format"), "csv"))
        return call_answer_json(call, results), 0;
    call_answer(call, results_csv(results));
    call->answer_type = "text/csv; charset=utf-8";
    call_header(call, "Content-Disposition",
                arena_print(&call->arena, "attachment; filename=\"%s.csv\"", json_text_or(thread, "id", "results")));
    return 0;
}

/* Rows. */

#define THREADS .lane = LANE_DATABASE, .tag = "threads"
#define READS   THREADS, .permission = PERMISSION_THREADS_READ, .scope = SCOPE_READ
#define RUNS    THREADS, .permission = PERMISSION_AGENTS_RUN, .scope = SCOPE_RUN, .rate = RATE_WRITE

const struct api_route threads_routes[] = {
    {"GET", "/threads", list_threads, READS, .query = &list_schema, .answer = &api_thread, .form = FORM_PAGE,
     .summary = "List threads"},
    {"GET", "/agents/{id}/threads", list_of_agent, READS, .query = &agent_list_schema, .answer = &api_thread,
     .form = FORM_PAGE, .summary = "List threads of an agent"},
    {"POST", "/agents/{id}/threads", start_thread, RUNS, .flags = API_CREATES, .body = &start_schema,
     .answer = &api_thread, .status = 201, .audit = "thread.start", .summary = "Start a thread"},
    {"GET", "/threads/{id}", get_thread, READS, .answer = &api_thread, .summary = "One thread"},
    {"POST", "/threads/{id}/stop", stop_thread, RUNS, .answer = &api_thread, .audit = "thread.stop",
     .summary = "Stop a thread"},
    {"POST", "/threads/{id}/retry", retry_thread, RUNS, .flags = API_CREATES, .answer = &api_thread, .status = 201,
     .audit = "thread.start", .summary = "Start a thread anew that has ended"},
    {"DELETE", "/threads/{id}", delete_thread, THREADS, .permission = PERMISSION_THREADS_DELETE, .scope = SCOPE_WRITE,
     .rate = RATE_WRITE, .form = FORM_NOTHING, .audit = "thread.delete", .summary = "Delete a thread that has ended"},
    {"GET", "/threads/{id}/events", list_events, READS, .query = &events_query_schema, .answer = &api_thread_event,
     .form = FORM_CURSOR, .summary = "What happened in a thread"},
    {"GET", "/threads/{id}/results", get_results, READS, .query = &results_query_schema, .answer = &results_schema,
     .summary = "What a thread brought, as JSON or CSV"},
    {NULL},
};
