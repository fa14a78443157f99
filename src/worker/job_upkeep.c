/* Small kinds of jobs: the one that does nothing, and what keeps the database in order. */
#include "base/memory.h"
#include "domain/events.h"
#include "worker/job_internal.h"
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#define WAIT_MOST_MS 3600000

int job_handle_NOOP(struct job_context *context, struct error *e) {
    int64_t wait_ms = json_int_or(context->payload, "wait_ms", 0);
    const char *fail = json_text_or(context->payload, "fail", NULL);
    if (wait_ms < 0 || wait_ms > WAIT_MOST_MS)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "wait_ms must be from 0 to %d", WAIT_MOST_MS);
    if (wait_ms && job_is_interrupted(context, (int)wait_ms))
        return -ECANCELED;
    if (json_bool_or(context->payload, "crash", false))
        kill(getpid(), SIGKILL);
    return fail ? error_set(e, EIO, ERROR_UNAVAILABLE, "%s", fail) : 0;
}

int job_handle_PARTITIONS(struct job_context *context, struct error *e) {
    int made = 0;
    return events_make_partitions(&context->db, &made, e);
}
