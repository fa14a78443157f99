/* What a run writes. Every function names job and attempt and changes nothing once another attempt owns the job:
 * -ESTALE, ERROR_FENCED. Each may be called again when its answer was lost with the connection. */
#pragma once

#include "base/json.h"
#include "base/uuid.h"
#include "domain/jobs.h"
#include "store/postgres.h"

struct job_fence {
    char job_id[UUID_TEXT_SIZE];
    int attempt;
    int64_t events_written; /* counted by jobs_write_events */
};

/* Parameters $1 and $2 of a statement that a fence guards, and whether they hold row j of jobs. */
#define JOBS_FENCE(fence) (fence)->job_id, SQL_INT((fence)->attempt)
#define JOBS_HELD         "j.id = $1::uuid AND j.attempt = $2::int AND j.status = 'running'"
/* Such a statement found no job: -ESTALE, ERROR_FENCED. */
int jobs_are_fenced(const struct job_fence *fence, struct error *e);

/* The thread becomes "starting". ret_run:
 * {"thread_id","owner_id","agent_id","task","inputs","agent","preset","stop_requested"}; agent and preset are the
 * revisions that the thread was started with. */
int jobs_begin_run(struct postgres *db, const struct job_fence *fence, json_t **ret_run, struct error *e);
/* Carries that statement out for no job: the connection's server has then read and planned what it needs. */
int jobs_rehearse_run(struct postgres *db, struct error *e);

/* Appends events: an array of {"time" (optional),"kind","level","message","data"}. `acts`: the first of them announces
 * an effect on the outside; from here on the run is not repeated by itself. ret_seq (may be NULL): the last one's. */
int jobs_write_events(struct postgres *db, struct job_fence *fence, const json_t *events, bool acts, int64_t *ret_seq,
                      struct error *e);

/* The thread has a browser: it is "running" (or still "stopping"). */
int jobs_mark_running(struct postgres *db, const struct job_fence *fence, const char *browser_id, struct error *e);

/* The thread waits for a person; `reason` says for what ("control"). NULL: it goes on. A thread that is to stop stays
 * "stopping". */
int jobs_mark_waiting(struct postgres *db, const struct job_fence *fence, const char *reason, struct error *e);

struct run_end {
    const char *status; /* completed, error, stopped */
    const char *reason, *error_message;
    const json_t *results, *usage; /* NULL: none */
    int64_t execution_ms;
};
/* Ends thread and job. */
int jobs_finish_run(struct postgres *db, const struct job_fence *fence, const struct run_end *end, struct error *e);

/* The script that the run has mended becomes the agent's, as a new revision, unless it is that already; ret_saved:
 * false when the agent's is another one than that which ran, or the job is not held. */
int jobs_save_script(struct postgres *db, const struct job_fence *fence, const json_t *script, bool *ret_saved,
                     struct error *e);

/* Whether somebody asked to stop this job (and not its worker, in order to drain). */
int jobs_is_stop_requested(struct postgres *db, const struct job_fence *fence, bool *ret_requested, struct error *e);

/* For jobs of other kinds than run. */

/* {"JOB_ID": payload, ...} of those that are still held. */
int jobs_read_payloads(struct postgres *db, const struct job_lease *leases, size_t count, json_t **ret_payloads,
                       struct error *e);
/* The jobs are done. Those that were not held any more are left as they are: ret_done counts the others, and those that
 * an earlier call finished. Within a transaction of the handler its own writes count exactly once with this. */
int jobs_finish(struct postgres *db, const struct job_lease *leases, size_t count, size_t *ret_done, struct error *e);
