#include "agent/takeover.h"
#include "agent/replay/record.h"
#include "base/clock.h"
#include <errno.h>
#include <stdio.h>

void takeover_event(struct run *run, const json_t *params) {
    run->dialogs.left_to_person = run->held = json_bool_or(params, "held", false);
    run->takeovers += run->held;
    if (run->held)
        snprintf(run->held_by, sizeof run->held_by, "%s", json_text_or(params, "by", "somebody"));
}

struct wait {
    struct run *run;
    int64_t changes;
};

/* A document that came is to be listened to at once. */
static bool has_news(void *user) {
    struct wait *wait = user;
    return !wait->run->held || tabs_changes(wait->run->tabs) != wait->changes;
}

static int tell_waiting(struct run *run, const char *reason, struct error *e) {
    int r = run->sink->waiting(run->sink->user, reason, &run->sink_problem);
    if (r < 0)
        *e = run->sink_problem;
    return r < 0 ? (run->sink_error = r) : 0;
}

static int tell_keeper(struct run *run, const char *state, struct error *e) {
    return cdp_send(run->client, NULL, "Replinet.setRun", json_pack("{s:s}", "state", state), e);
}

static int begin(struct run *run, struct error *e) {
    char text[192];
    snprintf(text, sizeof text, "%s has the browser in hand; the run waits", run->held_by);
    int r = record_go_on(run, e);
    if (!r)
        r = tell_keeper(run, "paused", e);
    if (!r)
        r = tell_waiting(run, "control", e);
    if (!r)
        r = run_event(run, LOG_INFO, "control.taken", text, json_pack("{s:s}", "by", run->held_by), e);
    return r;
}

static int end(struct run *run, int64_t waited_ms, struct error *e) {
    run->paused_ms += waited_ms;
    run->deadline += run->deadline == INT64_MAX ? 0 : waited_ms;
    run->limit += run->limit == INT64_MAX ? 0 : waited_ms;
    int r = record_end(run, e);
    if (!r)
        r = tell_keeper(run, "running", e);
    if (!r)
        r = tell_waiting(run, NULL, e);
    if (!r)
        r = run_event(run, LOG_INFO, "control.returned", "The browser was given back; the run goes on",
                      json_pack("{s:I}", "waited_ms", (json_int_t)waited_ms), e);
    return r;
}

static int wait_for_return(struct run *run, struct error *e) {
    int r = 0;
    while (!r && run->held) {
        struct wait wait = {run, tabs_changes(run->tabs)};
        r = record_go_on(run, e);
        if (!r)
            r = cdp_wait(run->client, has_news, &wait, clock_deadline(RECORD_MS), e);
        r = r == -ETIMEDOUT ? 0 : r;
    }
    return r;
}

int takeover_wait(struct run *run, bool *ret_waited, struct error *e) {
    int64_t began = clock_monotonic_ms();
    int r = run->client ? cdp_poll(run->client, e) : 0;
    if (ret_waited)
        *ret_waited = !r && run->held;
    if (r < 0 || !run->held)
        return r;
    r = begin(run, e);
    if (!r)
        r = wait_for_return(run, e);
    if (r < 0)
        return record_end_stopped(run, e), r;
    return end(run, clock_monotonic_ms() - began, e);
}
