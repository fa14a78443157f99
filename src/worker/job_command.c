/* A job's process, `replinet spare`: gets ready, waits for the jobs that its worker gives it (job_list.h), carries them
 * out and ends. Most are started ahead of their job; one that gets it at once is no different. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
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

/* Writes over the arguments, which lie in one piece: "job ID ATTEMPT KIND", or how many. The worker left room. */
static void show(int count, char **arguments, const struct job *jobs, size_t job_count) {
    size_t room = (size_t)(arguments[count - 1] - arguments[0]) + strlen(arguments[count - 1]);
    char text[2 * JOB_KIND_SIZE];
    int length = job_count == 1 ? snprintf(text, sizeof text, "job %s %d %s", jobs->id, jobs->attempt, jobs->kind)
                                : snprintf(text, sizeof text, "job together %zu", job_count);
    for (int i = 0; i < length; i++)
        if (text[i] == ' ')
            text[i] = '\0';
    memset(arguments[0], 0, room);
    memcpy(arguments[0], text, (size_t)length < room ? (size_t)length : room);
}

static int carry_out(struct job_context *context, const struct job *jobs, size_t count, struct error *e) {
    if (count > 1 || strcmp(jobs->kind, job_kinds[JOB_KIND_RUN].name))
        return job_carry_out_share(context, jobs, count, e);
    context->fence.attempt = jobs->attempt;
    memcpy(context->fence.job_id, jobs->id, UUID_TEXT_SIZE);
    return job_handle_RUN(context, e);
}

/* What can be done before it is known what for: the first run on a new connection costs the server several times what
 * the next ones do. */
static int get_ready(struct job_context *context, struct error *e) {
    int r = open_context(context, e);
    return r < 0 || job_list_is_there() ? r : JOB_PATIENTLY(jobs_rehearse_run(&context->db, e));
}

int spare_command(int count, char **arguments) {
    __attribute__((cleanup(close_context))) struct job_context context = {.interrupt_fd = -1};
    cleanup_free struct job *jobs = NULL;
    size_t job_count = 0;
    struct error e = {0};
    int r = get_ready(&context, &e);
    if (!r)
        r = job_list_read(&jobs, &job_count, &e);
    if (!r && job_count) {
        show(count, arguments, jobs, job_count);
        r = carry_out(&context, jobs, job_count, &e);
    }
    if (r < 0)
        log_failure(&e, "a job did not come to its end", LOG_TEXT("replinet.job.id", jobs ? jobs->id : ""),
                    LOG_INT("replinet.jobs.count", job_count),
                    LOG_INT("replinet.job.attempt", jobs ? jobs->attempt : 0));
    return r < 0;
}
