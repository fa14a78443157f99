/* One look at the page: what each of its processes says of its documents, put together in the order of the page. */
#include "agent/observe/observer.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_AGAIN_MS 20
#define DEPTH_MOST    32

/* Where a frame of another process is shown: what is to be added to its places, and the part that is to be seen. */
struct opening {
    double x, y;
    double left, top, right, bottom;
    bool whole; /* the page itself: nothing cuts it off */
};

struct gathering {
    struct run *run;
    struct look *look;
    int depth;
};

static double at(const json_t *list, size_t i) {
    return json_number_value(json_array_get(list, i));
}

/* The library knows a frame's own view only; here is the view that the page around leaves of it. */
static void place(struct look_line *line, const struct opening *opening) {
    double *box = line->box;
    box[0] += opening->x;
    box[1] += opening->y;
    if (opening->whole || line->zone != 0)
        return;
    double below = box[1] - opening->bottom, above = opening->top - (box[1] + box[3]);
    double right = box[0] - opening->right, left = opening->left - (box[0] + box[2]);
    if (below < 0 && above < 0 && right < 0 && left < 0)
        return;
    line->zone = below >= 0 || (right >= 0 && above < 0) ? 1 : 2;
    line->distance = fmax(fmax(below, above), fmax(right, left));
}

static struct look_line *add_line(struct look *look) {
    if (look->count == look->room) {
        look->room = look->room ? look->room * 2 : 256;
        look->lines = memory_resize(look->lines, look->room * sizeof *look->lines);
    }
    struct look_line *line = &look->lines[look->count++];
    *line = (struct look_line){.parent = -1};
    return line;
}

static void add_masks(struct look *look, const json_t *masks, const struct opening *opening) {
    for (size_t i = 0; i < json_array_size(masks); i++) {
        const json_t *mask = json_array_get(masks, i);
        json_array_append_new(look->masks, json_pack("[f, f, f, f]", at(mask, 0) + opening->x, at(mask, 1) + opening->y,
                                                     at(mask, 2), at(mask, 3)));
    }
}

static void gather(struct gathering *gathering, size_t session, ssize_t parent, const struct opening *opening);

/* What an entry of the library's answer holds, in its order (page/observe.js). */
enum { ENTRY_KIND, ENTRY_LINE, ENTRY_ZONE, ENTRY_DISTANCE, ENTRY_GROUP, ENTRY_BOX, ENTRY_ID, ENTRY_NEW };
enum { ENTRY_FRAME = ENTRY_ID, ENTRY_ORIGIN, ENTRY_CLIP };

static void gather_frame(struct gathering *gathering, const json_t *entry, ssize_t parent,
                         const struct opening *around) {
    const char *frame = json_string_value(json_array_get(entry, ENTRY_FRAME));
    const json_t *origin = json_array_get(entry, ENTRY_ORIGIN), *clip = json_array_get(entry, ENTRY_CLIP);
    struct opening opening = {around->x + at(origin, 0), around->y + at(origin, 1), around->x + at(clip, 0),
                              around->y + at(clip, 1),   around->x + at(clip, 2),   around->y + at(clip, 3)};
    if (!around->whole) {
        opening.left = fmax(opening.left, around->left);
        opening.top = fmax(opening.top, around->top);
        opening.right = fmin(opening.right, around->right);
        opening.bottom = fmin(opening.bottom, around->bottom);
    }
    const struct page *page = gathering->run->page;
    for (size_t i = 1; frame && i < page_session_count(page) && i < json_array_size(gathering->look->answers); i++)
        if (!strcmp(page_session_frame(page, i), frame))
            gather(gathering, i, parent, &opening);
}

static const char *text_at(const json_t *entry, size_t i) {
    const char *text = json_string_value(json_array_get(entry, i));
    return text ? text : "";
}

static void gather_entry(struct gathering *gathering, const json_t *entry, size_t world, ssize_t parent,
                         const struct opening *opening) {
    struct look_line *line = add_line(gathering->look);
    size_t index = gathering->look->count - 1;
    char kind = *text_at(entry, ENTRY_KIND);
    line->kind = kind == 'e' ? LOOK_ELEMENT : kind == 't' ? LOOK_TEXT : LOOK_GROUP;
    line->text = text_at(entry, ENTRY_LINE);
    line->zone = (int)at(entry, ENTRY_ZONE);
    line->distance = at(entry, ENTRY_DISTANCE);
    line->world = world;
    line->parent = parent;
    for (size_t i = 0; i < 4; i++)
        line->box[i] = at(json_array_get(entry, ENTRY_BOX), i);
    place(line, opening);
    if (line->kind == LOOK_ELEMENT) {
        line->id = json_integer_value(json_array_get(entry, ENTRY_ID));
        line->is_new = json_is_true(json_array_get(entry, ENTRY_NEW));
    } else if (json_array_size(entry) > ENTRY_CLIP) {
        gather_frame(gathering, entry, (ssize_t)index, opening);
    }
}

/* A frame's lines come after the line of the frame, so that indexes of entries and lines differ: `places` says where
 * each entry went. */
static void gather(struct gathering *gathering, size_t session, ssize_t parent, const struct opening *opening) {
    struct look *look = gathering->look;
    const struct page *page = gathering->run->page;
    const json_t *answer = json_array_get(look->answers, session), *entries = json_object_get(answer, "entries");
    if (!json_is_array(entries) || gathering->depth >= DEPTH_MOST)
        return;
    gathering->depth++;
    size_t world = observer_world(gathering->run->observer, json_text_or(answer, "world", ""), page_target(page),
                                  page_session_id(page, session));
    cleanup_free size_t *places = memory_alloc((json_array_size(entries) + 1) * sizeof *places);
    for (size_t i = 0; i < json_array_size(entries); i++) {
        const json_t *entry = json_array_get(entries, i);
        double up = at(entry, ENTRY_GROUP);
        places[i] = look->count;
        gather_entry(gathering, entry, world, up >= 0 && up < (double)i ? (ssize_t)places[(size_t)up] : parent,
                     opening);
    }
    for (size_t i = 0; i < 3; i++)
        look->counts[i] += json_integer_value(json_array_get(json_object_get(answer, "counts"), i));
    look->texts += json_int_or(answer, "texts", 0);
    add_masks(look, json_object_get(answer, "masks"), opening);
    gathering->depth--;
}

static int ask(struct run *run, size_t budget, int64_t deadline, json_t **ret_answers, struct error *e) {
    int r;
    do
        r = page_call_all(
            run->page, "observe",
            json_pack("[{s:I, s:I}]", "look", (json_int_t)run->observer->looks, "bytes", (json_int_t)budget), deadline,
            ret_answers, e);
    while (r == -EAGAIN && clock_remaining_ms(deadline) > LOOK_AGAIN_MS && (clock_sleep_ms(LOOK_AGAIN_MS), true));
    if (r == -EAGAIN)
        return error_set(e, ETIMEDOUT, ERROR_TIMEOUT, "the page kept changing while it was looked at");
    const json_t *page = r ? NULL : json_array_get(*ret_answers, 0);
    if (!r && strcmp(json_text_or(page, "state", ""), "ready"))
        return error_set(e, EIO, ERROR_INTERNAL, "the page could not be looked at: %.300s",
                         json_text_or(page, "by", "no answer"));
    return r;
}

static bool suspects_roots(const json_t *answers) {
    for (size_t i = 0; i < json_array_size(answers); i++)
        if (json_bool_or(json_array_get(answers, i), "roots", false))
            return true;
    return false;
}

static void hide_secrets(struct run *run, json_t **answers) {
    json_t *clean = redactor_json(run->redactor, *answers);
    json_decref(*answers);
    *answers = clean;
}

int look_take(struct run *run, size_t budget, int64_t deadline, struct look *ret_look, struct error *e) {
    struct look look = {.masks = json_array()};
    int r = ask(run, budget, deadline, &look.answers, e);
    bool more = !r && suspects_roots(look.answers) && page_show_closed_roots(run->page, deadline);
    if (!r && (observer_find_listeners(run, look.answers, deadline) || more)) {
        json_decref(take_pointer(look.answers));
        r = ask(run, budget, deadline, &look.answers, e);
    }
    if (r < 0) {
        look_done(&look);
        return r;
    }
    hide_secrets(run, &look.answers);
    struct gathering gathering = {run, &look, 0};
    look.page = json_array_get(look.answers, 0);
    gather(&gathering, 0, -1, &(struct opening){.whole = true});
    *ret_look = look;
    return 0;
}

void look_done(struct look *look) {
    json_decref(look->answers);
    json_decref(look->masks);
    free(look->lines);
    *look = (struct look){0};
}
