/* Actions that choose: select, check, uncheck. */
#include "agent/action.h"
#include "agent/input.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

action_handler action_select, action_check, action_uncheck;

/* A click on a switch that the page carries out later (after asking its server) shows by then. */
#define TOGGLE_MS 3000
#define LOOK_MS   30

static json_t *choice_of(const json_t *arguments) {
    static const char *const ways[] = {"option", "value", "index", "options"};
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++)
        if (json_object_get(arguments, ways[i]))
            return json_pack("{s:O}", ways[i], json_object_get(arguments, ways[i]));
    return json_object();
}

static int click_option(struct step *step, json_t *option, struct error *e) {
    cleanup_json json_t *target = option;
    return target_click_plainly(step, target, e);
}

/* A list made of elements: it is opened as a person would, then each option is clicked. */
static int choose_by_clicks(struct step *step, const json_t *target, bool open, struct error *e) {
    const json_t *arguments = step->arguments, *options = json_object_get(arguments, "options");
    int r = open ? 0 : target_click_plainly(step, target, e);
    if (json_object_get(arguments, "value"))
        return error_set(e, EINVAL, ERROR_STEP, "this list is made of elements: name its option by text or index");
    if (!r && json_object_get(arguments, "index"))
        r = click_option(step, json_pack("{s:s, s:O}", "role", "option", "nth", json_object_get(arguments, "index")),
                         e);
    if (!r && json_object_get(arguments, "option"))
        r = click_option(step, json_pack("{s:s, s:O}", "role", "option", "name", json_object_get(arguments, "option")),
                         e);
    for (size_t i = 0; !r && i < json_array_size(options); i++)
        r = click_option(step, json_pack("{s:s, s:O}", "role", "option", "name", json_array_get(options, i)), e);
    return r;
}

int action_select(struct step *step, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments), *answer = NULL;
    int r = target_call(step, target, "select", json_pack("[o]", choice_of(step->arguments)), NULL, &answer, e);
    if (r < 0)
        return r;
    if (json_object_get(answer, "chosen"))
        json_object_set(step->data, "chosen", json_object_get(answer, "chosen"));
    if (strcmp(json_text_or(answer, "how", ""), "click"))
        return 0;
    return choose_by_clicks(step, target, json_bool_or(answer, "open", false), e);
}

/* Waits until the toggle is as wanted; a page that changes or left took the click. */
static int see_toggled(struct step *step, const json_t *target, bool wanted, size_t session, struct error *e) {
    int64_t until = clock_deadline(TOGGLE_MS);
    for (;;) {
        cleanup_json json_t *answer = NULL;
        int r = page_call(step->run->page, session, "toggleIs", json_pack("[O, b]", target, wanted), step->deadline,
                          &answer, e);
        if (r == -EAGAIN || (!r && strcmp(json_text_or(answer, "state", ""), "unchanged")))
            return 0;
        if (!r && clock_remaining_ms(until) <= 0)
            return error_set(e, EIO, ERROR_STEP, "the click did not turn it %s", wanted ? "on" : "off");
        if (!r)
            r = step_pause(step, LOOK_MS, e);
        if (r < 0)
            return r;
    }
}

static int toggle(struct step *step, bool wanted, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments);
    struct aimed aimed;
    struct input_click how = {"left", 1, 0};
    int r = target_click(step, target, "aimToggle", json_boolean(wanted), &how, &aimed, e);
    return r < 0 || aimed.done ? r : see_toggled(step, target, wanted, aimed.session, e);
}

int action_check(struct step *step, struct error *e) {
    return toggle(step, true, e);
}

int action_uncheck(struct step *step, struct error *e) {
    return toggle(step, false, e);
}
