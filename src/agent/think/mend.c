#include "agent/think/mend.h"
#include "agent/run.h"
#include "agent/script.h"
#include "agent/shapes.h"
#include "agent/think/think.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

/* Actions of one element, which models have as well. */
static const char *const mendable[] = {"click", "fill",  "select", "check",    "uncheck",
                                       "press", "hover", "drag",   "download", "scroll"};
/* Members of theirs that are targets themselves. */
static const char *const inner[] = {"to", "inside", "click"};

bool mend_may(const struct step *step, const struct action *action) {
    if (!step->run->mends || step->literal || step->run->mending || json_bool_or(step->step, "optional", false))
        return false;
    for (size_t i = 0; i < ARRAY_LENGTH(mendable); i++)
        if (!strcmp(mendable[i], action->name))
            return true;
    return false;
}

/* The arguments of one step with the targets of another. */
static json_t *with_targets(const json_t *arguments, const json_t *others) {
    json_t *merged = json_copy((json_t *)arguments);
    cleanup_json json_t *old = shapes_target_of(arguments), *new = shapes_target_of(others);
    const char *key;
    json_t *member;
    json_object_foreach (old, key, member)
        json_object_del(merged, key);
    json_object_update(merged, new);
    for (size_t i = 0; i < ARRAY_LENGTH(inner); i++)
        if (json_is_object(json_object_get(merged, inner[i])) && json_is_object(json_object_get(others, inner[i])))
            json_object_set(merged, inner[i], json_object_get(others, inner[i]));
    return merged;
}

json_t *mend_arguments(const struct run *run, const char *action, json_t *arguments) {
    if (!run->mending || strcmp(run->mending->action->name, action) != 0)
        return arguments;
    json_t *merged = with_targets(run->mending->step->arguments, arguments);
    json_decref(arguments);
    return merged;
}

/* Whether the target is another one from run to run, or from pass to pass. */
static bool has_template(const json_t *arguments) {
    cleanup_json json_t *target = shapes_target_of(arguments);
    for (size_t i = 0; i < ARRAY_LENGTH(inner); i++)
        if (json_is_object(json_object_get(arguments, inner[i])))
            json_object_set(target, inner[i], json_object_get(arguments, inner[i]));
    cleanup_free char *text = json_print(target);
    return strstr(text, "{{") != NULL;
}

static char *describe_task(const struct step *step, const char *title, const struct error *why) {
    cleanup_free char *written = json_print(step->step);
    return memory_print(
        "A script is being carried out in this browser. One of its steps found no element that fits it, since the page "
        "has changed: %s\nThe step: %s\nWhat was wrong: %s\n"
        "Do exactly this one step on the page as it is now, then call `done` with success true. If it cannot be done, "
        "or nothing on the page is what the step means, call `done` with success false. Do nothing else: the steps "
        "after it are the script's. The run puts in what the step types or chooses: give these members as they are "
        "written in the step, {{...}} included.",
        title, written, why->text);
}

/* The script's own step gets the new target; the list that holds it is the run's. */
static bool rewrite(struct step *step, const struct action *action, const json_t *replay) {
    json_t *written = (json_t *)step->step;
    cleanup_json json_t *whole = shape_expand(action->shape, json_object_get(written, action->name));
    if (!replay || has_template(whole))
        return false;
    cleanup_json json_t *before = json_deep_copy(written);
    cleanup_json json_t *made = with_targets(whole, json_object_get(replay, action->name));
    cleanup_json json_t *told = redactor_json(step->run->redactor, made);
    if (!json_equal(told, made)) /* an element that is called by a secret */
        return false;
    json_object_set(written, action->name, made);
    cleanup_json json_t *script = json_pack("[O]", written);
    struct error ignored;
    if (agent_check_script(script, &ignored) < 0)
        return json_object_update(written, before), false;
    step->run->mended++;
    run_event(step->run, LOG_WARN, "script.mended", "The step has a new target",
              json_pack("{s:s, s:O, s:o}", "path", step->path, "before", before, "after", json_deep_copy(written)),
              NULL);
    return true;
}

static int ask_model(struct step *step, const char *task, struct mending *mending, struct error *e) {
    struct run *run = step->run;
    run->mending = mending;
    run->thinking = true;
    int r = think_mend(run, task, e);
    run->mending = NULL;
    run->thinking = false;
    if (!r && !mending->acted)
        return error_set(e, ECANCELED, ERROR_MODEL_FAILED, "the model said that it is done without doing it");
    return r;
}

int mend_step(struct step *step, const struct action *action, const char *title, int failed, struct error *e) {
    struct run *run = step->run;
    if (!mend_may(step, action) || strcmp(json_text_or(step->data, "state", ""), "missing") != 0)
        return failed;
    struct mending mending = {.step = step, .action = action};
    struct error why = {0};
    cleanup_free char *task = describe_task(step, title, e);
    int r = ask_model(step, task, &mending, &why);
    cleanup_json json_t *replay = mending.replay;
    if (r < 0 && run_ends_with(run, &why))
        return *e = why, r;
    if (r < 0) {
        cleanup_free char *text = memory_print("The model did not do the step either: %.400s", why.text);
        run_event(run, LOG_WARN, "note", text, json_pack("{s:s}", "code", error_name(why.code)), NULL);
        return failed;
    }
    json_object_clear(step->data);
    if (!rewrite(step, action, replay))
        run_event(run, LOG_WARN, "note", "The model did the step; its target in the script stays as it is written",
                  NULL, NULL);
    json_object_set_new(step->data, "by_model", json_true());
    return 0;
}
