/* The worker's state; one thread, one loop over poll(). Its parts: worker.c (loop, signals, bell), worker_queue.c (what
 * it does in the database), worker_children.c (the processes of its jobs). */
#pragma once

#include "cdp/door_client.h"
#include "domain/jobs.h"
#include "store/redis.h"
#include "worker/lease_page.h"
#include <stdbool.h>
#include <sys/types.h>

#define WORKER_NAME_SIZE 96

struct child {
    bool used;
    struct job job;
    pid_t pid;
    int pidfd;
    struct lease_page page;
    int64_t lease_until; /* monotonic ms */
    int64_t kill_at;     /* INT64_MAX: nobody asked it to stop */
    const char *reason;  /* why we ended it; NULL: we did not */
    int64_t started;
};

struct worker {
    char name[WORKER_NAME_SIZE];
    struct postgres db;
    struct redis bell;   /* subscribed */
    struct redis ringer; /* publishes */
    struct child *children;
    size_t places, running;
    int64_t lease_ms;
    int signal_fd;
    bool draining, stopped_all;
    bool look_now; /* work may wait: do not sleep before the next look */
    int64_t drain_until;
    int64_t next_look, next_renewal, next_reaping, next_measure, next_partitions;
    int64_t database_retry; /* no call before: the database did not answer */
    bool database_down;     /* said so in the log */
};

/* worker_queue.c: each is due now and then and does nothing before; all survive a database that is away. */
void worker_renew(struct worker *worker, int64_t now);
void worker_reap(struct worker *worker, int64_t now);
void worker_take(struct worker *worker, int64_t now);
void worker_measure(struct worker *worker, int64_t now);
void worker_make_partitions(struct worker *worker, int64_t now);
void worker_lose(struct worker *worker, struct child *child, const char *reason, const char *text);

/* worker_children.c */
int worker_start_child(struct worker *worker, const struct job *job, int64_t lease_until, struct error *e);
void worker_collect(struct worker *worker, struct child *child);
/* Kills those whose lease is about to lapse or who did not stop in time. */
void worker_guard(struct worker *worker, int64_t now);
void worker_stop_child(struct worker *worker, struct child *child, const char *reason);
void worker_kill_child(struct child *child, const char *reason);
struct child *worker_find_child(struct worker *worker, const char *job_id);
/* Releases a browser in the background: the door may take its time. */
void worker_release_browser(const char *browser_id);

/* worker_metrics.c: GET /metrics and /health on 127.0.0.1:WORKER_METRICS_PORT, from a thread of its own. */
int worker_metrics_start(struct error *e);
