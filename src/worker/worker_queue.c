/* What a worker does in the database. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "domain/jobs_order.h"
#include "worker/worker_internal.h"
#include <string.h>

#define LOOK_EVERY_MS    1000 /* without a doorbell */
#define REAP_AT_ONCE     32
#define MEASURE_EVERY_MS 5000
#define SCHEDULE_MS      5000
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

static void add_leases(const struct child *child, struct job_lease *leases) {
    for (size_t i = 0; i < child->count; i++) {
        leases[i].attempt = child->jobs[i].attempt;
        memcpy(leases[i].id, child->jobs[i].id, UUID_TEXT_SIZE);
    }
}

/* A process that has several jobs may have finished some and be about to finish the rest: none held means too late.
 * Whether all that it holds were renewed. */
static bool apply_renewal(struct worker *worker, struct child *child, const struct job_lease *leases, int64_t until) {
    size_t held = 0, renewed = 0, to_stop = 0;
    for (size_t i = 0; i < child->count; i++) {
        held += leases[i].held;
        renewed += leases[i].renewed;
        to_stop += leases[i].held && leases[i].stop_requested;
    }
    if (!held) {
        worker_kill_child(child, "fenced");
        return true;
    }
    if (renewed == held) {
        child->lease_until = until;
        lease_page_set(&child->page, until);
    }
    if (to_stop == child->count)
        worker_stop_child(worker, child, "stopped");
    return renewed == held;
}

static size_t count_jobs(const struct worker *worker) {
    size_t count = 0;
    for (size_t i = 0; i < worker->slots; i++)
        count += worker->children[i].used ? worker->children[i].count : 0;
    return count;
}

void worker_renew(struct worker *worker, int64_t now) {
    if (now < worker->next_renewal || !worker->running || !database_may_answer(worker, now))
        return;
    size_t count = count_jobs(worker), n = 0;
    cleanup_free struct job_lease *leases = memory_alloc(count * sizeof *leases);
    for (size_t i = 0; i < worker->slots; i++)
        if (worker->children[i].used) {
            add_leases(&worker->children[i], leases + n);
            n += worker->children[i].count;
        }
    struct error e;
    int64_t until = clock_monotonic_ms() + worker->lease_ms; /* from before the server counts: never later than it */
    int r = jobs_renew(&worker->db, worker->name, worker->lease_ms, leases, count, &e);
    note(worker, r, &e, "leases were not renewed");
    if (r < 0)
        return;
    bool all = true;
    for (size_t i = n = 0; i < worker->slots; i++)
        if (worker->children[i].used) {
            all &= apply_renewal(worker, &worker->children[i], leases + n, until);
            n += worker->children[i].count;
        }
    worker->next_renewal = now + worker->lease_ms / (all ? 3 : 15);
}

/* Looks at what a loss means: somebody should hear of it, and the browser goes. */
static void settle(struct worker *worker, const struct job_loss *loss, const char *reason) {
    log_warn("a job was lost", LOG_TEXT("replinet.job.id", loss->id), LOG_THREAD(loss->thread_id),
             LOG_INT("replinet.job.attempt", loss->attempt), LOG_TEXT("replinet.job.reason", reason),
             LOG_TEXT("replinet.job.next", loss->next), LOG_BROWSER(loss->browser_id));
    worker_release_browser(loss->thread_id, loss->attempt);
    if (*loss->thread_id) {
        cleanup_free char *channel = memory_print(REDIS_CHANNEL_THREAD "%s", loss->thread_id);
        redis_publish(&worker->ringer, channel, "ended", NULL);
    }
}

void worker_lose(struct worker *worker, struct child *child, const char *reason, const char *text) {
    cleanup_free struct job_lease *leases = memory_alloc(child->count * sizeof *leases);
    cleanup_free struct job_loss *losses = memory_alloc(child->count * sizeof *losses);
    size_t lost = 0;
    struct error e;
    add_leases(child, leases);
    int r = jobs_lose_many(&worker->db, leases, child->count, reason, text, false, losses, &lost, &e);
    note(worker, r, &e, "a lost job could not be written down; it will be reaped when its lease lapses");
    for (size_t i = 0; !r && i < lost; i++)
        settle(worker, &losses[i], reason);
}

/* Leases are written by the database's clock and kept by those of the workers, which never jump. When the former did,
 * live leases look lapsed until their holders renew them, within a third of a lease: nothing is reaped for a whole one.
 * Likewise at the start, since nobody knows what the clock did before. An answer that took long tells no time. */
static bool tell_time(struct worker *worker, int64_t asked, int64_t time_ms) {
    int64_t now = clock_monotonic_ms(), unsure = worker->lease_ms / 6, ahead = time_ms - now;
    if (now - asked > unsure)
        return false;
    int64_t jump = ahead - worker->clock_ahead;
    if (jump > unsure || jump < -unsure) {
        if (worker->clock_ahead)
            log_warn("the database's clock jumped: no lease counts as lapsed until all were renewed",
                     LOG_INT("replinet.clock.jump_ms", jump));
        worker->reap_from = now + worker->lease_ms;
    }
    worker->clock_ahead = ahead;
    return now >= worker->reap_from;
}

void worker_reap(struct worker *worker, int64_t now) {
    if (now < worker->next_reaping || !database_may_answer(worker, now))
        return;
    struct job_loss losses[REAP_AT_ONCE];
    size_t count = 0;
    int64_t time_ms;
    struct error e;
    int r = jobs_time(&worker->db, &time_ms, &e);
    if (!r && tell_time(worker, now, time_ms))
        r = jobs_reap(&worker->db, time_ms, losses, REAP_AT_ONCE, &count, &e);
    note(worker, r, &e, "lapsed leases were not looked for");
    for (size_t i = 0; !r && i < count; i++) {
        settle(worker, &losses[i], "worker_lost");
        metrics_add(METRIC_JOBS, "worker_lost", 1);
    }
    if (!r && count)
        worker_look_now(worker);
    worker->next_reaping = now + worker->lease_ms / 3;
}

static void tell_start(const struct job *jobs, size_t count) {
    for (size_t i = 0; i < count; i++)
        metrics_observe(METRIC_JOB_WAIT, (double)jobs[i].wait_ms / 1000);
    if (count == 1)
        log_info("a job starts", LOG_TEXT("replinet.job.id", jobs->id), LOG_TEXT("replinet.job.kind", jobs->kind),
                 LOG_THREAD(jobs->thread_id), LOG_INT("replinet.job.attempt", jobs->attempt),
                 LOG_INT("replinet.job.wait_ms", jobs->wait_ms));
    else
        log_info("jobs start", LOG_INT("replinet.jobs.count", count), LOG_INT("replinet.job.wait_ms", jobs->wait_ms));
}

/* Takes what one process is given. */
static bool take_share(struct worker *worker, enum job_lane lane) {
    size_t room = job_lanes[lane].together, count = 0;
    cleanup_free struct job *jobs = memory_alloc(room * sizeof *jobs);
    struct error e;
    int64_t until = clock_monotonic_ms() + worker->lease_ms;
    int r = jobs_take(&worker->db, lane, worker->name, worker->lease_ms, jobs, room, &count, &e);
    note(worker, r, &e, "no job could be taken");
    if (r < 0 || !count)
        return false;
    tell_start(jobs, count);
    if (worker_start_child(worker, lane, jobs, count, until, &e) < 0)
        log_failure(&e, "a job's process could not be started");
    return true;
}

/* Nothing is left to take: a job that is due before the next look is looked for at its time. */
static void look_when_due(struct worker *worker, enum job_lane id) {
    struct lane *lane = &worker->lanes[id];
    int64_t wait;
    struct error e;
    int r = jobs_next_due(&worker->db, id, &wait, &e);
    note(worker, r, &e, "when the next job is due was not found out");
    if (!r && wait < lane->next_look - clock_monotonic_ms())
        lane->next_look = clock_monotonic_ms() + wait + 1; /* the clock's milliseconds are rounded down */
}

int64_t worker_next_look(const struct worker *worker) {
    int64_t next = INT64_MAX;
    for (int i = 0; i < JOB_LANE_COUNT && !worker->draining; i++)
        if (worker_may_have_place(&worker->lanes[i]) && worker->lanes[i].next_look < next)
            next = worker->lanes[i].next_look;
    return next > worker->database_retry ? next : worker->database_retry;
}

static void take_in_lane(struct worker *worker, enum job_lane id, int64_t now) {
    struct lane *lane = &worker->lanes[id];
    if (!worker_may_have_place(lane) || (!lane->look_now && now < lane->next_look) || !database_may_answer(worker, now))
        return;
    lane->look_now = false;
    lane->next_look = now + LOOK_EVERY_MS;
    worker_find_room(worker, lane, now);
    while (worker_has_place(lane) && take_share(worker, id))
        worker_guard(worker, clock_monotonic_ms());
    if (!worker_may_have_place(lane)) { /* what is left is for others */
        cleanup_free char *message = memory_print("ready %s", job_lanes[id].name);
        redis_publish(&worker->ringer, REDIS_CHANNEL_JOBS, message, NULL);
    } else if (worker_has_place(lane) && database_may_answer(worker, clock_monotonic_ms())) {
        look_when_due(worker, id);
    }
}

void worker_take(struct worker *worker, int64_t now) {
    for (int i = 0; i < JOB_LANE_COUNT && !worker->draining; i++)
        take_in_lane(worker, (enum job_lane)i, now);
}

void worker_measure(struct worker *worker, int64_t now) {
    if (now < worker->next_measure || !database_may_answer(worker, now))
        return;
    worker->next_measure = now + MEASURE_EVERY_MS;
    for (int i = 0; i < JOB_LANE_COUNT; i++) {
        struct queue_state state;
        struct error e;
        int r = jobs_measure(&worker->db, (enum job_lane)i, &state, &e);
        note(worker, r, &e, "the queue was not measured");
        if (r < 0)
            return;
        metrics_set(METRIC_JOB_QUEUE_DEPTH, job_lanes[i].name, (double)state.depth);
        metrics_set(METRIC_JOB_QUEUE_AGE, job_lanes[i].name, state.oldest_age);
    }
    struct error e;
    note(worker, worker_show_totals(worker, &e), &e, "what upkeep did was not measured");
    worker_watch_disk(worker);
}

void worker_schedule(struct worker *worker, int64_t now) {
    if (now < worker->next_schedule || worker->draining || !database_may_answer(worker, now))
        return;
    int written = 0;
    struct error e;
    int r = jobs_write_due(&worker->db, &written, &e);
    note(worker, r, &e, "recurring jobs were not written");
    if (r < 0)
        return;
    worker->next_schedule = now + SCHEDULE_MS;
    if (written)
        worker_look_now(worker);
}
