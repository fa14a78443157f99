/* Actions that decide which steps run: repeat. */
#include "agent/action.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/memory.h"
#include <errno.h>

action_handler action_repeat;

#define PASSES_DEFAULT 100

/* `key` says whether another pass comes: `wanted` is the answer that lets it come. A missing condition always does. */
static int may_go_on(struct step *step, const char *key, bool wanted, bool *ret_go_on, struct error *e) {
    bool holds = wanted;
    int r = json_object_get(step->arguments, key) ? condition_decide(step, key, &holds, e) : 0;
    *ret_go_on = holds == wanted;
    return r;
}

static int run_part(struct step *step, const char *key, struct error *e) {
    const json_t *steps = json_object_get(step->arguments, key);
    cleanup_free char *path = memory_print("%s.repeat.%s", step->path, key);
    return steps ? step_run_list(step->run, steps, path, e) : 0;
}

static int run_passes(struct step *step, int64_t *passes, struct error *e) {
    int64_t times = json_int_or(step->arguments, "times", -1),
            max = json_int_or(step->arguments, "max", PASSES_DEFAULT);
    json_t *index = json_object_get(step->run->values, "loop");
    bool go_on = true;
    int r = 0;
    for (*passes = 0; times < 0 || *passes < times; ++*passes) {
        r = may_go_on(step, "while", true, &go_on, e);
        if (r < 0 || !go_on)
            return r;
        if (times < 0 && *passes >= max)
            return error_set(e, ELOOP, ERROR_STEP, "the loop did not end within %lld passes", (long long)max);
        json_object_set_new(index, "index", json_integer(*passes + 1));
        if (*passes && (r = run_part(step, "between", e)) < 0)
            return r;
        r = run_part(step, "steps", e);
        if (!r)
            r = may_go_on(step, "until", false, &go_on, e);
        if (r < 0 || !go_on || step->run->stopping)
            return ++*passes, r;
    }
    return 0;
}

json_t *loop_enter(struct step *step, struct loop_scope *scope) {
    json_t *values = step->run->values, *loop;
    *scope = (struct loop_scope){json_incref(json_object_get(values, "loop")), step->run->limit, step->run->paused_ms};
    step->run->limit = step->deadline;
    json_object_set_new(values, "loop", loop = json_pack("{s:O}", "outer", scope->outer));
    return loop;
}

void loop_leave(struct step *step, struct loop_scope *scope) {
    json_object_set_new(step->run->values, "loop", scope->outer);
    step->run->limit = scope->limit;
    if (scope->limit != INT64_MAX)
        step->run->limit += step->run->paused_ms - scope->paused_ms;
}

int action_repeat(struct step *step, struct error *e) {
    struct loop_scope scope;
    int64_t passes = 0;
    loop_enter(step, &scope);
    int r = run_passes(step, &passes, e);
    loop_leave(step, &scope);
    json_object_set_new(step->data, "passes", json_integer(passes));
    return r;
}
