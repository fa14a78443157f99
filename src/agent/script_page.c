/* The reference of the scripts' language, made from the tables that check them. */
#include "agent/action.h"
#include "agent/script.h"
#include "agent/shapes.h"
#include "base/memory.h"

static const char introduction[] =
    "# Scripts\n\n"
    "A script is a list of steps that a browser carries out one after another; no model is involved. This page is made "
    "by `replinet script --markdown`; `replinet script check FILE` checks a script without running it. "
    "[script.schema.json](script.schema.json) is the language as a JSON Schema (`replinet script --schema`).\n\n"
    "```json\n"
    "{\"steps\": [\n"
    "  {\"goto\": \"https://shop.example/login\"},\n"
    "  {\"fill\": {\"label\": \"E-mail\", \"value\": \"{{inputs.email}}\"}},\n"
    "  {\"click\": {\"role\": \"button\", \"name\": \"Sign in\"}},\n"
    "  {\"wait_for\": \"Welcome\"},\n"
    "  {\"repeat\": {\n"
    "    \"steps\": [{\"extract\": {\"as\": \"items\", \"append\": true, \"list\": {\"css\": \".product\", \"fields\": "
    "{\"name\": \"h2\", \"link\": \"a@href\", \"price\": {\"css\": \".price\", \"type\": \"number\"}}}}}],\n"
    "    \"until\": {\"role\": \"link\", \"name\": \"Next\", \"state\": \"hidden\"},\n"
    "    \"between\": [{\"click\": {\"role\": \"link\", \"name\": \"Next\"}}]}},\n"
    "  {\"download\": {\"click\": \"Invoice\", \"as\": \"invoice\"}},\n"
    "  {\"screenshot\": \"end\"}\n"
    "]}\n"
    "```\n\n"
    "An action on an element waits until the element is there, visible, enabled, still and uncovered, across "
    "navigations and re-rendering, and then uses real mouse and keyboard input. A step that cannot be carried out in "
    "its time fails and ends the run: its event says what was looked for, what was found instead, the nearest "
    "candidates, and has a screenshot. Dialogs are answered at once (alerts and leaving a page: yes, questions: no; "
    "see `dialog`) and noted. Steps act on one tab: windows that pages open stay beside it until `tab` or a click "
    "with `follow` goes to them, and when a tab closes the script goes on in the one that opened it.\n\n"
    "## Templates\n\n"
    "Texts may hold `{{inputs.name}}`, `{{results.name}}` (`{{results.items.0.link}}`), `{{vars.name}}` (see `set`) "
    "and, inside `repeat` and `for_each`, `{{loop.index}}`; `{{loop.outer.index}}` is that of the loop around. A text "
    "that is one template alone becomes the value itself, so a number stays one. `{{results.name?}}` is null when "
    "there is no such value; without the question mark the step fails. `{{'{{'}}` writes `{{` itself: "
    "`{{'{{'}}name}}` is the text `{{name}}`.\n\n"
    "## Signing in\n\n"
    "`{\"fill\": {\"label\": \"Password\", \"credential\": \"Shop\", \"part\": \"password\"}}` fills in a part of one "
    "of "
    "the agent's credentials; [credentials.md](credentials.md) says where it goes and who sees it.\n\n"
    "## Scripts that are called\n\n"
    "Beside `steps` a script may have `scripts`: `{\"steps\": [{\"call\": \"sign in\"}], \"scripts\": {\"sign in\": "
    "[...]}}`. Each is a list of steps or `{\"steps\": [...]}` and is carried out by [call](#call), by the main steps "
    "and by each other. A called script sees the inputs that the call gives it, and has results and variables of its "
    "own.\n\n"
    "## Scripts that are mended\n\n"
    "`{\"steps\": [...], \"mend\": true}` in an agent whose preset names a model: the script runs without the model, "
    "which "
    "is asked only when an element is not there any more, and for that step alone; the step then gets its new target. "
    "[model.md](model.md#scripts-that-are-mended) says how.\n\n";

static void print_shape_section(struct text *out, const struct shape *shape) {
    text_print(out, "### %s\n\n%s", shape->name, shape->doc);
    if (shape->base)
        text_print(out, " It has all members of a [%s](#%s), and:", shape->base->name, shape->base->name);
    text_append_string(out, "\n\n");
    shape_print(shape, out);
}

static void print_action(struct text *out, const struct action *action) {
    const struct shape *shape = action->shape;
    text_print(out, "### %s\n\n%s", action->name, action->doc);
    if (shape->shorthand)
        text_print(out, " A bare text stands for `%s`.", shape->shorthand);
    if (shape->base)
        text_print(out, " All members of a [%s](#%s) belong here.", shape->base->name, shape->base->name);
    text_append_string(out, "\n\n");
    shape_print(shape, out);
}

void script_print_reference(struct text *out) {
    static const struct shape *const parts[] = {&shape_target, &shape_condition, &shape_reading, &shape_list,
                                                &shape_table,  &shape_cookie,    &shape_file,    &shape_frame};
    text_append_string(out, introduction);
    text_append_string(out, "## Steps\n\nA step is an object with exactly one action, and may have:\n\n");
    shape_print(&shape_step, out);
    text_append_string(out, "## Actions\n\n");
    for (size_t i = 0; i < action_count; i++)
        print_action(out, &action_rows[i]);
    text_append_string(out, "## Parts\n\n");
    for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
        print_shape_section(out, parts[i]);
}
