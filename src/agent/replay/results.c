#include "agent/replay/results.h"
#include "agent/action.h"
#include "agent/replay/parameters.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The page gives up earlier by itself (page/results.js). */
#define SEARCH_MS 5000
#define READ_MS   1500

static json_t *checked(json_t *step) {
    cleanup_json json_t *owned = step, *script = json_pack("[O]", step);
    struct error ignored;
    return script && agent_check_script(script, &ignored) == 0 ? take_pointer(owned) : NULL;
}

static json_t *code_of(const char *name, const char *code) {
    return checked(json_pack("{s:{s:s, s:s, s:s}}", "evaluate", "script", code, "as", name, "world", "isolated"));
}

static json_t *step_of(const struct run *run, const char *name, const json_t *reading) {
    json_t *arguments = parameters_write(reading, json_object_get(run->values, "inputs"));
    json_object_set_new(arguments, "as", json_string(name));
    return checked(json_pack("{s:o}", "extract", arguments));
}

/* A frame of another process is searched for by its address; each target of a reading says so. */
static void put_frame(json_t *reading, const json_t *address) {
    json_t *inner = json_object_get(reading, "list"), *fields = json_object_get(reading, "fields"), *field;
    json_t *fallback = json_object_get(reading, "fallback");
    const char *name;
    bool has_target = shapes_has_target(reading);
    if (inner)
        put_frame(inner, address);
    if (has_target)
        json_object_set_new(reading, "frame", json_pack("{s:O}", "named", address));
    for (size_t i = 0; i < json_array_size(fallback); i++)
        put_frame(json_array_get(fallback, i), address);
    json_object_foreach (has_target ? NULL : fields, name, field)
        put_frame(field, address);
}

/* What the script's own search reads; of several processes the page alone does not know which is read first. */
static bool reads(struct run *run, const json_t *reading, const json_t *value) {
    cleanup_json json_t *data = json_object(), *found = NULL;
    struct step step = {.run = run, .path = "", .data = data, .deadline = clock_deadline(READ_MS)};
    struct error ignored;
    return !target_extract(&step, reading, &found, &ignored) && json_equal(found, value);
}

/* The reading in one process of the page; NULL: there is none. */
static json_t *find_in(struct run *run, size_t session, const char *name, const json_t *value, int64_t deadline) {
    cleanup_json json_t *answer = NULL;
    struct error ignored;
    json_t *arguments = json_pack("[O, s]", value, name);
    if (page_call(run->page, session, "describeResult", arguments, deadline, &answer, &ignored) < 0)
        return NULL;
    json_t *reading = json_object_get(answer, "reading");
    if (!reading && (session || !json_object_get(answer, "code")))
        return NULL;
    if (session)
        put_frame(reading, json_object_get(answer, "address"));
    bool sure = !reading || page_session_count(run->page) < 2 || json_array_size(json_object_get(answer, "missing")) ||
                reads(run, reading, value);
    return sure ? take_pointer(answer) : NULL;
}

json_t *replay_result(struct run *run, const char *name, const json_t *value, json_t **ret_missing) {
    cleanup_json json_t *answer = NULL;
    int64_t soon = clock_deadline(SEARCH_MS), deadline = soon < run->limit ? soon : run->limit;
    for (size_t i = 0; i < page_session_count(run->page) && !answer; i++)
        answer = find_in(run, i, name, value, deadline);
    json_t *reading = json_object_get(answer, "reading");
    const char *code = json_text_or(answer, "code", NULL);
    json_t *step = json_is_object(reading) ? step_of(run, name, reading) : code ? code_of(name, code) : NULL;
    if (step)
        *ret_missing = json_incref(json_object_get(answer, "missing"));
    return step;
}

/* Parts of other results */

struct search {
    const char *name;
    const json_t *value;
    char *path; /* "results.order.total" as code; NULL: not found */
    int count;  /* parts that equal it */
    bool named; /* `path` ends with the name */
};

static bool can_be_code(const char *name) {
    if (!isalpha((unsigned char)*name) && *name != '_')
        return false;
    while (isalnum((unsigned char)*name) || *name == '_')
        name++;
    return !*name;
}

/* A number, a truth or a letter is equal to many things. */
static bool says_much(const json_t *value) {
    return json_is_object(value) || json_is_array(value) || json_string_length(value) >= 4;
}

static void compare_part(struct search *search, const char *path, const char *key, json_t *part) {
    const char *name;
    json_t *member;
    cleanup_free char *inner = memory_print("%s.%s", path, key);
    bool named = !strcmp(key, search->name);
    if (!can_be_code(key) || search->named)
        return;
    if (json_equal(part, search->value)) {
        search->count++;
        search->named = named;
        free(search->path);
        search->path = take_pointer(inner);
        return;
    }
    json_object_foreach (part, name, member)
        compare_part(search, inner, name, member);
}

json_t *replay_result_of(const json_t *known, const char *name, const json_t *value) {
    struct search search = {.name = name, .value = value};
    const char *key;
    json_t *part;
    json_object_foreach ((json_t *)known, key, part)
        compare_part(&search, "results", key, part);
    cleanup_free char *path = search.path;
    bool sure = search.named || (search.count == 1 && says_much(value));
    return sure ? code_of(name, path) : NULL;
}
