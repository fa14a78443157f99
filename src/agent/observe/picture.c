/* A picture of the view for models that see, with the numbers of what was told in it. */
#include "agent/observe/observer.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What the providers' models take without making it smaller themselves, and what a conversation can carry. */
#define SIDE_MOST  1568
#define BYTES_MOST 400000
#define PICTURE_MS 5000 /* a page that is stuck gives none */

static json_t *boxes_of(const struct look *look) {
    json_t *boxes = json_array();
    for (size_t i = 0; i < look->count; i++) {
        const struct look_line *line = &look->lines[i];
        if (line->number && line->zone == 0)
            json_array_append_new(boxes, json_pack("[I, f, f, f, f]", (json_int_t)line->number, line->box[0],
                                                   line->box[1], line->box[2], line->box[3]));
    }
    return boxes;
}

static int keep(const json_t *encoded, struct observation *observation, struct error *e) {
    int r = text_decode_base64(json_string_value(encoded), json_string_length(encoded), &observation->image,
                               &observation->image_length);
    return r < 0 ? error_set(e, EPROTO, ERROR_PROTOCOL, "the picture of the page is no base64") : 0;
}

/* Drawn in the page's process, by the library; without it (the page is stuck) the picture stays as it was taken. */
static int draw(struct run *run, const json_t *encoded, json_t *how, int64_t deadline, struct observation *observation,
                struct error *e) {
    cleanup_json json_t *answer = NULL;
    struct error ignored;
    int r = page_call(run->page, 0, "drawPicture", json_pack("[O, o]", encoded, how), deadline, &answer, &ignored);
    const json_t *drawn = r < 0 ? NULL : json_object_get(answer, "picture");
    return keep(json_is_string(drawn) ? drawn : encoded, observation, e);
}

/* A picture that fits as it was taken, on which nothing is to be drawn, spares the page's process the work. */
static bool is_good(const struct look *look, const json_t *boxes, const json_t *encoded) {
    double side = json_real_or(look->page, "side", SIDE_MOST + 1.0);
    return !json_array_size(boxes) && !json_array_size(look->masks) && side <= SIDE_MOST &&
           json_string_length(encoded) <= BYTES_MOST / 3 * 4;
}

int observer_picture(struct run *run, const struct look *look, bool boxes, int64_t deadline,
                     struct observation *observation, struct error *e) {
    cleanup_json json_t *answer = NULL;
    int64_t own = clock_deadline(PICTURE_MS);
    deadline = own < deadline ? own : deadline;
    int r = picture_capture(run, json_pack("{s:s, s:i, s:b}", "format", "jpeg", "quality", 80, "optimizeForSpeed", 1),
                            deadline, &answer, e);
    if (r < 0)
        return r;
    const json_t *taken = json_object_get(answer, "data");
    cleanup_json json_t *drawn = boxes ? boxes_of(look) : json_array();
    if (is_good(look, drawn, taken))
        return keep(taken, observation, e);
    json_t *how =
        json_pack("{s:O, s:O, s:i, s:i}", "boxes", drawn, "masks", look->masks, "side", SIDE_MOST, "bytes", BYTES_MOST);
    return draw(run, taken, how, deadline, observation, e);
}
