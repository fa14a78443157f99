/* One call of the model: its money first, the browser served meanwhile, its outcome told. */
#include "agent/think/mind.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define PAUSED_ASK_MS 1000

static int serve(void *user, struct error *e) {
    struct mind *mind = user;
    return cdp_poll(mind->run->client, e);
}

static void on_retried(void *user, int attempt, const struct error *why, int64_t pause_ms) {
    mind_event(user, LOG_WARN, "model.retried", why->text,
               json_pack("{s:i, s:s, s:I}", "attempt", attempt, "code", error_name(why->code), "pause_ms",
                         (json_int_t)pause_ms),
               NULL);
}

static int spend(struct mind *mind, struct error *e) {
    struct run *run = mind->run;
    struct agent_spending now = mind->spent, *told = &mind->told;
    struct agent_spending since = {now.calls - told->calls, now.input_tokens - told->input_tokens,
                                   now.output_tokens - told->output_tokens, now.cached_tokens - told->cached_tokens,
                                   now.cost_micro - told->cost_micro};
    struct error why = {0};
    if (!run->sink->spend)
        return 0;
    int r = run->sink->spend(run->sink->user, &since, &why);
    if (!r || why.code == ERROR_PAUSED || why.code == ERROR_LIMIT) {
        *told = now; /* it was written down, whatever is said of what may follow */
    } else {
        run->sink_problem = why;
        run->sink_error = r;
    }
    return r < 0 ? (*e = why, r) : 0;
}

int ask_settle(struct mind *mind, struct error *e) {
    int r = spend(mind, e);
    return e->code == ERROR_PAUSED || e->code == ERROR_LIMIT ? 0 : r;
}

static bool never(void *user) {
    return false;
}

static int tell_waiting(struct run *run, const char *reason, struct error *e) {
    int r = run->sink->waiting(run->sink->user, reason, &run->sink_problem);
    return r < 0 ? (*e = run->sink_problem, run->sink_error = r) : 0;
}

/* While an administrator has all models paused, the run waits and its clocks stand still. */
static int wait_paused(struct mind *mind, struct error *e) {
    struct run *run = mind->run;
    int64_t began = clock_monotonic_ms();
    struct error problem = {0};
    int r = tell_waiting(run, "paused", e), again = -EAGAIN;
    while (!r && again < 0) {
        r = cdp_wait(run->client, never, NULL, clock_deadline(PAUSED_ASK_MS), e);
        r = r == -ETIMEDOUT ? 0 : r;
        again = r < 0 ? 0 : spend(mind, &problem);
        if (again < 0 && problem.code != ERROR_PAUSED)
            return *e = problem, again;
    }
    int64_t waited = clock_monotonic_ms() - began;
    run->paused_ms += waited;
    run->deadline += run->deadline == INT64_MAX ? 0 : waited;
    run->limit += run->limit == INT64_MAX ? 0 : waited;
    return r < 0 ? r : tell_waiting(run, NULL, e);
}

static int may_ask(struct mind *mind, struct error *e) {
    int r = limits_check(mind, e);
    if (!r)
        r = spend(mind, e);
    return r < 0 && e->code == ERROR_PAUSED ? wait_paused(mind, e) : r;
}

static void count(struct mind *mind, const struct llm_answer *answer) {
    mind->spent.calls++;
    mind->spent.input_tokens += answer->usage.input_tokens;
    mind->spent.output_tokens += answer->usage.output_tokens;
    mind->spent.cached_tokens += answer->usage.cached_tokens;
    mind->spent.cost_micro += answer->cost_micro;
}

static int tell(struct mind *mind, const struct llm_answer *answer, struct error *e) {
    const struct llm_usage *usage = &answer->usage;
    json_t *data = json_pack(
        "{s:s, s:O*, s:{s:I, s:I, s:I}, s:I, s:i, s:I, s:I, s:s, s:I}", "text", answer->text, "calls", answer->calls,
        "usage", "input_tokens", (json_int_t)usage->input_tokens, "output_tokens", (json_int_t)usage->output_tokens,
        "cached_tokens", (json_int_t)usage->cached_tokens, "cost_micro", (json_int_t)answer->cost_micro, "attempts",
        answer->attempts, "first_token_ms", (json_int_t)answer->first_token_ms, "duration_ms",
        (json_int_t)answer->duration_ms, "model", mind->model->llm->model, "turn", (json_int_t)mind->turn);
    if (!data) /* text that is no UTF-8 does not come out of JSON; whatever it is, it is not told */
        data = json_pack("{s:I}", "turn", (json_int_t)mind->turn);
    cleanup_free char *message = memory_print("The model answered: %.200s", *answer->text ? answer->text : "calls");
    cleanup_text struct text valid = {0};
    text_append_json(&valid, message, strlen(message));
    cleanup_json json_t *shown = json_loadb(valid.data, valid.length, JSON_DECODE_ANY, NULL);
    return mind_event(mind, LOG_INFO, "model.answered", json_string_value(shown), data, e);
}

int ask_model(struct mind *mind, struct llm_request *request, struct llm_answer *ret_answer, struct error *e) {
    struct run *run = mind->run;
    int r = may_ask(mind, e);
    if (r < 0)
        return r;
    request->deadline = run->deadline;
    request->interrupt_fd = run->options->interrupt_fd;
    request->extra_fd = -1;
    request->serve = serve;
    request->retried = on_retried;
    request->user = mind;
    request->session = mind->session;
    r = llm_ask(mind->model->llm, request, ret_answer, e);
    if (r < 0)
        return r;
    count(mind, ret_answer);
    return tell(mind, ret_answer, e);
}
