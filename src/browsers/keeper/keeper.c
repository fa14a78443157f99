/* The keeper: starts, becomes warm with the browser's first answer, and says with its exit status why it ended. */
#include "browsers/keeper/keeper.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/keeper/hardening.h"
#include "browsers/keeper/keeper_internal.h"
#include "browsers/keeper/live.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define END_MS   400  /* the launcher gives a keeper little more before it kills it */
#define CLOSE_MS 8000 /* with a profile, which Chromium writes before it goes */
#define HURRY_MS 150  /* after SIGTERM, when the container is being killed already */

void keeper_set_state(struct keeper *keeper, enum keeper_state state) {
    keeper->state = state;
    control_send_status(keeper);
}

static void stop(struct keeper *keeper) {
    uv_stop(&keeper->loop);
}

static void end_is_due(uv_timer_t *timer) {
    stop(timer->data);
}

void keeper_end_if_done(struct keeper *keeper) {
    if (keeper->state == KEEPER_ENDING && keeper->client_count == 0 && keeper->browser_gone)
        stop(keeper);
}

static void tell_clients(struct keeper *keeper) {
    cleanup_text struct text params = {0};
    const char *name = end_reason_name(keeper->reason), *text = end_reason_text(keeper->reason);
    text_print(&params, "{\"reason\":\"%s\",\"text\":", name);
    text_append_json(&params, text, strlen(text));
    text_append_char(&params, '}');
    mux_announce(keeper->mux, "Replinet.ending", params.data);
    live_close_all(keeper->live, END_REASON_CLOSE_BASE + keeper->reason, name, text);
    clients_close_all(keeper, END_REASON_CLOSE_BASE + keeper->reason, name);
}

/* A browser that does not answer, or does not run, is not asked to close. */
static bool may_ask(const struct keeper *keeper) {
    static const bool hopeless[END_REASON_COUNT] = {
        [END_REASON_OOM] = true,          [END_REASON_CRASH] = true,    [END_REASON_UNRESPONSIVE] = true,
        [END_REASON_START_FAILED] = true, [END_REASON_SHUTDOWN] = true,
    };
    return !keeper->browser_gone && !hopeless[keeper->reason];
}

static uint64_t end_ms(const struct keeper *keeper) {
    bool keeps = keeper->reason == END_REASON_RELEASED && json_bool_or(keeper->lease, "profile", false);
    return keeper->reason == END_REASON_SHUTDOWN ? HURRY_MS : keeps ? CLOSE_MS : END_MS;
}

void keeper_end(struct keeper *keeper, enum end_reason reason) {
    if (keeper->state == KEEPER_ENDING)
        return;
    keeper->reason = reason;
    lease_stop(keeper);
    health_watch(keeper, false);
    uv_timer_stop(&keeper->start_timer);
    gate_close(keeper->gate);
    tell_clients(keeper);
    keeper_set_state(keeper, KEEPER_ENDING);
    browser_pipe_set_reading(&keeper->pipe, true); /* even when a slow client had stopped it */
    if (may_ask(keeper))
        mux_call(keeper->mux, "Browser.close", "{}", NULL, NULL);
    else
        keeper->browser_gone = true;
    uv_timer_start(&keeper->end_timer, end_is_due, end_ms(keeper), 0);
    log_info("the browser ends", LOG_BROWSER(keeper->id), LOG_TEXT("event.reason", end_reason_name(reason)));
    keeper_end_if_done(keeper);
}

static void told_to_stop(uv_signal_t *watcher, int number) {
    struct keeper *keeper = watcher->data;
    keeper_end(keeper, END_REASON_SHUTDOWN);
    uv_timer_start(&keeper->end_timer, end_is_due, HURRY_MS, 0);
}

static void start_took_too_long(uv_timer_t *timer) {
    keeper_end(timer->data, END_REASON_START_FAILED);
}

static void browser_answered(void *user, const struct cdp_envelope *answer) {
    struct keeper *keeper = user;
    char version[128];
    if (keeper->state != KEEPER_STARTING)
        return;
    if (cdp_span_get_string(answer->result, "product", version, sizeof(version)) == 0)
        keeper->version = memory_copy_text(version);
    keeper->start_ms = clock_monotonic_ms() - keeper->started_at;
    uv_timer_stop(&keeper->start_timer);
    health_watch(keeper, true);
    keeper_set_state(keeper, KEEPER_WARM);
    log_info("the browser is there", LOG_BROWSER(keeper->id), LOG_INT("replinet.browser.start_ms", keeper->start_ms));
}

static void gate_decided(void *context, const struct gate_event *event) {
    clients_announce_egress(context, event);
}

static int start_gate(struct keeper *keeper, struct error *e) {
    const struct gate_options options = {
        .allow = config_text(CONFIG_EGRESS_ALLOW),
        .dns = config_text(CONFIG_EGRESS_DNS),
        .max_connections = (unsigned)config_int(CONFIG_EGRESS_MAX_CONNECTIONS),
        .on_event = gate_decided,
        .context = keeper,
    };
    return gate_start(&keeper->loop, KEEPER_FD_GATE, &options, &keeper->gate, e);
}

static void start_timers(struct keeper *keeper) {
    uv_timer_init(&keeper->loop, &keeper->start_timer);
    uv_timer_init(&keeper->loop, &keeper->end_timer);
    uv_signal_init(&keeper->loop, &keeper->terminate);
    keeper->start_timer.data = keeper->end_timer.data = keeper->terminate.data = keeper;
    uv_signal_start(&keeper->terminate, told_to_stop, SIGTERM);
    uv_timer_start(&keeper->start_timer, start_took_too_long, (uint64_t)config_int(CONFIG_BROWSER_START_SECONDS) * 1000,
                   0);
}

static int start(struct keeper *keeper, struct error *e) {
    keeper->started_at = clock_monotonic_ms();
    keeper->control_fd = -1;
    uv_loop_init(&keeper->loop);
    start_timers(keeper);
    clients_start(keeper);
    lease_start(keeper);
    health_start(keeper);
    keeper->mux = mux_new(&clients_mux_outputs, keeper);
    keeper->live = live_new(keeper);
    int result = start_gate(keeper, e);
    if (result == 0)
        result =
            browser_pipe_open(&keeper->pipe, &keeper->loop, KEEPER_FD_TO_BROWSER, KEEPER_FD_FROM_BROWSER,
                              (size_t)config_int(CONFIG_CDP_MESSAGE_MAX_MB) << 20, &clients_pipe_events, keeper, e);
    if (result == 0)
        result = control_start(keeper, e);
    if (result == 0)
        mux_call(keeper->mux, "Browser.getVersion", "{}", browser_answered, keeper);
    return result;
}

/* The process ends now: what it holds goes with it. Chromium notices the pipe's end. */
static int run(struct keeper *keeper) {
    uv_run(&keeper->loop, UV_RUN_DEFAULT);
    return END_REASON_EXIT_BASE + (int)keeper->reason;
}

int keeper_command(int count, char **arguments) {
    static struct keeper keeper;
    struct error e;
    if (count != 2 || !uuid_is_valid(arguments[1])) {
        fprintf(stderr, "usage: replinet keeper BROWSER_ID (started by the launcher)\n");
        return 2;
    }
    snprintf(keeper.id, sizeof keeper.id, "%s", arguments[1]);
    int result = hardening_apply(&e);
    if (result == 0)
        result = start(&keeper, &e);
    if (result < 0) {
        log_failure(&e, "the keeper cannot start", LOG_BROWSER(keeper.id));
        return END_REASON_EXIT_BASE + END_REASON_START_FAILED;
    }
    return run(&keeper);
}
