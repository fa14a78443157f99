/* The table of tools, and what a model is told of it. */
#include "agent/action.h"
#include "agent/shapes.h"
#include "agent/think/think.h"
#include "agent/think/tool.h"
#include "agent/think/tool_table.h"
#include "agent/think/tools_own.h"
#include "base/memory.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

const struct tool tool_rows[] = {
#define X(name, action, shape, fields, fixed, handler, wait_ms, doc)                                                   \
    {#name, action, shape, fields, fixed, handler, wait_ms, doc},
    TOOL_TABLE(X)
#undef X
};
const size_t tool_count = ARRAY_LENGTH(tool_rows);

const struct tool *tool_find(const char *name) {
    for (size_t i = 0; i < tool_count; i++)
        if (!strcmp(tool_rows[i].name, name))
            return &tool_rows[i];
    return NULL;
}

static const struct shape *shape_of(const struct tool *tool) {
    return tool->shape ? tool->shape : action_find(tool->action)->shape;
}

/* Targets are numbers for models. */
static bool is_element(const struct field *field) {
    return field->kind == FIELD_SHAPE && (field->shape == &shape_target || field->shape->base == &shape_target);
}

/* The next field that the model sees of a tool, from `at` on; false: there is none. */
struct tool_field {
    const struct field *field;
    bool required;
};

static bool next_listed(const struct tool *tool, const char **at, struct tool_field *ret_field) {
    char name[64];
    size_t length = strcspn(*at, " ");
    if (!length)
        return false;
    bool must = (*at)[length - 1] == '!';
    snprintf(name, sizeof name, "%.*s", (int)(length - must), *at);
    *at += length + ((*at)[length] == ' ');
    *ret_field = (struct tool_field){shape_field(shape_of(tool), name), must};
    return true;
}

static bool field_at(const struct tool *tool, size_t i, struct tool_field *ret_field) {
    const char *at = tool->fields;
    if (tool->shape) {
        const struct field *field = &tool->shape->fields[i];
        *ret_field = (struct tool_field){field, field->required};
        return field->name != NULL;
    }
    for (; next_listed(tool, &at, ret_field); i--)
        if (!i)
            return true;
    return false;
}

/* Schemas */

static json_t *object_schema(const struct shape *shape);

static json_t *enum_of(const char *choices) {
    cleanup_free char *copy = memory_copy_text(choices);
    json_t *list = json_array();
    char *rest = copy;
    for (char *one; (one = strsep(&rest, "|"));)
        json_array_append_new(list, json_string(one));
    return json_pack("{s:s, s:o}", "type", "string", "enum", list);
}

static json_t *text_schema(const struct field *field) {
    return field->choices ? enum_of(field->choices) : json_pack("{s:s}", "type", "string");
}

static json_t *integer_schema(const struct field *field) {
    json_t *schema = json_pack("{s:s}", "type", "integer");
    if (field->least || field->most) {
        json_object_set_new(schema, "minimum", json_integer(field->least));
        json_object_set_new(schema, "maximum", json_integer(field->most));
    }
    return schema;
}

static json_t *field_schema(const struct field *field) {
    switch (field->kind) {
    case FIELD_TEXT:
        return text_schema(field);
    case FIELD_INT:
        return integer_schema(field);
    case FIELD_NUMBER:
        return json_pack("{s:s}", "type", "number");
    case FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_TEXTS:
        return json_pack("{s:s, s:o}", "type", "array", "items", text_schema(field));
    case FIELD_SHAPE:
        return is_element(field) ? json_pack("{s:s}", "type", "integer") : object_schema(field->shape);
    case FIELD_SHAPES:
        return json_pack("{s:s, s:o}", "type", "array", "items", object_schema(field->shape));
    default:
        return json_object();
    }
}

static void add_property(const struct tool_field *one, json_t *properties, json_t *required) {
    json_t *schema = field_schema(one->field);
    cleanup_free char *doc = is_element(one->field) ? memory_print("number of an element: %s", one->field->doc)
                                                    : memory_copy_text(one->field->doc);
    json_object_set_new(schema, "description", json_string(doc));
    json_object_set_new(properties, one->field->name, schema);
    if (one->required)
        json_array_append_new(required, json_string(one->field->name));
}

static json_t *schema_with(json_t *properties, json_t *required) {
    json_t *schema =
        json_pack("{s:s, s:o, s:b}", "type", "object", "properties", properties, "additionalProperties", 0);
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    return schema;
}

static json_t *object_schema(const struct shape *shape) {
    json_t *properties = json_object(), *required = json_array();
    for (const struct field *field = shape->fields; field && field->name; field++)
        add_property(&(struct tool_field){field, field->required}, properties, required);
    return schema_with(properties, required);
}

json_t *tool_schema(const struct tool *tool) {
    json_t *properties = json_object(), *required = json_array();
    struct tool_field one;
    for (size_t i = 0; field_at(tool, i, &one); i++)
        add_property(&one, properties, required);
    return schema_with(properties, required);
}

json_t *tools_list(const json_t *result_schema, bool people, bool credentials) {
    json_t *list = json_array();
    for (size_t i = 0; i < tool_count; i++) {
        const struct tool *tool = &tool_rows[i];
        if ((!people && tool->handler == tool_ask_user) || (!credentials && !strcmp(tool->name, "totp")))
            continue;
        json_t *schema = tool_schema(tool), *properties = json_object_get(schema, "properties");
        if (!credentials && tool->action && !strcmp(tool->action, "fill")) {
            json_object_del(properties, "credential");
            json_object_del(properties, "part");
        }
        if (result_schema && tool->handler == tool_done)
            json_object_set(properties, "result", (json_t *)result_schema);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o}", "name", tool->name, "description", tool->doc, "schema", schema));
    }
    return list;
}

/* Arguments */

static const char *name_at(const void *list, size_t i) {
    struct tool_field one;
    return field_at(list, i, &one) ? one.field->name : NULL;
}

static bool find_field(const struct tool *tool, const char *name, struct tool_field *ret_field) {
    for (size_t i = 0; field_at(tool, i, ret_field); i++)
        if (!strcmp(ret_field->field->name, name))
            return true;
    return false;
}

/* Models often put numbers and truths between quotes. */
static json_t *read_value(const struct field *field, json_t *value) {
    const char *text = json_string_value(value);
    int64_t number;
    bool whole = field->kind == FIELD_INT || is_element(field);
    if (text && whole && !text_parse_int(text, INT64_MIN, INT64_MAX, &number))
        return json_integer(number);
    if (text && field->kind == FIELD_BOOL && (!strcmp(text, "true") || !strcmp(text, "false")))
        return json_boolean(*text == 't');
    double real = json_is_real(value) ? json_real_value(value) : 0.5;
    if (whole && real == (double)(int64_t)real)
        return json_integer((json_int_t)real);
    return json_incref(value);
}

static int check_value(const struct tool *tool, const struct field *field, const json_t *value, struct error *e) {
    if (is_element(field) && !json_is_integer(value))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s must be the number of an element", tool->name, field->name);
    if (field->kind == FIELD_INT && !json_is_integer(value))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s must be a whole number", tool->name, field->name);
    /* In scripts a template may stand for these; models have none. */
    bool free_text = field->kind == FIELD_TEXT && !field->choices;
    if (json_is_string(value) && !free_text && field->kind != FIELD_ANY && strstr(json_string_value(value), "{{"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s cannot be a template", tool->name, field->name);
    return 0;
}

static int take_arguments(const struct tool *tool, const json_t *given, json_t *arguments, struct error *e) {
    const char *key;
    json_t *member;
    char hint[96];
    json_object_foreach ((json_t *)given, key, member) {
        struct tool_field one;
        if (json_is_null(member))
            continue;
        if (!find_field(tool, key, &one))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has no argument %.60s%s", tool->name, key,
                             shape_suggest(key, name_at, tool, hint));
        json_object_set_new(arguments, key, read_value(one.field, member));
        int r = check_value(tool, one.field, json_object_get(arguments, key), e);
        if (r < 0)
            return r;
    }
    return 0;
}

int tool_arguments(const struct tool *tool, const json_t *given, json_t **ret_arguments, struct error *e) {
    cleanup_json json_t *arguments = json_object();
    struct tool_field one;
    int r = take_arguments(tool, given, arguments, e);
    for (size_t i = 0; !r && field_at(tool, i, &one); i++)
        if (one.required && !json_object_get(arguments, one.field->name))
            r = error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs %s: %s", tool->name, one.field->name, one.field->doc);
    if (!r && tool->shape)
        r = shape_check(tool->shape, arguments, tool->name, e);
    if (!r)
        *ret_arguments = take_pointer(arguments);
    return r;
}

json_t *tool_action_arguments(const struct tool *tool, const json_t *arguments) {
    json_t *whole = tool->fixed ? json_loads(tool->fixed, 0, NULL) : json_object(), *member;
    const char *key;
    json_object_foreach ((json_t *)arguments, key, member) {
        struct tool_field one;
        if (find_field(tool, key, &one) && is_element(one.field))
            json_object_set_new(whole, key, json_pack("{s:O}", "element", member));
        else
            json_object_set(whole, key, member);
    }
    return whole;
}

/* The page of docs */

static void print_field(struct text *out, const struct tool_field *one) {
    text_print(out, "| `%s` | %s%s%s |\n", one->field->name, one->required ? "required: " : "",
               is_element(one->field) ? "number of an element: " : "", one->field->doc);
}

static void print_tool(struct text *out, const struct tool *tool) {
    struct tool_field one;
    text_print(out, "### %s\n\n%s", tool->name, tool->doc);
    if (tool->action)
        text_print(out, " It is the action [%s](script.md#%s) of scripts.", tool->action, tool->action);
    text_append_string(out, "\n\n");
    for (size_t i = 0; field_at(tool, i, &one); i++) {
        if (!i)
            text_append_string(out, "| Argument | |\n|---|---|\n");
        print_field(out, &one);
    }
    text_append_string(out, "\n");
}

void think_print_tools(struct text *out) {
    text_append_string(out, "# Tools of models\n\n"
                            "What a model can do in the browser ([models](model.md)). This page is made by `replinet "
                            "script --tools`. Elements are named by their numbers in the last look at the page.\n\n");
    for (size_t i = 0; i < tool_count; i++)
        print_tool(out, &tool_rows[i]);
}
