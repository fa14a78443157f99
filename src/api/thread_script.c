#include "api/thread_script.h"
#include "agent/replay/parameters.h"
#include "agent/run.h"
#include "base/memory.h"
#include "domain/events.h"
#include "domain/threads.h"
#include <errno.h>
#include <string.h>

static int read_json(int r, char *text, const char *what, json_t **ret_json, struct error *e) {
    cleanup_free char *owned = text;
    return r < 0 ? r : json_parse(owned, strlen(owned), what, ret_json, e);
}

static int check_ended(struct postgres *db, const struct caller *caller, const char *thread_id, struct error *e) {
    cleanup_json json_t *thread = NULL;
    char *text = NULL;
    int r = threads_get(db, caller, thread_id, &text, e);
    r = read_json(r, text, "the thread", &thread, e);
    if (r < 0)
        return r;
    const char *end = json_text_or(thread, "end_time", NULL);
    return end ? 0 : error_set(e, EBUSY, ERROR_CONFLICT, "the thread goes on; its script is there when it has ended");
}

/* What a person did in a script's run begins where its page was. */
static void add_step(json_t *steps, const json_t *event, json_t *step) {
    const char *url = json_text_or(json_object_get(event, "data"), "url", "");
    bool by_person = !strcmp(json_text_or(event, "kind", ""), "person.acted");
    if (by_person && *url && !json_array_size(steps) && !json_object_get(step, "goto"))
        json_array_append_new(steps, json_pack("{s:s}", "goto", url));
    json_array_append(steps, step);
}

/* 1: there are more events behind `after`. */
static int add_page(struct postgres *db, const struct caller *caller, const char *thread_id, int64_t *after,
                    json_t *steps, struct error *e) {
    struct events_filter filter = {.after = *after, .limit = EVENTS_LIMIT_MAX, .kinds = "step.finished,person.acted"};
    cleanup_json json_t *page = NULL;
    char *text = NULL;
    size_t i;
    json_t *event;
    int r = events_page(db, caller, thread_id, &filter, &text, e);
    r = read_json(r, text, "the events", &page, e);
    if (r < 0)
        return r;
    json_array_foreach (json_object_get(page, "items"), i, event) {
        json_t *step = json_object_get(json_object_get(event, "data"), "replay");
        if (json_is_object(step))
            add_step(steps, event, step);
    }
    const char *next = json_text_or(page, "next", NULL);
    return next && !text_parse_int(next, 1, INT64_MAX, after) ? 1 : 0;
}

/* The model looked at the page again after its last call; a script that ended with it would leave in the middle of what
 * it set off. */
static json_t *last_look(void) {
    return json_pack("{s:{s:i, s:s}, s:i, s:b, s:s}", "wait_for", "ms", 500, "page", "quiet", "timeout_ms", 15000,
                     "optional", 1, "name", "See what comes of it");
}

static int refuse_nothing(struct error *e) {
    error_set(e, ENODATA, ERROR_CONFLICT,
              "nothing that a model or a person did in this thread can be repeated by a script");
    error_hint(e, "A thread that has run a script has it in its agent");
    return -ENODATA;
}

int thread_script_make(struct postgres *db, const struct caller *caller, const char *thread_id,
                       const json_t *parameters, char **ret_json, struct error *e) {
    cleanup_json json_t *steps = json_array(), *script = NULL;
    int64_t after = 0;
    int r = check_ended(db, caller, thread_id, e), more = 1;
    while (!r && more > 0)
        more = add_page(db, caller, thread_id, &after, steps, e);
    if (r < 0 || more < 0)
        return r < 0 ? r : more;
    if (!json_array_size(steps))
        return refuse_nothing(e);
    json_array_append_new(steps, last_look());
    script = json_pack("{s:o}", "steps", parameters_insert(steps, parameters));
    r = agent_check_script(script, e);
    if (!r)
        *ret_json = json_print(script);
    return r;
}

int thread_script_parameters(const char *text, json_t **ret_parameters, struct error *e) {
    cleanup_json json_t *parsed = NULL;
    const char *name;
    json_t *value;
    int r = text && *text ? json_parse(text, strlen(text), "parameters", &parsed, e) : 0;
    if (r < 0)
        return r;
    if (parsed && !json_is_object(parsed))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "parameters must be an object such as {\"name\": \"Ada\"}");
    json_object_foreach (parsed, name, value) {
        if (!json_is_string(value) || !*json_string_value(value) || !*name || strpbrk(name, ".{}? "))
            return error_set(
                e, EINVAL, ERROR_BAD_INPUT,
                "parameters: %.60s must be a name without . { } ? or spaces, with a text that is not empty", name);
    }
    *ret_parameters = take_pointer(parsed);
    return 0;
}
