/* `replinet job JOB_ID ATTEMPT KIND`, `replinet job --list`: one job, or the jobs of a list (job_list.h), in a process
 * of its own, started by the worker. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "worker/job_internal.h"
#include "worker/job_list.h"
#include "worker/lease_page.h"
#include "worker/worker.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>

#define REPEAT_MS 200

bool job_may_repeat(const struct error *e) {
    if (e->code != ERROR_UNAVAILABLE && e->code != ERROR_TIMEOUT)
        return false;
    clock_sleep_ms(REPEAT_MS);
    return true;
}

bool job_is_interrupted(const struct job_context *context, int wait_ms) {
    struct pollfd stop = {.fd = context->interrupt_fd, .events = POLLIN};
    return poll(&stop, 1, wait_ms) == 1;
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

/* The job that the arguments name, or those of the list. */
static int take_jobs(int count, char **arguments, struct job **ret_jobs, size_t *ret_count, struct error *e) {
    int64_t attempt;
    if (count == 2 && !strcmp(arguments[1], "--list"))
        return job_list_read(ret_jobs, ret_count, e);
    if (count != 4 || !uuid_is_valid(arguments[1]) || text_parse_int(arguments[2], 1, INT32_MAX, &attempt) ||
        job_kind_from_name(arguments[3]) == JOB_KIND_COUNT)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "wrong arguments");
    struct job *job = memory_alloc(sizeof *job);
    job->attempt = (int)attempt;
    snprintf(job->id, sizeof job->id, "%s", arguments[1]);
    snprintf(job->kind, sizeof job->kind, "%s", arguments[3]);
    *ret_jobs = job;
    *ret_count = 1;
    return 0;
}

static int carry_out(struct job_context *context, const struct job *jobs, size_t count, struct error *e) {
    if (count > 1 || strcmp(jobs->kind, job_kinds[JOB_KIND_RUN].name))
        return job_carry_out_share(context, jobs, count, e);
    context->fence.attempt = jobs->attempt;
    memcpy(context->fence.job_id, jobs->id, UUID_TEXT_SIZE);
    return job_handle_RUN(context, e);
}

int job_process_command(int count, char **arguments) {
    __attribute__((cleanup(close_context))) struct job_context context = {.interrupt_fd = -1};
    cleanup_free struct job *jobs = NULL;
    size_t job_count = 0;
    struct error e = {0};
    if (take_jobs(count, arguments, &jobs, &job_count, &e) < 0) {
        fprintf(stderr, "Usage: replinet job JOB_ID ATTEMPT KIND (started by `replinet worker`)\n");
        return 2;
    }
    int r = open_context(&context, &e);
    if (!r)
        r = carry_out(&context, jobs, job_count, &e);
    if (r < 0)
        log_failure(&e, "a job did not come to its end", LOG_TEXT("replinet.job.id", jobs->id),
                    LOG_INT("replinet.jobs.count", job_count), LOG_INT("replinet.job.attempt", jobs->attempt));
    return r < 0;
}
