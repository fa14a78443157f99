/* Small kinds of jobs: the one that does nothing, and what keeps the database in order. */
#include "base/log.h"
#include "base/memory.h"
#include "domain/maintenance.h"
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

static bool is_interrupted(void *user) {
    return job_is_interrupted(user, 0);
}

/* All tasks of a period, those after one that failed too; the job is repeated when one did. */
static int carry_out(struct job_context *context, enum maintenance_period period, struct error *e) {
    struct maintenance maintenance = {.db = &context->db, .is_interrupted = is_interrupted, .user = context};
    int result = 0;
    for (int task = 0; task < MAINTENANCE_COUNT; task++) {
        struct error why = {0};
        int64_t count = 0;
        if (maintenance_task_period((enum maintenance_task)task) != period)
            continue;
        if (is_interrupted(context))
            return -ECANCELED;
        int r = maintenance_run(&maintenance, (enum maintenance_task)task, &count, &why);
        if (count)
            log_info("upkeep",
                     LOG_TEXT("replinet.maintenance.task", maintenance_task_name((enum maintenance_task)task)),
                     LOG_INT("replinet.maintenance.count", count));
        if (r < 0 && !result) {
            *e = why;
            result = r;
        }
    }
    return result;
}

int job_handle_UPKEEP(struct job_context *context, struct error *e) {
    return carry_out(context, MAINTENANCE_HOURLY, e);
}

int job_handle_CHECK(struct job_context *context, struct error *e) {
    return carry_out(context, MAINTENANCE_DAILY, e);
}
