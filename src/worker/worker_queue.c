/* What a worker does in the database. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "domain/events.h"
#include "worker/worker_internal.h"
#include <string.h>

#define LANE             "run"
#define LOOK_EVERY_MS    1000 /* without a doorbell */
#define REAP_AT_ONCE     32
#define MEASURE_EVERY_MS 5000
#define PARTITIONS_MS    3600000
#define RETRY_MS         500

static bool database_may_answer(struct worker *worker, int64_t now) {
    return now >= worker->database_retry;
}

/* Says once that the database is away, and once that it is back. */
static void note(struct worker *worker, int r, const struct error *e, const char *what) {
    if (r >= 0) {
        if (worker->database_down)
            log_info("the database answers again");
        worker->database_down = false;
        return;
    }
    bool away = e->code == ERROR_UNAVAILABLE || e->code == ERROR_TIMEOUT;
    if (!away || !worker->database_down)
        log_warning(e, what);
    worker->database_down |= away;
    worker->database_retry = clock_deadline(RETRY_MS);
}

static void apply_renewal(struct worker *worker, const struct job_lease *lease, int64_t until) {
    struct child *child = worker_find_child(worker, lease->id);
    if (!child)
        return;
    if (!lease->held) {
        worker_kill_child(child, "fenced");
        return;
    }
    if (lease->renewed) {
        child->lease_until = until;
        lease_page_set(&child->page, until);
    }
    if (lease->stop_requested)
        worker_stop_child(worker, child, "stopped");
}

void worker_renew(struct worker *worker, int64_t now) {
    if (now < worker->next_renewal || !worker->running || !database_may_answer(worker, now))
        return;
    cleanup_free struct job_lease *leases = memory_alloc(worker->places * sizeof *leases);
    size_t count = 0;
    for (size_t i = 0; i < worker->places; i++)
        if (worker->children[i].used) {
            leases[count].attempt = worker->children[i].job.attempt;
            memcpy(leases[count++].id, worker->children[i].job.id, UUID_TEXT_SIZE);
        }
    struct error e;
    int64_t until = clock_monotonic_ms() + worker->lease_ms; /* from before the server counts: never later than it */
    int r = jobs_renew(&worker->db, worker->name, worker->lease_ms, leases, count, &e);
    note(worker, r, &e, "leases were not renewed");
    if (r < 0)
        return;
    bool all = true;
    for (size_t i = 0; i < count; i++) {
        all &= leases[i].renewed;
        apply_renewal(worker, &leases[i], until);
    }
    worker->next_renewal = now + worker->lease_ms / (all ? 3 : 15);
}

/* Looks at what a loss means: somebody should hear of it, and the browser goes. */
static void settle(struct worker *worker, const struct job_loss *loss, const char *reason) {
    log_warn("a job was lost", LOG_TEXT("replinet.job.id", loss->id), LOG_THREAD(loss->thread_id),
             LOG_INT("replinet.job.attempt", loss->attempt), LOG_TEXT("replinet.job.reason", reason),
             LOG_TEXT("replinet.job.next", loss->next));
    worker_release_browser(loss->browser_id);
    if (*loss->thread_id) {
        cleanup_free char *channel = memory_print(REDIS_CHANNEL_THREAD "%s", loss->thread_id);
        redis_publish(&worker->ringer, channel, "ended", NULL);
    }
}

void worker_lose(struct worker *worker, struct child *child, const char *reason, const char *text) {
    struct job_loss loss;
    struct error e;
    bool lost = false;
    int r = jobs_lose(&worker->db, child->job.id, child->job.attempt, reason, text, &loss, &lost, &e);
    note(worker, r, &e, "a lost job could not be written down; it will be reaped when its lease lapses");
    if (!r && lost)
        settle(worker, &loss, reason);
}

void worker_reap(struct worker *worker, int64_t now) {
    if (now < worker->next_reaping || !database_may_answer(worker, now))
        return;
    struct job_loss losses[REAP_AT_ONCE];
    size_t count = 0;
    struct error e;
    int r = jobs_reap(&worker->db, losses, REAP_AT_ONCE, &count, &e);
    note(worker, r, &e, "lapsed leases were not looked for");
    for (size_t i = 0; !r && i < count; i++) {
        settle(worker, &losses[i], "worker_lost");
        metrics_add(METRIC_JOBS, "worker_lost", 1);
    }
    worker->look_now |= count > 0;
    worker->next_reaping = now + worker->lease_ms / 3;
}

static bool take_one(struct worker *worker) {
    struct job job;
    bool taken = false;
    struct error e;
    int64_t until = clock_monotonic_ms() + worker->lease_ms;
    int r = jobs_take(&worker->db, LANE, worker->name, worker->lease_ms, &job, &taken, &e);
    note(worker, r, &e, "no job could be taken");
    if (r < 0 || !taken)
        return false;
    metrics_observe(METRIC_JOB_WAIT, (double)job.wait_ms / 1000);
    log_info("a job starts", LOG_TEXT("replinet.job.id", job.id), LOG_THREAD(job.thread_id),
             LOG_INT("replinet.job.attempt", job.attempt), LOG_INT("replinet.job.wait_ms", job.wait_ms));
    if (worker_start_child(worker, &job, until, &e) < 0)
        log_failure(&e, "a job's process could not be started");
    return true;
}

void worker_take(struct worker *worker, int64_t now) {
    if (worker->draining || worker->running == worker->places || (!worker->look_now && now < worker->next_look) ||
        !database_may_answer(worker, now))
        return;
    worker->look_now = false;
    worker->next_look = now + LOOK_EVERY_MS;
    while (worker->running < worker->places && take_one(worker))
        ;
    if (worker->running == worker->places) /* what is left is for others */
        redis_publish(&worker->ringer, REDIS_CHANNEL_JOBS, "ready " LANE, NULL);
}

void worker_measure(struct worker *worker, int64_t now) {
    if (now < worker->next_measure || !database_may_answer(worker, now))
        return;
    struct queue_state state;
    struct error e;
    int r = jobs_measure(&worker->db, LANE, &state, &e);
    note(worker, r, &e, "the queue was not measured");
    worker->next_measure = now + MEASURE_EVERY_MS;
    if (r < 0)
        return;
    metrics_set(METRIC_JOB_QUEUE_DEPTH, NULL, (double)state.depth);
    metrics_set(METRIC_JOB_QUEUE_AGE, NULL, state.oldest_age);
}

void worker_make_partitions(struct worker *worker, int64_t now) {
    if (now < worker->next_partitions || !database_may_answer(worker, now))
        return;
    int made = 0;
    struct error e;
    int r = events_make_partitions(&worker->db, &made, &e);
    note(worker, r, &e, "partitions of events were not made");
    if (!r)
        worker->next_partitions = now + PARTITIONS_MS;
}
