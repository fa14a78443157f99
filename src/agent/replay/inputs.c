#include "agent/replay/inputs.h"
#include "agent/replay/parameters.h"
#include "agent/template.h"
#include "base/memory.h"
#include "base/schema.h"
#include "base/text.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX         "inputs."
#define NAME_MAX_BYTES 40
#define DEFAULT_MAX    10000 /* bytes of JSON; a longer value is no proposal but a file */
#define PROPOSALS_MAX  200

/* Every object in a script, outermost first; `key` is what it is called in the one around it (NULL: an item). */
typedef void object_visitor(void *user, const char *key, const json_t *object);

static void visit(const char *key, const json_t *value, object_visitor *visitor, void *user) {
    const char *name;
    json_t *member;
    if (json_is_object(value))
        visitor(user, key, value);
    json_object_foreach ((json_t *)value, name, member)
        visit(name, member, visitor, user);
    for (size_t i = 0; i < json_array_size(value); i++)
        visit(NULL, json_array_get(value, i), visitor, user);
}

/* What a field is called */

static char *words_of(const json_t *target) {
    static const char *const members[] = {"label", "name", "placeholder", "test_id"};
    for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
        const char *words = json_text_or(target, members[i], "");
        if (*words && !strstr(words, "{{"))
            return memory_copy_text(words);
    }
    return NULL;
}

/* "input[name=\"street\"]", "#street" */
static char *name_in_css(const json_t *target) {
    const char *css = json_text_or(target, "css", ""), *at = strstr(css, "[name=\"");
    if (at)
        return strndup(at + 7, strcspn(at + 7, "\""));
    return *css == '#' && !strpbrk(css + 1, " >.:[#") ? memory_copy_text(css + 1) : NULL;
}

char *inputs_field_words(const json_t *arguments) {
    const json_t *fallback = json_object_get(arguments, "fallback");
    char *(*const ways[])(const json_t *) = {words_of, name_in_css};
    for (size_t way = 0; way < ARRAY_LENGTH(ways); way++) {
        char *words = ways[way](arguments);
        for (size_t i = 0; !words && i < json_array_size(fallback); i++)
            words = ways[way](json_array_get(fallback, i));
        if (words)
            return words;
    }
    return NULL;
}

/* The inputs that a script names */

struct found {
    json_t *names;  /* {name: whether the script fails without it} */
    json_t *titles; /* {name: what its field is called} */
};

static void add_name(struct found *found, const char *name, size_t length, bool needed) {
    cleanup_free char *copy = strndup(name, length);
    if (!length)
        return;
    needed |= json_is_true(json_object_get(found->names, copy));
    json_object_set_new(found->names, copy, json_boolean(needed));
}

static void find_in_text(struct found *found, const char *text) {
    for (const char *at = text; (at = strstr(at, "{{"));) {
        at += 2;
        const char *place = at + strspn(at, " "), *end = strstr(place, "}}");
        if (!end)
            return;
        at = end + 2;
        if (!text_starts_with(place, PREFIX))
            continue;
        const char *name = place + strlen(PREFIX), *last = end;
        while (last > name && last[-1] == ' ')
            last--;
        size_t length = strcspn(name, ".}? ");
        add_name(found, name, length, last[-1] != '?');
    }
}

/* Code has them as a variable; whether it fails without one is not known. */
static void find_in_code(struct found *found, const char *code) {
    for (const char *at = code; (at = strstr(at, PREFIX)); at += strlen(PREFIX)) {
        const char *name = at + strlen(PREFIX);
        size_t length = 0;
        while (isalnum((unsigned char)name[length]) || name[length] == '_')
            length++;
        if (at == code || (!isalnum((unsigned char)at[-1]) && !strchr("_$.", at[-1])))
            add_name(found, name, length, false);
    }
}

static void find_title(struct found *found, const json_t *fill) {
    const char *value = json_text_or(fill, "value", ""), *name = value + 2 + strlen(PREFIX);
    if (!text_starts_with(value, "{{" PREFIX) || strcspn(name, "}.? ") + 2 != strlen(name))
        return;
    cleanup_free char *plain = strndup(name, strlen(name) - 2), *words = inputs_field_words(fill);
    if (words && !json_object_get(found->titles, plain))
        json_object_set_new(found->titles, plain, json_string(words));
}

static void find_in_object(void *user, const char *key, const json_t *object) {
    bool is_code = key && !strcmp(key, "evaluate");
    const char *name;
    json_t *member;
    if (key && !strcmp(key, "fill"))
        find_title(user, object);
    json_object_foreach ((json_t *)object, name, member) {
        if (json_is_string(member) && ((is_code && !strcmp(name, "script")) || !strcmp(name, "evaluate")))
            find_in_code(user, json_string_value(member));
        else if (json_is_string(member))
            find_in_text(user, json_string_value(member));
        for (size_t i = 0; i < json_array_size(member); i++)
            if (json_is_string(json_array_get(member, i)))
                find_in_text(user, json_string_value(json_array_get(member, i)));
    }
}

static struct found find_inputs(const json_t *script) {
    struct found found = {json_object(), json_object()};
    visit(NULL, script, find_in_object, &found);
    return found;
}

static void found_done(struct found *found) {
    json_decref(found->names);
    json_decref(found->titles);
}

/* The schema */

static const char *type_of(const json_t *value) {
    static const char *const names[] = {
        [JSON_OBJECT] = "object", [JSON_ARRAY] = "array",  [JSON_STRING] = "string", [JSON_INTEGER] = "integer",
        [JSON_REAL] = "number",   [JSON_TRUE] = "boolean", [JSON_FALSE] = "boolean", [JSON_NULL] = NULL};
    return value ? names[json_typeof(value)] : "string";
}

static json_t *make_property(const char *name, const char *title, const json_t *value) {
    const char *secret = value && strcmp(name, "password") ? NULL : parameters_secret_title(name);
    if (secret)
        return json_pack("{s:s, s:s, s:s, s:b}", "type", "string", "title", secret, "format", "password", "writeOnly",
                         1);
    json_t *property = json_pack("{s:s*, s:s}", "type", type_of(value), "title", title ? title : name);
    if (json_is_string(value) && strchr(json_string_value(value), '\n'))
        json_object_set_new(property, "format", json_string("multiline"));
    return property;
}

static bool is_secret(const json_t *property) {
    return json_bool_or(property, "writeOnly", false) || !strcmp(json_text_or(property, "format", ""), "password");
}

static bool fits(const json_t *schema, const char *name, const json_t *value) {
    cleanup_json json_t *inputs = json_pack("{s:O}", name, value), *plain = json_copy((json_t *)schema);
    struct error ignored;
    json_object_del(plain, "required");
    return json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) <= DEFAULT_MAX &&
           !schema_validate(plain, inputs, "inputs", NULL, &ignored);
}

/* A property may lead to one of these. */
static json_t *open_schema(const json_t *agent_schema) {
    static const char *const shared[] = {"$defs", "definitions"};
    json_t *schema = json_pack("{s:s, s:{}, s:[]}", "type", "object", "properties", "required");
    for (size_t i = 0; i < ARRAY_LENGTH(shared); i++)
        if (json_object_get(agent_schema, shared[i]))
            json_object_set(schema, shared[i], json_object_get(agent_schema, shared[i]));
    return schema;
}

json_t *inputs_schema(const json_t *script, const json_t *agent_schema, const json_t *values) {
    struct found found = find_inputs(script);
    json_t *schema = open_schema(agent_schema), *properties = json_object_get(schema, "properties"), *needed;
    const char *name;
    json_object_foreach (found.names, name, needed) {
        const json_t *known = json_object_get(json_object_get(agent_schema, "properties"), name);
        json_t *value = json_object_get(values, name);
        json_t *property =
            known ? json_deep_copy(known) : make_property(name, json_text_or(found.titles, name, NULL), value);
        json_object_set_new(properties, name, property);
        if (value && json_is_object(property) && !is_secret(property) && fits(schema, name, value))
            json_object_set(property, "default", value);
        if (json_is_true(needed))
            json_array_append_new(json_object_get(schema, "required"), json_string(name));
    }
    found_done(&found);
    return schema;
}

/* Proposals */

/* "Street and number" is street_and_number; free() */
static char *name_from(const char *words) {
    cleanup_text struct text name = {0};
    text_reserve(&name, NAME_MAX_BYTES);
    for (const char *c = words ? words : ""; *c && name.length < NAME_MAX_BYTES; c++) {
        if (isascii((unsigned char)*c) && isalnum((unsigned char)*c))
            text_append_char(&name, (char)tolower((unsigned char)*c));
        else if (name.length && name.data[name.length - 1] != '_')
            text_append_char(&name, '_');
    }
    while (name.length && name.data[name.length - 1] == '_')
        name.length--;
    return name.length ? strndup(name.data, name.length) : memory_copy_text("text");
}

struct proposals {
    json_t *list, *texts, *names; /* texts and names: {text: true} of what there is */
};

/* What is typed whatever the inputs are; NULL: it depends on them. */
static json_t *text_without_values(const json_t *written) {
    cleanup_json json_t *none = json_object(), *text = NULL;
    struct error ignored;
    if (!json_is_string(written) || template_expand(written, none, &text, &ignored) < 0 || !json_is_string(text))
        return NULL;
    return take_pointer(text);
}

static void propose(void *user, const char *key, const json_t *fill) {
    struct proposals *proposals = user;
    cleanup_json json_t *plain =
        key && !strcmp(key, "fill") ? text_without_values(json_object_get(fill, "value")) : NULL;
    const char *text = plain ? json_string_value(plain) : "";
    if (!*text || json_object_get(proposals->texts, text) || json_array_size(proposals->list) >= PROPOSALS_MAX)
        return;
    cleanup_free char *words = inputs_field_words(fill), *base = name_from(words), *name = memory_copy_text(base);
    for (int i = 2; json_object_get(proposals->names, name); i++) {
        free(name);
        name = memory_print("%s_%d", base, i);
    }
    json_object_set_new(proposals->texts, text, json_true());
    json_object_set_new(proposals->names, name, json_true());
    json_array_append_new(proposals->list, json_pack("{s:s, s:s}", "text", text, "name", name));
}

json_t *inputs_proposals(const json_t *script) {
    struct found found = find_inputs(script);
    struct proposals proposals = {json_array(), json_object(), found.names};
    visit(NULL, script, propose, &proposals);
    json_decref(proposals.texts);
    found_done(&found);
    return proposals.list;
}

static void add_credential(void *user, const char *key, const json_t *fill) {
    const char *name = json_text_or(fill, "credential", "");
    if (key && !strcmp(key, "fill") && *name && !strstr(name, "{{"))
        json_object_set_new(user, name, json_true());
}

static void add_result(void *user, const char *key, const json_t *arguments) {
    static const char *const actions[] = {"extract", "evaluate", "download", "screenshot", "cookies", "dialog", "tab"};
    const char *name = json_text_or(arguments, "as", "");
    for (size_t i = 0; key && *name && i < ARRAY_LENGTH(actions); i++)
        if (!strcmp(key, actions[i]))
            json_object_set_new(user, name, json_true());
}

static json_t *names_of(const json_t *script, object_visitor *visitor) {
    cleanup_json json_t *names = json_object();
    json_t *list = json_array(), *present;
    const char *name;
    visit(NULL, script, visitor, names);
    json_object_foreach (names, name, present)
        json_array_append_new(list, json_string(name));
    return list;
}

json_t *inputs_credentials(const json_t *script) {
    return names_of(script, add_credential);
}

json_t *inputs_results(const json_t *script) {
    return names_of(script, add_result);
}
