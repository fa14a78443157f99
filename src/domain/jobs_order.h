/* Asking for jobs. */
#pragma once

#include "base/json.h"
#include "base/uuid.h"
#include "domain/job_kind_table.h"
#include "store/postgres.h"

struct job_order {
    enum job_kind kind;
    const char *user_id;    /* NULL: the system's own; its kind then waits in a SYSTEM lane, and in no other */
    const json_t *payload;  /* an object; NULL: {} */
    const char *run_at;     /* RFC 3339, not before; NULL: now */
    int priority;           /* added to the kind's */
    const char *unique_key; /* at most one waiting or running job of the kind has it; NULL: any number */
};

/* Writes a job, within the caller's transaction when one is open; after the commit jobs_ring tells the workers.
 * ret_id (may be NULL) is empty when a job with the unique key waits or runs already. ERROR_BAD_INPUT, ERROR_TOO_LARGE.
 */
int jobs_enqueue(struct postgres *db, const struct job_order *order, char ret_id[UUID_TEXT_SIZE], struct error *e);

/* The same for many orders in one statement, which costs a tenth of as many calls. ret_count (may be NULL): how many
 * were written. */
#define JOBS_AT_ONCE 1000
int jobs_enqueue_many(struct postgres *db, const struct job_order *orders, size_t count, size_t *ret_count,
                      struct error *e);

/* Rings the doorbell of a kind's lane. Best effort: workers look by themselves every second. */
struct redis;
void jobs_ring(struct redis *redis, enum job_kind kind);

/* Writes the jobs of kinds that recur and are due, each once per period whoever asks and how often. The first period
 * begins at once. ret_count: how many. */
int jobs_write_due(struct postgres *db, int *ret_count, struct error *e);
