/* The queue as people see it. Administrators see every job, others their own. Results are the JSON that clients get
 * (free()). A job of kind run has a thread, which is stopped and retried as such (threads.h). */
#pragma once

#include "domain/pages.h"
#include "domain/roles.h"

struct job_filter { /* NULL: all */
    const char *kind, *lane, *status;
    const char *user_id;
};

int jobs_get(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);
/* Sorts: created_at, run_at. The search is for words of the kind and the error. */
int jobs_list(struct postgres *db, const struct caller *caller, const struct list_query *query,
              const struct job_filter *filter, char **ret_json, struct error *e);

/* A dead job waits again, with as many attempts as its kind gives. Administrators only (ERROR_FORBIDDEN);
 * ERROR_CONFLICT when it is not dead, or belongs to a thread. */
int jobs_retry(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, struct error *e);
/* A waiting job is cancelled at once, a running one is asked to stop: *ret_running then, and its worker must hear of it
 * ("stop ID"). ERROR_CONFLICT when it has ended, or belongs to a thread. */
int jobs_cancel(struct postgres *db, const struct caller *caller, const char *id, char **ret_json, bool *ret_running,
                struct error *e);
