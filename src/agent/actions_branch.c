/* Actions that decide which steps run, beside repeat: if, for_each, call, set, stop, fail. */
#include "agent/action.h"
#include "agent/script.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

action_handler action_if, action_for_each, action_call, action_set, action_stop, action_fail;

#define ITEMS_MAX     100000
#define CALL_DEPTH    8
#define ASK_AGAIN_MS  20
#define VARIABLES_MAX (8 * 1024 * 1024)

static int run_part(struct step *step, const char *action, const char *key, struct error *e) {
    const json_t *steps = json_object_get(step->arguments, key);
    cleanup_free char *path = memory_print("%s.%s.%s", step->path, action, key);
    return steps ? step_run_list(step->run, steps, path, e) : 0;
}

/* Asks until it holds or `wait_ms` are over. */
static int decide(struct step *step, bool *ret_holds, struct error *e) {
    int64_t until = clock_deadline(json_int_or(step->arguments, "wait_ms", 0));
    for (;;) {
        int r = condition_decide(step, NULL, ret_holds, e);
        if (r < 0 || *ret_holds || clock_remaining_ms(until) <= 0)
            return r;
        r = step_pause(step, ASK_AGAIN_MS, e);
        if (r < 0)
            return r;
    }
}

int action_if(struct step *step, struct error *e) {
    bool holds = false;
    int r = decide(step, &holds, e);
    if (r < 0)
        return r;
    json_object_set_new(step->data, "holds", json_boolean(holds));
    return run_part(step, "if", holds ? "then" : "else", e);
}

/* What is gone through: a list as it is; for a target the same target with the number of each element that fits. */
static int items_of(struct step *step, json_t **ret_items, struct error *e) {
    json_t *given = json_object_get(step->arguments, "in");
    if (given && !json_is_array(given))
        return error_set(e, EINVAL, ERROR_STEP, "in must be a list");
    if (given)
        return *ret_items = json_incref(given), 0;
    cleanup_json json_t *target = shapes_target_of(step->arguments);
    int64_t count = 0;
    int r = condition_count(step, target, &count, e);
    if (r < 0)
        return r;
    *ret_items = json_array();
    for (int64_t i = 1; i <= count && i <= ITEMS_MAX; i++) {
        json_t *one = json_copy(target);
        json_object_set_new(one, "nth", json_integer(i));
        json_array_append_new(*ret_items, one);
    }
    return 0;
}

static int run_items(struct step *step, const json_t *items, json_t *loop, struct error *e) {
    bool target = !json_object_get(step->arguments, "in");
    int64_t max = json_int_or(step->arguments, "max", ITEMS_MAX), passes = 0;
    int r = 0;
    for (size_t i = 0; !r && i < json_array_size(items) && passes < max && !step->run->stopping; i++, passes++) {
        json_object_set(loop, target ? "target" : "item", json_array_get(items, i));
        json_object_set_new(loop, "index", json_integer((json_int_t)i + 1));
        r = run_part(step, "for_each", "steps", e);
    }
    json_object_set_new(step->data, "passes", json_integer(passes));
    return r;
}

int action_for_each(struct step *step, struct error *e) {
    cleanup_json json_t *items = NULL;
    struct loop_scope scope;
    int r = items_of(step, &items, e);
    if (r < 0)
        return r;
    json_t *loop = loop_enter(step, &scope);
    r = run_items(step, items, loop, e);
    loop_leave(step, &scope);
    return r;
}

/* The values that a called script sees: inputs of its own, results and variables of its own. */
static int run_called(struct step *step, const json_t *script, const char *name, json_t **ret_results,
                      struct error *e) {
    struct run *run = step->run;
    json_t *outer = run->values, *outer_results = run->results;
    json_t *inputs = json_object_get(step->arguments, "inputs");
    cleanup_free char *path = memory_print("%s.call(%s)", step->path, name);
    run->results = json_object();
    run->values = json_pack("{s:O?, s:o, s:{}, s:{}}", "inputs", inputs ? inputs : json_object_get(outer, "inputs"),
                            "results", run->results, "vars", "loop");
    int64_t limit = run->limit;
    run->limit = step->deadline;
    run->depth++;
    int r = step_run_list(run, script_steps(script), path, e);
    run->depth--;
    run->limit = limit;
    run->stopping = false;
    *ret_results = json_incref(run->results);
    json_decref(run->values);
    run->values = outer;
    run->results = outer_results;
    return r;
}

int action_call(struct step *step, struct error *e) {
    const char *name = json_text_or(step->arguments, "script", ""), *as = json_text_or(step->arguments, "as", NULL);
    const json_t *script = script_named(step->run->options->script, name);
    const json_t *inputs = json_object_get(step->arguments, "inputs");
    cleanup_json json_t *results = NULL;
    if (!script)
        return error_set(e, ENOENT, ERROR_STEP, "the agent has no script named %.100s", name);
    if (inputs && !json_is_object(inputs))
        return error_set(e, EINVAL, ERROR_STEP, "inputs must be an object");
    if (step->run->depth >= CALL_DEPTH)
        return error_set(e, ELOOP, ERROR_STEP, "scripts call each other more than %d deep", CALL_DEPTH);
    int r = run_called(step, script, name, &results, e);
    if (as)
        json_object_set(step->run->results, as, results);
    else
        json_object_update(step->run->results, results);
    return r;
}

int action_set(struct step *step, struct error *e) {
    json_t *vars = json_object_get(step->run->values, "vars"), *value;
    const char *name;
    json_object_foreach (step->arguments, name, value) {
        if (json_is_null(value))
            json_object_del(vars, name);
        else
            json_object_set_new(vars, name, json_deep_copy(value));
    }
    if (json_dumpb(vars, NULL, 0, JSON_COMPACT) > VARIABLES_MAX)
        return error_set(e, E2BIG, ERROR_STEP, "the variables hold more than 8 MB");
    return 0;
}

int action_stop(struct step *step, struct error *e) {
    step->run->stopping = true;
    return 0;
}

int action_fail(struct step *step, struct error *e) {
    return error_set(e, ECANCELED, ERROR_STEP, "%.500s", json_text_or(step->arguments, "message", ""));
}
