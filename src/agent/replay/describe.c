#include "agent/replay/describe.h"
#include "agent/replay/parameters.h"
#include "agent/run.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

/* A page that is slow to tell what its elements are called is not waited for. One of 20,000 elements takes a tenth of a
 * second; giving up early would save little, since the page is busy with it all the same. */
#define DESCRIBE_MS 4000

static size_t session_of(const struct page *page, const json_t *element) {
    const char *id = json_text_or(element, "session", "");
    for (size_t i = 0; i < page_session_count(page); i++)
        if (!strcmp(page_session_id(page, i), id))
            return i;
    return SIZE_MAX;
}

/* Whether nothing else fits it in the frames of other processes either. */
static bool is_sole(struct step *step, const json_t *target) {
    struct step asking = {.run = step->run, .path = step->path, .data = step->data, .deadline = step->deadline};
    int64_t count = 0;
    struct error ignored;
    return !condition_count(&asking, target, &count, &ignored) && count == 1;
}

/* The targets that hold over all processes; those that need it say which frame is meant. */
static json_t *keep_sole(struct step *step, const json_t *answer, size_t session) {
    json_t *kept = json_array(), *target;
    size_t i;
    json_array_foreach (json_object_get(answer, "targets"), i, target) {
        cleanup_json json_t *framed = json_copy(target);
        if (session && !is_sole(step, target))
            json_object_set_new(framed, "frame", json_pack("{s:O?}", "named", json_object_get(answer, "address")));
        if (json_object_get(framed, "frame") || !session ? is_sole(step, framed) : true)
            json_array_append(kept, framed);
    }
    return kept;
}

/* The targets of an element, best first; NULL when there are none. */
static json_t *targets_of(struct step *step, const json_t *element) {
    struct page *page = step->run->page;
    cleanup_json json_t *answer = NULL, *targets = NULL;
    json_t *arguments = json_pack("[{s:O}]", "element", element);
    size_t session = session_of(page, element);
    struct error ignored;
    if (session == SIZE_MAX)
        return json_decref(arguments), NULL;
    if (page_call(page, session, "describeTargets", arguments, step->deadline, &answer, &ignored) < 0)
        return NULL;
    targets = page_session_count(page) > 1 ? keep_sole(step, answer, session)
                                           : json_incref(json_object_get(answer, "targets"));
    return json_array_size(targets) ? take_pointer(targets) : NULL;
}

/* The number's place is taken by the first target, with the others as its fallbacks. */
static int put_targets(void *user, json_t *object, const char *path, struct error *e) {
    json_t *element = json_object_get(object, "element");
    if (!json_is_object(element))
        return 0;
    cleanup_json json_t *targets = targets_of(user, element), *rest = NULL;
    if (!targets)
        return -ENOENT;
    rest = json_deep_copy(targets);
    json_array_remove(rest, 0);
    json_object_del(object, "element");
    json_object_update_missing(object, json_array_get(targets, 0));
    if (json_array_size(rest))
        json_object_set(object, "fallback", rest);
    return 0;
}

json_t *replay_describe(struct step *step, const struct action *action, const char **ret_why) {
    struct step asking = *step;
    cleanup_json json_t *arguments = json_deep_copy(step->arguments);
    int64_t soon = clock_deadline(DESCRIBE_MS);
    struct error ignored;
    asking.deadline = soon < step->run->limit ? soon : step->run->limit;
    asking.data = json_object();
    int r = shape_visit(action->shape, arguments, "", put_targets, &asking, &ignored);
    json_decref(asking.data);
    *ret_why = "nothing but its number meant the element, or the page was too busy to say what else does";
    if (r < 0)
        return NULL;
    *ret_why = "the script language cannot say it";
    cleanup_json json_t *written = parameters_write(arguments, json_object_get(step->run->values, "inputs"));
    cleanup_json json_t *made = json_pack("{s:O}", action->name, written);
    cleanup_json json_t *script = json_pack("[O]", made);
    return agent_check_script(script, &ignored) < 0 ? NULL : take_pointer(made);
}

json_t *replay_without_secret(const json_t *step, const json_t *data) {
    json_t *kept = json_deep_copy(step), *fill = json_object_get(kept, "fill");
    const char *value = json_text_or(fill, "value", NULL);
    if (value && !json_object_get(data, "value") && !text_starts_with(value, "{{inputs."))
        json_object_set_new(fill, "value", json_string("{{inputs.password}}"));
    return kept;
}
