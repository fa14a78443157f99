/* Threads: a run of an agent each. Results are the JSON that clients get (free()). */
#pragma once

#include "base/json.h"
#include "domain/pages.h"
#include "domain/roles.h"

/* Writes the thread, its job and its first event in one transaction; the caller rings the doorbell afterwards.
 * ERROR_CONFLICT when the agent is switched off. `inputs` (NULL: none) is an object; it must fit
 * the agent's input_schema, whose defaults it gets. */
int threads_start(struct postgres *db, const struct caller *caller, const char *agent_reference, const char *task,
                  const json_t *inputs, char **ret_json, struct error *e);
/* The same with an id that the caller made (uuid_make) and noted: after an answer that was lost, threads_get of this id
 * tells whether it was started. Starting an id twice is refused. NULL: the database makes one. */
int threads_start_as(struct postgres *db, const struct caller *caller, const char *id, const char *agent_reference,
                     const char *task, const json_t *inputs, char **ret_json, struct error *e);
int threads_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);
/* `agent_id` and `status` NULL: all. */
int threads_list(struct postgres *db, const struct caller *caller, const struct page *page, const char *agent_id,
                 const char *status, char **ret_json, struct error *e);

/* A waiting thread is stopped at once, a running one becomes "stopping" and ret_job_id names the job whose worker must
 * hear of it (empty: none). Asking again, or for a thread at its end, changes nothing. */
int threads_stop(struct postgres *db, const struct caller *caller, const char *id, char **ret_json,
                 char ret_job_id[UUID_TEXT_SIZE], struct error *e);
