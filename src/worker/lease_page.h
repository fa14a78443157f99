/* What worker and job tell each other without a call: two pages of memory that the job inherits as descriptor
 * LEASE_PAGE_FD. In the first the worker writes when the job's lease ends, and a thread of the job watches it. In the
 * second that thread writes the time, so that the worker sees a job that is stopped (SIGSTOP) or starved, and the job
 * whether it waits for a person. */
#pragma once

#include "base/error.h"
#include <stdbool.h>
#include <stdint.h>

#define LEASE_PAGE_FD 3

/* The worker's side. */
struct lease_page {
    int fd;
    int64_t *until; /* CLOCK_MONOTONIC ms, the same clock in both processes */
    int64_t *beat;
    int64_t *waits;
};
int lease_page_make(struct lease_page *ret_page, struct error *e);
void lease_page_set(struct lease_page *page, int64_t until);
/* When the job was last seen alive; before its first word, when the page was made. */
int64_t lease_page_beat(const struct lease_page *page);
/* Whether the job waits for a person: it uses no place then (worker_places.c). */
bool lease_page_waits(const struct lease_page *page);
/* Whether the job has ended itself because its lease was about to end. */
bool lease_page_has_lapsed(const struct lease_page *page);
void lease_page_done(struct lease_page *page);

/* The job's side: from now on the process says that it lives, and kills itself LEASE_PAGE_EARLY_MS before the lease
 * ends. -EBADF when it was not started by a worker. */
#define LEASE_PAGE_EARLY_MS 250
int lease_page_watch(struct error *e);
void lease_page_tell_waiting(bool waits);
