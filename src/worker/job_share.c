/* The jobs of one process, whatever their kinds (but run): their payloads are read in one statement, they are handled
 * one after the other, and those done are written down in one statement. What has failed is lost on its own. */
#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "worker/job_internal.h"
#include "worker/job_list.h"
#include <errno.h>
#include <string.h>

struct share {
    struct job_context *context;
    const struct job *jobs;
    size_t count;
    struct job_lease *done; /* jobs that were carried out */
    size_t done_count;
    int64_t until; /* monotonic ms: the rest is given back then */
};

static const struct {
    int (*handle)(struct job_context *context, struct error *e);
} handlers[] = {
#define X(id, name, lane, attempts, backoff_ms, limit_s, payload, repeat, priority, every_s, doc) {job_handle_##id},
    JOB_KIND_TABLE(X)
#undef X
};

static struct job_lease lease_of(const struct job *job) {
    struct job_lease lease = {.attempt = job->attempt};
    memcpy(lease.id, job->id, UUID_TEXT_SIZE);
    return lease;
}

/* Writes the jobs done so far down. */
static int write_done(struct share *share, struct error *e) {
    size_t done = 0;
    if (!share->done_count)
        return 0;
    int r = JOB_PATIENTLY(jobs_finish(&share->context->db, share->done, share->done_count, &done, e));
    if (!r && done < share->done_count)
        log_warn("jobs were given to others before they were done here",
                 LOG_INT("replinet.jobs.count", share->done_count - done));
    if (!r)
        share->done_count = 0;
    return r;
}

/* Those done before this one are safe first: who knows what becomes of the rest. */
static int write_loss(struct share *share, const struct job *jobs, size_t count, const char *reason,
                      const struct error *why, struct error *e) {
    cleanup_free struct job_lease *leases = memory_alloc(count * sizeof *leases);
    cleanup_free struct job_loss *losses = memory_alloc(count * sizeof *losses);
    cleanup_free char *text = *why->hint ? memory_print("%s. %s", why->text, why->hint) : memory_copy_text(why->text);
    size_t lost = 0;
    for (size_t i = 0; i < count; i++)
        leases[i] = lease_of(&jobs[i]);
    int r = write_done(share, e);
    if (!r)
        r = JOB_PATIENTLY(jobs_lose_many(&share->context->db, leases, count, reason, text, why->code == ERROR_BAD_INPUT,
                                         losses, &lost, e));
    return r;
}

static int handle(struct share *share, const struct job *job, const json_t *payload, struct error *why) {
    enum job_kind kind = job_kind_from_name(job->kind);
    if (kind == JOB_KIND_COUNT || kind == JOB_KIND_RUN)
        return error_set(why, ENOTSUP, ERROR_INTERNAL, "this program has no handler for jobs of kind %s", job->kind);
    share->context->payload = payload;
    share->context->fence = (struct job_fence){.attempt = job->attempt};
    memcpy(share->context->fence.job_id, job->id, UUID_TEXT_SIZE);
    return handlers[kind].handle(share->context, why);
}

/* ret_stop: somebody asked to, or it is the turn of others; the job and those after it go back to the queue. */
static int carry_out_one(struct share *share, size_t i, const json_t *payloads, bool *ret_stop, struct error *e) {
    const struct job *job = &share->jobs[i];
    const json_t *payload = json_object_get(payloads, job->id);
    struct error why = {0};
    if (!payload) /* not ours any more */
        return 0;
    bool stop = job_is_interrupted(share->context, 0) || (i && !clock_remaining_ms(share->until));
    int r = stop ? -ECANCELED : handle(share, job, payload, &why);
    if (r == -ECANCELED) {
        *ret_stop = true;
        error_set(&why, ECANCELED, ERROR_CANCELLED, "The worker was shut down, or had others to serve.");
        return write_loss(share, job, share->count - i, "shutdown", &why, e);
    }
    if (r < 0)
        return write_loss(share, job, 1, error_name(why.code), &why, e);
    share->done[share->done_count++] = lease_of(job);
    return 0;
}

int job_carry_out_share(struct job_context *context, const struct job *jobs, size_t count, struct error *e) {
    cleanup_json json_t *payloads = NULL;
    cleanup_free struct job_lease *leases = memory_alloc(count * sizeof *leases);
    struct share share = {
        .context = context, .jobs = jobs, .count = count, .done = leases, .until = clock_deadline(JOB_SHARE_MS)};
    bool stop = false;
    for (size_t i = 0; i < count; i++)
        leases[i] = lease_of(&jobs[i]);
    int r = JOB_PATIENTLY(jobs_read_payloads(&context->db, leases, count, &payloads, e));
    for (size_t i = 0; !r && !stop && i < count; i++)
        r = carry_out_one(&share, i, payloads, &stop, e);
    return r < 0 ? r : write_done(&share, e);
}
