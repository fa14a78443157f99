/* Actions that decide which steps run: repeat. */
#include "agent/action.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "agent/template.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>

action_handler action_repeat;

#define PASSES_DEFAULT 100
#define ASK_AGAIN_MS   20

/* A loop's condition is asked once, in the page as it is after the steps before it. */
static int ask(struct step *step, const char *key, bool *ret_holds, struct error *e) {
    const json_t *written = json_object_get(step->arguments, key);
    cleanup_json json_t *condition = NULL;
    struct step asking = *step; /* it has the time of a step, not of the whole loop */
    asking.deadline = step_deadline(step->run, NULL);
    int r = template_expand(written, step->run->values, &condition, e);
    if (!r)
        r = shape_check(&shape_condition, condition, key, e);
    if (r < 0)
        return r;
    do {
        cleanup_free char *seen = NULL;
        r = condition_ask(&asking, condition, ret_holds, &seen, e);
    } while (r == -EAGAIN && clock_remaining_ms(asking.deadline) > 0 && !step_pause(&asking, ASK_AGAIN_MS, e));
    return r == -EAGAIN ? error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the page kept changing while %s was asked", key) : r;
}

/* `key` says whether another pass comes: `wanted` is the answer that lets it come. A missing condition always does. */
static int may_go_on(struct step *step, const char *key, bool wanted, bool *ret_go_on, struct error *e) {
    bool holds = wanted;
    int r = json_object_get(step->arguments, key) ? ask(step, key, &holds, e) : 0;
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
        if (r < 0 || !go_on)
            return ++*passes, r;
    }
    return 0;
}

int action_repeat(struct step *step, struct error *e) {
    json_t *values = step->run->values;
    cleanup_json json_t *outer = json_incref(json_object_get(values, "loop"));
    int64_t passes = 0, limit = step->run->limit;
    step->run->limit = step->deadline;
    json_object_set_new(values, "loop", json_object());
    int r = run_passes(step, &passes, e);
    json_object_set(values, "loop", outer);
    step->run->limit = limit;
    json_object_set_new(step->data, "passes", json_integer(passes));
    return r;
}
