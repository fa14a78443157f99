#include "domain/fields.h"
#include "base/text.h"
#include <errno.h>
#include <string.h>

static const char *const kind_names[] = {"a text",        "a whole number", "a number",
                                         "true or false", "an object",      "anything"};

static bool is_of_kind(const json_t *value, enum field_kind kind) {
    switch (kind) {
    case FIELD_TEXT:
        return json_is_string(value) && strlen(json_string_value(value)) == json_string_length(value);
    case FIELD_INT:
        return json_is_integer(value);
    case FIELD_REAL:
        return json_is_number(value);
    case FIELD_BOOL:
        return json_is_boolean(value);
    case FIELD_OBJECT:
        return json_is_object(value);
    case FIELD_ANY:
        return true;
    }
    return false;
}

static const struct field *find(const struct field *fields, const char *name) {
    for (; fields->name; fields++)
        if (!strcmp(fields->name, name))
            return fields;
    return NULL;
}

static void list_names(const struct field *fields, struct error *e) {
    cleanup_text struct text names = {0};
    for (; fields->name; fields++)
        text_print(&names, "%s%s", names.length ? ", " : "it may have: ", fields->name);
    error_hint(e, "%s", names.data);
}

static int check_member(const char *what, const struct field *fields, const char *name, const json_t *value,
                        struct error *e) {
    const struct field *field = find(fields, name);
    if (!field) {
        error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has no field \"%s\"", what, name);
        list_names(fields, e);
        return -EINVAL;
    }
    if (!json_is_null(value) && !is_of_kind(value, field->kind))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s must be %s", what, name, kind_names[field->kind]);
    return 0;
}

static int check_members(const char *what, const struct field *fields, const json_t *object, struct error *e) {
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s must be a JSON object", what);
    json_object_foreach ((json_t *)object, name, value) {
        int r = check_member(what, fields, name, value, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int fields_check(const char *what, const struct field *fields, const json_t *object, struct error *e) {
    int r = check_members(what, fields, object, e);
    for (; !r && fields->name; fields++) {
        const json_t *value = json_object_get(object, fields->name);
        if (fields->required && (!value || json_is_null(value)))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs the field \"%s\"", what, fields->name);
    }
    return r;
}

int fields_check_change(const char *what, const struct field *fields, const json_t *object, struct error *e) {
    int r = check_members(what, fields, object, e);
    for (; !r && fields->name; fields++)
        if (fields->required && json_is_null(json_object_get(object, fields->name)))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s may not be null", what, fields->name);
    return r;
}

json_t *fields_pick(const struct field *fields, const json_t *object) {
    json_t *picked = json_object();
    for (; fields->name; fields++) {
        json_t *value = json_object_get(object, fields->name);
        if (value)
            json_object_set(picked, fields->name, value);
    }
    return picked;
}
