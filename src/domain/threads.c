#include "domain/threads.h"
#include "base/clock.h"
#include "base/memory.h"
#include "domain/agent_values.h"
#include "domain/agents.h"
#include "domain/browser_limits.h"
#include "domain/job_kinds.h"
#include "domain/sql.h"
#include <stdio.h>
#include <string.h>

#define THREAD_JSON                                                                                                    \
    "json_build_object('id', t.id, 'owner_id', t.owner_id, 'team_id', t.team_id, 'agent_id', t.agent_id, "             \
    "'agent_name', (SELECT x.name FROM agents x WHERE x.id = t.agent_id), "                                            \
    "'agent_revision', t.agent_revision, 'preset_revision', t.preset_revision, 'retry_of', t.retry_of, "               \
    "'status', t.status, 'reason', t.reason, 'task', t.task, 'inputs', t.inputs, 'error_message', t.error_message, "   \
    "'browser_id', t.browser_id, 'queued_at', rfc3339(t.queued_at), 'start_time', rfc3339(t.start_time), "             \
    "'end_time', rfc3339(t.end_time), 'execution_time_ms', t.execution_time_ms, 'results', t.results, "                \
    "'usage', t.usage, 'cost_micro', t.cost_micro, 'created_at', rfc3339(t.created_at), "                              \
    "'updated_at', rfc3339(t.updated_at), 'revision', t.revision)"

static const struct statement START = {
    "threads_start",
    "WITH agent AS (UPDATE agents a SET threads_total = threads_total + 1, last_thread_at = clock_timestamp() "
    "WHERE a.id = $3::uuid AND a.is_active AND " SQL_MAY(
        "a") " AND quota_take('queued_threads', 'waiting threads', $1::uuid, $2::user_role, $13::bigint) "
             "RETURNING a.id, a.team_id, a.revision, a.preset_id, a.repeat_after_loss), "
             "thread AS (INSERT INTO threads (id, owner_id, team_id, agent_id, agent_revision, preset_revision, task, "
             "inputs, retry_of, last_seq) "
             "SELECT coalesce($10::uuid, uuid_v7()), $1::uuid, a.team_id, a.id, a.revision, p.revision, $4, $5::jsonb, "
             "$11::uuid, 1 "
             "FROM agent a JOIN presets p ON p.id = a.preset_id RETURNING *), "
             "job AS (INSERT INTO jobs (kind, lane, user_id, thread_id, max_attempts, backoff_ms, repeat_after_loss, "
             "priority, run_at) "
             "SELECT $6, $7, t.owner_id, t.id, $8::int, $9::int, a.repeat_after_loss, $12::smallint, "
             "coalesce($14::timestamptz, clock_timestamp()) FROM thread t JOIN agent a ON "
             "a.id = t.agent_id), "
             "event AS (INSERT INTO thread_events (thread_id, seq, kind, message) "
             "SELECT id, 1, 'thread.queued', 'The thread waits for a worker.' FROM thread) "
             "SELECT " THREAD_JSON " FROM thread t"};

static const struct statement GET = {"threads_get",
                                     "SELECT " THREAD_JSON " FROM threads t WHERE t.id = $3::uuid AND " SQL_MAY("t")};

#define LIST_SOURCE                                                                                                    \
    "FROM threads t WHERE caller_may(t.owner_id, t.team_id, $4::uuid, $5::user_role) AND ($6::text IS NULL "           \
    "OR " LIST_SEARCH("t.task") " OR " LIST_SEARCH(                                                                    \
        "t.error_message") " OR t.id::text = $6::text) "                                                               \
                           "AND ($7::uuid IS NULL OR t.agent_id = $7::uuid) "                                          \
                           "AND ($8::text IS NULL OR t.status = ANY (string_to_array($8::text, "                       \
                           "',')::thread_status[])) "                                                                  \
                           "AND ($9::timestamptz IS NULL OR t.id >= uuid_v7_floor($9::timestamptz)) "                  \
                           "AND ($10::timestamptz IS NULL OR t.id < uuid_v7_floor($10::timestamptz))"
#define SORT(name, expression) LIST_SORT("threads_list", name, expression, "t", THREAD_JSON, LIST_SOURCE)
static const struct list_sort sorts[] = {
    SORT("created_at", "t.id"),
    SORT("end_time", "coalesce(t.end_time, 'infinity')"),
    SORT("execution_time_ms", "coalesce(t.execution_time_ms, 0)"),
    SORT("status", "t.status"),
    {0},
};

/* Locks jobs before threads. A job that a worker takes at this moment is seen running once its row is ours. */
static const struct statement STOP = {
    "threads_stop",
    "WITH job AS (UPDATE jobs j SET stop_requested = true, "
    "status = CASE j.status WHEN 'queued' THEN 'cancelled' ELSE j.status END, reason = 'stopped', "
    "finished_at = CASE j.status WHEN 'queued' THEN clock_timestamp() END "
    "FROM threads t WHERE t.id = $3::uuid AND " SQL_MAY(
        "t") " AND j.thread_id = t.id "
             "AND j.status IN ('queued', 'running') AND NOT j.stop_requested RETURNING j.id, j.thread_id, j.status), "
             "thread AS (UPDATE threads t SET last_seq = t.last_seq + 1, reason = 'stopped', "
             "status = CASE j.status WHEN 'cancelled' THEN 'stopped' ELSE 'stopping' END::thread_status, "
             "end_time = CASE j.status WHEN 'cancelled' THEN clock_timestamp() END, "
             "execution_time_ms = CASE j.status WHEN 'cancelled' THEN coalesce(t.execution_time_ms, 0) END "
             "FROM job j WHERE t.id = j.thread_id AND t.end_time IS NULL RETURNING t.*, j.id AS job_id, j.status AS "
             "job_status), "
             "event AS (INSERT INTO thread_events (thread_id, seq, kind, message) "
             "SELECT id, last_seq, CASE job_status WHEN 'cancelled' THEN 'thread.stopped' ELSE 'thread.stopping' END, "
             "'Somebody asked to stop.' FROM thread) "
             "SELECT " THREAD_JSON ", CASE job_status WHEN 'running' THEN job_id END FROM thread t"};

/* Its events have no foreign key (0003); its job and the rows of its files go by theirs. */
static const struct statement DELETE = {
    "threads_delete",
    "WITH gone AS (DELETE FROM threads t WHERE t.id = $3::uuid AND t.end_time IS NOT NULL AND " SQL_MAY(
        "t") " RETURNING t.*), events AS (DELETE FROM thread_events v WHERE v.thread_id = $3::uuid AND "
             "EXISTS (SELECT FROM gone)) SELECT " THREAD_JSON " FROM gone t"};

/* Says why threads_start found nothing to start. */
static int explain_start(struct postgres *db, const struct caller *caller, const char *agent_id, struct error *e) {
    cleanup_free char *agent = NULL;
    int r = agents_get(db, caller, agent_id, &agent, e);
    return r < 0 ? r : error_set(e, EBUSY, ERROR_CONFLICT, "the agent is switched off (is_active is false)");
}

static int check_order(const struct thread_order *order, struct error *e) {
    int64_t time;
    if (order->priority < -100 || order->priority > 100)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "priority must be from -100 to 100");
    if (order->run_at && clock_parse_any(order->run_at, &time))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no time; write it as 2026-11-25T08:00:00Z",
                         order->run_at);
    return 0;
}

static const struct statement MODEL = {"threads_model",
                                       "SELECT p.ai_model FROM presets p WHERE p.id = $3::uuid AND " SQL_MAY("p")};

static bool has(const json_t *object, const char *member) {
    const json_t *value = json_object_get(object, member);
    return json_is_string(value) ? json_string_length(value) : json_object_size(value) || json_array_size(value);
}

/* A model without a script, instructions and inputs would not know what to do. */
static int check_task(struct postgres *db, const struct caller *caller, const json_t *agent,
                      const struct thread_order *order, struct error *e) {
    cleanup_free char *model = NULL;
    const char *preset = json_text_or(agent, "preset_id", "");
    if ((order->task && *order->task) || json_object_size(order->inputs) || has(agent, "script") ||
        has(agent, "personal_instructions"))
        return 0;
    int r = sql_missing(postgres_value(db, &MODEL, &model, e, SQL_CALLER(caller), preset), "preset", preset, e);
    if (r < 0 || !strcmp(model, "script"))
        return r;
    error_set(e, EINVAL, ERROR_BAD_INPUT,
              "task: this agent has no script and no instructions, so its model needs a task or inputs");
    error_hint(e, "say in plain words what is to be done: {\"task\": \"...\"}, or --task on the command line");
    return -EINVAL;
}

int threads_order(struct postgres *db, const struct caller *caller, const struct thread_order *order, char **ret_json,
                  struct error *e) {
    cleanup_free char *agent_text = NULL;
    cleanup_json json_t *agent = NULL, *filled = NULL;
    int r = check_order(order, e);
    if (!r)
        r = agents_get(db, caller, order->agent, &agent_text, e);
    if (!r)
        r = json_parse(agent_text, strlen(agent_text), "the agent", &agent, e);
    if (!r)
        r = agent_check_inputs(agent, order->inputs, &filled, NULL, e);
    if (!r)
        r = browser_limits_check(caller->role, json_object_get(agent, "browser_config"), "browser_config.", e);
    if (!r)
        r = check_task(db, caller, agent, order, e);
    if (r < 0)
        return r;
    cleanup_free char *inputs_text = json_print(filled);
    const struct job_kind_row *run = &job_kinds[JOB_KIND_RUN];
    const char *agent_id = json_text_or(agent, "id", "");
    r = postgres_value(db, &START, ret_json, e, SQL_CALLER(caller), agent_id, order->task ? order->task : "",
                       inputs_text, run->name, job_lanes[run->lane].name, SQL_INT(run->attempts),
                       SQL_INT(run->backoff_ms), order->id, order->retry_of, SQL_INT(run->priority + order->priority),
                       SQL_INT(quota_limit(caller->role, QUOTA_QUEUED_THREADS)), order->run_at);
    return r == -ENOENT && e->code == ERROR_NOT_FOUND ? explain_start(db, caller, agent_id, e) : r;
}

int threads_start_as(struct postgres *db, const struct caller *caller, const char *id, const char *agent_reference,
                     const char *task, const json_t *inputs, char **ret_json, struct error *e) {
    struct thread_order order = {.id = id, .agent = agent_reference, .task = task, .inputs = inputs};
    return threads_order(db, caller, &order, ret_json, e);
}

int threads_start(struct postgres *db, const struct caller *caller, const char *agent_reference, const char *task,
                  const json_t *inputs, char **ret_json, struct error *e) {
    return threads_start_as(db, caller, NULL, agent_reference, task, inputs, ret_json, e);
}

int threads_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e) {
    if (!uuid_is_valid(id)) {
        error_set(e, ENOENT, ERROR_NOT_FOUND, "\"%.40s\" is no thread's id", id);
        return -ENOENT;
    }
    return sql_missing(postgres_value(db, &GET, ret_json, e, SQL_CALLER(caller), id), "thread", id, e);
}

static const struct statement BROWSER = {"threads_browser",
                                         "SELECT CASE WHEN t.end_time IS NULL THEN t.browser_id END FROM threads t "
                                         "WHERE t.id = $3::uuid AND " SQL_MAY("t")};

int threads_browser(struct postgres *db, const struct caller *caller, const char *id, char ret_browser[UUID_TEXT_SIZE],
                    struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = uuid_is_valid(id) ? postgres_query(db, &BROWSER, &result, e, SQL_CALLER(caller), id) : 0;
    if (r < 0)
        return r;
    if (!result || !result_rows(result))
        return error_set(e, ENOENT, ERROR_NOT_FOUND, "there is no thread %.40s", id);
    const char *browser = result_text(result, 0, 0);
    if (!browser) {
        error_set(e, EBUSY, ERROR_CONFLICT, "the thread has no browser at the moment");
        error_hint(e, "it has one while its status is running or waiting");
        return -EBUSY;
    }
    snprintf(ret_browser, UUID_TEXT_SIZE, "%s", browser);
    return 0;
}

int threads_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
                 const struct thread_filter *filter, char **ret_json, struct error *e) {
    const char *const values[] = {filter->agent_id, filter->status, filter->from, filter->to};
    return list_run(db, sorts, caller, query, values, ARRAY_LENGTH(values), ret_json, e);
}

int threads_stop(struct postgres *db, const struct caller *caller, const char *id, char **ret_json,
                 char ret_job_id[UUID_TEXT_SIZE], struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    cleanup_free char *seen = NULL;
    int r = threads_get(db, caller, id, &seen, e);
    if (!r)
        r = postgres_query(db, &STOP, &result, e, SQL_CALLER(caller), id);
    if (r < 0)
        return r;
    const char *job_id = result_rows(result) ? result_text(result, 0, 1) : NULL;
    snprintf(ret_job_id, UUID_TEXT_SIZE, "%s", job_id ? job_id : "");
    *ret_json = result_rows(result) ? memory_copy_text(result_text(result, 0, 0)) : take_pointer(seen);
    return 0;
}

int threads_retry(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e) {
    cleanup_free char *text = NULL;
    cleanup_json json_t *thread = NULL;
    int r = threads_get(db, caller, id, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the thread", &thread, e);
    if (r < 0)
        return r;
    struct thread_order order = {.agent = json_text_or(thread, "agent_id", NULL),
                                 .task = json_text_or(thread, "task", ""),
                                 .inputs = json_object_get(thread, "inputs"),
                                 .retry_of = id};
    if (!json_text_or(thread, "end_time", NULL))
        return error_set(e, EBUSY, ERROR_CONFLICT, "the thread has not ended yet");
    if (!order.agent)
        return error_set(e, EBUSY, ERROR_CONFLICT, "the agent of this thread was deleted");
    return threads_order(db, caller, &order, ret_json, e);
}

int threads_delete(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e) {
    cleanup_free char *seen = NULL;
    int r = threads_get(db, caller, id, &seen, e);
    if (!r)
        r = postgres_value(db, &DELETE, ret_json, e, SQL_CALLER(caller), id);
    return r == -ENOENT && !seen ? r
           : r == -ENOENT && e->code == ERROR_NOT_FOUND
               ? error_set(e, EBUSY, ERROR_CONFLICT, "the thread has not ended yet; stop it first")
               : r;
}
