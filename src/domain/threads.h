/* Threads: a run of an agent each. Results are the JSON that clients get (free()). */
#pragma once

#include "base/json.h"
#include "domain/pages.h"
#include "domain/roles.h"

struct thread_order {
    const char *agent;    /* an id or a name */
    const char *task;     /* NULL: none */
    const json_t *inputs; /* NULL: none; an object that fits the agent's input_schema, whose defaults it gets */
    const char *id;       /* made by the caller (uuid_make) and noted: after an answer that was lost, threads_get of it
                             tells whether the thread was started. Starting an id twice is refused. NULL: made here */
    const char *run_at;   /* RFC 3339, not before; NULL: now */
    int priority;         /* -100 to 100: higher goes first among one user's threads */
    const char *retry_of; /* the thread that it repeats; NULL: none */
};
/* Writes the thread, its job and its first event in one transaction; the caller rings the doorbell afterwards
 * (jobs_ring). ERROR_CONFLICT when the agent is switched off, ERROR_QUOTA when too many of the caller's threads wait.
 */
int threads_order(struct postgres *db, const struct caller *caller, const struct thread_order *order, char **ret_json,
                  struct error *e);
/* The same in short. */
int threads_start(struct postgres *db, const struct caller *caller, const char *agent_reference, const char *task,
                  const json_t *inputs, char **ret_json, struct error *e);
int threads_start_as(struct postgres *db, const struct caller *caller, const char *id, const char *agent_reference,
                     const char *task, const json_t *inputs, char **ret_json, struct error *e);
int threads_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);

/* The browser that works for the thread now; ERROR_CONFLICT when there is none. */
int threads_browser(struct postgres *db, const struct caller *caller, const char *id, char ret_browser[UUID_TEXT_SIZE],
                    struct error *e);

struct thread_filter {
    const char *agent_id, *status /* "error,stopped" */, *from, *to /* RFC 3339: queued in between; NULL: all */;
};
/* Sorts: created_at, end_time, execution_time_ms, status. */
int threads_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
                 const struct thread_filter *filter, char **ret_json, struct error *e);

/* A waiting thread is stopped at once, a running one becomes "stopping" and ret_job_id names the job whose worker must
 * hear of it (empty: none). Asking again, or for a thread at its end, changes nothing. */
int threads_stop(struct postgres *db, const struct caller *caller, const char *id, char **ret_json,
                 char ret_job_id[UUID_TEXT_SIZE], struct error *e);

/* A new thread with the task and inputs of one that has ended; ERROR_CONFLICT while it has not, or without its agent.
 */
int threads_retry(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);
/* What was deleted, with its events and files; ERROR_CONFLICT while it has not ended. */
int threads_delete(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);
