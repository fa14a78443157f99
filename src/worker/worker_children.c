/* The processes of a worker's jobs. */
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/metrics.h"
#include "base/process.h"
#include "worker/worker_internal.h"
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLLECT_MS 10000

/* The lease's last fifth is for killing: by then no renewal has come through. */
static int64_t kill_margin(const struct worker *worker) {
    return worker->lease_ms / 5;
}

static struct child *find_free(struct worker *worker) {
    for (size_t i = 0; i < worker->places; i++)
        if (!worker->children[i].used)
            return &worker->children[i];
    return NULL;
}

struct child *worker_find_child(struct worker *worker, const char *job_id) {
    for (size_t i = 0; i < worker->places; i++)
        if (worker->children[i].used && !strcmp(worker->children[i].job.id, job_id))
            return &worker->children[i];
    return NULL;
}

static int spawn(struct child *child, struct error *e) {
    char attempt[16];
    snprintf(attempt, sizeof attempt, "%d", child->job.attempt);
    char *arguments[] = {(char[]){"replinet"}, (char[]){"job"}, child->job.id, attempt, child->job.kind, NULL};
    cleanup_free char **environment = config_environment('W');
    struct process_spec spec = {.arguments = arguments,
                                .environment = environment,
                                .death_signal = SIGKILL,
                                .new_session = true, /* Ctrl-C is for the worker, which drains */
                                .stdin_fd = -1,
                                .stdout_fd = -1,
                                .stderr_fd = -1,
                                .fds = &child->page.fd,
                                .fd_count = 1};
    return process_spawn(&spec, &child->pid, &child->pidfd, e);
}

int worker_start_child(struct worker *worker, const struct job *job, int64_t lease_until, struct error *e) {
    struct child *child = find_free(worker);
    *child = (struct child){.job = *job,
                            .pidfd = -1,
                            .page = {.fd = -1},
                            .lease_until = lease_until,
                            .kill_at = INT64_MAX,
                            .started = clock_monotonic_ms()};
    int r = lease_page_make(&child->page, e);
    if (!r) {
        lease_page_set(&child->page, lease_until);
        r = spawn(child, e);
    }
    child->used = true;
    worker->running++;
    if (r < 0) {
        worker_lose(worker, child, "crash", e->text);
        lease_page_done(&child->page);
        child->used = false;
        worker->running--;
    }
    metrics_set(METRIC_JOBS_RUNNING, NULL, (double)worker->running);
    return r;
}

static void tell_end(struct worker *worker, struct child *child, int status) {
    char room[48];
    const char *described = process_describe_status(status, room);
    log_info("a job ended", LOG_TEXT("replinet.job.id", child->job.id), LOG_THREAD(child->job.thread_id),
             LOG_TEXT("process.exit", described), LOG_INT("event.duration_ms", clock_monotonic_ms() - child->started));
    metrics_add(METRIC_JOBS, !status ? "done" : child->reason ? child->reason : "crash", 1);
    if (!status)
        return;
    cleanup_free char *text =
        child->reason ? memory_print("The run was ended (%s) and did not come to its end by itself.", child->reason)
                      : memory_print("The process of the run ended unexpectedly (%s).", described);
    worker_lose(worker, child, child->reason ? child->reason : "crash", text);
}

void worker_collect(struct worker *worker, struct child *child) {
    int status = 0;
    if (process_wait(child->pidfd, clock_deadline(COLLECT_MS), &status) < 0)
        return;
    tell_end(worker, child, status);
    cleanup_close_value(&child->pidfd);
    lease_page_done(&child->page);
    *child = (struct child){.pidfd = -1, .page = {.fd = -1}};
    worker->running--;
    worker->look_now = true;
    metrics_set(METRIC_JOBS_RUNNING, NULL, (double)worker->running);
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
    for (size_t i = 0; i < worker->places; i++) {
        struct child *child = &worker->children[i];
        if (!child->used || child->kill_at == INT64_MAX - 1)
            continue;
        if (now >= child->lease_until - kill_margin(worker))
            worker_kill_child(child, "worker_lost");
        else if (now >= child->kill_at)
            worker_kill_child(child, child->reason);
    }
}

static void *release(void *user) {
    cleanup_free char *browser_id = user;
    struct ticket_key key;
    struct door door;
    struct error e;
    if (door_open(&key, &door, &e) < 0 || door_release(&door, browser_id, "released", &e) < 0)
        log_warning(&e, "a browser of a lost job was not released", LOG_BROWSER(browser_id));
    sodium_memzero(&key, sizeof key);
    return NULL;
}

void worker_release_browser(const char *browser_id) {
    pthread_t thread;
    if (!*browser_id)
        return;
    char *copy = memory_copy_text(browser_id);
    if (pthread_create(&thread, NULL, release, copy))
        free(copy);
    else
        pthread_detach(thread);
}
