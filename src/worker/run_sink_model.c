/* What a model's run asks of people, and says that it used. */
#include "domain/feed.h"
#include "domain/jobs_order.h"
#include "domain/model_usage.h"
#include "domain/questions.h"
#include "worker/job_internal.h"
#include "worker/lease_page.h"
#include <string.h>

int run_sink_ask(void *user, const json_t *question, char ret_id[UUID_TEXT_SIZE], struct error *e) {
    struct run_sink_database *sink = user;
    char id[UUID_TEXT_SIZE];
    uuid_make(id);
    int r = run_sink_database_flush(sink, e);
    if (!r)
        r = JOB_PATIENTLY(questions_ask(&sink->job->db, &sink->job->fence, id, question, e));
    if (r < 0)
        return r;
    memcpy(ret_id, id, sizeof id);
    lease_page_tell_waiting(true);
    feed_announce(&sink->job->redis, sink->owner_id);
    jobs_ring(&sink->job->redis, JOB_KIND_MAIL);
    return 0;
}

int run_sink_answer(void *user, const char *id, json_t **ret_answer, struct error *e) {
    struct run_sink_database *sink = user;
    json_t *answer = NULL;
    int r = JOB_PATIENTLY(questions_poll(&sink->job->db, &sink->job->fence, id, &answer, e));
    if (r < 0)
        return r;
    if (answer) {
        lease_page_tell_waiting(false);
        feed_announce(&sink->job->redis, sink->owner_id);
    }
    *ret_answer = answer;
    return 0;
}

int run_sink_withdraw(void *user, const char *id, const char *why, struct error *e) {
    struct run_sink_database *sink = user;
    int r = JOB_PATIENTLY(questions_withdraw(&sink->job->db, &sink->job->fence, id, why, e));
    lease_page_tell_waiting(false);
    if (!r)
        feed_announce(&sink->job->redis, sink->owner_id);
    return r;
}

int run_sink_spend(void *user, const struct agent_spending *spent, struct error *e) {
    struct run_sink_database *sink = user;
    struct model_spending told = {.number = sink->spendings + 1,
                                  .calls = spent->calls,
                                  .input_tokens = spent->input_tokens,
                                  .output_tokens = spent->output_tokens,
                                  .cached_tokens = spent->cached_tokens,
                                  .cost_micro = spent->cost_micro};
    int r = JOB_PATIENTLY(
        model_usage_spend(&sink->job->db, &sink->job->fence, sink->ai_model ? sink->ai_model : "", &told, e));
    if (!r || e->code == ERROR_PAUSED || e->code == ERROR_LIMIT)
        sink->spendings++; /* it is down, whatever may come now */
    return r;
}
