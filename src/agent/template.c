#include "agent/template.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

#define PLACE_MAX 200

static const char *const roots[] = {"inputs", "results", "vars", "loop"};
static const char *const kept[] = {"steps", "between", "then", "else", "while", "until", "script"};

/* Copies the trimmed inside of the template at `open` and finds its end. */
static int read_place(const char *open, char place[PLACE_MAX], const char **ret_end) {
    const char *close = strstr(open + 2, "}}"), *from = open + 2 + strspn(open + 2, " ");
    if (!close)
        return -EINVAL;
    size_t n = from < close ? (size_t)(close - from) : 0;
    while (n && from[n - 1] == ' ')
        n--;
    if (!n || n >= PLACE_MAX)
        return -EINVAL;
    memcpy(place, from, n);
    place[n] = '\0';
    *ret_end = close + 2;
    return 0;
}

static bool has_known_root(const char *place) {
    for (size_t i = 0; i < ARRAY_LENGTH(roots); i++)
        if (text_starts_with(place, roots[i]) && place[strlen(roots[i])] == '.' && place[strlen(roots[i]) + 1])
            return true;
    return false;
}

/* {{'...'}}: the text itself. */
static bool is_quoted(const char *place) {
    size_t length = strlen(place);
    return length >= 2 && place[0] == '\'' && place[length - 1] == '\'';
}

int template_check(const char *text, const char *path, struct error *e) {
    char place[PLACE_MAX];
    for (const char *at = text; (at = strstr(at, "{{"));) {
        if (read_place(at, place, &at) < 0)
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has a {{ without a name and }}", path);
        if (!has_known_root(place) && !is_quoted(place))
            return error_set(e, EINVAL, ERROR_BAD_INPUT,
                             "%s: {{%s}} is not known; write {{inputs.name}}, {{results.name}}, {{vars.name}} or "
                             "{{loop.index}}, and {{'{{'}} for braces that are none of these",
                             path, place);
    }
    return 0;
}

static json_t *member_of(json_t *value, const char *name) {
    int64_t index;
    if (json_is_array(value) && text_parse_int(name, 0, INT32_MAX, &index) == 0)
        return json_array_get(value, (size_t)index);
    return json_object_get(value, name);
}

static int look_up(const char *place, const json_t *values, json_t **ret_value, struct error *e) {
    cleanup_free char *copy = memory_copy_text(place);
    json_t *value = (json_t *)values;
    char *rest = copy;
    size_t length = strlen(copy);
    bool may_miss = length && copy[length - 1] == '?';
    if (may_miss)
        copy[length - 1] = '\0';
    for (char *name; value && (name = strsep(&rest, "."));)
        value = member_of(value, name);
    if (!value && may_miss)
        value = json_null(); /* a constant: it has no owner */
    if (!value)
        return error_set(e, ENOENT, ERROR_STEP, "there is no value for {{%s}}", place);
    *ret_value = value;
    return 0;
}

static json_t *quoted_text(const char *place) {
    return json_stringn(place + 1, strlen(place) - 2);
}

/* The value of a template. The caller's. */
static int value_of(const char *place, const json_t *values, json_t **ret_value, struct error *e) {
    json_t *value = NULL;
    if (is_quoted(place))
        return *ret_value = quoted_text(place), 0;
    int r = look_up(place, values, &value, e);
    if (!r)
        *ret_value = json_deep_copy(value);
    return r;
}

static void print_value(struct text *out, const json_t *value) {
    if (json_is_string(value)) {
        text_append(out, json_string_value(value), json_string_length(value));
    } else if (!json_is_null(value)) {
        cleanup_free char *text = json_print(value);
        text_append_string(out, text);
    }
}

static int expand_text(const char *text, const json_t *values, json_t **ret_value, struct error *e) {
    cleanup_text struct text out = {0};
    char place[PLACE_MAX];
    const char *at = text, *open, *end;
    text_reserve(&out, 0);
    text_clear(&out);
    while ((open = strstr(at, "{{"))) {
        cleanup_json json_t *value = NULL;
        int r = read_place(open, place, &end);
        if (r < 0)
            return error_set(e, EINVAL, ERROR_STEP, "\"%.80s\" has a {{ without a name and }}", text);
        r = value_of(place, values, &value, e);
        if (r < 0)
            return r;
        if (open == text && !*end)
            return *ret_value = take_pointer(value), 0;
        text_append(&out, at, (size_t)(open - at));
        print_value(&out, value);
        at = end;
    }
    text_append_string(&out, at);
    *ret_value = json_stringn(out.data, out.length);
    return *ret_value ? 0 : error_set(e, EINVAL, ERROR_STEP, "a value in \"%.80s\" is not UTF-8", text);
}

static bool is_kept(const char *key) {
    for (size_t i = 0; i < ARRAY_LENGTH(kept); i++)
        if (!strcmp(key, kept[i]))
            return true;
    return false;
}

static int expand_object(const json_t *value, const json_t *values, json_t **ret_value, struct error *e) {
    cleanup_json json_t *copy = json_object();
    const char *key;
    json_t *member, *expanded;
    json_object_foreach ((json_t *)value, key, member) {
        int r = is_kept(key) ? (expanded = json_incref(member), 0) : template_expand(member, values, &expanded, e);
        if (r < 0)
            return r;
        json_object_set_new(copy, key, expanded);
    }
    *ret_value = take_pointer(copy);
    return 0;
}

static int expand_array(const json_t *value, const json_t *values, json_t **ret_value, struct error *e) {
    cleanup_json json_t *copy = json_array();
    for (size_t i = 0; i < json_array_size(value); i++) {
        json_t *expanded;
        int r = template_expand(json_array_get(value, i), values, &expanded, e);
        if (r < 0)
            return r;
        json_array_append_new(copy, expanded);
    }
    *ret_value = take_pointer(copy);
    return 0;
}

int template_expand(const json_t *value, const json_t *values, json_t **ret_value, struct error *e) {
    if (json_is_string(value) && strstr(json_string_value(value), "{{"))
        return expand_text(json_string_value(value), values, ret_value, e);
    if (json_is_object(value))
        return expand_object(value, values, ret_value, e);
    if (json_is_array(value))
        return expand_array(value, values, ret_value, e);
    *ret_value = json_incref((json_t *)value);
    return 0;
}

static json_t *quote_text(const json_t *value) {
    cleanup_text struct text out = {0};
    const char *at = json_string_value(value), *open;
    text_reserve(&out, json_string_length(value));
    text_clear(&out);
    for (; (open = strstr(at, "{{")); at = open + 2) {
        text_append(&out, at, (size_t)(open - at));
        text_append_string(&out, "{{'{{'}}");
    }
    text_append_string(&out, at);
    return json_stringn(out.data, out.length);
}

json_t *template_quote(const json_t *value) {
    const char *key;
    json_t *member;
    if (json_is_string(value))
        return quote_text(value);
    if (!json_is_object(value) && !json_is_array(value))
        return json_deep_copy(value);
    json_t *copy = json_is_object(value) ? json_object() : json_array();
    json_object_foreach ((json_t *)value, key, member)
        json_object_set_new(copy, key, template_quote(member));
    for (size_t i = 0; i < json_array_size(value); i++)
        json_array_append_new(copy, template_quote(json_array_get(value, i)));
    return copy;
}
