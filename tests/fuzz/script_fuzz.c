/* The check of scripts over arbitrary JSON. What passes must also expand, with templates and without, and the expanded
 * arguments must pass again. */
#include "agent/action.h"
#include "agent/run.h"
#include "agent/script.h"
#include "agent/template.h"
#include "base/memory.h"
#include "fuzz.h"
#include <assert.h>

static void check_step(const json_t *step, const json_t *values) {
    const struct action *action = action_find(script_action_of(step));
    cleanup_json json_t *expanded = NULL;
    struct error e;
    if (template_expand(json_object_get(step, action->name), values, &expanded, &e) < 0 ||
        shape_check(action->shape, expanded, action->name, &e) < 0)
        return;
    cleanup_json json_t *arguments = shape_expand(action->shape, expanded);
    assert(json_is_object(arguments));
    assert(shape_check(action->shape, arguments, action->name, &e) == 0);
    cleanup_free char *title = step_title(step, action->name, arguments);
    assert(title[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cleanup_json json_t *script = NULL, *values = json_pack("{s:{s:s, s:i}, s:{}, s:{s:i}}", "inputs", "a",
                                                            "{{inputs.b}}", "b", 7, "results", "loop", "index", 1);
    struct error e;
    if (json_parse((const char *)data, size, "script", &script, &e) < 0 || agent_check_script(script, &e) < 0)
        return 0;
    for (size_t i = 0; i < json_array_size(script_steps(script)); i++)
        check_step(json_array_get(script_steps(script), i), values);
    return 0;
}
