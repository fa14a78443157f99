#include "agent/hands.h"
#include "agent/browser_config.h"
#include "agent/run_life.h"
#include "agent/takeover.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_MS       15000
#define SETTLE_MS     3000
#define CALM_STILL_MS 100
#define CALM_MOST_MS  600

struct hands {
    struct run run;
    struct agent_outcome outcome;
    struct observer *observer;
    int64_t calls;
};

int hands_open(const struct agent_options *options, const struct agent_sink *sink, struct hands **ret_hands,
               struct error *e) {
    struct hands *hands = memory_alloc(sizeof *hands);
    int r = browser_config_check(options->browser_config, e);
    run_begin(&hands->run, options, sink);
    hands->run.observer = hands->observer = observer_make();
    if (!r)
        r = run_open(&hands->run, &hands->outcome, e);
    if (!r)
        *ret_hands = hands;
    else
        hands_close(hands);
    return r;
}

void hands_close(struct hands *hands) {
    if (!hands)
        return;
    run_give_back(&hands->run);
    run_end(&hands->run);
    observer_free(hands->observer);
    agent_outcome_done(&hands->outcome);
    free(hands);
}

bool hands_have(const struct tool *tool) {
    return tool->action && !tool->shape;
}

bool hands_are_lost(const struct hands *hands, const struct error *e) {
    return e->code != ERROR_CANCELLED && run_ends_with(&hands->run, e);
}

int hands_listen(struct hands *hands, struct error *e) {
    return cdp_poll(hands->run.client, e);
}

/* What goes wrong while it is waited for is met again by whoever looks next. */
static void calm(struct hands *hands) {
    struct run *run = &hands->run;
    cleanup_json json_t *answer = NULL;
    struct error ignored;
    int64_t deadline = clock_deadline(SETTLE_MS);
    bool moved;
    if (cdp_poll(run->client, &ignored) < 0 || tabs_settle(run->tabs, deadline, &moved, &ignored) < 0)
        return;
    run->page = tabs_current(run->tabs);
    if (page_settle(run->page, deadline, &ignored) < 0 ||
        page_call(run->page, 0, "calm", json_pack("[i, i]", CALM_STILL_MS, CALM_MOST_MS), deadline, &answer,
                  &ignored) != -EAGAIN)
        return;
    page_settle(run->page, deadline, &ignored);
}

static json_t *step_of(const struct tool *tool, const json_t *arguments) {
    int64_t most = config_int(CONFIG_STEP_TIMEOUT_SECONDS) * 1000, own = tool->wait_ms;
    return json_pack("{s:o, s:I}", tool->action, tool_action_arguments(tool, arguments), "timeout_ms",
                     (json_int_t)(own && own < most ? own : most));
}

int hands_act(struct hands *hands, const struct tool *tool, const json_t *arguments, json_t **ret_data,
              struct error *e) {
    cleanup_json json_t *checked = NULL, *step = NULL, *data = NULL;
    cleanup_free char *path = memory_print("calls[%lld]", (long long)hands->calls++);
    int r = tool_arguments(tool, arguments, &checked, e);
    if (!r)
        r = takeover_wait(&hands->run, NULL, e);
    if (!r)
        r = step_run_call(&hands->run, step = step_of(tool, checked), path, &data, e);
    if (r < 0 && run_ends_with(&hands->run, e))
        return r;
    if (step)
        calm(hands);
    redactor_error(hands->run.redactor, e);
    if (!r)
        *ret_data = redactor_json(hands->run.redactor, data);
    return r;
}

int hands_look(struct hands *hands, const struct observe_options *options, struct observation *ret_observation,
               struct error *e) {
    int64_t deadline = clock_deadline(LOOK_MS);
    int r = takeover_wait(&hands->run, NULL, e);
    if (!r)
        calm(hands);
    return r < 0 ? r : observe_page(&hands->run, options, deadline, ret_observation, e);
}

int hands_read(struct hands *hands, const struct observe_reading *how, struct observed_text *ret_text,
               struct error *e) {
    int r = takeover_wait(&hands->run, NULL, e);
    return r < 0 ? r : observe_text(&hands->run, how, clock_deadline(LOOK_MS), ret_text, e);
}
