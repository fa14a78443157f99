#include "domain/jobs_fenced.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

static const struct statement BEGIN_RUN = {
    "jobs_begin_run",
    "WITH job AS (SELECT j.* FROM jobs j WHERE " JOBS_HELD " FOR UPDATE), "
    "thread AS (UPDATE threads t SET status = CASE WHEN j.stop_requested THEN 'stopping' ELSE 'starting' "
    "END::thread_status, "
    "start_time = clock_timestamp(), last_seq = t.last_seq + (old.status = 'queued')::int "
    "FROM job j, threads old WHERE t.id = j.thread_id AND old.id = t.id AND t.end_time IS NULL "
    "RETURNING t.*, j.stop_requested, old.status = 'queued' AS first), "
    "event AS (INSERT INTO thread_events (thread_id, seq, kind, message, data) SELECT id, last_seq, 'thread.starting', "
    "'A worker has taken the thread.', jsonb_build_object('attempt', $2::int) FROM thread WHERE first) "
    "SELECT json_build_object('thread_id', t.id, 'owner_id', t.owner_id, 'owner_role', (SELECT u.role FROM users u "
    "WHERE u.id = t.owner_id), 'agent_id', t.agent_id, 'task', t.task, "
    "'inputs', t.inputs, "
    "'stop_requested', t.stop_requested, "
    "'agent', (SELECT body FROM agent_revisions r WHERE r.agent_id = t.agent_id AND r.revision = t.agent_revision), "
    "'preset', (SELECT p.body FROM agent_revisions r JOIN preset_revisions p "
    "ON p.preset_id = (r.body->>'preset_id')::uuid AND p.revision = t.preset_revision "
    "WHERE r.agent_id = t.agent_id AND r.revision = t.agent_revision)) FROM thread t"};

static const struct statement WRITE_EVENTS = {
    "jobs_write_events",
    "WITH batch AS MATERIALIZED (SELECT * FROM ROWS FROM (jsonb_to_recordset($3::jsonb) AS "
    "(time timestamptz, kind text, level event_level, message text, data jsonb)) "
    "WITH ORDINALITY AS b (time, kind, level, message, data, n)), "
    "job AS (UPDATE jobs j SET events_written = $4::bigint, "
    "acted_at = CASE WHEN $5::boolean THEN coalesce(j.acted_at, clock_timestamp()) ELSE j.acted_at END "
    "WHERE " JOBS_HELD " AND j.events_written = $4::bigint - (SELECT count(*) FROM batch) RETURNING j.thread_id), "
    "thread AS (UPDATE threads t SET last_seq = t.last_seq + (SELECT count(*) FROM batch) FROM job "
    "WHERE t.id = job.thread_id RETURNING t.id, t.last_seq), "
    "event AS (INSERT INTO thread_events (thread_id, seq, time, kind, level, message, data) "
    "SELECT t.id, t.last_seq - (SELECT count(*) FROM batch) + b.n, coalesce(b.time, clock_timestamp()), b.kind, "
    "coalesce(b.level, 'info'), coalesce(b.message, ''), b.data FROM thread t CROSS JOIN batch b) "
    "SELECT (SELECT last_seq FROM thread), (SELECT t.last_seq FROM jobs j JOIN threads t ON t.id = j.thread_id "
    "WHERE " JOBS_HELD " AND j.events_written >= $4::bigint)"};

static const struct statement MARK_RUNNING = {
    "jobs_mark_running",
    "WITH job AS (UPDATE jobs j SET browser_id = $3::uuid WHERE " JOBS_HELD " RETURNING j.thread_id) "
    "UPDATE threads t SET browser_id = $3::uuid, "
    "status = CASE t.status WHEN 'starting' THEN 'running' ELSE t.status END::thread_status "
    "FROM job WHERE t.id = job.thread_id AND t.end_time IS NULL RETURNING t.id"};

static const struct statement MARK_WAITING = {
    "jobs_mark_waiting", "UPDATE threads t SET reason = CASE WHEN t.status IN ('running', 'waiting') "
                         "THEN coalesce($3, '') ELSE t.reason END, "
                         "status = CASE WHEN t.status NOT IN ('running', 'waiting') THEN t.status "
                         "WHEN $3::text IS NULL THEN 'running' ELSE 'waiting' END::thread_status "
                         "FROM (SELECT j.thread_id FROM jobs j WHERE " JOBS_HELD " FOR UPDATE) job "
                         "WHERE t.id = job.thread_id AND t.end_time IS NULL RETURNING t.id"};

static const struct statement FINISH_RUN = {
    "jobs_finish_run",
    "WITH job AS (UPDATE jobs j SET status = 'done', worker = NULL, lease_until = NULL, browser_id = NULL, reason = "
    "$4, "
    "finished_at = clock_timestamp() WHERE " JOBS_HELD " RETURNING j.thread_id), "
    "thread AS (UPDATE threads t SET last_seq = t.last_seq + 1, status = $3::thread_status, reason = $4, "
    "error_message = $5, results = $6::jsonb, usage = coalesce($7::jsonb, t.usage), "
    "cost_micro = greatest(t.cost_micro, coalesce(($7::jsonb->>'cost_micro')::bigint, 0)), execution_time_ms = "
    "$8::bigint, "
    "end_time = clock_timestamp() FROM job WHERE t.id = job.thread_id AND t.end_time IS NULL "
    "RETURNING t.id, t.agent_id, t.last_seq), "
    "counted AS (UPDATE agents a SET threads_completed = a.threads_completed + ($3::thread_status = 'completed')::int, "
    "threads_failed = a.threads_failed + ($3::thread_status = 'error')::int FROM thread WHERE a.id = thread.agent_id), "
    "event AS (INSERT INTO thread_events (thread_id, seq, kind, level, message, data) "
    "SELECT id, last_seq, 'thread.' || $3::text, CASE $3::text WHEN 'error' THEN 'error' ELSE 'info' END::event_level, "
    "$5, jsonb_build_object('reason', $4::text, 'execution_time_ms', $8::bigint) FROM thread) "
    "SELECT EXISTS (SELECT FROM job), "
    "EXISTS (SELECT FROM jobs j WHERE j.id = $1::uuid AND j.attempt = $2::int AND j.status = 'done')"};

#define HELD_LIST "jsonb_to_recordset($1::jsonb) AS held (id uuid, attempt int)"

static const struct statement READ_PAYLOADS = {
    "jobs_read_payloads", "SELECT coalesce(json_object_agg(j.id, j.payload), '{}'::json) FROM " HELD_LIST
                          " JOIN jobs j ON j.id = held.id AND j.attempt = held.attempt WHERE j.status = 'running'"};

static const struct statement FINISH = {
    "jobs_finish", "WITH job AS (UPDATE jobs j SET status = 'done', worker = NULL, lease_until = NULL, reason = '', "
                   "error = '', finished_at = clock_timestamp() FROM " HELD_LIST " WHERE j.id = held.id "
                   "AND j.attempt = held.attempt AND j.status = 'running' RETURNING 1) SELECT count(*) FROM job"};

/* Those that an earlier call, whose answer was lost, has finished. */
static const struct statement COUNT_FINISHED = {"jobs_count_finished",
                                                "SELECT count(*) FROM " HELD_LIST " JOIN jobs j ON j.id = held.id "
                                                "AND j.attempt = held.attempt WHERE j.status = 'done'"};

/* A script that somebody has changed meanwhile is theirs. */
static const struct statement SAVE_SCRIPT = {
    "jobs_save_script",
    "WITH job AS (SELECT j.thread_id FROM jobs j WHERE " JOBS_HELD " FOR UPDATE) "
    "UPDATE agents a SET script = $3::jsonb FROM job JOIN threads t ON t.id = job.thread_id JOIN agent_revisions r "
    "ON r.agent_id = t.agent_id AND r.revision = t.agent_revision WHERE a.id = t.agent_id "
    "AND a.script = r.body -> 'script' RETURNING a.id"};

/* Another run may have mended it just so. A statement of its own: it sees what that run has written. */
static const struct statement IS_SCRIPT_SAVED = {
    "jobs_is_script_saved",
    "SELECT EXISTS (SELECT 1 FROM jobs j JOIN threads t ON t.id = j.thread_id JOIN agents a ON a.id = t.agent_id "
    "WHERE " JOBS_HELD " AND a.script = $3::jsonb)"};

static const struct statement IS_STOP_REQUESTED = {"jobs_is_stop_requested",
                                                   "SELECT j.stop_requested FROM jobs j WHERE " JOBS_HELD};

int jobs_are_fenced(const struct job_fence *fence, struct error *e) {
    return error_set(e, ESTALE, ERROR_FENCED, "attempt %d does not hold job %s any more", fence->attempt,
                     fence->job_id);
}

int jobs_begin_run(struct postgres *db, const struct job_fence *fence, json_t **ret_run, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &BEGIN_RUN, &result, e, JOBS_FENCE(fence));
    if (r < 0)
        return r;
    if (!result_rows(result))
        return jobs_are_fenced(fence, e);
    const char *text = result_text(result, 0, 0);
    return json_parse(text, strlen(text), "the run", ret_run, e);
}

int jobs_rehearse_run(struct postgres *db, struct error *e) {
    return postgres_query(db, &BEGIN_RUN, NULL, e, "00000000-0000-0000-0000-000000000000", "0");
}

int jobs_write_events(struct postgres *db, struct job_fence *fence, const json_t *events, bool acts, int64_t *ret_seq,
                      struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    cleanup_free char *text = json_print(events);
    int64_t written = fence->events_written + (int64_t)json_array_size(events);
    int r = postgres_query(db, &WRITE_EVENTS, &result, e, JOBS_FENCE(fence), text, SQL_INT(written), SQL_BOOL(acts));
    if (r < 0)
        return r;
    int column = result_text(result, 0, 0) ? 0 : 1; /* 1: they were written by a call whose answer was lost */
    if (!result_text(result, 0, column))
        return jobs_are_fenced(fence, e);
    fence->events_written = written;
    if (ret_seq)
        *ret_seq = result_int(result, 0, column);
    return 0;
}

int jobs_mark_running(struct postgres *db, const struct job_fence *fence, const char *browser_id, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &MARK_RUNNING, &result, e, JOBS_FENCE(fence), browser_id);
    return r < 0 ? r : result_rows(result) ? 0 : jobs_are_fenced(fence, e);
}

int jobs_mark_waiting(struct postgres *db, const struct job_fence *fence, const char *reason, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &MARK_WAITING, &result, e, JOBS_FENCE(fence), reason);
    return r < 0 ? r : result_rows(result) ? 0 : jobs_are_fenced(fence, e);
}

int jobs_finish_run(struct postgres *db, const struct job_fence *fence, const struct run_end *end, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    cleanup_free char *results = end->results ? json_print(end->results) : NULL;
    cleanup_free char *usage = end->usage ? json_print(end->usage) : NULL;
    int r = postgres_query(db, &FINISH_RUN, &result, e, JOBS_FENCE(fence), end->status, end->reason, end->error_message,
                           results, usage, SQL_INT(end->execution_ms));
    if (r < 0)
        return r;
    return result_bool(result, 0, 0) || result_bool(result, 0, 1) ? 0 : jobs_are_fenced(fence, e);
}

int jobs_save_script(struct postgres *db, const struct job_fence *fence, const json_t *script, bool *ret_saved,
                     struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    cleanup_free char *text = json_print(script);
    int r = postgres_query(db, &SAVE_SCRIPT, &result, e, JOBS_FENCE(fence), text);
    if (r < 0 || result_rows(result))
        return r < 0 ? r : (*ret_saved = true, 0);
    cleanup_result struct pg_result *found = NULL;
    r = postgres_query(db, &IS_SCRIPT_SAVED, &found, e, JOBS_FENCE(fence), text);
    if (!r)
        *ret_saved = result_bool(found, 0, 0);
    return r;
}

int jobs_is_stop_requested(struct postgres *db, const struct job_fence *fence, bool *ret_requested, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &IS_STOP_REQUESTED, &result, e, JOBS_FENCE(fence));
    if (r < 0)
        return r;
    if (!result_rows(result))
        return jobs_are_fenced(fence, e);
    *ret_requested = result_bool(result, 0, 0);
    return 0;
}

int jobs_read_payloads(struct postgres *db, const struct job_lease *leases, size_t count, json_t **ret_payloads,
                       struct error *e) {
    cleanup_text struct text held = {0};
    cleanup_free char *text = NULL;
    jobs_print_leases(&held, leases, count);
    int r = postgres_value(db, &READ_PAYLOADS, &text, e, held.data);
    return r < 0 ? r : json_parse(text, strlen(text), "the payloads", ret_payloads, e);
}

int jobs_finish(struct postgres *db, const struct job_lease *leases, size_t count, size_t *ret_done, struct error *e) {
    cleanup_text struct text held = {0};
    cleanup_result struct pg_result *now = NULL, *all = NULL;
    jobs_print_leases(&held, leases, count);
    int r = postgres_query(db, &FINISH, &now, e, held.data);
    bool some = !r && (size_t)result_int(now, 0, 0) < count;
    if (some)
        r = postgres_query(db, &COUNT_FINISHED, &all, e, held.data);
    if (!r)
        *ret_done = some ? (size_t)result_int(all, 0, 0) : count;
    return r;
}
