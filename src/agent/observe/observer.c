#include "agent/observe/observer.h"
#include "agent/shapes.h"
#include "base/memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A run that goes through more documents than this has forgotten nothing that it could still use. */
#define IDS_MOST 10000000

struct observer *observer_make(void) {
    return memory_alloc(sizeof(struct observer));
}

void observer_free(struct observer *observer) {
    for (size_t i = 0; observer && i < observer->world_count; i++) {
        free(observer->worlds[i].token);
        free(observer->worlds[i].numbers);
    }
    for (size_t i = 0; observer && i < observer->element_count; i++)
        free(observer->elements[i].line);
    if (observer) {
        free(observer->worlds);
        free(observer->elements);
    }
    free(observer);
}

size_t observer_world(struct observer *observer, const char *token, const char *tab, const char *session) {
    size_t i = observer->world_count;
    while (i > 0 && strcmp(observer->worlds[i - 1].token, token))
        i--;
    if (i > 0)
        return i - 1;
    size_t count = ++observer->world_count;
    observer->worlds = memory_resize(observer->worlds, count * sizeof *observer->worlds);
    struct observed_world *world = &observer->worlds[count - 1];
    *world = (struct observed_world){.token = memory_copy_text(token), .first_look = observer->looks};
    snprintf(world->tab, sizeof world->tab, "%s", tab);
    snprintf(world->session, sizeof world->session, "%s", session);
    return count - 1;
}

/* Doubles the room of a list when it is full. */
static void *grow(void *list, size_t count, size_t size) {
    bool full = count >= 16 && !(count & (count - 1));
    return !count ? memory_resize(list, 16 * size) : full ? memory_resize(list, 2 * count * size) : list;
}

static int64_t *number_of(struct observed_world *world, int64_t id) {
    size_t needed = (size_t)id + 1, room = world->room ? world->room : 64;
    while (room < needed)
        room *= 2;
    if (room > world->room) {
        world->numbers = memory_resize(world->numbers, room * sizeof *world->numbers);
        memset(world->numbers + world->room, 0, (room - world->room) * sizeof *world->numbers);
        world->room = room;
    }
    return &world->numbers[id];
}

int64_t observer_number(struct observer *observer, size_t world, int64_t id, const char *line) {
    if (id < 1 || id > IDS_MOST)
        return 0;
    int64_t *number = number_of(&observer->worlds[world], id);
    if (!*number) {
        observer->elements = grow(observer->elements, observer->element_count, sizeof *observer->elements);
        observer->elements[observer->element_count++] = (struct observed_element){.world = world, .id = id};
        *number = (int64_t)observer->element_count;
    }
    struct observed_element *element = &observer->elements[*number - 1];
    if (!element->line || strcmp(element->line, line)) {
        free(element->line);
        element->line = memory_copy_text(line);
    }
    return *number;
}

const char *observer_line(const struct observer *observer, int64_t number) {
    bool known = observer && number >= 1 && (size_t)number <= observer->element_count;
    return known ? observer->elements[number - 1].line : "";
}

static bool has_session(const struct page *page, const char *id) {
    for (size_t i = 0; i < page_session_count(page); i++)
        if (!strcmp(page_session_id(page, i), id))
            return true;
    return false;
}

/* What a target holds in place of the number: the library's own name of the element, and words for messages. */
static int resolve_number(struct run *run, int64_t number, json_t **ret_element, struct error *e) {
    const struct observer *observer = run->observer;
    if (!observer)
        return error_set(e, EINVAL, ERROR_STEP, "element numbers are for models, which look at the page first");
    if (number < 1 || (size_t)number > observer->element_count)
        return error_set(e, EINVAL, ERROR_STEP, "there is no element %lld: look at the page again", (long long)number);
    const struct observed_element *element = &observer->elements[number - 1];
    const struct observed_world *world = &observer->worlds[element->world];
    if (strcmp(world->tab, page_target(run->page)))
        return error_set(e, EINVAL, ERROR_STEP, "element %lld is in another tab: go to that tab first",
                         (long long)number);
    if (!has_session(run->page, world->session))
        return error_set(e, EINVAL, ERROR_STEP, "element %lld is gone: look at the page again", (long long)number);
    *ret_element = json_pack("{s:I, s:s, s:I, s:s}", "number", (json_int_t)number, "world", world->token, "id",
                             (json_int_t)element->id, "session", world->session);
    return 0;
}

static int resolve(void *user, json_t *object, const char *path, struct error *e) {
    json_t *number = json_object_get(object, "element"), *element = NULL;
    int r = json_is_integer(number) ? resolve_number(user, json_integer_value(number), &element, e) : 0;
    if (element)
        json_object_set_new(object, "element", element);
    return r;
}

int observer_resolve(struct run *run, const struct shape *shape, json_t *arguments, struct error *e) {
    return shape_visit(shape, arguments, "", resolve, run, e);
}
