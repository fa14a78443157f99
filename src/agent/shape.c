#include "agent/shape.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define NAME_MAX_LETTERS 40

const struct field *shape_field(const struct shape *shape, const char *name) {
    for (; shape; shape = shape->base)
        for (const struct field *field = shape->fields; field && field->name; field++)
            if (!strcmp(field->name, name))
                return field;
    return NULL;
}

static size_t least_of(size_t a, size_t b, size_t c) {
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance of two short names. */
static size_t distance(const char *a, const char *b) {
    size_t n = strlen(a), m = strlen(b), row[NAME_MAX_LETTERS + 1];
    if (n > NAME_MAX_LETTERS || m > NAME_MAX_LETTERS)
        return NAME_MAX_LETTERS;
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t above = row[j];
            row[j] = least_of(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[m];
}

const char *shape_suggest(const char *wrong, const char *(*next)(const void *list, size_t i), const void *list,
                          char text[96]) {
    size_t best = strlen(wrong) / 3 + 2;
    text[0] = '\0';
    const char *name;
    for (size_t i = 0; (name = next(list, i)); i++) {
        size_t d = distance(wrong, name);
        if (d < best) {
            best = d;
            snprintf(text, 96, "; did you mean %s?", name);
        }
    }
    return text;
}

static const char *field_name_at(const void *list, size_t i) {
    for (const struct shape *shape = list; shape; shape = shape->base)
        for (const struct field *field = shape->fields; field && field->name; field++)
            if (!i--)
                return field->name;
    return NULL;
}

static bool is_template(const json_t *value) {
    return json_is_string(value) && strstr(json_string_value(value), "{{");
}

static bool is_choice(const char *choices, const char *text) {
    size_t n = strlen(text);
    for (const char *at = choices; n && (at = strstr(at, text)); at++)
        if ((at == choices || at[-1] == '|') && (at[n] == '|' || !at[n]))
            return true;
    return false;
}

static int wrong(const char *path, struct error *e, const char *must) {
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must be %s", path, must);
}

static int check_text(const struct field *field, const json_t *value, const char *path, struct error *e) {
    if (!json_is_string(value))
        return wrong(path, e, "a text");
    if (field->choices && !is_template(value) && !is_choice(field->choices, json_string_value(value)))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s is \"%.60s\"; it must be one of %s", path,
                         json_string_value(value), field->choices);
    return 0;
}

static int check_int(const struct field *field, const json_t *value, const char *path, struct error *e) {
    if (is_template(value))
        return 0;
    if (!json_is_integer(value))
        return wrong(path, e, "a whole number");
    int64_t number = json_integer_value(value);
    if ((field->least || field->most) && (number < field->least || number > field->most))
        return error_set(e, ERANGE, ERROR_BAD_INPUT, "%s must be from %lld to %lld", path, (long long)field->least,
                         (long long)field->most);
    return 0;
}

static int check_number(const struct field *field, const json_t *value, const char *path, struct error *e) {
    if (is_template(value))
        return 0;
    double number = json_number_value(value);
    if (!json_is_number(value) || number < field->from || number > field->to)
        return error_set(e, ERANGE, ERROR_BAD_INPUT, "%s must be a number from %g to %g", path, field->from, field->to);
    return 0;
}

static int check_bool(const struct field *field, const json_t *value, const char *path, struct error *e) {
    return json_is_boolean(value) || is_template(value) ? 0 : wrong(path, e, "true or false");
}

static int check_any(const struct field *field, const json_t *value, const char *path, struct error *e) {
    return 0;
}

static int check_shape(const struct field *field, const json_t *value, const char *path, struct error *e) {
    return shape_check(field->shape, value, path, e);
}

static int check_map(const struct field *field, const json_t *value, const char *path, struct error *e) {
    if (!json_is_object(value) || !json_object_size(value))
        return wrong(path, e, "an object with at least one member");
    const char *key;
    json_t *member;
    int r = 0;
    json_object_foreach ((json_t *)value, key, member) {
        cleanup_free char *inner = memory_print("%s.%s", path, key);
        if (!r)
            r = shape_check(field->shape, member, inner, e);
    }
    return r;
}

static int check_shapes(const struct field *field, const json_t *value, const char *path, struct error *e) {
    if (!json_is_array(value) || !json_array_size(value))
        return wrong(path, e, "a list with at least one item");
    int r = 0;
    for (size_t i = 0; !r && i < json_array_size(value); i++) {
        cleanup_free char *inner = memory_print("%s[%zu]", path, i);
        r = shape_check(field->shape, json_array_get(value, i), inner, e);
    }
    return r;
}

static int check_texts(const struct field *field, const json_t *value, const char *path, struct error *e) {
    if (!json_is_array(value))
        return wrong(path, e, "a list of texts");
    int r = 0;
    for (size_t i = 0; !r && i < json_array_size(value); i++) {
        cleanup_free char *inner = memory_print("%s[%zu]", path, i);
        r = check_text(field, json_array_get(value, i), inner, e);
    }
    return r;
}

static int check_steps(const struct field *field, const json_t *value, const char *path, struct error *e) {
    return field->check(value, path, e);
}

static const struct {
    int (*check)(const struct field *field, const json_t *value, const char *path, struct error *e);
    const char *name;
} kinds[] = {
    [FIELD_TEXT] = {check_text, "text"},
    [FIELD_INT] = {check_int, "whole number"},
    [FIELD_NUMBER] = {check_number, "number"},
    [FIELD_BOOL] = {check_bool, "true or false"},
    [FIELD_ANY] = {check_any, "any value"},
    [FIELD_SHAPE] = {check_shape, NULL},
    [FIELD_MAP] = {check_map, "object of"},
    [FIELD_SHAPES] = {check_shapes, "list of"},
    [FIELD_TEXTS] = {check_texts, "list of texts"},
    [FIELD_STEPS] = {check_steps, "list of steps"},
};

static int check_members(const struct shape *shape, const json_t *value, const char *path, struct error *e) {
    const char *key;
    json_t *member;
    int r = 0;
    json_object_foreach ((json_t *)value, key, member) {
        cleanup_free char *inner = memory_print("%s.%s", path, key);
        const struct field *field = shape_field(shape, key);
        char hint[96];
        if (r)
            continue;
        if (!field && shape->open)
            continue;
        if (!field)
            r = error_set(e, EINVAL, ERROR_BAD_INPUT, "%s is not known%s", inner,
                          shape_suggest(key, field_name_at, shape, hint));
        else
            r = kinds[field->kind].check(field, member, inner, e);
    }
    return r;
}

static int check_required(const struct shape *shape, const json_t *value, const char *path, struct error *e) {
    const char *name;
    for (size_t i = 0; (name = field_name_at(shape, i)); i++)
        if (shape_field(shape, name)->required && !json_object_get(value, name))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs %s: %s", path, name, shape_field(shape, name)->doc);
    return 0;
}

int shape_check(const struct shape *shape, const json_t *value, const char *path, struct error *e) {
    bool bare = json_is_string(value) || (json_is_integer(value) && shape->shorthand);
    if (!json_is_object(value) && !(bare && (shape->shorthand || shape->from_text)))
        return wrong(path, e, shape->shorthand || shape->from_text ? "an object or a text" : "an object");
    if (bare && !shape->from_text) {
        const struct field *field = shape_field(shape, shape->shorthand);
        int r = kinds[field->kind].check(field, value, path, e);
        if (r < 0)
            return r;
    }
    cleanup_json json_t *whole = bare ? shape_expand(shape, value) : json_incref((json_t *)value);
    int r = bare ? 0 : check_members(shape, whole, path, e);
    if (!r)
        r = check_required(shape, whole, path, e);
    return !r && shape->check ? shape->check(whole, path, e) : r;
}

static json_t *text_of(json_t *value) {
    if (!json_is_number(value) && !json_is_boolean(value))
        return value;
    cleanup_free char *text = json_print(value);
    json_decref(value);
    return json_string(text);
}

static json_t *texts_of_list(const struct field *field, json_t *list) {
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_incref(json_array_get(list, i));
        json_array_set_new(list, i, field->shape ? shape_make_texts(field->shape, item) : text_of(item));
    }
    return list;
}

static json_t *texts_of_map(const struct field *field, json_t *map) {
    const char *key;
    json_t *member;
    json_object_foreach (map, key, member) {
        json_object_set_new(map, key, shape_make_texts(field->shape, json_incref(member)));
    }
    return map;
}

static json_t *texts_of_field(const struct field *field, json_t *value) {
    switch (field ? field->kind : FIELD_ANY) {
    case FIELD_TEXT:
        return text_of(value);
    case FIELD_SHAPE:
        return shape_make_texts(field->shape, value);
    case FIELD_MAP:
        return texts_of_map(field, value);
    case FIELD_SHAPES:
    case FIELD_TEXTS:
        return texts_of_list(field, value);
    default:
        return value;
    }
}

json_t *shape_make_texts(const struct shape *shape, json_t *value) {
    const char *key;
    json_t *member;
    if (!json_is_object(value))
        return shape->from_text || shape->shorthand
                   ? texts_of_field(shape->from_text ? &(struct field){.kind = FIELD_TEXT}
                                                     : shape_field(shape, shape->shorthand),
                                    value)
                   : value;
    json_object_foreach (value, key, member) {
        json_object_set_new(value, key, texts_of_field(shape_field(shape, key), json_incref(member)));
    }
    return value;
}

static json_t *expand_field(const struct field *field, const json_t *value) {
    if (!field)
        return json_incref((json_t *)value);
    if (field->kind == FIELD_SHAPE)
        return shape_expand(field->shape, value);
    if (field->kind == FIELD_SHAPES) {
        json_t *list = json_array();
        for (size_t i = 0; i < json_array_size(value); i++)
            json_array_append_new(list, shape_expand(field->shape, json_array_get(value, i)));
        return list;
    }
    if (field->kind != FIELD_MAP)
        return json_incref((json_t *)value);
    json_t *whole = json_object(), *member;
    const char *key;
    json_object_foreach ((json_t *)value, key, member) {
        json_object_set_new(whole, key, shape_expand(field->shape, member));
    }
    return whole;
}

json_t *shape_expand(const struct shape *shape, const json_t *value) {
    json_t *whole = json_object(), *member;
    const char *key;
    if (json_is_object(value)) {
        json_object_foreach ((json_t *)value, key, member) {
            json_object_set_new(whole, key, expand_field(shape_field(shape, key), member));
        }
    } else if (shape->from_text && json_is_string(value)) {
        json_decref(whole);
        whole = shape->from_text(json_string_value(value));
    } else if (shape->shorthand) {
        json_object_set_new(whole, shape->shorthand, expand_field(shape_field(shape, shape->shorthand), value));
    }
    return whole;
}

struct visit {
    shape_visitor *visit;
    void *user;
};

static int visit_inside(const struct visit *visit, const struct shape *shape, json_t *value, const char *path,
                        struct error *e);

static int visit_field(const struct visit *visit, const struct field *field, json_t *value, const char *path,
                       struct error *e) {
    const char *key;
    json_t *member;
    int r = 0;
    if (!field || !field->shape)
        return 0;
    if (field->kind == FIELD_SHAPE)
        return visit_inside(visit, field->shape, value, path, e);
    for (size_t i = 0; !r && i < json_array_size(value); i++) {
        cleanup_free char *inner = memory_print("%s[%zu]", path, i);
        r = visit_inside(visit, field->shape, json_array_get(value, i), inner, e);
    }
    if (field->kind == FIELD_MAP)
        json_object_foreach (value, key, member) {
            cleanup_free char *inner = memory_print("%s.%s", path, key);
            r = r ? r : visit_inside(visit, field->shape, member, inner, e);
        }
    return r;
}

static int visit_inside(const struct visit *visit, const struct shape *shape, json_t *value, const char *path,
                        struct error *e) {
    const char *key;
    json_t *member;
    bool found = false;
    int r = 0;
    if (!json_is_object(value))
        return 0;
    json_object_foreach (value, key, member) {
        const struct field *field = shape_field(shape, key);
        cleanup_free char *inner = memory_print("%s.%s", path, key);
        found |= field && field->model_only;
        r = r ? r : visit_field(visit, field, member, inner, e);
    }
    return r || !found ? r : visit->visit(visit->user, value, path, e);
}

int shape_visit(const struct shape *shape, json_t *value, const char *path, shape_visitor *visit, void *user,
                struct error *e) {
    return visit_inside(&(struct visit){visit, user}, shape, value, path, e);
}

static void print_kind(const struct field *field, struct text *out) {
    if (field->kind == FIELD_SHAPE)
        text_print(out, "[%s](#%s)", field->shape->name, field->shape->name);
    else if (field->kind == FIELD_MAP || field->kind == FIELD_SHAPES)
        text_print(out, "%s [%s](#%s)", kinds[field->kind].name, field->shape->name, field->shape->name);
    else
        text_append_string(out, kinds[field->kind].name);
    if (field->least || field->most)
        text_print(out, ", %lld to %lld", (long long)field->least, (long long)field->most);
    if (field->kind == FIELD_NUMBER)
        text_print(out, ", %g to %g", field->from, field->to);
    for (const char *c = field->choices ? field->choices : ""; *c; c++)
        text_append_string(out, c == field->choices ? ": " : ""),
            *c == '|' ? text_append_string(out, ", ") : text_append_char(out, *c);
}

void shape_print(const struct shape *shape, struct text *out) {
    if (!shape->fields || !shape->fields->name)
        return;
    text_append_string(out, "| member | is | meaning |\n|---|---|---|\n");
    for (const struct field *field = shape->fields; field->name; field++) {
        if (field->model_only)
            continue;
        text_print(out, "| `%s` | ", field->name);
        print_kind(field, out);
        text_print(out, "%s | %s |\n", field->required ? " (required)" : "", field->doc);
    }
    text_append_char(out, '\n');
}
