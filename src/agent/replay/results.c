#include "agent/replay/results.h"
#include "agent/action.h"
#include "agent/replay/parameters.h"
#include "base/clock.h"
#include "base/memory.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* The page gives up earlier by itself (page/results.js). */
#define SEARCH_MS 5000

static json_t *checked(json_t *step) {
    cleanup_json json_t *owned = step, *script = json_pack("[O]", step);
    struct error ignored;
    return script && agent_check_script(script, &ignored) == 0 ? take_pointer(owned) : NULL;
}

static json_t *code_of(const char *name, const char *code) {
    return checked(json_pack("{s:{s:s, s:s, s:s}}", "evaluate", "script", code, "as", name, "world", "isolated"));
}

static json_t *step_of(const struct run *run, const char *name, const json_t *reading) {
    json_t *arguments = parameters_insert(reading, json_object_get(run->values, "inputs"));
    json_object_set_new(arguments, "as", json_string(name));
    return checked(json_pack("{s:o}", "extract", arguments));
}

json_t *replay_result(struct run *run, const char *name, const json_t *value, json_t **ret_missing) {
    cleanup_json json_t *answer = NULL;
    struct error ignored;
    int64_t deadline = clock_deadline(SEARCH_MS);
    json_t *arguments = json_pack("[O, s]", value, name);
    if (page_call(run->page, 0, "describeResult", arguments, deadline < run->limit ? deadline : run->limit, &answer,
                  &ignored) < 0)
        return NULL;
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
