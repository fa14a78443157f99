/* What happened in a thread, numbered from 1 without a gap. Written by jobs_fenced.h; read here. */
#pragma once

#include "base/error.h"
#include "domain/roles.h"
#include "store/postgres.h"

#define EVENTS_LIMIT_MAX 1000

/* {"items":[{"seq","time","kind","level","message","data"}...],"next_after"} of the events after `after`, in order.
 * next_after is the last item's seq, or `after`. ERROR_NOT_FOUND when the caller may not see the thread. */
int events_read(struct postgres *db, const struct caller *caller, const char *thread_id, int64_t after, int limit,
                char **ret_json, struct error *e);

/* The number of the thread's newest event, and whether the thread has ended (may be NULL). */
int events_head(struct postgres *db, const struct caller *caller, const char *thread_id, int64_t *ret_seq,
                bool *ret_ended, struct error *e);

struct events_filter {
    int64_t after;
    int limit;         /* 1 to EVENTS_LIMIT_MAX */
    const char *level; /* the least; NULL: all */
    const char *kinds; /* "step.finished,step.failed"; NULL: all */
};
/* {"items":[...],"next"}: next is what `after` continues with, null when there are no more now. */
int events_page(struct postgres *db, const struct caller *caller, const char *thread_id,
                const struct events_filter *filter, char **ret_json, struct error *e);
