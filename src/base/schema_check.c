/* Whether a schema is one: every keyword known, every value of the right kind, every reference leading somewhere. */
#include "base/memory.h"
#include "base/schema_internal.h"
#include <errno.h>
#include <string.h>

#define DIALECT        "https://json-schema.org/draft/2020-12/schema"
#define KEYWORDS_MAX   20000
#define COUNT_MAX      1000000000
#define REFERENCES_MAX 200

static const struct {
    const char *name;
    enum schema_argument argument;
} keywords[] = {
#define X(name, argument, apply, about) {name, ARGUMENT_##argument},
    SCHEMA_TABLE(X)
#undef X
};

struct checking {
    const json_t *root;
    int depth;
    int64_t seen; /* keywords */
};

static int check(struct checking *checking, const json_t *schema, const char *path, struct error *e);

static int wrong(const char *path, struct error *e, const char *must) {
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must be %s", path, must);
}

/* A keyword is known by another way of writing, or by what other drafts call it. */
static const char *other_name(const char *name) {
    static const struct {
        const char *name, *instead;
    } others[] = {
        {"additionalItems", "write items beside prefixItems"},
        {"dependencies", "write dependentRequired or dependentSchemas"},
        {"id", "write $id"},
        {"$anchor", "refer to #/$defs/NAME"},
        {"$dynamicRef", "refer to #/$defs/NAME"},
        {"$recursiveRef", "refer to #/$defs/NAME"},
        {"unevaluatedProperties", "write additionalProperties"},
        {"unevaluatedItems", "write items beside prefixItems"},
        {"nullable", "write \"type\": [..., \"null\"]"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (!strcmp(others[i].name, name))
            return others[i].instead;
    for (size_t i = 0; i < ARRAY_LENGTH(keywords); i++)
        if (!strcasecmp(keywords[i].name, name))
            return keywords[i].name;
    return NULL;
}

static int unknown(const char *path, const char *name, struct error *e) {
    const char *instead = other_name(name);
    error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has \"%.60s\", which is no keyword that is understood here", path, name);
    if (instead)
        error_hint(e, strchr(instead, ' ') ? "Instead %s" : "Did you mean %s?", instead);
    else
        error_hint(e, "Names of properties belong into \"properties\"; notes of your own begin with x-");
    return -EINVAL;
}

static int check_members(struct checking *checking, const json_t *value, const char *path, struct error *e) {
    const char *key;
    json_t *schema;
    int r = json_is_object(value) ? 0 : wrong(path, e, "an object of schemas");
    json_object_foreach ((json_t *)value, key, schema) {
        cleanup_free char *inner = memory_print("%s.%.60s", path, key);
        if (!r)
            r = check(checking, schema, inner, e);
    }
    return r;
}

static int check_pattern_members(struct checking *checking, const json_t *value, const char *path, struct error *e) {
    const char *pattern;
    json_t *schema;
    int r = check_members(checking, value, path, e);
    json_object_foreach ((json_t *)value, pattern, schema) {
        if (!r)
            r = schema_pattern_check(pattern, path, e);
    }
    return r;
}

static int check_list(struct checking *checking, const json_t *value, const char *path, struct error *e) {
    if (!json_is_array(value) || !json_array_size(value))
        return wrong(path, e, "a list with at least one schema");
    int r = 0;
    for (size_t i = 0; !r && i < json_array_size(value); i++) {
        cleanup_free char *inner = memory_print("%s[%zu]", path, i);
        r = check(checking, json_array_get(value, i), inner, e);
    }
    return r;
}

static int check_texts(const json_t *value, const char *path, struct error *e) {
    if (!json_is_array(value))
        return wrong(path, e, "a list of texts");
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return wrong(path, e, "a list of texts");
    return 0;
}

static int check_text_lists(const json_t *value, const char *path, struct error *e) {
    const char *key;
    json_t *names;
    int r = json_is_object(value) ? 0 : wrong(path, e, "an object of lists of texts");
    json_object_foreach ((json_t *)value, key, names) {
        if (!r)
            r = check_texts(names, path, e);
    }
    return r;
}

static int check_type(const json_t *name, const char *path, struct error *e) {
    if (!json_is_string(name) || schema_type_find(json_string_value(name)) < 0)
        return wrong(path, e, "string, integer, number, boolean, array, object, null, or a list of these");
    return 0;
}

static int check_types(const json_t *value, const char *path, struct error *e) {
    if (!json_is_array(value) || !json_array_size(value))
        return check_type(value, path, e);
    int r = 0;
    for (size_t i = 0; !r && i < json_array_size(value); i++)
        r = check_type(json_array_get(value, i), path, e);
    return r;
}

static int check_format(const json_t *value, const char *path, struct error *e) {
    cleanup_text struct text names = {0};
    if (json_is_string(value) && schema_format_find(json_string_value(value)))
        return 0;
    for (size_t i = 0; schema_format_name_at(i); i++)
        text_print(&names, "%s%s", i ? ", " : "", schema_format_name_at(i));
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must be one of %s", path, names.data);
}

static int check_reference(struct checking *checking, const json_t *value, const char *path, struct error *e) {
    if (!json_is_string(value))
        return wrong(path, e, "a text");
    if (schema_find(checking->root, json_string_value(value)))
        return 0;
    return error_set(e, EINVAL, ERROR_BAD_INPUT,
                     "%s leads nowhere: \"%.100s\"; it must be # or #/$defs/NAME of the same schema", path,
                     json_string_value(value));
}

static int check_dialect(const json_t *value, const char *path, struct error *e) {
    const char *text = json_string_value(value);
    if (text && (!strcmp(text, DIALECT) || !strcmp(text, DIALECT "#")))
        return 0;
    return wrong(path, e, DIALECT " (other drafts mean some keywords otherwise)");
}

static int check_number(enum schema_argument argument, const json_t *value, const char *path, struct error *e) {
    double number = json_number_value(value);
    if (!json_is_number(value))
        return wrong(path, e, argument == ARGUMENT_COUNT ? "a whole number, 0 or more" : "a number");
    if (argument == ARGUMENT_POSITIVE && number <= 0)
        return wrong(path, e, "greater than 0");
    if (argument == ARGUMENT_COUNT && (number < 0 || number > COUNT_MAX || number != (double)(int64_t)number))
        return wrong(path, e, "a whole number, 0 or more");
    return 0;
}

static int check_argument(struct checking *checking, enum schema_argument argument, const json_t *value,
                          const char *path, struct error *e) {
    switch (argument) {
    case ARGUMENT_VALUE:
        return 0;
    case ARGUMENT_VALUES:
        return json_is_array(value) ? 0 : wrong(path, e, "a list");
    case ARGUMENT_TEXT:
        return json_is_string(value) ? 0 : wrong(path, e, "a text");
    case ARGUMENT_TEXTS:
        return check_texts(value, path, e);
    case ARGUMENT_TEXT_LISTS:
        return check_text_lists(value, path, e);
    case ARGUMENT_BOOL:
        return json_is_boolean(value) ? 0 : wrong(path, e, "true or false");
    case ARGUMENT_NUMBER:
    case ARGUMENT_POSITIVE:
    case ARGUMENT_COUNT:
        return check_number(argument, value, path, e);
    case ARGUMENT_TYPES:
        return check_types(value, path, e);
    case ARGUMENT_SCHEMA:
        return check(checking, value, path, e);
    case ARGUMENT_SCHEMAS:
        return check_list(checking, value, path, e);
    case ARGUMENT_MEMBERS:
        return check_members(checking, value, path, e);
    case ARGUMENT_PATTERN_MEMBERS:
        return check_pattern_members(checking, value, path, e);
    case ARGUMENT_PATTERN:
        return json_is_string(value) ? schema_pattern_check(json_string_value(value), path, e)
                                     : wrong(path, e, "a regular expression");
    case ARGUMENT_FORMAT:
        return check_format(value, path, e);
    case ARGUMENT_REFERENCE:
        return check_reference(checking, value, path, e);
    case ARGUMENT_DIALECT:
        return check_dialect(value, path, e);
    }
    return 0;
}

static int check_keyword(struct checking *checking, const char *name, const json_t *value, const char *path,
                         struct error *e) {
    cleanup_free char *inner = memory_print("%s.%s", path, name);
    if (++checking->seen > KEYWORDS_MAX)
        return error_set(e, E2BIG, ERROR_BAD_INPUT, "%s has more than %d keywords", path, KEYWORDS_MAX);
    for (size_t i = 0; i < ARRAY_LENGTH(keywords); i++)
        if (!strcmp(keywords[i].name, name))
            return check_argument(checking, keywords[i].argument, value, inner, e);
    return text_starts_with(name, "x-") ? 0 : unknown(path, name, e);
}

static int check(struct checking *checking, const json_t *schema, const char *path, struct error *e) {
    const char *name;
    json_t *value;
    if (json_is_boolean(schema))
        return 0;
    if (!json_is_object(schema))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must be a schema: an object, true or false", path);
    if (checking->depth >= SCHEMA_DEPTH_MAX)
        return error_set(e, E2BIG, ERROR_BAD_INPUT, "%s is nested more than %d deep", path, SCHEMA_DEPTH_MAX);
    checking->depth++;
    int r = 0;
    json_object_foreach ((json_t *)schema, name, value) {
        if (!r)
            r = check_keyword(checking, name, value, path, e);
    }
    checking->depth--;
    return r;
}

/* Circles: a schema that comes back to itself without going into the value would never end. */
struct circles {
    const json_t *root;
    const char *what;
    json_t *state; /* by a schema's address: false while it is being gone through, true when it is done */
    int depth;
};

static int find_circle(struct circles *circles, const json_t *schema, struct error *e);

static int follow_list(struct circles *circles, const json_t *list, struct error *e) {
    const char *key;
    json_t *member;
    int r = 0;
    for (size_t i = 0; !r && i < json_array_size(list); i++)
        r = find_circle(circles, json_array_get(list, i), e);
    json_object_foreach ((json_t *)list, key, member) {
        if (!r)
            r = find_circle(circles, member, e);
    }
    return r;
}

static int follow_all(struct circles *circles, const json_t *schema, struct error *e) {
    static const char *const lists[] = {"allOf", "anyOf", "oneOf", "dependentSchemas"};
    static const char *const singles[] = {"not", "if", "then", "else"};
    const json_t *reference = json_object_get(schema, "$ref");
    int r = reference ? find_circle(circles, schema_find(circles->root, json_string_value(reference)), e) : 0;
    for (size_t i = 0; !r && i < ARRAY_LENGTH(lists); i++)
        r = follow_list(circles, json_object_get(schema, lists[i]), e);
    for (size_t i = 0; !r && i < ARRAY_LENGTH(singles); i++)
        r = find_circle(circles, json_object_get(schema, singles[i]), e);
    return r;
}

static int find_circle(struct circles *circles, const json_t *schema, struct error *e) {
    char address[24];
    snprintf(address, sizeof address, "%p", (const void *)schema);
    const json_t *known = json_object_get(circles->state, address);
    if (json_is_false(known))
        return error_set(e, ELOOP, ERROR_BAD_INPUT, "%s refers to itself without end", circles->what);
    if (known || !json_is_object(schema))
        return 0;
    if (circles->depth >= REFERENCES_MAX)
        return error_set(e, E2BIG, ERROR_BAD_INPUT, "%s: schemas refer to each other more than %d deep", circles->what,
                         REFERENCES_MAX);
    json_object_set_new(circles->state, address, json_false());
    circles->depth++;
    int r = follow_all(circles, schema, e);
    circles->depth--;
    json_object_set_new(circles->state, address, json_true());
    return r;
}

/* A circle always goes through the root or a definition, for only these are referred to. */
static int check_circles(const json_t *root, const char *what, struct error *e) {
    cleanup_json json_t *state = json_object();
    struct circles circles = {root, what, state, 0};
    int r = find_circle(&circles, root, e);
    if (!r)
        r = follow_list(&circles, json_object_get(root, "$defs"), e);
    return r < 0 ? r : follow_list(&circles, json_object_get(root, "definitions"), e);
}

static int check_defaults(const json_t *root, const json_t *schema, const char *path, struct error *e) {
    const char *key;
    json_t *property;
    int r = 0;
    json_object_foreach (json_object_get(schema, "properties"), key, property) {
        cleanup_free char *inner = memory_print("%s.properties.%.60s", path, key);
        cleanup_json json_t *alone = json_object(), *value = json_object();
        const json_t *given = json_object_get(property, "default");
        if (!r && given) {
            json_object_set(value, key, (json_t *)given);
            json_object_set_new(alone, "properties", json_pack("{s:O}", key, property));
            json_object_set(alone, "$defs", json_object_get(root, "$defs"));
            json_object_set(alone, "definitions", json_object_get(root, "definitions"));
            if (schema_validate(alone, value, "default", NULL, e) < 0)
                r = (error_prefix(e, "%s: its default does not fit it", inner), -EINVAL);
        }
        if (!r)
            r = check_defaults(root, property, inner, e);
    }
    return r;
}

int schema_check(const json_t *schema, const char *what, struct error *e) {
    struct checking checking = {.root = schema};
    int r = check(&checking, schema, what, e);
    if (!r)
        r = check_circles(schema, what, e);
    return r < 0 ? r : check_defaults(schema, schema, what, e);
}
