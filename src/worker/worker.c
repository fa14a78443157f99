/* `replinet worker`: one loop that takes jobs, renews their leases, hears the bell and collects what ended. */
#include "worker/worker.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "domain/system_events.h"
#include "worker/worker_internal.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define TICK_MS 250 /* the longest sleep: kill times and lost subscriptions are looked at this often */

static int open_signals(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int worker_open(struct worker *worker, struct error *e) {
    char host[64] = "";
    gethostname(host, sizeof host - 1);
    char id[UUID_TEXT_SIZE];
    snprintf(worker->name, sizeof worker->name, "%.40s/%d/%.8s", host, getpid(), uuid_make(id) + 24);
    worker->lease_ms = config_int(CONFIG_JOB_LEASE_SECONDS) * 1000;
    worker->lanes[JOB_LANE_RUN].waiting_most = (size_t)config_int(CONFIG_WORKER_WAITING);
    for (int i = 0; i < JOB_LANE_COUNT; i++) {
        worker->lanes[i].places = (size_t)config_int(job_lanes[i].places);
        worker->slots += worker->lanes[i].places + worker->lanes[i].waiting_most;
    }
    worker->children = memory_alloc(worker->slots * sizeof *worker->children);
    worker->signal_fd = open_signals();
    redis_open(&worker->bell, NULL);
    redis_open(&worker->ringer, NULL);
    /* A call that hangs must leave time to kill before a lease ends (worker_guard). */
    struct postgres_options options = {.purpose = "worker", .timeout_ms = (int)(worker->lease_ms / 5)};
    int r = postgres_open(&options, &worker->db, e);
    return r < 0 ? r : worker_metrics_start(e);
}

static void worker_close(struct worker *worker) {
    worker_drop_spare(worker);
    postgres_close(&worker->db);
    redis_close(&worker->bell);
    redis_close(&worker->ringer);
    cleanup_close_value(&worker->signal_fd);
    free(worker->children);
}

void worker_look_now(struct worker *worker) {
    for (int i = 0; i < JOB_LANE_COUNT; i++)
        worker->lanes[i].look_now = true;
}

static void stop_all(struct worker *worker) {
    worker->stopped_all = true;
    for (size_t i = 0; i < worker->slots; i++)
        if (worker->children[i].used)
            worker_stop_child(worker, &worker->children[i], "shutdown");
}

static void hear_signals(struct worker *worker) {
    struct signalfd_siginfo info;
    while (read(worker->signal_fd, &info, sizeof info) == sizeof info) {
        if (worker->draining) {
            stop_all(worker);
            continue;
        }
        log_info("the worker takes no more jobs and ends when its runs have ended",
                 LOG_INT("replinet.jobs.running", worker->running));
        worker->draining = true;
        worker_drop_spare(worker);
        worker->drain_until = clock_deadline(config_int(CONFIG_WORKER_DRAIN_SECONDS) * 1000);
    }
}

static void obey(struct worker *worker, const char *message) {
    struct child *child = text_starts_with(message, "stop ") ? worker_find_child(worker, message + 5) : NULL;
    if (child)
        worker_stop_child(worker, child, "stopped");
    for (int i = 0; i < JOB_LANE_COUNT && text_starts_with(message, "ready "); i++)
        worker->lanes[i].look_now |= !strcmp(message + 6, job_lanes[i].name);
}

static void hear_bell(struct worker *worker) {
    if (redis_fd(&worker->bell) < 0) {
        if (redis_subscribe(&worker->bell, REDIS_CHANNEL_JOBS, NULL) < 0)
            return;
        worker_look_now(worker); /* what was rung meanwhile was not heard */
    }
    for (;;) {
        cleanup_free char *message = NULL;
        if (redis_next_message(&worker->bell, &message, NULL) < 0 || !message)
            return;
        obey(worker, message);
    }
}

static bool has_work(const struct worker *worker) {
    bool look = false;
    for (int i = 0; i < JOB_LANE_COUNT; i++)
        look |= worker->lanes[i].look_now && worker_may_have_place(&worker->lanes[i]);
    return look && !worker->draining && !worker->database_down;
}

static int sleep_ms(const struct worker *worker) {
    int64_t wait = worker_next_look(worker) - clock_monotonic_ms();
    return has_work(worker) || wait <= 0 ? 0 : wait < TICK_MS ? (int)wait : TICK_MS;
}

static void sleep_until_something(struct worker *worker) {
    size_t count = 2;
    cleanup_free struct pollfd *fds = memory_alloc((worker->slots + 2) * sizeof *fds);
    fds[0] = (struct pollfd){.fd = worker->signal_fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = redis_fd(&worker->bell), .events = POLLIN};
    for (size_t i = 0; i < worker->slots; i++)
        if (worker->children[i].used)
            fds[count++] = (struct pollfd){.fd = worker->children[i].pidfd, .events = POLLIN};
    poll(fds, count, sleep_ms(worker));
}

static void collect_ended(struct worker *worker) {
    for (size_t i = 0; i < worker->slots; i++) {
        struct pollfd ended = {.fd = worker->children[i].pidfd, .events = POLLIN};
        if (worker->children[i].used && poll(&ended, 1, 0) == 1)
            worker_collect(worker, &worker->children[i]);
    }
}

/* The guard runs between calls to the database: each may last as long as its deadline. */
static void turn(struct worker *worker) {
    static void (*const duties[])(struct worker *, int64_t) = {worker_renew, worker_reap,    worker_schedule,
                                                               worker_take,  worker_measure, worker_keep_spare};
    sleep_until_something(worker);
    hear_signals(worker);
    hear_bell(worker);
    collect_ended(worker);
    worker_count_waiting(worker);
    for (size_t i = 0; i < ARRAY_LENGTH(duties); i++) {
        duties[i](worker, clock_monotonic_ms());
        worker_guard(worker, clock_monotonic_ms());
    }
    if (worker->draining && !worker->stopped_all && clock_monotonic_ms() >= worker->drain_until)
        stop_all(worker);
}

/* For whoever looks back; work goes on without it. */
static void note(struct worker *worker, enum system_event event, const char *message) {
    struct error e;
    cleanup_json json_t *data = json_pack("{s:s}", "worker", worker->name);
    if (system_events_write(&worker->db, event, "worker", message, data, &e) < 0)
        log_warning(&e, "an event of the system was not written");
}

int worker_command(int count, char **arguments) {
    __attribute__((cleanup(worker_close))) struct worker worker = {.signal_fd = -1};
    struct error e;
    if (count > 1) {
        fprintf(stderr, "Usage: replinet worker\n");
        return 2;
    }
    if (worker_open(&worker, &e) < 0) {
        log_failure(&e, "the worker does not start");
        return 1;
    }
    note(&worker, SYSTEM_EVENT_PROCESS_STARTED, "The worker is ready.");
    log_info("the worker is ready", LOG_TEXT("replinet.worker", worker.name),
             LOG_INT("replinet.jobs.places", worker.slots - worker.lanes[JOB_LANE_RUN].waiting_most));
    while (!worker.draining || worker.running)
        turn(&worker);
    note(&worker, SYSTEM_EVENT_PROCESS_STOPPED, "The worker has ended.");
    log_info("the worker has ended");
    return 0;
}
