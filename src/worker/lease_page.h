/* The end of a job's lease, shared between worker and job: a page of memory that the job inherits as descriptor
 * LEASE_PAGE_FD. The worker writes it, a thread of the job watches it. */
#pragma once

#include "base/error.h"
#include <stdint.h>

#define LEASE_PAGE_FD 3

/* The worker's side. */
struct lease_page {
    int fd;
    int64_t *until; /* CLOCK_MONOTONIC ms, the same clock in both processes */
};
int lease_page_make(struct lease_page *ret_page, struct error *e);
void lease_page_set(struct lease_page *page, int64_t until);
void lease_page_done(struct lease_page *page);

/* The job's side: from now on the process kills itself LEASE_PAGE_EARLY_MS before the lease ends. -EBADF when it was
 * not started by a worker. */
#define LEASE_PAGE_EARLY_MS 250
int lease_page_watch(struct error *e);
