/* A person is asked: the thread waits, the browser is kept and served, the run's clocks stand still. Whoever takes the
 * browser over and gives it back has answered, too. */
#include "agent/replay/record.h"
#include "agent/takeover.h"
#include "agent/think/mind.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define QUESTION_MS_DEFAULT (30 * 60 * 1000)
#define POLL_MS             300
#define PICTURE_MS          5000

struct asking {
    struct mind *mind;
    char id[37];
    const char *kind;
    int64_t began, deadline, waited;
    int64_t takeovers; /* there had been before */
    bool taken;        /* somebody took the browser over meanwhile */
    json_t *answer;
};

static bool never(void *user) {
    return false;
}

static int sink_failed(struct run *run, int r, struct error *e) {
    *e = run->sink_problem;
    return run->sink_error = r;
}

static void add_picture(struct mind *mind, json_t *question) {
    char id[37];
    if (!mind_shows_nothing(mind) &&
        !picture_take(mind->run, "question.jpg", json_pack("{s:s, s:i}", "format", "jpeg", "quality", 60), "image/jpeg",
                      clock_deadline(PICTURE_MS), id, NULL))
        json_object_set_new(question, "screenshot", json_string(id));
}

static int begin(struct asking *asking, json_t *question, struct error *e) {
    struct run *run = asking->mind->run;
    int64_t ms = asking->mind->model->question_ms > 0 ? asking->mind->model->question_ms : QUESTION_MS_DEFAULT;
    asking->takeovers = run->takeovers;
    asking->began = clock_monotonic_ms();
    json_object_set_new(question, "deadline_ms", json_integer(ms));
    add_picture(asking->mind, question);
    int r = cdp_send(run->client, NULL, "Replinet.setRun", json_pack("{s:s}", "state", "paused"), e);
    if (r < 0)
        return r;
    cleanup_json json_t *told = redactor_json(run->redactor, question);
    r = run->sink->ask(run->sink->user, told, asking->id, &run->sink_problem);
    if (r < 0)
        return sink_failed(run, r, e);
    asking->deadline = clock_deadline(ms); /* not before the one that people are told */
    json_object_set_new(question, "question_id", json_string(asking->id));
    return mind_event(asking->mind, LOG_INFO, "question.asked", json_text_or(question, "text", ""),
                      json_incref(question), e);
}

/* Whoever had the browser in hand has seen to it. */
static int look_at_control(struct asking *asking, bool *ret_handled, struct error *e) {
    struct run *run = asking->mind->run;
    bool before = asking->taken;
    asking->taken |= run->held || run->takeovers != asking->takeovers; /* it may have been given back at once */
    *ret_handled = asking->taken && !run->held;
    if (asking->taken == before)
        return 0;
    cleanup_free char *text = memory_print("%s has the browser in hand; the run waits", run->held_by);
    return run_event(run, LOG_INFO, "control.taken", text, json_pack("{s:s}", "by", run->held_by), e);
}

static int look_for_answer(struct asking *asking, struct error *e) {
    struct run *run = asking->mind->run;
    int r = run->sink->answer(run->sink->user, asking->id, &asking->answer, &run->sink_problem);
    return r < 0 ? sink_failed(run, r, e) : 0;
}

/* An answer that was taken a moment before counts: whoever gave it was told so. */
static int withdraw(struct asking *asking, const char *why, struct error *e) {
    struct run *run = asking->mind->run;
    int r = run->sink->withdraw(run->sink->user, asking->id, why, &run->sink_problem);
    return r < 0 ? sink_failed(run, r, e) : look_for_answer(asking, e);
}

static int note_handled(struct asking *asking, struct error *e) {
    struct run *run = asking->mind->run;
    int r = withdraw(asking, "handled", e);
    if (r < 0)
        return r;
    if (!asking->answer)
        asking->answer = json_pack("{s:b, s:s}", "handled", 1, "by", run->held_by);
    return run_event(run, LOG_INFO, "control.returned", "The browser was given back; the run goes on", NULL, e);
}

static int time_is_up(struct asking *asking, struct error *e) {
    int r = withdraw(asking, "expired", e);
    if (r < 0 || asking->answer)
        return r;
    r = mind_event(asking->mind, LOG_WARN, "question.expired", "Nobody answered in time",
                   json_pack("{s:s, s:s}", "question_id", asking->id, "kind", asking->kind), e);
    return r < 0 ? r
                 : error_set(e, ETIME, ERROR_NO_ANSWER, "nobody answered the agent's question (%s) in time",
                             asking->kind);
}

static int poll_answer(struct asking *asking, bool *ret_over, struct error *e) {
    struct run *run = asking->mind->run;
    int64_t soon = clock_deadline(POLL_MS);
    bool expires = !run->held && asking->deadline < soon;
    int r = cdp_wait(run->client, never, NULL, expires ? asking->deadline : soon, e);
    if (r < 0 && r != -ETIMEDOUT)
        return r;
    r = look_at_control(asking, ret_over, e);
    if (!r)
        r = run->held ? record_go_on(run, e) : record_end(run, e);
    if (r < 0)
        return r;
    if (*ret_over)
        return note_handled(asking, e);
    r = look_for_answer(asking, e);
    /* Nobody loses the browser out of their hands because the time is up; it may have been given back just now. */
    if (!r && !asking->answer && !asking->taken && !run->held && clock_remaining_ms(asking->deadline) <= 0)
        r = time_is_up(asking, e);
    *ret_over = asking->answer != NULL;
    return r;
}

/* A browser is kept for people so long and no longer: then nobody has answered in time, either. Asking anew in another
 * one would not help. */
static bool was_kept_long_enough(const struct asking *asking) {
    enum end_reason reason = cdp_client_end_reason(asking->mind->run->client);
    return *asking->id && (reason == END_REASON_TIMEOUT || reason == END_REASON_IDLE);
}

static int browser_is_gone(struct asking *asking, struct error *e) {
    int r = time_is_up(asking, e);
    if (r == -ETIME)
        error_hint(e, "the browser is kept for BROWSER_WAIT_MINUTES beyond its time (browser_config.timeout_ms)");
    return r;
}

/* Whatever came of it: the time of waiting is no time of the run. */
static void end_pause(struct asking *asking) {
    struct run *run = asking->mind->run;
    int64_t waited = asking->waited = clock_monotonic_ms() - asking->began;
    run->paused_ms += waited;
    run->deadline += run->deadline == INT64_MAX ? 0 : waited;
    run->limit += run->limit == INT64_MAX ? 0 : waited;
}

static int finish(struct asking *asking, struct error *e) {
    struct run *run = asking->mind->run;
    cleanup_free char *by = memory_print("%s answered", json_text_or(asking->answer, "by", "Somebody"));
    json_t *data = json_pack("{s:s, s:s, s:I, s:O}", "question_id", asking->id, "kind", asking->kind, "waited_ms",
                             (json_int_t)asking->waited, "answer", asking->answer);
    if (!strcmp(asking->kind, "code")) /* a code is nobody else's business */
        json_object_del(data, "answer");
    int r = mind_event(asking->mind, LOG_INFO, "question.answered", by, data, e);
    return r < 0 ? r : cdp_send(run->client, NULL, "Replinet.setRun", json_pack("{s:s}", "state", "running"), e);
}

int people_ask(struct mind *mind, json_t *question, json_t **ret_answer, struct error *e) {
    cleanup_json json_t *owned = question;
    struct asking asking = {.mind = mind, .kind = json_text_or(question, "kind", "question")};
    bool over = false;
    if (!mind->run->sink->ask)
        return error_set(e, EOPNOTSUPP, ERROR_NO_ANSWER, "nobody can be asked in this run: %.300s",
                         json_text_or(question, "text", ""));
    int r = begin(&asking, owned, e);
    while (!r && !over)
        r = poll_answer(&asking, &over, e);
    end_pause(&asking);
    if (r < 0 && was_kept_long_enough(&asking))
        r = browser_is_gone(&asking, e);
    if (r < 0)
        record_end_stopped(mind->run, e);
    if (r == -ECANCELED && *asking.id) {
        struct error ignored;
        withdraw(&asking, "stopped", &ignored);
    }
    if (!r)
        r = finish(&asking, e);
    if (!r)
        *ret_answer = take_pointer(asking.answer);
    json_decref(asking.answer);
    return r;
}

char *people_words(const json_t *answer) {
    const json_t *approved = json_object_get(answer, "approved"), *values = json_object_get(answer, "values");
    const char *by = json_text_or(answer, "by", "A person"), *text = json_text_or(answer, "text", NULL);
    cleanup_free char *list = json_object_size(values) ? json_print(values) : NULL;
    if (json_bool_or(answer, "handled", false) && !text && !list)
        return memory_print("%s did it in the browser and gave it back. Look at the page.", by);
    return memory_print("%s answered%s%s%s%s%s", by,
                        json_is_boolean(approved) ? json_is_true(approved) ? ": yes" : ": no" : "", text ? ": " : "",
                        text ? text : "", list ? ": " : "", list ? list : "");
}
