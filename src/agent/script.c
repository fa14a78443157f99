#include "agent/script.h"
#include "agent/action.h"
#include "agent/run.h"
#include "agent/shapes.h"
#include "agent/template.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

/* What every step may carry beside its action. */
static const struct field step_fields[] = {
    {"name", FIELD_TEXT, "what this step is for, shown in events"},
    {"timeout_ms", FIELD_INT, "how long it may take; default STEP_TIMEOUT_SECONDS", .least = 1, .most = 86400000},
    {"optional", FIELD_BOOL, "a failure is noted and the script goes on"},
    {NULL},
};
const struct shape shape_step = {.name = "step", .doc = "", .fields = step_fields};

const json_t *script_steps(const json_t *script) {
    const json_t *steps = json_is_object(script) ? json_object_get(script, "steps") : script;
    return json_is_array(steps) ? steps : NULL;
}

bool script_mends(const json_t *script) {
    return json_bool_or(script, "mend", false);
}

const json_t *script_named(const json_t *script, const char *name) {
    return json_object_get(json_object_get(script, "scripts"), name);
}

const char *script_action_of(const json_t *step) {
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)step, key, value) {
        if (action_find(key))
            return key;
    }
    return NULL;
}

static const char *step_key_at(const void *list, size_t i) {
    if (i < ARRAY_LENGTH(step_fields) - 1)
        return step_fields[i].name;
    i -= ARRAY_LENGTH(step_fields) - 1;
    return i < action_count ? action_rows[i].name : NULL;
}

/* Members with steps, which are checked by themselves, and with code. */
static bool holds_no_template(const char *key) {
    static const char *const keys[] = {"steps", "between", "then", "else", "script"};
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (!strcmp(keys[i], key))
            return true;
    return false;
}

static int check_templates(const json_t *value, const char *path, struct error *e) {
    if (json_is_string(value))
        return template_check(json_string_value(value), path, e);
    const char *key;
    json_t *member;
    int r = 0;
    json_object_foreach ((json_t *)value, key, member) {
        cleanup_free char *inner = memory_print("%s.%s", path, key);
        if (!r && !holds_no_template(key))
            r = check_templates(member, inner, e);
    }
    for (size_t i = 0; !r && i < json_array_size(value); i++)
        r = check_templates(json_array_get(value, i), path, e);
    return r;
}

static int refuse_number(void *user, json_t *object, const char *path, struct error *e) {
    error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.element is for models, which look at the page first", path);
    error_hint(e, "A script names the element by role and name, label, text or css");
    return -EINVAL;
}

static int refuse_numbers(const struct action *action, const json_t *value, const char *path, struct error *e) {
    cleanup_json json_t *whole = shape_expand(action->shape, value);
    return shape_visit(action->shape, whole, path, refuse_number, NULL, e);
}

static int check_member(const char *key, const json_t *value, const char *path, struct error *e) {
    cleanup_free char *inner = memory_print("%s.%s", path, key);
    const struct action *action = action_find(key);
    int r;
    char hint[96];
    if (action) {
        r = shape_check(action->shape, value, inner, e);
        if (!r)
            r = refuse_numbers(action, value, inner, e);
        bool code = action->shape == &shape_evaluate && json_is_string(value);
        return r < 0 || code ? r : check_templates(value, inner, e);
    }
    if (!shape_field(&shape_step, key))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s is not known%s", inner,
                         shape_suggest(key, step_key_at, NULL, hint));
    cleanup_json json_t *alone = json_pack("{s:O}", key, value);
    return shape_check(&shape_step, alone, path, e);
}

static int check_step(const json_t *step, const char *path, struct error *e) {
    const char *key;
    json_t *value;
    int actions = 0, r = 0;
    if (!json_is_object(step))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must be an object such as {\"click\": \"Sign in\"}", path);
    json_object_foreach ((json_t *)step, key, value) {
        actions += action_find(key) != NULL;
        if (!r)
            r = check_member(key, value, path, e);
    }
    if (!r && actions != 1)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has %s action; each step has exactly one", path,
                         actions ? "more than one" : "no");
    return r;
}

int script_check_steps(const json_t *steps, const char *path, struct error *e) {
    int r = 0;
    if (!json_is_array(steps))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must be a list of steps", path);
    if (json_array_size(steps) > SCRIPT_STEPS_MAX)
        return error_set(e, E2BIG, ERROR_BAD_INPUT, "%s has more than %d steps", path, SCRIPT_STEPS_MAX);
    for (size_t i = 0; !r && i < json_array_size(steps); i++) {
        cleanup_free char *inner = memory_print("%s[%zu]", path, i);
        r = check_step(json_array_get(steps, i), inner, e);
    }
    return r;
}

/* Steps whose `call` names no script, found before they run; a name out of a template is seen when its turn comes. */
static int check_calls(const json_t *script, const json_t *steps, const char *path, struct error *e);

static int check_call(const json_t *script, const json_t *arguments, const char *path, struct error *e) {
    const char *name = json_is_string(arguments) ? json_string_value(arguments) : json_text_or(arguments, "script", "");
    if (strstr(name, "{{") || script_named(script, name))
        return 0;
    return error_set(e, ENOENT, ERROR_BAD_INPUT, "%s.call: there is no script named \"%.100s\" among the scripts", path,
                     name);
}

static int check_calls_of(const json_t *script, const json_t *step, const char *path, struct error *e) {
    const char *name = script_action_of(step);
    const struct action *action = action_find(name);
    const json_t *arguments = json_object_get(step, name);
    int r = action->shape == &shape_call ? check_call(script, arguments, path, e) : 0;
    for (const struct field *field = action->shape->fields; !r && field && field->name; field++) {
        const json_t *inside = field->kind == FIELD_STEPS ? json_object_get(arguments, field->name) : NULL;
        cleanup_free char *inner = inside ? memory_print("%s.%s.%s", path, name, field->name) : NULL;
        if (inside)
            r = check_calls(script, inside, inner, e);
    }
    return r;
}

static int check_calls(const json_t *script, const json_t *steps, const char *path, struct error *e) {
    int r = 0;
    for (size_t i = 0; !r && i < json_array_size(steps); i++) {
        cleanup_free char *inner = memory_print("%s[%zu]", path, i);
        r = check_calls_of(script, json_array_get(steps, i), inner, e);
    }
    return r;
}

/* One script of several, and what it calls. */
static int check_whole(const json_t *all, const json_t *script, const char *path, struct error *e) {
    const json_t *steps = script_steps(script);
    if (!steps)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must be {\"steps\": [...]} or a list of steps", path);
    int r = script_check_steps(steps, path, e);
    return r < 0 ? r : check_calls(all, steps, path, e);
}

static int check_known(const json_t *script, const char *path, bool outermost, struct error *e) {
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)script, key, value) {
        bool text = !strcmp(key, "name") || !strcmp(key, "description");
        bool mend = !strcmp(key, "mend");
        if (strcmp(key, "steps") && !text && !(outermost && (mend || !strcmp(key, "scripts"))))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s%s is not known; a script has steps, name%s description",
                             path, key, outermost ? ", scripts, mend and" : " and");
        if (mend && !json_is_boolean(value))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "mend must be true or false");
        if (text && !json_is_string(value))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s%s must be a text", path, key);
    }
    return 0;
}

static int check_scripts(const json_t *script, struct error *e) {
    const json_t *scripts = json_object_get(script, "scripts");
    const char *name;
    json_t *one;
    int r = 0;
    if (scripts && !json_is_object(scripts))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "scripts must be an object: a script of each name");
    json_object_foreach ((json_t *)scripts, name, one) {
        cleanup_free char *path = memory_print("scripts.%.100s.", name);
        cleanup_free char *steps = memory_print("scripts.%.100s%s", name, json_is_array(one) ? "" : ".steps");
        if (!r)
            r = check_known(one, path, false, e);
        if (!r)
            r = check_whole(script, one, steps, e);
    }
    return r;
}

int agent_check_script(const json_t *script, struct error *e) {
    if (!script_steps(script))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "a script is {\"steps\": [...]} or a list of steps");
    int r = check_known(script, "", true, e);
    if (!r)
        r = check_whole(script, script, "steps", e);
    return r < 0 ? r : check_scripts(script, e);
}
