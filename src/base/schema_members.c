/* Keywords about the items of a list and the members of an object. */
#include "base/memory.h"
#include "base/schema_internal.h"
#include <string.h>

static void compare_item(const struct schema_call *call, const json_t *schema, size_t index) {
    struct schema_place place = {.up = call->place, .index = index};
    schema_compare(call->run, schema, json_array_get(call->value, index), &place);
}

static void compare_member(const struct schema_call *call, const json_t *schema, const char *key,
                           const json_t *member) {
    struct schema_place place = {.up = call->place, .key = key};
    schema_compare(call->run, schema, member, &place);
}

void apply_prefix_items(const struct schema_call *call) {
    for (size_t i = 0; i < json_array_size(call->argument) && i < json_array_size(call->value); i++)
        compare_item(call, json_array_get(call->argument, i), i);
}

void apply_items(const struct schema_call *call) {
    for (size_t i = json_array_size(json_object_get(call->schema, "prefixItems")); i < json_array_size(call->value);
         i++)
        compare_item(call, call->argument, i);
}

void apply_contains(const struct schema_call *call) {
    json_int_t least = 1, most = INT64_MAX, found = 0;
    const json_t *limit;
    if ((limit = json_object_get(call->schema, "minContains")))
        least = (json_int_t)json_number_value(limit);
    if ((limit = json_object_get(call->schema, "maxContains")))
        most = (json_int_t)json_number_value(limit);
    for (size_t i = 0; i < json_array_size(call->value); i++) {
        struct schema_place place = {.up = call->place, .index = i};
        json_t *problems = schema_compare_apart(call->run, call->argument, json_array_get(call->value, i), &place);
        found += !json_array_size(problems);
        json_decref(problems);
    }
    if (found < least || found > most)
        schema_problem(call->run, call->place, "contains", "has %lld items of the wanted kind; it must have at %s %lld",
                       (long long)found, found < least ? "least" : "most", (long long)(found < least ? least : most));
}

/* A copy in which equal values are written equally: 1.0 as 1. */
static json_t *plain_copy(const json_t *value) {
    const char *key;
    json_t *member;
    if (json_is_real(value) && schema_type_fits(schema_type_find("integer"), value))
        return json_integer((json_int_t)json_real_value(value));
    if (json_is_object(value)) {
        json_t *copy = json_object();
        json_object_foreach ((json_t *)value, key, member) {
            json_object_set_new(copy, key, plain_copy(member));
        }
        return copy;
    }
    if (!json_is_array(value))
        return json_incref((json_t *)value);
    json_t *copy = json_array();
    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_append_new(copy, plain_copy(json_array_get(value, i)));
    return copy;
}

void apply_unique_items(const struct schema_call *call) {
    cleanup_json json_t *seen = json_object();
    if (!json_is_true(call->argument) ||
        !schema_may_go_on(call->run, call->place, (int64_t)json_array_size(call->value)))
        return;
    for (size_t i = 0; i < json_array_size(call->value); i++) {
        cleanup_json json_t *plain = plain_copy(json_array_get(call->value, i));
        cleanup_free char *text = json_dumps(plain, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY);
        const json_t *before = json_object_get(seen, text);
        if (before) {
            schema_problem(call->run, call->place, "unique_items", "must have no two equal items; %lld and %zu are",
                           (long long)json_integer_value(before), i);
            return;
        }
        json_object_set_new(seen, text, json_integer((json_int_t)i));
    }
}

static void must_have(const struct schema_call *call, const json_t *names, const char *because) {
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        struct schema_place place = {.up = call->place, .key = name};
        if (json_object_get(call->value, name))
            continue;
        if (because)
            schema_problem(call->run, &place, "missing", "is required beside %.80s", because);
        else
            schema_problem(call->run, &place, "missing", "is required");
    }
}

void apply_required(const struct schema_call *call) {
    must_have(call, call->argument, NULL);
}

void apply_dependent_required(const struct schema_call *call) {
    const char *key;
    json_t *names;
    json_object_foreach ((json_t *)call->argument, key, names) {
        if (json_object_get(call->value, key))
            must_have(call, names, key);
    }
}

void apply_dependent_schemas(const struct schema_call *call) {
    const char *key;
    json_t *schema;
    json_object_foreach ((json_t *)call->argument, key, schema) {
        if (json_object_get(call->value, key))
            schema_compare(call->run, schema, call->value, call->place);
    }
}

void apply_properties(const struct schema_call *call) {
    const char *key;
    json_t *schema;
    json_object_foreach ((json_t *)call->argument, key, schema) {
        const json_t *member = json_object_get(call->value, key);
        if (member)
            compare_member(call, schema, key, member);
    }
}

static bool key_fits(const struct schema_call *call, const char *pattern, const char *key) {
    struct schema_place place = {.up = call->place, .key = key};
    return schema_pattern_fits(call->run, &place, pattern, key);
}

void apply_pattern_properties(const struct schema_call *call) {
    const char *pattern, *key;
    json_t *schema, *member;
    json_object_foreach ((json_t *)call->argument, pattern, schema) {
        json_object_foreach ((json_t *)call->value, key, member) {
            if (schema_may_go_on(call->run, call->place, 1) && key_fits(call, pattern, key))
                compare_member(call, schema, key, member);
        }
    }
}

static bool is_named(const struct schema_call *call, const char *key) {
    const char *pattern;
    json_t *schema;
    if (json_object_get(json_object_get(call->schema, "properties"), key))
        return true;
    json_object_foreach (json_object_get(call->schema, "patternProperties"), pattern, schema) {
        if (key_fits(call, pattern, key))
            return true;
    }
    return false;
}

void apply_additional_properties(const struct schema_call *call) {
    const char *key;
    json_t *member;
    json_object_foreach ((json_t *)call->value, key, member) {
        if (schema_may_go_on(call->run, call->place, 1) && !is_named(call, key))
            compare_member(call, call->argument, key, member);
    }
}

void apply_property_names(const struct schema_call *call) {
    const char *key;
    json_t *member;
    json_object_foreach ((json_t *)call->value, key, member) {
        cleanup_json json_t *name = json_string(key);
        compare_member(call, call->argument, key, name);
    }
}
