/* The queue as workers see it: taking, renewing, losing. */
#pragma once

#include "base/error.h"
#include "base/uuid.h"
#include "store/postgres.h"

#define JOB_KIND_SIZE 65

struct job {
    char id[UUID_TEXT_SIZE], kind[JOB_KIND_SIZE];
    char thread_id[UUID_TEXT_SIZE]; /* empty: none */
    int attempt;
    int64_t wait_ms; /* from when it was due to now */
};

/* Takes the next job of a lane: the user with the fewest running jobs and, among equals, the longest wait is served, at
 * most as many at once as the user's role allows (roles_run_limits). ret_taken false: there is none now. */
int jobs_take(struct postgres *db, const char *lane, const char *worker, int64_t lease_ms, struct job *ret_job,
              bool *ret_taken, struct error *e);

struct job_lease {
    char id[UUID_TEXT_SIZE];
    int attempt;
    bool held, renewed, stop_requested; /* written by jobs_renew */
};
/* Extends the leases of a worker's jobs by lease_ms from now. `held` false: that attempt lost its job.
 * `held` but not `renewed`: something was being written to its row; ask again soon. */
int jobs_renew(struct postgres *db, const char *worker, int64_t lease_ms, struct job_lease *leases, size_t count,
               struct error *e);

/* What became of a lost attempt. */
struct job_loss {
    char id[UUID_TEXT_SIZE], thread_id[UUID_TEXT_SIZE], browser_id[UUID_TEXT_SIZE]; /* empty: none */
    int attempt;
    char next[16]; /* job status: queued (it will be repeated), dead, cancelled (it was to stop anyway) */
};
/* An attempt that ended without finishing its job: it is repeated with backoff when its rule allows, else the job is
 * dead and its thread ends as error with this reason. `reason` is for thread.reason ("crash", "shutdown", "capacity").
 * ret_lost false: the attempt did not hold the job any more. */
int jobs_lose(struct postgres *db, const char *job_id, int attempt, const char *reason, const char *text,
              struct job_loss *ret_loss, bool *ret_lost, struct error *e);
/* The same for jobs whose lease has lapsed, whoever held them; returns how many of at most `room` losses. */
int jobs_reap(struct postgres *db, struct job_loss *ret_losses, size_t room, size_t *ret_count, struct error *e);

struct queue_state {
    int64_t depth;     /* jobs that are due */
    double oldest_age; /* seconds since the oldest of them was due */
};
int jobs_measure(struct postgres *db, const char *lane, struct queue_state *ret_state, struct error *e);
