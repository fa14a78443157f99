/* Actions of the mouse beyond clicks: hover, scroll, drag. */
#include "agent/action.h"
#include "agent/input.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

action_handler action_hover, action_scroll, action_drag;

#define SCROLLS_DEFAULT 100
/* Between two scrolls of `until`: what comes into view needs a moment to ask for more and to show it. */
#define SCROLL_PAUSE_MS 100
#define WHEEL_PAUSE_MS  50
/* Moves of the mouse on the way; pages tell a drag from a click by them. */
#define DRAG_MOVES 10

int action_hover(struct step *step, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments);
    struct aimed aimed;
    int r = target_aim(step, target, "", &aimed, e);
    return r < 0 ? r : input_move(step->run->page, aimed.x, aimed.y, step->deadline, e);
}

/* One scroll. Areas that only the mouse wheel moves get its event when scrolling them did nothing. */
static int scroll_once(struct step *step, const json_t *way, struct error *e) {
    cleanup_json json_t *answer = NULL;
    json_t *inside = json_object_get(step->arguments, "inside");
    int r;
    if (inside)
        r = target_call(step, inside, "scrollArea", json_pack("[O]", way), NULL, &answer, e);
    else
        do
            r = page_call(step->run->page, 0, "scrollArea", json_pack("[n, O]", way), step->deadline, &answer, e);
        while (r == -EAGAIN && !step_pause(step, WHEEL_PAUSE_MS, e) && clock_remaining_ms(step->deadline) > 0);
    if (r < 0)
        return r;
    json_object_set(step->data, "moved", json_object_get(answer, "moved"));
    if (json_bool_or(answer, "moved", false) || json_object_get(way, "to"))
        return 0;
    r = input_wheel(step->run->page, json_real_or(answer, "x", 0), json_real_or(answer, "y", 0),
                    (double)json_int_or(way, "right", 0), (double)json_int_or(way, "down", 0), step->deadline, e);
    return r < 0 ? r : step_pause(step, WHEEL_PAUSE_MS, e);
}

static json_t *way_of(const json_t *arguments) {
    static const char *const keys[] = {"to", "down", "right"};
    json_t *way = json_object();
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (json_object_get(arguments, keys[i]))
            json_object_set(way, keys[i], json_object_get(arguments, keys[i]));
    if (!json_object_size(way))
        json_object_set_new(way, "to", json_string("bottom"));
    return way;
}

static int scroll_until(struct step *step, const json_t *way, struct error *e) {
    int64_t max = json_int_or(step->arguments, "max", SCROLLS_DEFAULT), scrolls = 0;
    bool holds = false;
    int r;
    while (!(r = condition_decide(step, "until", &holds, e)) && !holds) {
        if (scrolls++ >= max || clock_remaining_ms(step->deadline) <= 0)
            return error_set(e, ETIMEDOUT, ERROR_STEP, "what was scrolled for did not come within %lld scrolls",
                             (long long)scrolls - 1);
        r = scroll_once(step, way, e);
        if (!r)
            r = step_pause(step, SCROLL_PAUSE_MS, e);
        if (r < 0)
            return r;
    }
    json_object_set_new(step->data, "scrolls", json_integer(scrolls));
    return r;
}

static int scroll_into_view(struct step *step, const json_t *target, struct error *e) {
    cleanup_json json_t *answer = NULL;
    return target_call(step, target, "scrollToTarget", json_array(), NULL, &answer, e);
}

int action_scroll(struct step *step, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments), *way = way_of(step->arguments);
    static const char *const ways[] = {"to", "down", "right"};
    bool moves = false;
    int r = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++)
        moves |= json_object_get(step->arguments, ways[i]) != NULL;
    if (shapes_has_target(target))
        r = scroll_into_view(step, target, e);
    if (!r && json_object_get(step->arguments, "until"))
        return scroll_until(step, way, e);
    return !r && moves ? scroll_once(step, way, e) : r;
}

static int aim_drop(struct step *step, const struct aimed *from, struct aimed *ret_to, struct error *e) {
    json_t *to = json_object_get(step->arguments, "to");
    int r = 0;
    *ret_to = *from;
    if (to)
        r = target_aim_as(step, to, "aimDrop", json_array(), ret_to, e);
    ret_to->x += (double)json_int_or(step->arguments, "right", 0);
    ret_to->y += (double)json_int_or(step->arguments, "down", 0);
    return r;
}

/* Where both ends are to be seen at once, the drop's place is known before anything is held; otherwise it is brought
 * into view with the button down, as a person does. */
int action_drag(struct step *step, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments);
    struct page *page = step->run->page;
    struct aimed from = {0}, to = {0};
    int r = 0;
    if (json_object_get(step->arguments, "to"))
        r = aim_drop(step, &(struct aimed){0}, &to, e);
    if (!r)
        r = target_aim(step, target, "enabled", &from, e);
    if (!r)
        r = input_drag_begin(page, from.x, from.y, step->deadline, e);
    if (r)
        return r;
    r = aim_drop(step, &from, &to, e);
    struct error second;
    int ended = input_drag_end(page, from.x, from.y, to.x, to.y, DRAG_MOVES, !r, step->deadline, r ? &second : e);
    return r ? r : ended;
}
