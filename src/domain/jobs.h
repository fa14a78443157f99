/* The queue as workers see it: taking, renewing, losing. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include "base/uuid.h"
#include "domain/job_kind_table.h"
#include "store/postgres.h"

#define JOB_KIND_SIZE      65
#define LEASE_SECONDS_MOST 3600 /* of JOB_LEASE_SECONDS */

struct job {
    char id[UUID_TEXT_SIZE], kind[JOB_KIND_SIZE];
    char thread_id[UUID_TEXT_SIZE]; /* empty: none */
    int attempt;
    int64_t wait_ms; /* from when it was due to now; 0 when the clock went back */
};

/* Takes the next jobs of a lane, at most `room` (no more than the lane's row gives a process at once), all of one user:
 * the one with the fewest that work (do not wait for a person) and, among equals, the longest wait, in a ROLE lane at
 * most as many running at once, those included, as the user's role allows. ret_count 0: there is none now. */
int jobs_take(struct postgres *db, enum job_lane lane, const char *worker, int64_t lease_ms, struct job *ret_jobs,
              size_t room, size_t *ret_count, struct error *e);

/* How long until the lane's first job that is not due yet is; INT64_MAX: there is none. */
int jobs_next_due(struct postgres *db, enum job_lane lane, int64_t *ret_wait_ms, struct error *e);

struct job_lease {
    char id[UUID_TEXT_SIZE];
    int attempt;
    bool held, renewed, stop_requested; /* written by jobs_renew */
};
/* Appends [{"id","attempt"}...], as statements about held jobs take it. */
void jobs_print_leases(struct text *out, const struct job_lease *leases, size_t count);
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
/* Attempts that ended without finishing their jobs: each is repeated with backoff when its rule allows (at once, and
 * not counted, when the reason is "shutdown"), else it is dead and its thread ends as error with this reason. `reason`
 * is for thread.reason ("crash", "shutdown", "capacity"). `final`: repeating is of no use. Jobs that an attempt did not
 * hold any more are left out of ret_losses, which has room for `count`. */
int jobs_lose_many(struct postgres *db, const struct job_lease *leases, size_t count, const char *reason,
                   const char *text, bool final, struct job_loss *ret_losses, size_t *ret_count, struct error *e);
/* The same for one that may be repeated; ret_lost false: the attempt did not hold the job any more. */
int jobs_lose(struct postgres *db, const char *job_id, int attempt, const char *reason, const char *text,
              struct job_loss *ret_loss, bool *ret_lost, struct error *e);
/* The server's clock, milliseconds since 1970: leases are written by it. */
int jobs_time(struct postgres *db, int64_t *ret_ms, struct error *e);
/* The same for jobs whose lease has lapsed at time_ms of the server's clock, whoever held them; returns how many of at
 * most `room` losses. A clock that has just jumped makes live leases look lapsed: the caller waits until their holders
 * have renewed them. */
int jobs_reap(struct postgres *db, int64_t time_ms, struct job_loss *ret_losses, size_t room, size_t *ret_count,
              struct error *e);

struct queue_state {
    int64_t depth;     /* jobs that are due */
    double oldest_age; /* seconds since the oldest of them was due */
};
int jobs_measure(struct postgres *db, enum job_lane lane, struct queue_state *ret_state, struct error *e);
