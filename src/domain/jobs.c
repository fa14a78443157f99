#include "domain/jobs.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/roles.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The users who wait are found by a skip scan, so that a user with a million jobs costs as much as one with a single
 * job. The chosen one's row is locked (SKIP LOCKED: other workers go to the next user) until the taking transaction
 * ends, so that the count of TAKE, which sees everything committed before, cannot be outrun. */
static const struct statement CHOOSE = {
    "jobs_choose_user",
    "WITH RECURSIVE waiting (user_id) AS ("
    "(SELECT user_id FROM jobs WHERE status = 'queued' AND lane = $1 ORDER BY user_id LIMIT 1) UNION ALL "
    "SELECT (SELECT j.user_id FROM jobs j WHERE j.status = 'queued' AND j.lane = $1 AND j.user_id > w.user_id "
    "ORDER BY j.user_id LIMIT 1) FROM waiting w WHERE w.user_id IS NOT NULL) "
    "SELECT u.id, ($2::jsonb->>u.role::text)::int FROM waiting w JOIN users u ON u.id = w.user_id "
    "CROSS JOIN LATERAL (SELECT count(*) AS n FROM jobs r WHERE r.status = 'running' AND r.user_id = u.id AND r.lane = "
    "$1) running "
    "WHERE u.is_active AND running.n < ($2::jsonb->>u.role::text)::int AND EXISTS (SELECT FROM jobs j "
    "WHERE j.status = 'queued' AND j.lane = $1 AND j.user_id = u.id AND j.run_at <= now()) "
    "ORDER BY running.n, u.job_taken_at, u.id LIMIT 1 FOR NO KEY UPDATE OF u SKIP LOCKED"};

static const struct statement TAKE = {
    "jobs_take",
    "WITH next AS (SELECT j.id FROM jobs j WHERE j.status = 'queued' AND j.lane = $1 AND j.user_id = $2::uuid "
    "AND j.run_at <= now() AND (SELECT count(*) FROM jobs r WHERE r.status = 'running' AND r.user_id = $2::uuid "
    "AND r.lane = $1) < $3::int ORDER BY j.priority DESC, j.run_at, j.id LIMIT 1 FOR UPDATE SKIP LOCKED), "
    "job AS (UPDATE jobs j SET status = 'running', attempt = j.attempt + 1, worker = $4, "
    "lease_until = clock_timestamp() + $5::bigint * interval '1 millisecond', started_at = clock_timestamp(), "
    "acted_at = NULL, browser_id = NULL, events_written = 0, reason = '', error = '' "
    "FROM next WHERE j.id = next.id RETURNING j.*), "
    "served AS (UPDATE users SET job_taken_at = clock_timestamp() WHERE id = $2::uuid AND EXISTS (SELECT FROM job)) "
    "SELECT id, kind, thread_id, attempt, (extract(epoch FROM clock_timestamp() - run_at) * 1000)::bigint FROM job"};

/* A row that a write in progress has locked is left for the next time: it must not keep the leases of a worker's other
 * jobs from being renewed. */
#define OF_WORKER "j.id = held.id AND j.attempt = held.attempt AND j.worker = $1 AND j.status = 'running'"
static const struct statement RENEW = {
    "jobs_renew",
    "WITH held AS (SELECT * FROM jsonb_to_recordset($3::jsonb) AS held (id uuid, attempt int)), "
    "free AS (SELECT j.id FROM jobs j JOIN held ON " OF_WORKER " FOR NO KEY UPDATE OF j SKIP LOCKED), "
    "renewed AS (UPDATE jobs j SET lease_until = clock_timestamp() + $2::bigint * interval '1 millisecond' "
    "FROM free WHERE j.id = free.id RETURNING j.id) "
    "SELECT j.id, j.stop_requested, EXISTS (SELECT FROM renewed WHERE renewed.id = j.id) FROM jobs j JOIN held "
    "ON " OF_WORKER};

/* `which` picks running jobs; $1 is the reason, $2 the text. Locks jobs, then threads, then agents. */
#define LOSE(which)                                                                                                    \
    "WITH lost AS (SELECT j.*, CASE WHEN j.stop_requested THEN 'cancelled' "                                           \
    "WHEN j.attempt >= j.max_attempts OR (j.acted_at IS NOT NULL AND NOT j.repeat_after_loss) THEN 'dead' "            \
    "ELSE 'queued' END::job_status AS next FROM jobs j WHERE j.status = 'running' AND " which                          \
    " FOR UPDATE SKIP LOCKED), "                                                                                       \
    "job AS (UPDATE jobs j SET status = l.next, worker = NULL, lease_until = NULL, browser_id = NULL, reason = $1, "   \
    "error = $2, finished_at = CASE WHEN l.next <> 'queued' THEN clock_timestamp() END, "                              \
    "run_at = clock_timestamp() + least(j.backoff_ms * 2 ^ (j.attempt - 1), 600000) * (0.75 + random() / 2) "          \
    "* interval '1 millisecond' FROM lost l WHERE j.id = l.id "                                                        \
    "RETURNING j.id, j.attempt, j.thread_id, l.browser_id AS lost_browser, l.next), "                                  \
    "thread AS (UPDATE threads t SET last_seq = t.last_seq + 1, browser_id = CASE WHEN j.next <> 'queued' THEN "       \
    "t.browser_id END, "                                                                                               \
    "status = CASE j.next WHEN 'queued' THEN 'queued' WHEN 'dead' THEN 'error' ELSE 'stopped' END::thread_status, "    \
    "reason = CASE j.next WHEN 'queued' THEN '' WHEN 'dead' THEN $1 ELSE 'stopped' END, "                              \
    "error_message = CASE j.next WHEN 'dead' THEN $2 ELSE '' END, "                                                    \
    "end_time = CASE WHEN j.next <> 'queued' THEN clock_timestamp() END, "                                             \
    "execution_time_ms = CASE WHEN j.next <> 'queued' "                                                                \
    "THEN coalesce((extract(epoch FROM clock_timestamp() - t.start_time) * 1000)::bigint, 0) END "                     \
    "FROM job j WHERE t.id = j.thread_id AND t.end_time IS NULL RETURNING t.id, t.agent_id, t.last_seq, j.next), "     \
    "counted AS (UPDATE agents a SET threads_failed = a.threads_failed + f.n FROM (SELECT agent_id, count(*) AS n "    \
    "FROM thread WHERE next = 'dead' GROUP BY agent_id) f WHERE a.id = f.agent_id), "                                  \
    "event AS (INSERT INTO thread_events (thread_id, seq, kind, level, message, data) SELECT id, last_seq, "           \
    "CASE next WHEN 'queued' THEN 'thread.queued' WHEN 'dead' THEN 'thread.error' ELSE 'thread.stopped' END, "         \
    "CASE next WHEN 'dead' THEN 'error' ELSE 'warn' END::event_level, CASE next WHEN 'queued' THEN 'It will be tried " \
    "again: ' ELSE '' END || $2, "                                                                                     \
    "jsonb_build_object('reason', $1::text) FROM thread) "                                                             \
    "SELECT id, thread_id, lost_browser, attempt, next FROM job"

static const struct statement LOSE_ONE = {"jobs_lose", LOSE("j.id = $3::uuid AND j.attempt = $4::int")};
static const struct statement REAP = {
    "jobs_reap", LOSE("j.id IN (SELECT id FROM jobs WHERE status = 'running' AND lease_until < clock_timestamp() "
                      "ORDER BY lease_until LIMIT $3::int) AND j.lease_until < clock_timestamp()")};

static const struct statement MEASURE = {
    "jobs_measure", "SELECT count(*), coalesce(extract(epoch FROM now() - min(run_at)), 0) FROM jobs "
                    "WHERE status = 'queued' AND lane = $1 AND run_at <= now()"};

static void copy_id(char to[UUID_TEXT_SIZE], const char *id) {
    snprintf(to, UUID_TEXT_SIZE, "%s", id ? id : "");
}

static int take_of_user(struct postgres *db, const char *lane, const char *worker, int64_t lease_ms,
                        struct pg_result **ret_result, struct error *e) {
    cleanup_result struct pg_result *chosen = NULL;
    int r = postgres_query(db, &CHOOSE, &chosen, e, lane, roles_run_limits());
    if (r < 0 || !result_rows(chosen))
        return r;
    return postgres_query(db, &TAKE, ret_result, e, lane, result_text(chosen, 0, 0), result_text(chosen, 0, 1), worker,
                          SQL_INT(lease_ms));
}

int jobs_take(struct postgres *db, const char *lane, const char *worker, int64_t lease_ms, struct job *ret_job,
              bool *ret_taken, struct error *e) {
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *job = NULL;
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = take_of_user(db, lane, worker, lease_ms, &job, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (r < 0)
        return r;
    *ret_taken = job && result_rows(job);
    if (*ret_taken) {
        *ret_job = (struct job){.attempt = (int)result_int(job, 0, 3), .wait_ms = result_int(job, 0, 4)};
        copy_id(ret_job->id, result_text(job, 0, 0));
        copy_id(ret_job->thread_id, result_text(job, 0, 2));
        snprintf(ret_job->kind, sizeof ret_job->kind, "%s", result_text(job, 0, 1));
    }
    return 0;
}

int jobs_renew(struct postgres *db, const char *worker, int64_t lease_ms, struct job_lease *leases, size_t count,
               struct error *e) {
    cleanup_text struct text held = {0};
    cleanup_result struct pg_result *result = NULL;
    for (size_t i = 0; i < count; i++)
        text_print(&held, "%s{\"id\":\"%s\",\"attempt\":%d}", i ? "," : "[", leases[i].id, leases[i].attempt);
    text_append_string(&held, count ? "]" : "[]");
    int r = postgres_query(db, &RENEW, &result, e, worker, SQL_INT(lease_ms), held.data);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++) {
        leases[i].held = leases[i].renewed = leases[i].stop_requested = false;
        for (int row = 0; row < result_rows(result); row++)
            if (!strcmp(result_text(result, row, 0), leases[i].id)) {
                leases[i].held = true;
                leases[i].stop_requested = result_bool(result, row, 1);
                leases[i].renewed = result_bool(result, row, 2);
            }
    }
    return 0;
}

static void read_loss(const struct pg_result *result, int row, struct job_loss *ret_loss) {
    copy_id(ret_loss->id, result_text(result, row, 0));
    copy_id(ret_loss->thread_id, result_text(result, row, 1));
    copy_id(ret_loss->browser_id, result_text(result, row, 2));
    ret_loss->attempt = (int)result_int(result, row, 3);
    snprintf(ret_loss->next, sizeof ret_loss->next, "%s", result_text(result, row, 4));
}

int jobs_lose(struct postgres *db, const char *job_id, int attempt, const char *reason, const char *text,
              struct job_loss *ret_loss, bool *ret_lost, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &LOSE_ONE, &result, e, reason, text, job_id, SQL_INT(attempt));
    if (r < 0)
        return r;
    *ret_lost = result_rows(result);
    if (*ret_lost)
        read_loss(result, 0, ret_loss);
    return 0;
}

int jobs_reap(struct postgres *db, struct job_loss *ret_losses, size_t room, size_t *ret_count, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &REAP, &result, e, "worker_lost",
                           "The worker that carried this out went silent; what its last action did is not known.",
                           SQL_INT(room));
    if (r < 0)
        return r;
    *ret_count = (size_t)result_rows(result);
    for (size_t i = 0; i < *ret_count; i++)
        read_loss(result, (int)i, &ret_losses[i]);
    return 0;
}

int jobs_measure(struct postgres *db, const char *lane, struct queue_state *ret_state, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &MEASURE, &result, e, lane);
    if (r < 0)
        return r;
    *ret_state =
        (struct queue_state){.depth = result_int(result, 0, 0), .oldest_age = strtod(result_text(result, 0, 1), NULL)};
    return 0;
}
