/* Keywords about a value by itself, and those that put schemas together. */
#include "base/memory.h"
#include "base/schema_internal.h"
#include <math.h>
#include <string.h>

#define SHOWN_LETTERS 60

void apply_ref(const struct schema_call *call) {
    schema_compare(call->run, schema_find(call->run->root, json_string_value(call->argument)), call->value,
                   call->place);
}

static const char *const type_problems[] = {
#define X(name, words, type) type,
    SCHEMA_TYPE_TABLE(X)
#undef X
};

static void type_problem(const struct schema_call *call, const json_t *wanted, size_t count) {
    cleanup_text struct text words = {0};
    int type = 0;
    for (size_t i = 0; i < count; i++) {
        type = schema_type_find(json_string_value(json_is_array(wanted) ? json_array_get(wanted, i) : wanted));
        text_print(&words, "%s%s", !i ? "" : i + 1 < count ? ", " : " or ", schema_type_words(type));
    }
    for (int actual = 0;; actual++)
        if (schema_type_fits(actual, call->value)) {
            schema_problem(call->run, call->place, count == 1 ? type_problems[type] : "type", "must be %s, not %s",
                           words.data, schema_type_words(actual));
            return;
        }
}

void apply_type(const struct schema_call *call) {
    size_t count = json_is_array(call->argument) ? json_array_size(call->argument) : 1;
    for (size_t i = 0; i < count; i++) {
        const json_t *name = json_is_array(call->argument) ? json_array_get(call->argument, i) : call->argument;
        if (schema_type_fits(schema_type_find(json_string_value(name)), call->value))
            return;
    }
    type_problem(call, call->argument, count);
}

static void print_value(struct text *out, const json_t *value) {
    cleanup_free char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_READABLE_REALS);
    text_print(out, strlen(text) > SHOWN_LETTERS ? "%.*s..." : "%.*s", SHOWN_LETTERS, text);
}

void apply_enum(const struct schema_call *call) {
    cleanup_text struct text words = {0};
    size_t count = json_array_size(call->argument);
    if (!schema_may_go_on(call->run, call->place, (int64_t)count))
        return;
    for (size_t i = 0; i < count; i++)
        if (schema_same(json_array_get(call->argument, i), call->value))
            return;
    for (size_t i = 0; i < count && words.length < 200; i++) {
        text_append_string(&words, i ? ", " : "");
        print_value(&words, json_array_get(call->argument, i));
    }
    schema_problem(call->run, call->place, "enum", "must be one of %s", words.data);
}

void apply_const(const struct schema_call *call) {
    cleanup_text struct text words = {0};
    if (schema_same(call->argument, call->value))
        return;
    print_value(&words, call->argument);
    schema_problem(call->run, call->place, "const", "must be %s", words.data);
}

/* -1, 0, 1; whole numbers are compared as such: a double has 53 bits only. */
static int compare_numbers(const json_t *a, const json_t *b) {
    if (json_is_integer(a) && json_is_integer(b))
        return (json_integer_value(a) > json_integer_value(b)) - (json_integer_value(a) < json_integer_value(b));
    return (json_number_value(a) > json_number_value(b)) - (json_number_value(a) < json_number_value(b));
}

static void must_be(const struct schema_call *call, bool good, const char *type, const char *words) {
    cleanup_text struct text limit = {0};
    if (good)
        return;
    print_value(&limit, call->argument);
    schema_problem(call->run, call->place, type, "must be %s %s", words, limit.data);
}

void apply_minimum(const struct schema_call *call) {
    must_be(call, compare_numbers(call->value, call->argument) >= 0, "greater_than_equal", "at least");
}

void apply_maximum(const struct schema_call *call) {
    must_be(call, compare_numbers(call->value, call->argument) <= 0, "less_than_equal", "at most");
}

void apply_exclusive_minimum(const struct schema_call *call) {
    must_be(call, compare_numbers(call->value, call->argument) > 0, "greater_than", "greater than");
}

void apply_exclusive_maximum(const struct schema_call *call) {
    must_be(call, compare_numbers(call->value, call->argument) < 0, "less_than", "less than");
}

/* 0.3 is a multiple of 0.1 although no binary fraction says so. */
static bool is_multiple(const json_t *value, const json_t *of) {
    if (json_is_integer(value) && json_is_integer(of))
        return json_integer_value(value) % json_integer_value(of) == 0;
    double quotient = json_number_value(value) / json_number_value(of);
    if (!isfinite(quotient))
        return fmod(json_number_value(value), json_number_value(of)) == 0;
    return fabs(quotient - round(quotient)) <= 1e-9 * fmax(1, fabs(quotient) * 1e-6);
}

void apply_multiple_of(const struct schema_call *call) {
    must_be(call, is_multiple(call->value, call->argument), "multiple_of", "a multiple of");
}

/* Letters as Unicode counts them, not bytes. */
static json_int_t letters_of(const json_t *value) {
    json_int_t letters = 0;
    for (const char *c = json_string_value(value); *c; c++)
        letters += ((unsigned char)*c & 0xC0) != 0x80;
    return letters;
}

static void must_have(const struct schema_call *call, json_int_t count, bool least, const char *type,
                      const char *words) {
    json_int_t limit = (json_int_t)json_number_value(call->argument);
    if (least ? count < limit : count > limit)
        schema_problem(call->run, call->place, type, "must have at %s %lld %s, not %lld", least ? "least" : "most",
                       (long long)limit, words, (long long)count);
}

void apply_min_length(const struct schema_call *call) {
    must_have(call, letters_of(call->value), true, "string_too_short", "letters");
}

void apply_max_length(const struct schema_call *call) {
    must_have(call, letters_of(call->value), false, "string_too_long", "letters");
}

void apply_min_items(const struct schema_call *call) {
    must_have(call, (json_int_t)json_array_size(call->value), true, "too_short", "items");
}

void apply_max_items(const struct schema_call *call) {
    must_have(call, (json_int_t)json_array_size(call->value), false, "too_long", "items");
}

void apply_min_properties(const struct schema_call *call) {
    must_have(call, (json_int_t)json_object_size(call->value), true, "too_short", "members");
}

void apply_max_properties(const struct schema_call *call) {
    must_have(call, (json_int_t)json_object_size(call->value), false, "too_long", "members");
}

void apply_pattern(const struct schema_call *call) {
    const char *pattern = json_string_value(call->argument);
    if (!schema_pattern_fits(call->run, call->place, pattern, json_string_value(call->value)))
        schema_problem(call->run, call->place, "string_pattern_mismatch", "must fit the pattern %.200s", pattern);
}

void apply_format(const struct schema_call *call) {
    const struct schema_format *format = schema_format_find(json_string_value(call->argument));
    if (!format->fits(json_string_value(call->value)))
        schema_problem(call->run, call->place, "format", "must be %s", format->words);
}

void apply_all_of(const struct schema_call *call) {
    for (size_t i = 0; i < json_array_size(call->argument); i++)
        schema_compare(call->run, json_array_get(call->argument, i), call->value, call->place);
}

/* How many of the alternatives fit; when none does, the problems of the one that is nearest to. */
static size_t count_fitting(const struct schema_call *call, size_t *ret_second, json_t **ret_nearest) {
    size_t fitting = 0;
    for (size_t i = 0; i < json_array_size(call->argument); i++) {
        json_t *problems = schema_compare_apart(call->run, json_array_get(call->argument, i), call->value, call->place);
        if (!json_array_size(problems) && ++fitting == 2)
            *ret_second = i + 1;
        if (!*ret_nearest || json_array_size(problems) < json_array_size(*ret_nearest)) {
            json_decref(*ret_nearest);
            *ret_nearest = json_incref(problems);
        }
        json_decref(problems);
    }
    return fitting;
}

static void none_fits(const struct schema_call *call, const json_t *nearest) {
    cleanup_text struct text words = {0};
    schema_describe(nearest, &words);
    schema_problem(call->run, call->place, "union", "fits none of %zu alternatives; nearest: %.200s",
                   json_array_size(call->argument), words.data);
}

void apply_any_of(const struct schema_call *call) {
    cleanup_json json_t *nearest = NULL;
    size_t second = 0;
    if (!count_fitting(call, &second, &nearest))
        none_fits(call, nearest);
}

void apply_one_of(const struct schema_call *call) {
    cleanup_json json_t *nearest = NULL;
    size_t second = 0, fitting = count_fitting(call, &second, &nearest);
    if (!fitting)
        none_fits(call, nearest);
    else if (fitting > 1)
        schema_problem(call->run, call->place, "union", "fits %zu of the alternatives (also number %zu); one must fit",
                       fitting, second);
}

static bool fits(const struct schema_call *call, const json_t *schema) {
    cleanup_json json_t *problems = schema_compare_apart(call->run, schema, call->value, call->place);
    return !json_array_size(problems);
}

void apply_not(const struct schema_call *call) {
    if (fits(call, call->argument))
        schema_problem(call->run, call->place, "not", "fits what it must not fit");
}

void apply_if(const struct schema_call *call) {
    const json_t *next = json_object_get(call->schema, fits(call, call->argument) ? "then" : "else");
    if (next)
        schema_compare(call->run, next, call->value, call->place);
}
