#include "agent/replay/parameters.h"
#include "agent/template.h"
#include "base/memory.h"
#include <string.h>

/* Members whose texts are no data. */
static const char *const fixed[] = {"role", "credential", "part", "css", "as", "key", "button", "state", "test_id"};

static bool is_fixed(const char *key) {
    for (size_t i = 0; i < ARRAY_LENGTH(fixed); i++)
        if (!strcmp(fixed[i], key))
            return true;
    return false;
}

/* A name that a template can hold: its parts are separated by points. */
static bool can_stand(const char *name) {
    return *name && strlen(name) <= 100 && !strpbrk(name, ".{}? ");
}

static bool equals(const json_t *value, const char *text) {
    cleanup_free char *printed = json_is_number(value) ? json_print(value) : NULL;
    const char *words = printed ? printed : json_string_value(value);
    return words && *words && !strcmp(words, text);
}

static json_t *text_with(const json_t *text, const json_t *values) {
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)values, name, value) {
        if (!can_stand(name) || !equals(value, json_string_value(text)))
            continue;
        cleanup_free char *place = memory_print("{{inputs.%s}}", name);
        return json_string(place);
    }
    return json_deep_copy(text);
}

json_t *parameters_insert(const json_t *value, const json_t *values) {
    const char *key;
    json_t *member;
    if (json_is_string(value))
        return text_with(value, values);
    if (!json_is_object(value) && !json_is_array(value))
        return json_deep_copy(value);
    json_t *copy = json_is_object(value) ? json_object() : json_array();
    json_object_foreach ((json_t *)value, key, member) {
        json_object_set_new(copy, key, is_fixed(key) ? json_deep_copy(member) : parameters_insert(member, values));
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_append_new(copy, parameters_insert(json_array_get(value, i), values));
    return copy;
}

json_t *parameters_write(const json_t *plain, const json_t *values) {
    cleanup_json json_t *quoted = template_quote(plain), *others = template_quote(values);
    return parameters_insert(quoted, others);
}

const char *parameters_secret_title(const char *name) {
    static const struct {
        const char *name, *title;
    } secrets[] = {
        {"password", "Password"}, {"code", "Code"}, {"card_number", "Card number"}, {"card_code", "Card code"}};
    for (size_t i = 0; i < ARRAY_LENGTH(secrets); i++)
        if (!strcmp(secrets[i].name, name))
            return secrets[i].title;
    return NULL;
}
