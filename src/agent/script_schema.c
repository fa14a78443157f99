/* The JSON Schema of the script language (docs/script.schema.json), for editors and for models that write scripts: made
 * from the tables that the check uses, so that both take the same scripts. It cannot say that a `call` names a script
 * that is there. */
#include "agent/action.h"
#include "agent/script.h"
#include "agent/shapes.h"
#include "base/memory.h"
#include <string.h>

/* What a template may be: closed, and beginning with a known word. */
#define TEMPLATE "\\{\\{ *(?:inputs|results|vars|loop)\\.(?! *\\}\\})(?:(?!\\}\\})[\\s\\S])+\\}\\}"

#define HAS(name)      "{\"required\":[\"" name "\"]}"
#define ANY(list)      "{\"anyOf\":[" list "]}"
#define ONE(list)      "{\"oneOf\":[" list "]}"
#define NOT(what)      "{\"not\":" what "}"
#define BOTH(a, b)     "{\"required\":[\"" a "\",\"" b "\"]}"
#define NEED(name, it) "\"" name "\":" it
#define CRITERIA       HAS("css") "," HAS("text") "," HAS("role") "," HAS("label") "," HAS("placeholder") "," HAS("test_id")
#define TARGET         ANY(CRITERIA)
#define QUESTIONS      CRITERIA "," HAS("url") "," HAS("title") "," HAS("given") "," HAS("not") "," HAS("all") "," HAS("any")
#define ABOUT_ELEMENT                                                                                                  \
    "{\"dependentSchemas\":{" NEED("state", TARGET) "," NEED("contains", TARGET) "," NEED("value", TARGET) "," NEED(   \
        "count", TARGET) "," NEED("at_least", TARGET) "," NEED("at_most", TARGET) "}}"
#define CONDITION   ANY(QUESTIONS) "," ABOUT_ELEMENT
#define ONE_READING NOT(BOTH("list", "table")) "," NOT(BOTH("list", "fields")) "," NOT(BOTH("table", "fields"))
#define ANSWERS     HAS("answer") "," HAS("text")

/* What the check functions of shapes say beyond their fields. */
static const struct {
    const struct shape *shape;
    const char *rules;
} extra[] = {
    {&shape_target, TARGET},
    {&shape_click, TARGET},
    {&shape_fill, TARGET "," ONE(HAS("value") "," HAS(
                      "credential")) ","
                                     "{\"dependentRequired\":{\"credential\":[\"part\"],\"part\":[\"credential\"]}}"},
    {&shape_check_box, TARGET},
    {&shape_uncheck, TARGET},
    {&shape_hover, TARGET},
    {&shape_table, TARGET},
    {&shape_list, TARGET "," NOT(BOTH("fields", "each"))},
    {&shape_select, TARGET "," ONE(HAS("option") "," HAS("value") "," HAS("index") "," HAS("options"))},
    {&shape_drag, TARGET "," ANY(HAS("to") "," HAS("right") "," HAS("down"))},
    {&shape_scroll, ANY(CRITERIA "," HAS("to") "," HAS("down") "," HAS("right") "," HAS("until"))},
    {&shape_condition, CONDITION},
    {&shape_assert, CONDITION},
    {&shape_if, CONDITION},
    {&shape_wait_for, ANY(HAS("ms") "," HAS("page") ",{\"allOf\":[" CONDITION "]}")},
    {&shape_reading, ONE_READING},
    {&shape_extract, ONE_READING},
    {&shape_repeat, ANY(HAS("times") "," HAS("while") "," HAS("until"))},
    {&shape_for_each, ONE(HAS("in") "," TARGET)},
    {&shape_cookies, ANY(HAS("as") "," HAS("set") "," HAS("clear"))},
    {&shape_upload, TARGET "," ONE(HAS("file") "," HAS("files"))},
    {&shape_file, ONE(HAS("text") "," HAS("base64") "," HAS("artifact")) "," ANY(HAS("name") "," HAS("artifact"))},
    {&shape_frame, ANY(CRITERIA "," HAS("named") "," HAS("frame"))},
    {&shape_dialog, ONE(ANY(ANSWERS) "," HAS("as"))},
    {&shape_tab, ANY(HAS("open") "," HAS("to") "," HAS("title") "," HAS("url") "," HAS("close") "," HAS(
                     "as")) ","
                            "{\"dependentSchemas\":{" NEED(
                                "open", NOT(ANY(HAS("to") "," HAS("title") "," HAS("url") "," HAS("close")))) "}}"},
};

static json_t *schema_of_shape(const struct shape *shape, json_t *definitions);

static json_t *reference(const char *name) {
    cleanup_free char *path = memory_print("#/$defs/%s", name);
    return json_pack("{s:s}", "$ref", path);
}

static json_t *shape_reference(const struct shape *shape, json_t *definitions) {
    if (!json_object_get(definitions, shape->name)) {
        json_object_set_new(definitions, shape->name, json_true()); /* it may refer to itself */
        json_object_set_new(definitions, shape->name, schema_of_shape(shape, definitions));
    }
    return reference(shape->name);
}

/* Numbers, truths and choices may come out of a template. */
static json_t *or_template(json_t *schema) {
    return json_pack("{s:[o, o]}", "anyOf", schema, reference("template"));
}

static json_t *choices_of(const char *choices) {
    cleanup_free char *copy = memory_copy_text(choices);
    json_t *list = json_array();
    char *rest = copy;
    for (char *one; (one = strsep(&rest, "|"));)
        json_array_append_new(list, json_string(one));
    return or_template(json_pack("{s:o}", "enum", list));
}

static json_t *text_schema(const struct field *field) {
    if (field->choices)
        return choices_of(field->choices);
    /* Code is no template. */
    return strcmp(field->name, "script") ? reference("text") : json_pack("{s:s}", "type", "string");
}

static json_t *int_schema(const struct field *field) {
    json_t *schema = json_pack("{s:s}", "type", "integer");
    if (field->least || field->most) {
        json_object_set_new(schema, "minimum", json_integer(field->least));
        json_object_set_new(schema, "maximum", json_integer(field->most));
    }
    return or_template(schema);
}

static json_t *field_schema(const struct field *field, json_t *definitions) {
    switch (field->kind) {
    case FIELD_TEXT:
        return text_schema(field);
    case FIELD_INT:
        return int_schema(field);
    case FIELD_NUMBER:
        return or_template(
            json_pack("{s:s, s:f, s:f}", "type", "number", "minimum", field->from, "maximum", field->to));
    case FIELD_BOOL:
        return or_template(json_pack("{s:s}", "type", "boolean"));
    case FIELD_SHAPE:
        return shape_reference(field->shape, definitions);
    case FIELD_MAP:
        return json_pack("{s:s, s:i, s:o}", "type", "object", "minProperties", 1, "additionalProperties",
                         shape_reference(field->shape, definitions));
    case FIELD_SHAPES:
        return json_pack("{s:s, s:i, s:o}", "type", "array", "minItems", 1, "items",
                         shape_reference(field->shape, definitions));
    case FIELD_TEXTS:
        return json_pack("{s:s, s:o}", "type", "array", "items", text_schema(field));
    case FIELD_STEPS:
        return reference("steps");
    case FIELD_ANY:
        break;
    }
    return json_object();
}

static void add_fields(const struct shape *shape, json_t *properties, json_t *required, json_t *definitions) {
    for (; shape; shape = shape->base)
        for (const struct field *field = shape->fields; field && field->name; field++) {
            if (field->model_only || json_object_get(properties, field->name))
                continue;
            json_t *schema = field_schema(field, definitions);
            if (*field->doc)
                json_object_set_new(schema, "description", json_string(field->doc));
            json_object_set_new(properties, field->name, schema);
            if (field->required)
                json_array_append_new(required, json_string(field->name));
        }
}

static void add_rules(const struct shape *shape, json_t *schema) {
    if (shape_field(shape, "role") && shape_field(shape, "name"))
        json_object_set_new(schema, "dependentRequired", json_pack("{s:[s]}", "name", "role"));
    for (size_t i = 0; i < ARRAY_LENGTH(extra); i++)
        if (extra[i].shape == shape) {
            cleanup_free char *list = memory_print("[%s]", extra[i].rules);
            json_object_set_new(schema, "allOf", json_loads(list, 0, NULL));
        }
}

/* The object, or what a bare text stands for. */
static json_t *schema_of_shape(const struct shape *shape, json_t *definitions) {
    json_t *properties = json_object(), *required = json_array();
    add_fields(shape, properties, required, definitions);
    bool sole =
        !json_array_size(required) || (json_array_size(required) == 1 && shape->shorthand &&
                                       !strcmp(json_string_value(json_array_get(required, 0)), shape->shorthand));
    json_t *schema = json_pack("{s:s, s:o}", "type", "object", "properties", properties);
    if (!shape->open)
        json_object_set_new(schema, "additionalProperties", json_false());
    if (json_array_size(required))
        json_object_set(schema, "required", required);
    json_decref(required);
    add_rules(shape, schema);
    if (!sole || (!shape->shorthand && !shape->from_text))
        return schema;
    const struct field *field = shape_field(shape, shape->shorthand ? shape->shorthand : "css");
    bool plain = shape->from_text || (field->kind == FIELD_TEXT && !field->choices);
    bool code = shape == &shape_evaluate;
    json_t *bare = code    ? json_pack("{s:s}", "type", "string")
                   : plain ? reference("text")
                           : field_schema(field, definitions);
    return json_pack("{s:[o, o]}", "anyOf", bare, schema);
}

/* Templates beside the action are not looked into. */
static void loosen(json_t *properties) {
    const char *name;
    json_t *schema;
    json_object_foreach (properties, name, schema) {
        json_t *ways = json_object_get(schema, "anyOf");
        if (ways)
            json_array_set_new(ways, 1, json_pack("{s:s, s:s}", "type", "string", "pattern", "\\{\\{"));
        else if (json_object_del(schema, "$ref") == 0)
            json_object_set_new(schema, "type", json_string("string"));
    }
}

static json_t *step_schema(json_t *definitions) {
    json_t *properties = json_object(), *required = json_array(), *ways = json_array();
    add_fields(&shape_step, properties, required, definitions);
    json_decref(required);
    loosen(properties);
    for (size_t i = 0; i < action_count; i++) {
        json_t *schema = shape_reference(action_rows[i].shape, definitions);
        json_object_set_new(schema, "description", json_string(action_rows[i].doc));
        json_object_set_new(properties, action_rows[i].name, schema);
        json_array_append_new(ways, json_pack("{s:[s]}", "required", action_rows[i].name));
    }
    return json_pack("{s:s, s:o, s:b, s:o}", "type", "object", "properties", properties, "additionalProperties", 0,
                     "oneOf", ways);
}

/* {"steps": [...]}, or the steps alone. */
static json_t *whole(bool outermost) {
    json_t *properties = json_pack("{s:o, s:{s:s}, s:{s:s}}", "steps", reference("steps"), "name", "type", "string",
                                   "description", "type", "string");
    if (outermost)
        json_object_update_new(properties,
                               json_pack("{s:{s:s, s:o}, s:{s:s}}", "scripts", "type", "object", "additionalProperties",
                                         reference("called"), "mend", "type", "boolean"));
    return json_pack("[o, {s:s, s:o, s:b, s:[s]}]", reference("steps"), "type", "object", "properties", properties,
                     "additionalProperties", 0, "required", "steps");
}

json_t *script_schema(void) {
    json_t *definitions = json_pack("{s:{s:s, s:s}, s:{s:s, s:s}}", "template", "type", "string", "pattern",
                                    "^(?=[\\s\\S]*\\{\\{)(?:(?!\\{\\{)[\\s\\S]|" TEMPLATE ")*$", "text", "type",
                                    "string", "pattern", "^(?:(?!\\{\\{)[\\s\\S]|" TEMPLATE ")*$");
    json_object_set_new(definitions, "step", step_schema(definitions));
    json_object_set_new(
        definitions, "steps",
        json_pack("{s:s, s:i, s:o}", "type", "array", "maxItems", SCRIPT_STEPS_MAX, "items", reference("step")));
    json_object_set_new(definitions, "called", json_pack("{s:o}", "anyOf", whole(false)));
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "$schema", "https://json-schema.org/draft/2020-12/schema", "title",
                     "Script", "description", "A Replinet script: what a browser does, step by step.", "anyOf",
                     whole(true), "$defs", definitions);
}
