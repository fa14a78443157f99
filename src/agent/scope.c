/* `within` and `frame` over processes: whether a frame of another process lies within what is meant is known to the
 * process around it only. Each process then gets the target with what holds for all of it taken out. */
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

static const char *const scopes[] = {"within", "frame"};

static bool has_scope(const json_t *object) {
    return json_object_get(object, "within") || json_object_get(object, "frame");
}

static bool lists(const json_t *list, const char *text) {
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!strcmp(json_string_value(json_array_get(list, i)), text))
            return true;
    return false;
}

static json_t *copies_of(const json_t *object, size_t count) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_copy((json_t *)object));
    return list;
}

/* Sessions come after those around them. */
static void find_inside(const struct page *page, const json_t *answers, size_t count, bool *inside) {
    for (size_t i = 1; i < count; i++) {
        size_t parent = page_session_parent(page, i);
        const json_t *answer = parent < i ? json_array_get(answers, parent) : NULL;
        inside[i] = answer && (inside[parent] || lists(json_object_get(answer, "frames"), page_session_frame(page, i)));
    }
}

static int apply_scope(struct step *step, const char *key, const json_t *meant, json_t *objects, struct error *e) {
    struct page *page = step->run->page;
    size_t count = json_array_size(objects);
    cleanup_json json_t *each = NULL, *answers = NULL;
    cleanup_free bool *inside = memory_alloc(count * sizeof *inside);
    int r = target_scope(step, meant, &each, e);
    if (r < 0 || !each)
        return r;
    r = page_call_each(page, "framesWithin", each, json_pack("[n, s]", key), step->deadline, &answers, e);
    if (r < 0)
        return r;
    if (page_session_count(page) != count || json_array_size(answers) != count)
        return -EAGAIN;
    find_inside(page, answers, count, inside);
    for (size_t i = 0; i < count; i++) {
        if (inside[i])
            json_object_del(json_array_get(objects, i), key);
        else
            json_object_set(json_array_get(objects, i), key, json_array_get(each, i));
    }
    return 0;
}

int target_scope(struct step *step, const json_t *object, json_t **ret_objects, struct error *e) {
    size_t count = page_session_count(step->run->page);
    cleanup_json json_t *objects = count > 1 ? copies_of(object, count) : NULL;
    for (size_t i = 0; objects && i < ARRAY_LENGTH(scopes); i++) {
        const json_t *meant = json_object_get(object, scopes[i]);
        int r = meant ? apply_scope(step, scopes[i], meant, objects, e) : 0;
        if (r < 0)
            return r;
    }
    *ret_objects = take_pointer(objects);
    return 0;
}

int target_scope_reading(struct step *step, const json_t *reading, json_t **ret_readings, struct error *e) {
    static const char *const inner[] = {"list", "table"};
    cleanup_json json_t *readings = NULL;
    int r = target_scope(step, reading, &readings, e);
    for (size_t i = 0; !r && readings && i < ARRAY_LENGTH(inner); i++) {
        const json_t *part = json_object_get(reading, inner[i]);
        cleanup_json json_t *parts = NULL;
        if (!has_scope(part))
            continue;
        r = target_scope(step, part, &parts, e);
        for (size_t j = 0; j < json_array_size(parts) && j < json_array_size(readings); j++)
            json_object_set(json_array_get(readings, j), inner[i], json_array_get(parts, j));
    }
    if (!r)
        *ret_readings = take_pointer(readings);
    return r;
}
