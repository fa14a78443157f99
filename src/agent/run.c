#include "agent/run.h"
#include "agent/action.h"
#include "agent/browser_config.h"
#include "agent/replay/record.h"
#include "agent/run_life.h"
#include "agent/script.h"
#include "agent/takeover.h"
#include "agent/think/think.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/schema.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Time to connect and to get the page ready, and to learn why a browser ended. */
#define OPEN_MS       30000
#define END_REASON_MS 3000
#define ASK_DOOR_MS   50
/* Refusals of the egress gate that become events; a hostile page could make thousands. */
#define REFUSALS_MAX 100

int run_event(struct run *run, enum log_level level, const char *kind, const char *message, json_t *data,
              struct error *e) {
    cleanup_json json_t *owned = data, *told = redactor_json(run->redactor, data);
    cleanup_text struct text words = {0};
    if (run->sink_error < 0)
        return *(e ? e : &run->sink_problem) = run->sink_problem, run->sink_error;
    if (redactor_text(run->redactor, message, strlen(message), &words))
        message = words.data;
    int r = run->sink->event(run->sink->user, level, kind, message, told, &run->sink_problem);
    if (r < 0) {
        run->sink_error = r;
        if (e)
            *e = run->sink_problem;
    }
    return r;
}

static bool is_text(const char *media_type) {
    static const char *const types[] = {"text/", "application/json", "application/xml", "application/javascript"};
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (text_starts_with(media_type, types[i]))
            return true;
    return false;
}

/* What was brought so far is worth more than a file that does not fit: the run goes on. */
static void tell_refusal(struct run *run, const char *kind, const char *name, size_t length, const struct error *why) {
    cleanup_free char *message = memory_print("%.100s was not kept: %s", name, why->text);
    run_event(run, LOG_WARN, "artifact.refused", message,
              json_pack("{s:s, s:s, s:I, s:s, s:s}", "kind", kind, "name", name, "bytes", (json_int_t)length, "code",
                        error_name(why->code), "hint", why->hint),
              NULL);
}

int run_artifact(struct run *run, const char *kind, const char *name, const char *media_type, const void *data,
                 size_t length, char ret_id[37], struct error *e) {
    struct error problem = {0};
    cleanup_text struct text words = {0}, called = {0};
    if (is_text(media_type) && redactor_text(run->redactor, data, length, &words))
        data = words.data, length = words.length;
    if (redactor_text(run->redactor, name, strlen(name), &called))
        name = called.data;
    int r = run->sink->artifact(run->sink->user, kind, name, media_type, data, length, ret_id, &problem);
    if (r < 0 && e)
        *e = problem;
    if (r < 0 && problem.code == ERROR_QUOTA) {
        tell_refusal(run, kind, name, length, &problem);
    } else if (r < 0) {
        run->sink_error = r;
        run->sink_problem = problem;
    }
    return r;
}

static void on_note(void *user, int level, const char *kind, const char *message, json_t *data) {
    run_event(user, (enum log_level)level, kind, message, data, NULL);
}

static void on_target(void *user, const char *session_id, const char *type) {
    struct run *run = user;
    emulation_tell(run->emulation, session_id, type);
}

static void on_egress(struct run *run, const json_t *params) {
    const char *host = json_text_or(params, "host", ""), *text = json_text_or(params, "text", "");
    bool refused = !strcmp(json_text_or(params, "decision", ""), "refused");
    if (refused) {
        snprintf(run->refused_host, sizeof run->refused_host, "%s", host);
        snprintf(run->refused_text, sizeof run->refused_text, "the egress gate refused %.100s:%lld (%.60s): %.150s",
                 host, (long long)json_int_or(params, "port", 0), json_text_or(params, "rule", ""), text);
    }
    if (refused && run->refusals++ >= REFUSALS_MAX)
        return;
    run_event(run, refused ? LOG_WARN : LOG_DEBUG, refused ? "egress.refused" : "egress.allowed",
              refused ? run->refused_text : text, json_deep_copy(params), NULL);
}

static void on_event(void *user, const char *session_id, const char *method, const json_t *params) {
    struct run *run = user;
    if (!strcmp(method, "Replinet.egress"))
        on_egress(run, params);
    else if (!strcmp(method, "Replinet.control"))
        takeover_event(run, params);
    else if (!strcmp(method, "Replinet.navigates") && run->tabs)
        record_navigates(run, json_text_or(params, "targetId", ""));
    else if (!strcmp(method, "Replinet.closes") && run->tabs)
        record_closes(run, json_text_or(params, "targetId", ""));
    else if (!emulation_event(run->emulation, session_id, method, params) && run->tabs)
        tabs_event(run->tabs, session_id, method, params);
}

static int64_t settle(void *user) {
    struct run *run = user;
    int64_t again = INT64_MAX;
    if (run->sink_error >= 0 && run->sink->settle)
        run->sink_error = run->sink->settle(run->sink->user, &again, &run->sink_problem);
    return run->sink_error < 0 ? INT64_MAX : again;
}

static int lease(struct run *run, struct agent_outcome *outcome, struct error *e) {
    cleanup_json json_t *browser = NULL;
    int64_t began = clock_monotonic_ms();
    const struct agent_profile *profile = run->options->profile;
    int r = door_lease_with_profile(run->options->door, run->options->lease_id, run->options->lease,
                                    profile ? profile->fd : -1, &browser, e);
    if (r < 0)
        return r;
    snprintf(outcome->browser_id, sizeof outcome->browser_id, "%s", json_text_or(browser, "id", ""));
    run->browser_id = outcome->browser_id;
    r = run_event(run, LOG_INFO, "browser.leased", "A browser was leased",
                  json_pack("{s:s, s:I}", "browser_id", run->browser_id, "duration_ms",
                            (json_int_t)(clock_monotonic_ms() - began)),
                  e);
    if (r < 0)
        return r;
    r = run->sink->running(run->sink->user, run->browser_id, &run->sink_problem);
    return r < 0 ? (*e = run->sink_problem, run->sink_error = r) : 0;
}

static int connect_browser(struct run *run, struct error *e) {
    cleanup_free char *path = NULL;
    const struct door *door = run->options->door;
    int64_t deadline = clock_deadline(OPEN_MS);
    deadline = deadline < run->deadline ? deadline : run->deadline;
    int r = door_cdp_path(door, run->browser_id, &path, e);
    if (!r)
        r = cdp_connect(door->host, door->port, path, deadline, &run->client, e);
    if (r < 0)
        return r;
    cdp_client_set_interrupt(run->client, run->options->interrupt_fd);
    cdp_client_set_handler(run->client, on_event, run);
    cdp_client_set_idle(run->client, settle);
    r = cdp_call(run->client, NULL, "Replinet.enable", NULL, clock_remaining_ms(deadline), NULL, e);
    if (!r)
        r = cdp_send(run->client, NULL, "Replinet.setRun", json_pack("{s:s}", "state", "running"), e);
    if (!r && run->options->browser_config)
        r = emulation_make(run->options->browser_config, run->client, deadline, &run->emulation, e);
    struct page_listener listener = {run, on_note, run->emulation ? on_target : NULL, record_act};
    if (!r)
        r = tabs_open(run->client, &listener, &run->dialogs, deadline, &run->tabs, e);
    if (!r)
        r = emulation_tell_now(run->emulation, page_session_id(tabs_current(run->tabs), 0), deadline, e);
    run->page = r < 0 ? NULL : tabs_current(run->tabs);
    return r;
}

int run_open(struct run *run, struct agent_outcome *outcome, struct error *e) {
    int r = lease(run, outcome, e);
    return r < 0 ? r : connect_browser(run, e);
}

static int think(struct run *run, struct error *e) {
    run->thinking = true;
    run->stopping = false;
    return think_run(run, e);
}

static int carry_out(struct run *run, struct agent_outcome *outcome, struct error *e) {
    const json_t *script = run->options->script;
    int r = script ? agent_check_script(script, e) : 0;
    if (!r)
        r = browser_config_check(run->options->browser_config, e);
    if (!r)
        r = run_open(run, outcome, e);
    if (!r && script)
        r = step_run_list(run, script_steps(script), "steps", e);
    if (!r && run->options->model && !run->mends)
        r = think(run, e);
    return r < 0 ? r : takeover_wait(run, NULL, e); /* nobody loses the browser out of their hands */
}

static bool has_ended(void *user) {
    struct run *run = user;
    return cdp_client_end_reason(run->client) != END_REASON_NONE;
}

/* What the door remembers of the browser's end; it may learn of it later than its client did. */
static enum end_reason ask_door(struct run *run, int64_t deadline) {
    struct door door = *run->options->door;
    door.interrupt_fd = -1;
    for (;; clock_sleep_ms(ASK_DOOR_MS)) {
        cleanup_json json_t *browser = NULL;
        struct error ignored;
        int r = door_get(&door, run->browser_id, &browser, &ignored);
        enum end_reason reason =
            r < 0 ? END_REASON_NONE : end_reason_from_name(json_text_or(browser, "reason", "none"));
        if (reason != END_REASON_NONE || clock_remaining_ms(deadline) <= 0)
            return reason;
    }
}

/* The keeper says why a browser ended, a moment after its pages have died of it; a keeper that died says nothing. */
static const char *end_of_browser(struct run *run, const struct error *why) {
    struct error ignored;
    int64_t deadline = clock_deadline(END_REASON_MS);
    if (run->client)
        cdp_wait(run->client, has_ended, run, deadline, &ignored);
    enum end_reason reason = run->client ? cdp_client_end_reason(run->client) : END_REASON_NONE;
    if (reason == END_REASON_NONE)
        reason = ask_door(run, deadline);
    if (reason != END_REASON_NONE)
        return end_reason_name(reason);
    return why->code == ERROR_BROWSER_OOM ? "oom" : why->code == ERROR_CLOSED ? "disconnected" : "crash";
}

/* Which reason an error is for the outcome; those of no row are the step's own. */
static const char *reason_of(struct run *run, const struct error *why) {
    static const enum error_code ended[] = {ERROR_BROWSER_CRASH, ERROR_BROWSER_OOM, ERROR_CLOSED};
    if (why->code == ERROR_CANCELLED)
        return "stopped";
    for (size_t i = 0; run->browser_id && i < ARRAY_LENGTH(ended); i++)
        if (why->code == ended[i])
            return end_of_browser(run, why);
    if (run->browser_id && !run->client && why->code == ERROR_CONFLICT) /* it ended before we connected */
        return end_of_browser(run, why);
    if (run->deadline != INT64_MAX && clock_remaining_ms(run->deadline) <= 0)
        return "timeout";
    return run->page && !run->thinking ? "step_failed" : error_name(why->code);
}

static void judge(struct run *run, int r, const struct error *why, struct agent_outcome *outcome) {
    outcome->status = AGENT_COMPLETED;
    if (!r)
        return;
    outcome->error = *why;
    snprintf(outcome->reason, sizeof outcome->reason, "%s", reason_of(run, why));
    outcome->status = strcmp(outcome->reason, "stopped") ? AGENT_FAILED : AGENT_STOPPED;
    if (!strcmp(outcome->reason, "timeout"))
        error_prefix(&outcome->error, "the run's time was up");
}

/* A run that came to its end and has not brought what was asked for has failed; what it brought is kept. */
static void judge_results(struct run *run, struct agent_outcome *outcome) {
    const json_t *schema = run->options->result_schema;
    if (outcome->status != AGENT_COMPLETED || !schema || json_is_null(schema) ||
        !schema_validate(schema, run->results, "results", &run->problems, &outcome->error))
        return;
    outcome->status = AGENT_FAILED;
    snprintf(outcome->reason, sizeof outcome->reason, "result_invalid");
}

static void keep_profile(struct run *run, const struct door *door) {
    const struct agent_profile *profile = run->options->profile;
    const char *said = profile ? profile->released(profile->user, door, run->browser_id) : "";
    if (*said)
        run_event(run, LOG_INFO, "note", said, NULL, NULL);
}

void run_give_back(struct run *run) {
    struct door door = *run->options->door;
    struct error problem;
    door.interrupt_fd = -1;
    if (run->client)
        cdp_client_set_handler(run->client, NULL, NULL);
    cdp_client_free(run->client);
    emulation_free(run->emulation);
    run->client = NULL;
    run->emulation = NULL;
    tabs_free(run->tabs);
    run->tabs = NULL;
    run->page = NULL;
    dialogs_done(&run->dialogs);
    if (!run->browser_id)
        return;
    int r = door_release(&door, run->browser_id, "released", &problem);
    run_event(run, r < 0 ? LOG_WARN : LOG_INFO, "browser.ended", r < 0 ? problem.text : "The browser was given back",
              json_pack("{s:s}", "browser_id", run->browser_id), NULL);
    if (!r)
        keep_profile(run, &door);
}

static int64_t deadline_of(const struct agent_options *options) {
    int64_t ms = options->timeout_ms > 0 ? options->timeout_ms : json_int_or(options->lease, "timeout_ms", 0);
    return clock_deadline(ms > 0 ? ms : config_int(CONFIG_BROWSER_TIMEOUT) * 1000);
}

static void tell_end(struct run *run, const struct agent_outcome *outcome) {
    static const char *const names[] = {"completed", "failed", "stopped"};
    bool fine = outcome->status == AGENT_COMPLETED;
    const char *done = run->options->model && !run->mends ? "The task is done" : "The script is done";
    run_event(run, fine ? LOG_INFO : LOG_ERROR, "run.finished", fine ? done : outcome->error.text,
              json_pack("{s:s, s:s, s:I, s:I, s:I, s:o*, s:O*}", "status", names[outcome->status], "reason",
                        outcome->reason, "steps_done", (json_int_t)outcome->steps_done, "execution_ms",
                        (json_int_t)outcome->execution_ms, "egress_refusals", (json_int_t)run->refusals, "usage",
                        run->options->model ? agent_usage(outcome) : NULL, "problems", run->problems),
              NULL);
}

/* It knows every password from the start: a page may show one that it had from elsewhere. */
static struct redactor *redactor_of(const json_t *credentials) {
    struct redactor *redactor = json_array_size(credentials) ? redactor_make() : NULL;
    for (size_t i = 0; redactor && i < json_array_size(credentials); i++) {
        const json_t *credential = json_array_get(credentials, i);
        redactor_add(redactor, json_text_or(credential, "password", ""), INT64_MAX);
        redactor_add(redactor, json_text_or(credential, "totp", ""), INT64_MAX);
    }
    return redactor;
}

void run_begin(struct run *run, const struct agent_options *options, const struct agent_sink *sink) {
    *run = (struct run){.options = options, .sink = sink, .deadline = deadline_of(options)};
    run->limit = run->deadline;
    run->results = json_object();
    run->uploads = json_object();
    run->redactor = redactor_of(options->credentials);
    run->values =
        json_pack("{s:O?, s:o, s:{}, s:{}}", "inputs", options->inputs, "results", run->results, "vars", "loop");
}

void run_end(struct run *run) {
    json_decref(run->values);
    json_decref(run->problems);
    json_decref(run->uploads);
    json_decref(run->recording.acts);
    redactor_free(run->redactor);
}

int agent_run(const struct agent_options *options, const struct agent_sink *sink, struct agent_outcome *ret_outcome,
              struct error *e) {
    int64_t began = clock_monotonic_ms();
    struct run run;
    struct error why = {0};
    struct agent_options own = *options;
    bool mends = options->model && script_mends(options->script);
    cleanup_json json_t *script = mends ? json_deep_copy(options->script) : json_incref((json_t *)options->script);
    own.script = script;
    run_begin(&run, &own, sink);
    run.mends = mends;
    *ret_outcome = (struct agent_outcome){0};
    int r = run_event(&run, LOG_INFO, "run.started", options->script ? "The script starts" : "The model starts",
                      json_pack("{s:I, s:s*}", "steps", (json_int_t)json_array_size(script_steps(options->script)),
                                "model", options->model ? options->model->llm->model : NULL),
                      &why);
    if (!r)
        r = carry_out(&run, ret_outcome, &why);
    redactor_error(run.redactor, &why);
    judge(&run, r, &why, ret_outcome);
    judge_results(&run, ret_outcome);
    redactor_error(run.redactor, &ret_outcome->error);
    ret_outcome->results = redactor_json(run.redactor, run.results);
    ret_outcome->steps_done = run.steps_done;
    ret_outcome->turns = run.turns;
    ret_outcome->spent = run.spent;
    ret_outcome->mended = run.mended ? json_incref(script) : NULL;
    ret_outcome->execution_ms = clock_monotonic_ms() - began;
    run_give_back(&run);
    tell_end(&run, ret_outcome);
    run_end(&run);
    if (run.sink_error < 0 && e)
        *e = run.sink_problem;
    return run.sink_error;
}

json_t *agent_usage(const struct agent_outcome *outcome) {
    const struct agent_spending *spent = &outcome->spent;
    json_t *usage = json_pack("{s:I}", "steps", (json_int_t)outcome->steps_done);
    if (spent->calls)
        json_object_update_new(usage, json_pack("{s:I, s:I, s:I, s:I, s:I}", "turns", (json_int_t)outcome->turns,
                                                "input_tokens", (json_int_t)spent->input_tokens, "output_tokens",
                                                (json_int_t)spent->output_tokens, "cached_tokens",
                                                (json_int_t)spent->cached_tokens, "cost_micro",
                                                (json_int_t)spent->cost_micro));
    return usage;
}

void agent_outcome_done(struct agent_outcome *outcome) {
    json_decref(outcome->results);
    json_decref(outcome->mended);
    *outcome = (struct agent_outcome){0};
}
