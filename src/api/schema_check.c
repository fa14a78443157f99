#include "api/schema_check.h"
#include "api/schema_check_internal.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX        64
#define TEXT_MOST        200
#define EMAIL_MOST       254
#define SUGGESTION_STEPS 2 /* "nmae" is two edits from "name" */

void complaints_done(struct complaints *complaints) {
    json_decref(complaints->detail);
    complaints->detail = NULL;
}

void complain(struct complaints *complaints, const json_t *loc, const char *type, const char *format, ...) {
    va_list arguments;
    char *text = NULL;
    if (!complaints->detail)
        complaints->detail = json_array();
    if (json_array_size(complaints->detail) >= COMPLAINTS_MAX)
        return;
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0)
        abort();
    va_end(arguments);
    json_t *item = json_pack("{s:o, s:s, s:s}", "loc", json_deep_copy(loc), "msg", text, "type", type);
    if (item)
        json_array_append_new(complaints->detail, item);
    free(text);
}

/* Characters, not bytes. */
static size_t count_characters(const char *text, size_t bytes) {
    size_t count = 0;
    for (size_t i = 0; i < bytes; i++)
        count += (text[i] & 0xc0) != 0x80;
    return count;
}

static void check_choice(const struct schema_field *field, const char *text, json_t *loc,
                         struct complaints *complaints) {
    cleanup_text struct text list = {0};
    for (const char *const *choice = field->choices; *choice; choice++) {
        if (!strcmp(*choice, text))
            return;
        text_print(&list, "%s'%s'", choice == field->choices ? "" : choice[1] ? ", " : " or ", *choice);
    }
    complain(complaints, loc, "literal_error", "Input should be %s", list.data);
}

/* One @, something on both sides, a dot or a plain host behind it, no blanks: whether mail arrives only mail can tell.
 */
static bool is_email(const char *text) {
    const char *at = strchr(text, '@');
    if (!at || at == text || !at[1] || strchr(at + 1, '@') || strlen(text) > EMAIL_MOST)
        return false;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++)
        if (*p <= ' ' || *p == 127 || strchr("<>()[]\\,;:\"", *p))
            return false;
    return at[1] != '.' && text[strlen(text) - 1] != '.' && !strstr(at, "..");
}

static void check_text(const struct schema_field *field, const json_t *value, json_t *loc,
                       struct complaints *complaints) {
    if (!json_is_string(value)) {
        complain(complaints, loc, "string_type", "Input should be a valid string");
        return;
    }
    const char *text = json_string_value(value);
    size_t count = count_characters(text, json_string_length(value));
    double most = field->most > 0 ? field->most : TEXT_MOST;
    int64_t time;
    if (field->kind == SCHEMA_ID) {
        if (!uuid_is_valid(text))
            complain(complaints, loc, "uuid_parsing", "Input should be a valid UUID");
    } else if (field->kind == SCHEMA_TIME) {
        if (clock_parse_any(text, &time))
            complain(complaints, loc, "datetime_parsing", "Input should be a valid datetime like 2026-01-31T12:00:00Z");
    } else if (field->kind == SCHEMA_EMAIL) {
        if (!is_email(text))
            complain(complaints, loc, "value_error", "value is not a valid email address");
    } else if ((double)count < field->least)
        complain(complaints, loc, "string_too_short", "String should have at least %.0f character%s", field->least,
                 field->least > 1 ? "s" : "");
    else if ((double)count > most)
        complain(complaints, loc, "string_too_long", "String should have at most %.0f characters", most);
    else if (field->choices)
        check_choice(field, text, loc, complaints);
}

static void check_number(const struct schema_field *field, const json_t *value, json_t *loc,
                         struct complaints *complaints) {
    bool whole = field->kind == SCHEMA_INT;
    if (whole ? !json_is_integer(value) : !json_is_number(value)) {
        complain(complaints, loc, whole ? "int_type" : "float_type", "Input should be a valid %s",
                 whole ? "integer" : "number");
        return;
    }
    double number = json_number_value(value);
    if (field->least == 0 && field->most == 0)
        return;
    if (number < field->least)
        complain(complaints, loc, "greater_than_equal", "Input should be greater than or equal to %.15g", field->least);
    else if (number > field->most)
        complain(complaints, loc, "less_than_equal", "Input should be less than or equal to %.15g", field->most);
}

static void check_list(const struct schema_field *field, json_t *value, json_t *loc, struct complaints *complaints) {
    const struct schema_field item = {
        .kind = field->items, .most = 0, .choices = field->choices, .object = field->object};
    size_t index;
    json_t *element;
    if (!json_is_array(value)) {
        complain(complaints, loc, "list_type", "Input should be a valid list");
        return;
    }
    if ((double)json_array_size(value) < field->least)
        complain(complaints, loc, "too_short", "List should have at least %.0f item%s", field->least,
                 field->least > 1 ? "s" : "");
    if (field->most > 0 && (double)json_array_size(value) > field->most)
        complain(complaints, loc, "too_long", "List should have at most %.0f items", field->most);
    json_array_foreach (value, index, element) {
        json_array_append_new(loc, json_integer((json_int_t)index));
        schema_check_value(&item, element, loc, complaints);
        json_array_remove(loc, json_array_size(loc) - 1);
    }
}

void schema_check_value(const struct schema_field *field, json_t *value, json_t *loc, struct complaints *complaints) {
    if (json_is_null(value) && (field->flags & SCHEMA_NULLABLE || field->kind == SCHEMA_ANY))
        return;
    switch (field->kind) {
    case SCHEMA_TEXT:
    case SCHEMA_ID:
    case SCHEMA_TIME:
    case SCHEMA_EMAIL:
        check_text(field, value, loc, complaints);
        break;
    case SCHEMA_INT:
    case SCHEMA_REAL:
        check_number(field, value, loc, complaints);
        break;
    case SCHEMA_BOOL:
        if (!json_is_boolean(value))
            complain(complaints, loc, "bool_type", "Input should be a valid boolean");
        break;
    case SCHEMA_OBJECT:
        if (!json_is_object(value))
            complain(complaints, loc, "dict_type", "Input should be a valid dictionary");
        else if (field->object)
            schema_check_object(field->object, value, loc, complaints);
        break;
    case SCHEMA_LIST:
        check_list(field, value, loc, complaints);
        break;
    case SCHEMA_ANY:
        break;
    }
}

/* Unknown members, with the nearest known name when one is near. */

static size_t edit_distance(const char *a, const char *b) {
    size_t previous[64], current[64], n = strlen(b);
    if (n >= ARRAY_LENGTH(previous) || strlen(a) >= ARRAY_LENGTH(previous))
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        previous[j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        current[0] = i;
        for (size_t j = 1; j <= n; j++) {
            size_t replaced = previous[j - 1] + (a[i - 1] != b[j - 1]);
            size_t moved = (previous[j] < current[j - 1] ? previous[j] : current[j - 1]) + 1;
            current[j] = replaced < moved ? replaced : moved;
        }
        memcpy(previous, current, sizeof previous);
    }
    return previous[n];
}

static const char *nearest_name(const struct schema *schema, const char *name) {
    const char *best = NULL;
    size_t least = SUGGESTION_STEPS + 1;
    for (const struct schema_field *field = schema->fields; field->name; field++) {
        size_t distance = edit_distance(name, field->name);
        if (distance < least && distance < strlen(field->name)) {
            least = distance;
            best = field->name;
        }
    }
    return best;
}

const struct schema_field *schema_find_field(const struct schema *schema, const char *name) {
    for (const struct schema_field *field = schema->fields; field->name; field++)
        if (!strcmp(field->name, name))
            return field;
    return NULL;
}

void schema_complain_unknown(const struct schema *schema, const char *name, json_t *loc,
                             struct complaints *complaints) {
    const char *near = nearest_name(schema, name);
    if (near)
        complain(complaints, loc, "extra_forbidden", "Extra inputs are not permitted; did you mean '%s'?", near);
    else
        complain(complaints, loc, "extra_forbidden", "Extra inputs are not permitted");
}

/* What is missing: a complaint when it is required, else its default. */
void schema_fill_missing(const struct schema *schema, json_t *object, json_t *loc, struct complaints *complaints) {
    if (schema->partial)
        return;
    for (const struct schema_field *field = schema->fields; field->name; field++) {
        if (json_object_get(object, field->name))
            continue;
        if (field->flags & SCHEMA_REQUIRED) {
            json_array_append_new(loc, json_string(field->name));
            complain(complaints, loc, "missing", "Field required");
            json_array_remove(loc, json_array_size(loc) - 1);
        } else if (field->initial)
            json_object_set_new(object, field->name, json_loads(field->initial, JSON_DECODE_ANY, NULL));
    }
}

void schema_check_object(const struct schema *schema, json_t *object, json_t *loc, struct complaints *complaints) {
    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        const struct schema_field *field = schema_find_field(schema, name);
        json_array_append_new(loc, json_string(name));
        if (field)
            schema_check_value(field, value, loc, complaints);
        else
            schema_complain_unknown(schema, name, loc, complaints);
        json_array_remove(loc, json_array_size(loc) - 1);
    }
    schema_fill_missing(schema, object, loc, complaints);
}

/* Brackets nest at most so deep; told before a parser recurses into them. */
static bool is_too_deep(const char *data, size_t length) {
    int depth = 0;
    bool in_text = false;
    for (size_t i = 0; i < length; i++) {
        if (in_text && data[i] == '\\')
            i++;
        else if (data[i] == '"')
            in_text = !in_text;
        else if (!in_text && (data[i] == '{' || data[i] == '['))
            depth++;
        else if (!in_text && (data[i] == '}' || data[i] == ']'))
            depth--;
        if (depth > DEPTH_MAX)
            return true;
    }
    return false;
}

json_t *schema_check_body(const struct schema *schema, const char *data, size_t length, struct complaints *complaints) {
    cleanup_json json_t *loc = json_pack("[s]", "body");
    cleanup_json json_t *body = NULL;
    struct error e;
    if (!length)
        complain(complaints, loc, "missing", "Field required");
    else if (is_too_deep(data, length))
        complain(complaints, loc, "json_invalid", "JSON nests deeper than %d levels", DEPTH_MAX);
    else if (json_parse(data, length, "the body", &body, &e) < 0)
        complain(complaints, loc, "json_invalid", "JSON decode error: %s", e.text);
    else if (!json_is_object(body))
        complain(complaints, loc, "model_attributes_type", "Input should be a valid dictionary");
    else
        schema_check_object(schema, body, loc, complaints);
    return complaints->detail ? NULL : take_pointer(body);
}
