#include "api/own_script.h"
#include "agent/script.h"
#include "base/memory.h"
#include "base/text.h"
#include "domain/revisions.h"
#include <stdlib.h>
#include <string.h>

json_t *own_script_get(struct postgres *db, const struct caller *caller, const json_t *thread) {
    cleanup_json json_t *whole = NULL;
    cleanup_free char *text = NULL;
    struct error ignored;
    int r = revisions_get(db, caller, REVISIONS_OF_AGENTS, json_text_or(thread, "agent_id", ""),
                          json_int_or(thread, "agent_revision", 0), &text, &ignored);
    if (!r)
        r = json_parse(text, strlen(text), "the revision", &whole, &ignored);
    json_t *script = r < 0 ? NULL : json_object_get(json_object_get(whole, "body"), "script");
    return script_steps(script) ? json_incref(script) : NULL;
}

void own_script_mend(json_t *value, const json_t *mended) {
    const char *key;
    json_t *member;
    if (json_is_object(value) && json_equal(value, json_object_get(mended, "before"))) {
        json_object_clear(value);
        json_object_update(value, json_object_get(mended, "after"));
        return;
    }
    json_object_foreach (value, key, member)
        own_script_mend(member, mended);
    for (size_t i = 0; i < json_array_size(value); i++)
        own_script_mend(json_array_get(value, i), mended);
}

json_t *own_script_step(const json_t *script, const char *path) {
    int64_t number;
    size_t length = strlen(path);
    if (!text_starts_with(path, "steps[") || path[length - 1] != ']')
        return NULL;
    cleanup_free char *digits = strndup(path + 6, length - 7);
    return text_parse_int(digits, 0, SCRIPT_STEPS_MAX, &number) < 0
               ? NULL
               : json_array_get(script_steps(script), (size_t)number);
}

static bool holds_stop(const json_t *value) {
    const char *key;
    json_t *member;
    bool holds = json_object_get(value, "stop") != NULL;
    json_object_foreach ((json_t *)value, key, member)
        holds = holds || holds_stop(member);
    for (size_t i = 0; !holds && i < json_array_size(value); i++)
        holds = holds_stop(json_array_get(value, i));
    return holds;
}

void own_script_contain_stops(json_t *answer, size_t count) {
    json_t *steps = json_object_get(answer, "steps"), *scripts = json_object_get(answer, "scripts");
    cleanup_json json_t *own = json_array();
    cleanup_free char *name = memory_copy_text("begin");
    for (size_t i = 0; i < count; i++)
        json_array_append(own, json_array_get(steps, i));
    if (!holds_stop(own))
        return;
    for (int i = 2; json_object_get(scripts, name); i++) {
        free(name);
        name = memory_print("begin %d", i);
    }
    if (!scripts)
        json_object_set_new(answer, "scripts", scripts = json_object());
    json_object_set(scripts, name, own);
    for (size_t i = 0; i < count; i++)
        json_array_remove(steps, 0);
    json_array_insert_new(steps, 0, json_pack("{s:s}", "call", name));
}
