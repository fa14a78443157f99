#include "domain/jobs.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/job_kinds.h"
#include "domain/roles.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUEUED "j.status = 'queued' AND j.lane = $1"
/* A job that nobody wanted later is due although the clock went back since. */
#define READY QUEUED " AND (j.run_at <= now() OR j.run_at <= j.created_at)"
#define ORDER " ORDER BY j.priority DESC, j.run_at, j.id "

/* The users who wait are found by a skip scan, so that a user with a million jobs costs as much as one with a single
 * job. The chosen one's row is locked (SKIP LOCKED: other workers go to the next user) until the taking transaction
 * ends, so that the count of TAKE, which sees everything committed before, cannot be outrun. $2: how many of each role
 * may run; NULL: any number. A run that waits for a person holds a browser, so it counts for that; whose turn it is, is
 * decided by those that work. */
static const struct statement CHOOSE = {
    "jobs_choose_user",
    "WITH RECURSIVE waiting (user_id) AS ("
    "(SELECT user_id FROM jobs j WHERE " QUEUED " ORDER BY user_id LIMIT 1) UNION ALL "
    "SELECT (SELECT j.user_id FROM jobs j WHERE " QUEUED " AND j.user_id > w.user_id "
    "ORDER BY j.user_id LIMIT 1) FROM waiting w WHERE w.user_id IS NOT NULL) "
    "SELECT u.id, ($2::jsonb->>u.role::text)::int FROM waiting w JOIN users u ON u.id = w.user_id "
    "CROSS JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE t.status IS DISTINCT FROM 'waiting') AS working "
    "FROM jobs r LEFT JOIN threads t ON t.id = r.thread_id WHERE r.status = 'running' AND r.user_id = u.id "
    "AND r.lane = $1) running "
    "WHERE u.is_active AND ($2::jsonb IS NULL OR running.n < ($2::jsonb->>u.role::text)::int) "
    "AND EXISTS (SELECT FROM jobs j WHERE " READY " AND j.user_id = u.id) "
    "ORDER BY running.working, u.job_taken_at, u.id LIMIT 1 FOR NO KEY UPDATE OF u SKIP LOCKED"};

/* $1 lane, $2 worker, $3 lease, $4 how many. The ids go through an array, so that jobs are found by their key however
 * many the planner expects. */
#define TAKE(next, served)                                                                                             \
    "WITH " next ", job AS (UPDATE jobs j SET status = 'running', attempt = j.attempt + 1, worker = $2, "              \
    "lease_until = clock_timestamp() + $3::bigint * interval '1 millisecond', started_at = clock_timestamp(), "        \
    "acted_at = NULL, browser_id = NULL, events_written = 0, reason = '', error = '' "                                 \
    "WHERE j.id = ANY (ARRAY(SELECT id FROM next)) RETURNING j.*)" served " SELECT id, kind, thread_id, attempt, "     \
    "greatest(0, (extract(epoch FROM clock_timestamp() - run_at) * 1000)::bigint) FROM job "                           \
    "ORDER BY priority DESC, run_at, id"
#define NEXT(whose, limit)                                                                                             \
    "next AS (SELECT j.id FROM jobs j WHERE " READY " AND " whose ORDER "LIMIT " limit " FOR UPDATE SKIP LOCKED)"
#define OF_USER "j.user_id = $5::uuid"
/* Of a waiting job: an attempt failed or crashed. It goes alone then. */
#define WAS_LOST "(j.reason NOT IN ('', 'shutdown'))"
#define SERVED                                                                                                         \
    ", served AS (UPDATE users SET job_taken_at = clock_timestamp() WHERE id = $5::uuid AND EXISTS (SELECT FROM job))"

static const struct statement TAKES[] = {
    [JOB_OWNER_ROLE] = {"jobs_take", TAKE(NEXT(OF_USER, "least($4::int, greatest(0, $6::int - (SELECT count(*) FROM "
                                                        "jobs r WHERE r.status = 'running' AND r.user_id = $5::uuid "
                                                        "AND r.lane = $1)::int))"),
                                          SERVED)},
    [JOB_OWNER_USER] = {"jobs_take_many",
                        TAKE("head AS (SELECT j.id, " WAS_LOST " AS lost FROM jobs j WHERE " READY " AND " OF_USER ORDER
                             "LIMIT 1), " NEXT(OF_USER " AND (NOT " WAS_LOST " OR j.id = (SELECT id FROM head))",
                                               "CASE WHEN (SELECT lost FROM head) THEN 1 ELSE $4::int END"),
                             SERVED)},
    [JOB_OWNER_SYSTEM] = {"jobs_take_system", TAKE(NEXT("j.user_id IS NULL", "$4::int"), "")},
};

/* A row that a write in progress has locked is left for the next time: it must not keep the leases of a worker's other
 * jobs from being renewed. Answers the places of the jobs in the list, from 0. */
#define OF_WORKER "j.id = held.id AND j.attempt = held.attempt AND j.worker = $1 AND j.status = 'running'"
static const struct statement RENEW = {
    "jobs_renew",
    "WITH held AS (SELECT * FROM ROWS FROM (jsonb_to_recordset($3::jsonb) AS (id uuid, attempt int)) WITH ORDINALITY "
    "AS held (id, attempt, n)), "
    "free AS (SELECT j.id FROM jobs j JOIN held ON " OF_WORKER " FOR NO KEY UPDATE OF j SKIP LOCKED), "
    "renewed AS (UPDATE jobs j SET lease_until = clock_timestamp() + $2::bigint * interval '1 millisecond' "
    "WHERE j.id = ANY (ARRAY(SELECT id FROM free)) RETURNING j.id) "
    "SELECT held.n - 1, j.stop_requested, renewed.id IS NOT NULL FROM jobs j JOIN held ON " OF_WORKER
    " LEFT JOIN renewed ON renewed.id = j.id"};

/* `which` picks running jobs; $1 is the reason, $2 the text, $3 whether repeating is of no use. A drained worker is not
 * the job's fault: that attempt does not count. Locks jobs, then threads, then agents, then feeds: of several users
 * perhaps, so such statements take turns (0061_user_feed.sql). */
#define LOSE(which)                                                                                                    \
    "WITH lost AS (SELECT j.*, CASE WHEN j.stop_requested THEN 'cancelled' "                                           \
    "WHEN $3::boolean OR (j.acted_at IS NOT NULL AND NOT j.repeat_after_loss) THEN 'dead' "                            \
    "WHEN j.attempt >= j.max_attempts AND $1 <> 'shutdown' THEN 'dead' "                                               \
    "ELSE 'queued' END::job_status AS next FROM jobs j CROSS JOIN (SELECT feed_take_turn() AS taken) turn "            \
    "WHERE j.status = 'running' AND " which " FOR UPDATE OF j SKIP LOCKED), "                                          \
    "job AS (UPDATE jobs j SET status = l.next, worker = NULL, lease_until = NULL, browser_id = NULL, reason = $1, "   \
    "error = $2, finished_at = CASE WHEN l.next <> 'queued' THEN clock_timestamp() END, "                              \
    "max_attempts = j.max_attempts + ($1 = 'shutdown')::int, run_at = clock_timestamp() + CASE WHEN $1 = 'shutdown' "  \
    "THEN 0 ELSE least(j.backoff_ms * 2 ^ (j.attempt - 1), 600000) * (0.75 + random() / 2) END "                       \
    "* interval '1 millisecond' FROM lost l WHERE j.id = l.id "                                                        \
    "RETURNING j.id, j.attempt, j.thread_id, l.browser_id AS lost_browser, l.next), "                                  \
    "thread AS (UPDATE threads t SET last_seq = t.last_seq + 1, browser_id = CASE WHEN j.next <> 'queued' THEN "       \
    "t.browser_id END, "                                                                                               \
    "status = CASE j.next WHEN 'queued' THEN 'queued' WHEN 'dead' THEN 'error' ELSE 'stopped' END::thread_status, "    \
    "reason = CASE j.next WHEN 'queued' THEN '' WHEN 'dead' THEN $1 ELSE 'stopped' END, "                              \
    "error_message = CASE j.next WHEN 'dead' THEN $2 ELSE '' END, "                                                    \
    "end_time = CASE WHEN j.next <> 'queued' THEN clock_timestamp() END, "                                             \
    "execution_time_ms = CASE WHEN j.next <> 'queued' "                                                                \
    "THEN greatest(0, (extract(epoch FROM clock_timestamp() - t.start_time) * 1000)::bigint) END "                     \
    "FROM job j WHERE t.id = j.thread_id AND t.end_time IS NULL RETURNING t.id, t.agent_id, t.last_seq, j.next), "     \
    "counted AS (UPDATE agents a SET threads_failed = a.threads_failed + f.n FROM (SELECT agent_id, count(*) AS n "    \
    "FROM thread WHERE next = 'dead' GROUP BY agent_id) f WHERE a.id = f.agent_id), "                                  \
    "event AS (INSERT INTO thread_events (thread_id, seq, kind, level, message, data) SELECT id, last_seq, "           \
    "CASE next WHEN 'queued' THEN 'thread.queued' WHEN 'dead' THEN 'thread.error' ELSE 'thread.stopped' END, "         \
    "CASE next WHEN 'dead' THEN 'error' ELSE 'warn' END::event_level, CASE next WHEN 'queued' THEN 'It will be tried " \
    "again: ' ELSE '' END || $2, "                                                                                     \
    "jsonb_build_object('reason', $1::text) FROM thread) "                                                             \
    "SELECT id, thread_id, lost_browser, attempt, next FROM job"

static const struct statement LOSE_HELD = {
    "jobs_lose", LOSE("(j.id, j.attempt) IN (SELECT id, attempt FROM jsonb_to_recordset($4::jsonb) "
                      "AS held (id uuid, attempt int))")};
/* $5: the time. A lease that ends later than any can was given before the clock went back. */
#define LAPSED                                                                                                         \
    "(j.lease_until < to_timestamp($5::bigint / 1000.0) OR "                                                           \
    "j.lease_until > to_timestamp($5::bigint / 1000.0 + $6::int))"
static const struct statement REAP = {"jobs_reap",
                                      LOSE("j.id IN (SELECT j.id FROM jobs j WHERE j.status = 'running' AND " LAPSED
                                           " ORDER BY j.lease_until LIMIT $4::int) AND " LAPSED)};
static const struct statement TIME = {"jobs_time", "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"};

static const struct statement MEASURE = {
    "jobs_measure", "SELECT count(*), coalesce(extract(epoch FROM now() - min(run_at)), 0) FROM jobs "
                    "WHERE status = 'queued' AND lane = $1 AND run_at <= now()"};

/* Milliseconds, rounded up: who waits them does not come too early. */
static const struct statement NEXT_DUE = {
    "jobs_next_due", "SELECT ceil(extract(epoch FROM min(run_at) - clock_timestamp()) * 1000)::bigint FROM jobs "
                     "WHERE status = 'queued' AND run_at > created_at AND lane = $1 AND run_at > now()"};

static void copy_id(char to[UUID_TEXT_SIZE], const char *id) {
    snprintf(to, UUID_TEXT_SIZE, "%s", id ? id : "");
}

static int choose_user(struct postgres *db, const struct job_lane_row *lane, struct pg_result **ret_chosen,
                       struct error *e) {
    cleanup_free char *limits = lane->whose == JOB_OWNER_ROLE ? quota_limits(QUOTA_PARALLEL_THREADS) : NULL;
    return postgres_query(db, &CHOOSE, ret_chosen, e, lane->name, limits);
}

static int take_for(struct postgres *db, const struct job_lane_row *lane, const char *worker, int64_t lease_ms,
                    size_t room, struct pg_result **ret_jobs, struct error *e) {
    cleanup_result struct pg_result *chosen = NULL;
    const struct statement *take = &TAKES[lane->whose];
    if (lane->whose == JOB_OWNER_SYSTEM)
        return postgres_query(db, take, ret_jobs, e, lane->name, worker, SQL_INT(lease_ms), SQL_INT(room));
    int r = choose_user(db, lane, &chosen, e);
    if (r < 0 || !result_rows(chosen))
        return r;
    const char *user = result_text(chosen, 0, 0), *limit = result_text(chosen, 0, 1);
    if (lane->whose == JOB_OWNER_USER)
        return postgres_query(db, take, ret_jobs, e, lane->name, worker, SQL_INT(lease_ms), SQL_INT(room), user);
    return postgres_query(db, take, ret_jobs, e, lane->name, worker, SQL_INT(lease_ms), SQL_INT(room), user, limit);
}

static void read_job(const struct pg_result *result, int row, struct job *ret_job) {
    *ret_job = (struct job){.attempt = (int)result_int(result, row, 3), .wait_ms = result_int(result, row, 4)};
    copy_id(ret_job->id, result_text(result, row, 0));
    copy_id(ret_job->thread_id, result_text(result, row, 2));
    snprintf(ret_job->kind, sizeof ret_job->kind, "%s", result_text(result, row, 1));
}

int jobs_take(struct postgres *db, enum job_lane lane, const char *worker, int64_t lease_ms, struct job *ret_jobs,
              size_t room, size_t *ret_count, struct error *e) {
    const struct job_lane_row *row = &job_lanes[lane];
    cleanup_transaction struct transaction transaction = {0};
    cleanup_result struct pg_result *taken = NULL;
    int r = postgres_begin(db, &transaction, e);
    if (!r)
        r = take_for(db, row, worker, lease_ms, room < row->together ? room : row->together, &taken, e);
    if (!r)
        r = postgres_commit(&transaction, e);
    if (r < 0)
        return r;
    *ret_count = taken ? (size_t)result_rows(taken) : 0;
    for (size_t i = 0; i < *ret_count; i++)
        read_job(taken, (int)i, &ret_jobs[i]);
    return 0;
}

int jobs_next_due(struct postgres *db, enum job_lane lane, int64_t *ret_wait_ms, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &NEXT_DUE, &result, e, job_lanes[lane].name);
    if (r < 0)
        return r;
    int64_t wait = result_text(result, 0, 0) ? result_int(result, 0, 0) : INT64_MAX;
    *ret_wait_ms = wait > 0 ? wait : 0;
    return 0;
}

void jobs_print_leases(struct text *out, const struct job_lease *leases, size_t count) {
    for (size_t i = 0; i < count; i++)
        text_print(out, "%s{\"id\":\"%s\",\"attempt\":%d}", i ? "," : "[", leases[i].id, leases[i].attempt);
    text_append_string(out, count ? "]" : "[]");
}

int jobs_renew(struct postgres *db, const char *worker, int64_t lease_ms, struct job_lease *leases, size_t count,
               struct error *e) {
    cleanup_text struct text held = {0};
    cleanup_result struct pg_result *result = NULL;
    jobs_print_leases(&held, leases, count);
    int r = postgres_query(db, &RENEW, &result, e, worker, SQL_INT(lease_ms), held.data);
    if (r < 0)
        return r;
    for (size_t i = 0; i < count; i++)
        leases[i].held = leases[i].renewed = leases[i].stop_requested = false;
    for (int row = 0; row < result_rows(result); row++) {
        struct job_lease *lease = &leases[result_int(result, row, 0)];
        lease->held = true;
        lease->stop_requested = result_bool(result, row, 1);
        lease->renewed = result_bool(result, row, 2);
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

static void read_losses(const struct pg_result *result, struct job_loss *ret_losses, size_t *ret_count) {
    *ret_count = (size_t)result_rows(result);
    for (size_t i = 0; i < *ret_count; i++)
        read_loss(result, (int)i, &ret_losses[i]);
}

int jobs_lose_many(struct postgres *db, const struct job_lease *leases, size_t count, const char *reason,
                   const char *text, bool final, struct job_loss *ret_losses, size_t *ret_count, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    cleanup_text struct text held = {0};
    jobs_print_leases(&held, leases, count);
    int r = postgres_query(db, &LOSE_HELD, &result, e, reason, text, SQL_BOOL(final), held.data);
    if (!r)
        read_losses(result, ret_losses, ret_count);
    return r;
}

int jobs_lose(struct postgres *db, const char *job_id, int attempt, const char *reason, const char *text,
              struct job_loss *ret_loss, bool *ret_lost, struct error *e) {
    struct job_lease lease = {.attempt = attempt};
    size_t lost = 0;
    copy_id(lease.id, job_id);
    int r = jobs_lose_many(db, &lease, 1, reason, text, false, ret_loss, &lost, e);
    if (!r)
        *ret_lost = lost;
    return r;
}

int jobs_time(struct postgres *db, int64_t *ret_ms, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &TIME, &result, e);
    if (!r)
        *ret_ms = result_int(result, 0, 0);
    return r;
}

int jobs_reap(struct postgres *db, int64_t time_ms, struct job_loss *ret_losses, size_t room, size_t *ret_count,
              struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &REAP, &result, e, "worker_lost",
                           "The worker that carried this out went silent; what its last action did is not known.",
                           SQL_BOOL(false), SQL_INT(room), SQL_INT(time_ms), SQL_INT(LEASE_SECONDS_MOST));
    if (!r)
        read_losses(result, ret_losses, ret_count);
    return r;
}

int jobs_measure(struct postgres *db, enum job_lane lane, struct queue_state *ret_state, struct error *e) {
    cleanup_result struct pg_result *result = NULL;
    int r = postgres_query(db, &MEASURE, &result, e, job_lanes[lane].name);
    if (r < 0)
        return r;
    *ret_state =
        (struct queue_state){.depth = result_int(result, 0, 0), .oldest_age = strtod(result_text(result, 0, 1), NULL)};
    return 0;
}
