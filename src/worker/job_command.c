/* `replinet job JOB_ID ATTEMPT KIND`: one job in a process of its own, started by the worker. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "worker/job_internal.h"
#include "worker/lease_page.h"
#include "worker/worker.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#define REPEAT_MS 200

static const struct {
    const char *name;
    int (*handle)(struct job_context *context, struct error *e);
} kinds[] = {
#define X(id, name, lane, attempts, backoff_ms, doc) {name, job_handle_##id},
    JOB_KIND_TABLE(X)
#undef X
};

bool job_may_repeat(const struct error *e) {
    if (e->code != ERROR_UNAVAILABLE && e->code != ERROR_TIMEOUT)
        return false;
    clock_sleep_ms(REPEAT_MS);
    return true;
}

static int open_interrupt(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int open_context(struct job_context *context, struct error *e) {
    context->interrupt_fd = open_interrupt();
    int r = lease_page_watch(e);
    if (r < 0)
        return r;
    redis_open(&context->redis, NULL);
    struct postgres_options options = {.purpose = "job"};
    return JOB_PATIENTLY(postgres_open(&options, &context->db, e));
}

static void close_context(struct job_context *context) {
    postgres_close(&context->db);
    redis_close(&context->redis);
    cleanup_close_value(&context->interrupt_fd);
}

static int take_arguments(int count, char **arguments, struct job_fence *fence, size_t *ret_kind) {
    int64_t attempt;
    if (count != 4 || !uuid_is_valid(arguments[1]) || text_parse_int(arguments[2], 1, INT32_MAX, &attempt))
        return -EINVAL;
    snprintf(fence->job_id, sizeof fence->job_id, "%s", arguments[1]);
    fence->attempt = (int)attempt;
    for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
        if (!strcmp(kinds[i].name, arguments[3])) {
            *ret_kind = i;
            return 0;
        }
    return -EINVAL;
}

int job_command(int count, char **arguments) {
    __attribute__((cleanup(close_context))) struct job_context context = {.interrupt_fd = -1};
    size_t kind = 0;
    struct error e = {0};
    if (take_arguments(count, arguments, &context.fence, &kind) < 0) {
        fprintf(stderr, "Usage: replinet job JOB_ID ATTEMPT KIND (started by `replinet worker`)\n");
        return 2;
    }
    int r = open_context(&context, &e);
    if (!r)
        r = kinds[kind].handle(&context, &e);
    if (r < 0)
        log_failure(&e, "a job did not come to its end", LOG_TEXT("replinet.job.id", context.fence.job_id),
                    LOG_INT("replinet.job.attempt", context.fence.attempt));
    return r < 0;
}
