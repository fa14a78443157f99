/* One step: its events, its time, its arguments made ready, and what is told when it fails. */
#include "agent/action.h"
#include "agent/observe/observation.h"
#include "agent/replay/describe.h"
#include "agent/script.h"
#include "agent/shapes.h"
#include "agent/takeover.h"
#include "agent/target.h"
#include "agent/template.h"
#include "agent/think/mend.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FAILURE_PICTURE_MS 5000

int64_t step_deadline(const struct run *run, const json_t *step) {
    int64_t ms = json_int_or(step, "timeout_ms", config_int(CONFIG_STEP_TIMEOUT_SECONDS) * 1000);
    int64_t own = clock_deadline(ms);
    return own < run->limit ? own : run->limit;
}

/* The member of the arguments that best says what the step is about, when it is no target. */
static const char *const telling[] = {"url", "key", "as", "script", "message", "title", "page"};

char *step_title(const json_t *step, const char *action, const json_t *arguments) {
    const char *name = json_text_or(step, "name", NULL), *detail = NULL;
    if (name)
        return memory_copy_text(name);
    const json_t *clicked = json_object_get(arguments, "click");
    cleanup_json json_t *target = shapes_target_of(clicked ? clicked : arguments);
    cleanup_free char *words = shapes_has_target(target) ? target_describe(target) : NULL;
    for (size_t i = 0; !detail && i < ARRAY_LENGTH(telling); i++)
        detail = json_text_or(arguments, telling[i], NULL);
    char *title = memory_print("%s%s%.200s%s%s", action, detail ? " " : "", detail ? detail : "", words ? ": " : "",
                               words ? words : "");
    for (char *c = title; c < title + strlen(action); c++)
        if (*c == '_')
            *c = ' ';
    title[0] = (char)toupper((unsigned char)title[0]);
    return title;
}

/* Templates, then shorthands; what came out of templates is checked again. */
static int make_arguments(struct step *step, const struct action *action, struct error *e) {
    cleanup_json json_t *expanded = NULL;
    cleanup_json json_t *written = json_incref(json_object_get(step->step, action->name));
    /* Code is no template, also where a bare text stands for it. */
    if (action->shape == &shape_evaluate && json_is_string(written)) {
        json_t *bare = written;
        written = shape_expand(action->shape, bare);
        json_decref(bare);
    }
    int r = step->literal ? (expanded = json_deep_copy(written), 0)
                          : template_expand(written, step->run->values, &expanded, e);
    if (!r)
        expanded = shape_make_texts(action->shape, expanded);
    if (!r)
        r = shape_check(action->shape, expanded, action->name, e);
    if (!r)
        step->arguments = shape_expand(action->shape, expanded);
    return r ? r : observer_resolve(step->run, action->shape, step->arguments, e);
}

static json_t *event_data(const struct step *step, const struct action *action) {
    json_t *data = json_pack("{s:s, s:s}", "path", step->path, "action", action->name);
    json_object_update(data, step->data);
    return data;
}

/* The innermost step that failed has named itself; those around it pass its error on. */
static bool is_told(const struct error *why) {
    return text_starts_with(why->text, "steps[");
}

static bool can_take_picture(const struct run *run, const struct error *why) {
    return !page_crashed(run->page) && why->code != ERROR_CANCELLED && why->code != ERROR_CLOSED &&
           why->code != ERROR_BROWSER_CRASH && why->code != ERROR_BROWSER_OOM && why->code != ERROR_FENCED;
}

/* A page that is stuck gives no picture; it is not waited for at each step that fails in it. */
static bool gave_none(const struct run *run) {
    return run->page == run->pictureless && page_commits(run->page) == run->pictureless_commits;
}

static void add_failure_picture(struct step *step, const struct error *why, json_t *data) {
    struct run *run = step->run;
    char id[37];
    if (!can_take_picture(run, why) || is_told(why) || gave_none(run))
        return;
    if (picture_take(run, "failure.png", json_pack("{s:s}", "format", "png"), "image/png",
                     clock_deadline(FAILURE_PICTURE_MS), id, NULL) == 0) {
        json_object_set_new(data, "screenshot", json_string(id));
    } else {
        run->pictureless = run->page;
        run->pictureless_commits = page_commits(run->page);
    }
}

static void report_failure(struct step *step, const struct action *action, const char *title, int64_t began,
                           const struct error *why, bool optional) {
    json_t *data = event_data(step, action);
    json_object_set_new(data, "duration_ms", json_integer(clock_monotonic_ms() - began));
    json_object_set_new(
        data, "error",
        json_pack("{s:s, s:s, s:s}", "code", error_name(why->code), "text", why->text, "hint", why->hint));
    if (optional && !step->literal)
        json_object_set_new(data, "optional", json_true());
    add_failure_picture(step, why, data);
    cleanup_free char *message = memory_print("%s failed: %s", title, why->text);
    run_event(step->run, optional ? LOG_WARN : LOG_ERROR, "step.failed", message, data, NULL);
}

static void report_success(struct step *step, const struct action *action, const char *title, int64_t began) {
    json_t *data = event_data(step, action);
    json_object_set_new(data, "duration_ms", json_integer(clock_monotonic_ms() - began));
    if (step->replay)
        json_object_set_new(data, "replay", replay_without_secret(step->replay, step->data));
    run_event(step->run, LOG_INFO, "step.finished", title, data, NULL);
}

/* Failures of the world around a step: no "optional" makes them pass. */
bool run_ends_with(const struct run *run, const struct error *e) {
    static const enum error_code ends[] = {ERROR_CANCELLED, ERROR_CLOSED, ERROR_BROWSER_CRASH, ERROR_BROWSER_OOM,
                                           ERROR_FENCED};
    for (size_t i = 0; i < ARRAY_LENGTH(ends); i++)
        if (e->code == ends[i])
            return true;
    return run->sink_error < 0 || clock_remaining_ms(run->deadline) <= 0;
}

/* When the tab that steps act on has closed, they go on in another one. */
static int find_tab(struct step *step, bool *ret_moved, struct error *e) {
    struct run *run = step->run;
    int r = tabs_settle(run->tabs, step->deadline, ret_moved, e);
    run->page = tabs_current(run->tabs);
    if (!r && *ret_moved)
        run_event(run, LOG_INFO, "note", "The tab has closed; the script goes on in another one", NULL, NULL);
    return r;
}

/* A tab that closes of its own accord may do so at any time: what was begun in it begins again in the next one. */
static int handle(struct step *step, const struct action *action, struct error *e) {
    bool moved = false;
    int r = find_tab(step, &moved, e);
    if (!r)
        r = action->handler(step, e);
    if (r != -ENOLINK || !page_closed(step->run->page))
        return r;
    r = find_tab(step, &moved, e);
    return r < 0 ? r : action->handler(step, e);
}

/* A person may have changed the page under the step's hands: once the browser is given back it gets a second chance. */
static int handle_again(struct step *step, const struct action *action, struct error *e) {
    struct error problem;
    int r = takeover_wait(step->run, NULL, &problem);
    if (r < 0) {
        *e = problem;
        return r;
    }
    step->deadline = step_deadline(step->run, step->step);
    return handle(step, action, e);
}

/* What a script of the run will have in the step's place, or why it will have nothing. */
static void describe(struct step *step, const struct action *action) {
    const char *why = NULL;
    step->replay = replay_describe(step, action, &why);
    if (!step->replay)
        json_object_set_new(step->data, "left_out", json_string(why));
}

static int carry_out(struct step *step, const struct action *action, struct error *e) {
    struct run *run = step->run;
    int64_t began = clock_monotonic_ms();
    bool optional = step->literal || json_bool_or(step->step, "optional", false);
    bool holds_steps = action_holds_steps(action) && !json_object_get(step->step, "timeout_ms");
    int r = make_arguments(step, action, e);
    cleanup_free char *title = step_title(step->step, action->name, r ? NULL : step->arguments);
    step->deadline = holds_steps ? run->limit : step_deadline(run, step->step);
    step->gives_up = mend_may(step, action) && !json_object_get(step->step, "timeout_ms");
    run_event(run, LOG_INFO, "step.started", title, event_data(step, action), NULL);
    if (!r && run->thinking)
        describe(step, action);
    if (!r && !run->sink_error)
        r = handle(step, action, e);
    if (r < 0 && run->held && !holds_steps && !run_ends_with(run, e))
        r = handle_again(step, action, e);
    if (r < 0 && run->mends && !run_ends_with(run, e))
        r = mend_step(step, action, title, r, e);
    if (run->sink_error < 0)
        return *e = run->sink_problem, run->sink_error;
    if (r == -EAGAIN)
        error_set(e, EAGAIN, ERROR_STEP, "the page kept changing");
    if (!r) {
        run->steps_done++;
        report_success(step, action, title, began);
        return run->sink_error;
    }
    report_failure(step, action, title, began, e, optional);
    if (optional && !step->literal && !run_ends_with(run, e))
        return 0;
    if (!step->literal && !is_told(e))
        error_prefix(e, "%s (%s)", step->path, title);
    return r;
}

int step_run_call(struct run *run, const json_t *written, const char *path, json_t **ret_data, struct error *e) {
    const struct action *action = action_find(script_action_of(written));
    struct step step = {.run = run, .path = path, .step = written, .data = json_object(), .literal = true};
    int64_t seen = tabs_seen(run->tabs);
    int r = carry_out(&step, action, e);
    run->clicked_at = strcmp(action->name, "click") ? -1 : seen;
    if (!r && run->mending && run->mending->action == action) {
        run->mending->acted = true;
        json_decref(run->mending->replay);
        run->mending->replay = step.replay ? replay_without_secret(step.replay, step.data) : NULL;
    }
    json_decref(step.arguments);
    json_decref(step.replay);
    *ret_data = step.data;
    return r;
}

static int run_one(struct run *run, const json_t *written, const char *path, struct error *e) {
    const struct action *action = action_find(script_action_of(written));
    struct step step = {.run = run, .path = path, .step = written, .data = json_object()};
    int r = carry_out(&step, action, e);
    json_decref(step.arguments);
    json_decref(step.data);
    return r;
}

int step_run_list(struct run *run, const json_t *steps, const char *path, struct error *e) {
    int r = 0;
    for (size_t i = 0; !r && !run->stopping && i < json_array_size(steps); i++) {
        cleanup_free char *inner = memory_print("%s[%zu]", path, i);
        if (clock_remaining_ms(run->limit) <= 0)
            return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "%s: there was no time left to begin it", inner);
        r = takeover_wait(run, NULL, e);
        if (!r)
            r = run_one(run, json_array_get(steps, i), inner, e);
    }
    return r;
}
