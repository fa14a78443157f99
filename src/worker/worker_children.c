/* The processes of a worker's jobs. */
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/process.h"
#include "worker/job_internal.h"
#include "worker/job_list.h"
#include "worker/worker_internal.h"
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLLECT_MS     10000
#define SPARE_AFTER_MS 100  /* so that it takes no time from the job that has just begun */
#define SPARE_AGAIN_MS 2000 /* after one that ended by itself */

/* The lease's last fifth is for killing: by then no renewal has come through. */
static int64_t kill_margin(const struct worker *worker) {
    return worker->lease_ms / 5;
}

static struct child *find_free(struct worker *worker) {
    for (size_t i = 0; i < worker->slots; i++)
        if (!worker->children[i].used)
            return &worker->children[i];
    return NULL;
}

struct child *worker_find_child(struct worker *worker, const char *job_id) {
    for (size_t i = 0; i < worker->slots; i++)
        if (worker->children[i].used && worker->children[i].count == 1 && !strcmp(worker->children[i].jobs->id, job_id))
            return &worker->children[i];
    return NULL;
}

/* A process that waits for its jobs. Its last argument is room for what it is given (job_command.c). */
static int start_process(struct child *child, struct error *e) {
    cleanup_free char **environment = config_environment('W');
    cleanup_close int reading = -1;
    char room[3 * JOB_KIND_SIZE];
    snprintf(room, sizeof room, "%*s", (int)sizeof room - 1, "");
    char *arguments[] = {(char[]){"replinet"}, (char[]){"spare"}, room, NULL};
    int r = lease_page_make(&child->page, e);
    if (!r)
        r = job_list_open(&reading, &child->list, e);
    if (r < 0)
        return r;
    lease_page_set(&child->page, INT64_MAX); /* it holds nothing that could lapse */
    const int fds[] = {child->page.fd, reading};
    struct process_spec spec = {.arguments = arguments,
                                .environment = environment,
                                .death_signal = SIGKILL,
                                .new_session = true, /* Ctrl-C is for the worker, which drains */
                                .stdin_fd = -1,
                                .stdout_fd = -1,
                                .stderr_fd = -1,
                                .fds = fds,
                                .fd_count = ARRAY_LENGTH(fds)};
    return process_spawn(&spec, &child->pid, &child->pidfd, e);
}

/* A process may last as long as the slowest kind among its jobs, after what it may spend on the others. */
static int64_t limit_of(const struct child *child) {
    int longest = 0;
    for (size_t i = 0; i < child->count; i++) {
        enum job_kind kind = job_kind_from_name(child->jobs[i].kind);
        if (kind < JOB_KIND_COUNT && job_kinds[kind].limit_s > longest)
            longest = job_kinds[kind].limit_s;
    }
    return clock_deadline((int64_t)longest * 1000 + (child->count > 1 ? JOB_SHARE_MS : 0));
}

static void child_done(struct child *child) {
    cleanup_close_value(&child->pidfd);
    cleanup_close_value(&child->list);
    lease_page_done(&child->page);
    free(child->jobs);
    *child = CHILD_NONE;
}

static void forget(struct worker *worker, struct child *child) {
    enum job_lane lane = child->lane;
    child_done(child);
    worker_count_running(worker, lane, -1);
}

static bool has_ended(const struct child *child) {
    struct pollfd ended = {.fd = child->pidfd, .events = POLLIN};
    return poll(&ended, 1, 0) == 1;
}

static void end_process(const struct child *child) {
    if (child->pidfd < 0)
        return;
    process_signal(child->pidfd, SIGKILL);
    process_wait(child->pidfd, clock_deadline(COLLECT_MS), NULL);
}

void worker_drop_spare(struct worker *worker) {
    if (!worker->spare.used)
        return;
    end_process(&worker->spare);
    child_done(&worker->spare);
}

static bool has_any_place(const struct worker *worker) {
    bool found = false;
    for (int i = 0; i < JOB_LANE_COUNT; i++)
        found |= worker_may_have_place(&worker->lanes[i]);
    return found;
}

void worker_keep_spare(struct worker *worker, int64_t now) {
    struct error e;
    if (worker->spare.used && has_ended(&worker->spare)) {
        log_warn("a process that waited for a job ended");
        worker_drop_spare(worker);
        worker->next_spare = now + SPARE_AGAIN_MS;
    }
    if (worker->spare.used || worker->draining || !has_any_place(worker) || now < worker->next_spare)
        return;
    worker->spare = CHILD_NONE;
    worker->spare.used = true;
    if (start_process(&worker->spare, &e) < 0) {
        log_warning(&e, "no process could be started ahead of its job");
        child_done(&worker->spare);
        worker->next_spare = now + SPARE_AGAIN_MS;
    }
}

/* The spare one, if it is well, else a new one. */
static int find_process(struct worker *worker, struct child *child, struct error *e) {
    if (!worker->spare.used || has_ended(&worker->spare))
        return start_process(child, e);
    child->pid = worker->spare.pid;
    child->pidfd = worker->spare.pidfd;
    child->list = worker->spare.list;
    child->page = worker->spare.page;
    worker->spare = CHILD_NONE;
    worker->next_spare = clock_deadline(SPARE_AFTER_MS);
    return 0;
}

/* It is this child's from here on: its lease counts before it knows its jobs. */
static int hand_over(struct child *child, struct error *e) {
    lease_page_set(&child->page, child->lease_until);
    int r = job_list_write(child->list, child->jobs, child->count, e);
    cleanup_close_value(&child->list);
    return r;
}

int worker_start_child(struct worker *worker, enum job_lane lane, const struct job *jobs, size_t count,
                       int64_t lease_until, struct error *e) {
    struct child *child = find_free(worker);
    *child = CHILD_NONE;
    child->used = true;
    child->lane = lane;
    child->jobs = memory_alloc(count * sizeof *jobs);
    child->count = count;
    child->lease_until = lease_until;
    child->kill_at = INT64_MAX;
    child->started = clock_monotonic_ms();
    memcpy(child->jobs, jobs, count * sizeof *jobs);
    child->limit_at = limit_of(child);
    worker_count_running(worker, lane, 1);
    int r = find_process(worker, child, e);
    if (!r)
        r = hand_over(child, e);
    if (r < 0) {
        end_process(child);
        worker_lose(worker, child, "crash", e->text);
        forget(worker, child);
    }
    return r;
}

static void tell_end(struct worker *worker, struct child *child, int status) {
    char room[48];
    if (!child->reason && lease_page_has_lapsed(&child->page))
        child->reason = "worker_lost"; /* while we were stopped, or waited for the database */
    const char *described = process_describe_status(status, room);
    log_info(child->count == 1 ? "a job ended" : "jobs ended",
             LOG_TEXT("replinet.job.id", child->count == 1 ? child->jobs->id : ""),
             LOG_INT("replinet.jobs.count", child->count), LOG_THREAD(child->jobs->thread_id),
             LOG_TEXT("process.exit", described), LOG_INT("event.duration_ms", clock_monotonic_ms() - child->started));
    metrics_add(METRIC_JOBS, !status ? "done" : child->reason ? child->reason : "crash", (double)child->count);
    if (!status)
        return;
    cleanup_free char *text =
        child->reason ? memory_print("The job was ended (%s) and did not come to its end by itself.", child->reason)
                      : memory_print("The process of the job ended unexpectedly (%s).", described);
    worker_lose(worker, child, child->reason ? child->reason : "crash", text);
}

void worker_collect(struct worker *worker, struct child *child) {
    int status = 0;
    if (process_wait(child->pidfd, clock_deadline(COLLECT_MS), &status) < 0)
        return;
    worker->lanes[child->lane].look_now = true;
    tell_end(worker, child, status);
    forget(worker, child);
}

void worker_stop_child(struct worker *worker, struct child *child, const char *reason) {
    if (child->kill_at != INT64_MAX)
        return;
    child->reason = reason;
    child->kill_at = clock_deadline(config_int(CONFIG_JOB_STOP_SECONDS) * 1000);
    process_signal(child->pidfd, SIGTERM);
}

void worker_kill_child(struct child *child, const char *reason) {
    child->reason = reason;
    child->kill_at = INT64_MAX - 1; /* once is enough */
    process_signal(child->pidfd, SIGKILL);
}

void worker_guard(struct worker *worker, int64_t now) {
    for (size_t i = 0; i < worker->slots; i++) {
        struct child *child = &worker->children[i];
        if (!child->used || child->kill_at == INT64_MAX - 1)
            continue;
        if (now >= child->lease_until - kill_margin(worker))
            worker_kill_child(child, "worker_lost");
        else if (now >= child->kill_at)
            worker_kill_child(child, child->reason);
        else if (now >= child->limit_at)
            worker_kill_child(child, "timeout");
        else if (now - lease_page_beat(&child->page) >= worker->lease_ms)
            worker_kill_child(child, "hung");
    }
}

static void *release(void *user) {
    cleanup_free char *lease_id = user;
    struct ticket_key key;
    struct door door;
    struct error e;
    if (door_open(&key, &door, &e) < 0 || door_release_lease(&door, lease_id, &e) < 0)
        log_warning(&e, "a browser of a lost job was not released", LOG_TEXT("replinet.lease.id", lease_id));
    sodium_memzero(&key, sizeof key);
    return NULL;
}

/* By its lease, not by its id: an attempt may die before it could note which browser it got. */
void worker_release_browser(const char *thread_id, int attempt) {
    pthread_t thread;
    if (!*thread_id)
        return;
    char *lease_id = run_lease_id(thread_id, attempt);
    if (pthread_create(&thread, NULL, release, lease_id))
        free(lease_id);
    else
        pthread_detach(thread);
}
