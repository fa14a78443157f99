/* The worker's state; one thread, one loop over poll(). Its parts: worker.c (loop, signals, bell), worker_queue.c (what
 * it does in the database), worker_children.c (the processes of its jobs), worker_places.c (how many there may be). */
#pragma once

#include "cdp/door_client.h"
#include "domain/job_kinds.h"
#include "domain/jobs.h"
#include "store/redis.h"
#include "worker/lease_page.h"
#include <stdbool.h>
#include <sys/types.h>

#define WORKER_NAME_SIZE 96

/* A process and what it was given: one job, or in a lane where a process is given several at once up to so many. */
struct child {
    bool used;
    enum job_lane lane;
    struct job *jobs; /* owned */
    size_t count;
    pid_t pid;
    int pidfd;
    int list; /* where its jobs are written */
    struct lease_page page;
    int64_t lease_until; /* monotonic ms, as all times here */
    int64_t limit_at;    /* the kind's time limit */
    int64_t kill_at;     /* INT64_MAX: nobody asked it to stop */
    const char *reason;  /* why we ended it; NULL: we did not */
    int64_t started;
};
#define CHILD_NONE ((struct child){.pidfd = -1, .list = -1, .page = {.fd = -1}})

struct lane {
    size_t places, running; /* processes */
    size_t waiting;         /* of those running: wait for a person and give their places up, ... */
    size_t waiting_most;    /* ... so many of them at most */
    size_t extra;           /* processes beyond its places that it may have for that: those it has and what the pool has
                               room for */
    bool look_now;          /* work may wait: do not sleep before the next look */
    int64_t next_look;
};

struct worker {
    char name[WORKER_NAME_SIZE];
    struct postgres db;
    struct redis bell;   /* subscribed */
    struct redis ringer; /* publishes */
    struct lane lanes[JOB_LANE_COUNT];
    struct child *children; /* slots */
    size_t slots;           /* places of all lanes, and room for those beyond them */
    size_t running;         /* of all lanes */
    size_t pool_room;       /* browsers that the pool had left when last asked, less what was begun since */
    int64_t next_pool_look;
    struct child spare; /* a process that has no job yet: the next one does not wait for its start */
    int64_t next_spare;
    int64_t lease_ms;
    int signal_fd;
    bool draining, stopped_all;
    int64_t drain_until;
    int64_t next_renewal, next_reaping, next_measure, next_schedule;
    int64_t clock_ahead;    /* of the database's clock to ours, ms, when last asked; 0: never */
    int64_t reap_from;      /* no reaping before: the database's clock jumped */
    int64_t database_retry; /* no call before: the database did not answer */
    bool database_down;     /* said so in the log */
    bool disk_low;          /* likewise */
};

void worker_look_now(struct worker *worker); /* in all lanes */

/* worker_queue.c: each is due now and then and does nothing before; all survive a database that is away. */
void worker_renew(struct worker *worker, int64_t now);
void worker_reap(struct worker *worker, int64_t now);
void worker_take(struct worker *worker, int64_t now);
int64_t worker_next_look(const struct worker *worker); /* when worker_take is due at the latest */
void worker_measure(struct worker *worker, int64_t now);
void worker_schedule(struct worker *worker, int64_t now);
/* The jobs that the child still holds are lost. */
void worker_lose(struct worker *worker, struct child *child, const char *reason, const char *text);

/* worker_places.c. May have: as far as it knows by itself, without asking the pool (worker_find_room). */
bool worker_may_have_place(const struct lane *lane);
bool worker_has_place(const struct lane *lane);
void worker_find_room(struct worker *worker, struct lane *lane, int64_t now);
void worker_count_running(struct worker *worker, enum job_lane lane, int change);
void worker_count_waiting(struct worker *worker);

/* worker_watch.c: what worker_measure looks at beside the queue. */
void worker_watch_disk(struct worker *worker);
int worker_show_totals(struct worker *worker, struct error *e);

/* worker_children.c */
int worker_start_child(struct worker *worker, enum job_lane lane, const struct job *jobs, size_t count,
                       int64_t lease_until, struct error *e);
void worker_collect(struct worker *worker, struct child *child);
/* Keeps a spare process while there is a place for one. */
void worker_keep_spare(struct worker *worker, int64_t now);
void worker_drop_spare(struct worker *worker);
/* Kills those whose lease is about to lapse or who did not stop in time, or that take longer than their kind may. */
void worker_guard(struct worker *worker, int64_t now);
void worker_stop_child(struct worker *worker, struct child *child, const char *reason);
void worker_kill_child(struct child *child, const char *reason);
struct child *worker_find_child(struct worker *worker, const char *job_id);
/* Releases the browser of a lost attempt, if it has one, in the background: the door may take its time. */
void worker_release_browser(const char *thread_id, int attempt);

/* worker_metrics.c: GET /metrics and /health on 127.0.0.1:WORKER_METRICS_PORT, from a thread of its own. */
int worker_metrics_start(struct error *e);
