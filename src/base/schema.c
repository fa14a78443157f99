/* Comparing a value with a schema: the walk, the bounds, the list of problems; defaults. */
#include "base/schema.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/schema_internal.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WORK_MAX      1000000
#define PATTERN_MS    2000
#define FILL_WORK_MAX 100000
/* Schemas within each other while comparing; a value may be deeper than its schema when that refers to itself. */
#define NESTED_MAX 256

enum about { ABOUT_ANY, ABOUT_NUMBER, ABOUT_TEXT, ABOUT_LIST, ABOUT_OBJECT };

static const struct {
    const char *name;
    schema_apply *apply;
    enum about about;
} keywords[] = {
#define X(name, argument, apply, about) {name, apply, ABOUT_##about},
    SCHEMA_TABLE(X)
#undef X
};

static const struct {
    const char *name, *words;
} types[] = {
#define X(name, words, type) {name, words},
    SCHEMA_TYPE_TABLE(X)
#undef X
};

int schema_type_find(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (!strcmp(types[i].name, name))
            return (int)i;
    return -1;
}

const char *schema_type_words(int type) {
    return types[type].words;
}

static bool is_whole(const json_t *value) {
    if (json_is_integer(value))
        return true;
    double number = json_real_value(value);
    return json_is_real(value) && number >= -9.0e15 && number <= 9.0e15 && number == (double)(int64_t)number;
}

bool schema_type_fits(int type, const json_t *value) {
    static const json_type kinds[] = {JSON_STRING, JSON_INTEGER, JSON_REAL, JSON_TRUE,
                                      JSON_ARRAY,  JSON_OBJECT,  JSON_NULL};
    switch (kinds[type]) {
    case JSON_INTEGER:
        return is_whole(value);
    case JSON_REAL:
        return json_is_number(value);
    case JSON_TRUE:
        return json_is_boolean(value);
    default:
        return json_typeof(value) == kinds[type];
    }
}

static bool same_members(const json_t *a, const json_t *b) {
    const char *key;
    json_t *member;
    if (json_object_size(a) != json_object_size(b))
        return false;
    json_object_foreach ((json_t *)a, key, member) {
        if (!json_object_get(b, key) || !schema_same(member, json_object_get(b, key)))
            return false;
    }
    return true;
}

bool schema_same(const json_t *a, const json_t *b) {
    if (json_is_integer(a) && json_is_integer(b))
        return json_integer_value(a) == json_integer_value(b);
    if (json_is_number(a) && json_is_number(b))
        return json_number_value(a) == json_number_value(b);
    if (json_is_object(a) && json_is_object(b))
        return same_members(a, b);
    if (!json_is_array(a) || !json_is_array(b))
        return json_equal(a, b);
    if (json_array_size(a) != json_array_size(b))
        return false;
    for (size_t i = 0; i < json_array_size(a); i++)
        if (!schema_same(json_array_get(a, i), json_array_get(b, i)))
            return false;
    return true;
}

/* "#/$defs/a~1b" and "#/$defs/a%20b": JSON pointers in a fragment. Only named definitions of the schema itself. */
static int decode_name(const char *text, char *name, size_t room) {
    size_t n = 0;
    for (; *text; text++) {
        char c = *text;
        char hex[3] = {text[1], text[1] ? text[2] : '\0'};
        if (c == '/' || n + 1 >= room)
            return -EINVAL;
        if (c == '%' && hex[0] && hex[1])
            c = (char)strtol(hex, NULL, 16), text += 2;
        if (c == '~' && (text[1] == '0' || text[1] == '1'))
            c = *++text == '0' ? '~' : '/';
        name[n++] = c;
    }
    name[n] = '\0';
    return n ? 0 : -EINVAL;
}

const json_t *schema_find(const json_t *root, const char *reference) {
    static const char *const places[] = {"$defs", "definitions"};
    char name[256];
    if (!strcmp(reference, "#"))
        return root;
    for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
        cleanup_free char *start = memory_print("#/%s/", places[i]);
        if (text_starts_with(reference, start) && !decode_name(reference + strlen(start), name, sizeof name))
            return json_object_get(json_object_get(root, places[i]), name);
    }
    return NULL;
}

static json_t *place_list(const struct schema_place *place) {
    json_t *list = json_array();
    for (; place; place = place->up)
        json_array_insert_new(list, 0, place->key ? json_string(place->key) : json_integer((json_int_t)place->index));
    return list;
}

void schema_problem(struct schema_run *run, const struct schema_place *place, const char *type, const char *format,
                    ...) {
    char text[400];
    va_list arguments;
    if (json_array_size(run->problems) >= SCHEMA_PROBLEMS_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    /* Cut in the middle of a letter, it would be no JSON text. */
    for (size_t n = strlen(text); !text_is_utf8(text, n); n--)
        text[n - 1] = '\0';
    json_array_append_new(run->problems,
                          json_pack("{s:o, s:s, s:s}", "loc", place_list(place), "msg", text, "type", type));
}

bool schema_may_go_on(struct schema_run *run, const struct schema_place *place, int64_t more) {
    run->work += more;
    if (!run->exhausted && run->work <= WORK_MAX && run->depth <= NESTED_MAX)
        return true;
    if (!run->exhausted)
        schema_problem(run, place, "schema_limit",
                       run->depth > NESTED_MAX
                           ? "is nested too deeply for its schema, or the schema refers to itself without end"
                           : "is too large to be compared with its schema");
    run->exhausted = true;
    return false;
}

static bool is_about(enum about about, const json_t *value) {
    switch (about) {
    case ABOUT_NUMBER:
        return json_is_number(value);
    case ABOUT_TEXT:
        return json_is_string(value);
    case ABOUT_LIST:
        return json_is_array(value);
    case ABOUT_OBJECT:
        return json_is_object(value);
    default:
        return true;
    }
}

void schema_compare(struct schema_run *run, const json_t *schema, const json_t *value,
                    const struct schema_place *place) {
    if (json_is_false(schema))
        schema_problem(run, place, "extra_forbidden", "is not allowed");
    if (!json_is_object(schema))
        return;
    run->depth++;
    for (size_t i = 0; schema_may_go_on(run, place, 1) && i < ARRAY_LENGTH(keywords); i++) {
        const json_t *argument = json_object_get(schema, keywords[i].name);
        if (argument && keywords[i].apply && is_about(keywords[i].about, value))
            keywords[i].apply(&(struct schema_call){run, schema, argument, value, place});
    }
    run->depth--;
}

json_t *schema_compare_apart(struct schema_run *run, const json_t *schema, const json_t *value,
                             const struct schema_place *place) {
    json_t *before = run->problems, *apart = run->problems = json_array();
    schema_compare(run, schema, value, place);
    run->problems = before;
    return apart;
}

static bool is_bound(const json_t *problem) {
    const char *type = json_text_or(problem, "type", "");
    return !strcmp(type, "schema_limit");
}

int schema_validate(const json_t *schema, const json_t *value, const char *root, json_t **ret_problems,
                    struct error *e) {
    cleanup_json json_t *problems = json_array();
    cleanup_text struct text words = {0};
    struct schema_run run = {.root = schema, .problems = problems, .pattern_deadline = clock_deadline(PATTERN_MS)};
    struct schema_place place = {.key = root};
    schema_compare(&run, schema, value, &place);
    /* A bound that was met while alternatives were tried was said to those only. */
    if (run.exhausted && !is_bound(json_array_get(problems, json_array_size(problems) - 1)))
        schema_problem(&run, &place, "schema_limit", "is too large to be compared with its schema");
    if (!json_array_size(problems))
        return 0;
    schema_describe(problems, &words);
    int r = error_set(e, EINVAL, ERROR_BAD_INPUT, "%s", words.data);
    if (ret_problems)
        *ret_problems = take_pointer(problems);
    return r;
}

static void print_place(const json_t *loc, struct text *out) {
    for (size_t i = 0; i < json_array_size(loc); i++) {
        const json_t *part = json_array_get(loc, i);
        if (json_is_integer(part))
            text_print(out, "[%lld]", (long long)json_integer_value(part));
        else
            text_print(out, "%s%.80s", i ? "." : "", json_string_value(part));
    }
}

#define WORDS_MAX 520

void schema_describe(const json_t *problems, struct text *out) {
    size_t i, count = json_array_size(problems);
    for (i = 0; i < count; i++) {
        const json_t *problem = json_array_get(problems, i);
        cleanup_text struct text one = {0};
        print_place(json_object_get(problem, "loc"), &one);
        text_print(&one, " %s", json_text_or(problem, "msg", ""));
        if (i && out->length + one.length > WORDS_MAX)
            break;
        text_print(out, "%s%s", i ? "; " : "", one.data);
    }
    if (i < count)
        text_print(out, "; and %zu more", count - i);
}

/* Defaults. A chain of references is followed as long as one is there; a bound ends circles. */
static const json_t *follow(const json_t *root, const json_t *schema) {
    for (int i = 0; i < SCHEMA_DEPTH_MAX && json_object_get(schema, "$ref"); i++)
        schema = schema_find(root, json_text_or(schema, "$ref", ""));
    return schema;
}

/* A walk that fills; `work` ends what would multiply. */
struct filling {
    const json_t *root;
    int depth, work;
};

static void fill(struct filling *filling, const json_t *schema, json_t *value);

static void fill_members(struct filling *filling, const json_t *properties, json_t *value) {
    const char *key;
    json_t *property;
    json_object_foreach ((json_t *)properties, key, property) {
        const json_t *given = json_object_get(property, "default");
        const json_t *fallback = given ? given : json_object_get(follow(filling->root, property), "default");
        if (!json_object_get(value, key) && fallback)
            json_object_set_new(value, key, json_deep_copy(fallback));
        if (json_object_get(value, key))
            fill(filling, property, json_object_get(value, key));
    }
}

static void fill(struct filling *filling, const json_t *schema, json_t *value) {
    if (filling->depth > SCHEMA_DEPTH_MAX || ++filling->work > FILL_WORK_MAX || !json_is_object(schema))
        return;
    const json_t *parts = json_object_get(schema, "allOf"), *reference = json_object_get(schema, "$ref");
    const json_t *items = json_object_get(schema, "items");
    filling->depth++;
    if (reference)
        fill(filling, schema_find(filling->root, json_string_value(reference)), value);
    for (size_t i = 0; i < json_array_size(parts); i++)
        fill(filling, json_array_get(parts, i), value);
    if (json_is_object(value))
        fill_members(filling, json_object_get(schema, "properties"), value);
    for (size_t i = 0; items && i < json_array_size(value); i++)
        fill(filling, items, json_array_get(value, i));
    filling->depth--;
}

void schema_fill(const json_t *schema, json_t *value) {
    struct filling filling = {.root = schema};
    fill(&filling, schema, value);
}

static bool takes_type(const json_t *wanted, int type) {
    if (json_is_string(wanted))
        return schema_type_find(json_string_value(wanted)) == type;
    for (size_t i = 0; i < json_array_size(wanted); i++)
        if (schema_type_find(json_string_value(json_array_get(wanted, i))) == type)
            return true;
    return false;
}

/* The value that a text stands for when one of the wanted types, which has no text, reads so; NULL. */
static json_t *value_of_text(const json_t *wanted, const char *text) {
    json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    for (size_t i = 0; value && i < ARRAY_LENGTH(types); i++)
        if (takes_type(wanted, (int)i) && schema_type_fits((int)i, value))
            return value;
    json_decref(value);
    return NULL;
}

void schema_read_texts(const json_t *schema, json_t *value) {
    const json_t *properties = json_object_get(follow(schema, schema), "properties");
    const char *key;
    json_t *property;
    json_object_foreach ((json_t *)properties, key, property) {
        const json_t *wanted = json_object_get(follow(schema, property), "type"), *given = json_object_get(value, key);
        if (!json_is_string(given) || !wanted || takes_type(wanted, schema_type_find("string")))
            continue;
        json_t *meant = value_of_text(wanted, json_string_value(given));
        if (meant)
            json_object_set_new(value, key, meant);
        else if (!*json_string_value(given))
            json_object_del(value, key);
    }
}
