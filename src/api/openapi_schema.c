#include "api/openapi.h"

#define TEXT_MOST 200 /* as schema_check.c has it */

static json_t *from_text(const char *json) {
    return json_loads(json, JSON_DECODE_ANY, NULL);
}

static void set_number(json_t *schema, const char *name, double value) {
    bool whole = value == (double)(int64_t)value;
    json_object_set_new(schema, name, whole ? json_integer((json_int_t)value) : json_real(value));
}

/* Answers keep longer texts that older rules allowed; only what is sent is bounded. */
static json_t *text_schema(const struct schema_field *field, enum openapi_use use) {
    static const char *const formats[] = {[SCHEMA_ID] = "uuid", [SCHEMA_TIME] = "date-time", [SCHEMA_EMAIL] = "email"};
    json_t *schema = json_pack("{s:s}", "type", "string");
    if (field->kind != SCHEMA_TEXT)
        json_object_set_new(schema, "format", json_string(formats[field->kind]));
    else if (use == OPENAPI_INPUT && !field->choices) {
        set_number(schema, "minLength", field->least);
        set_number(schema, "maxLength", field->most > 0 ? field->most : TEXT_MOST);
    }
    if (field->choices) {
        json_t *choices = json_array();
        for (const char *const *choice = field->choices; *choice; choice++)
            json_array_append_new(choices, json_string(*choice));
        json_object_set_new(schema, "enum", choices);
    }
    return schema;
}

static json_t *number_schema(const struct schema_field *field) {
    json_t *schema = json_pack("{s:s}", "type", field->kind == SCHEMA_INT ? "integer" : "number");
    if (field->least != 0 || field->most != 0) {
        set_number(schema, "minimum", field->least);
        set_number(schema, "maximum", field->most);
    }
    return schema;
}

static json_t *list_schema(const struct schema_field *field, enum openapi_use use, json_t *components) {
    const struct schema_field item = {.kind = field->items, .choices = field->choices, .object = field->object};
    json_t *schema = json_pack("{s:s, s:o}", "type", "array", "items", openapi_field(&item, use, components));
    if (use == OPENAPI_INPUT && field->least > 0)
        set_number(schema, "minItems", field->least);
    if (use == OPENAPI_INPUT && field->most > 0)
        set_number(schema, "maxItems", field->most);
    return schema;
}

static json_t *kind_schema(const struct schema_field *field, enum openapi_use use, json_t *components) {
    switch (field->kind) {
    case SCHEMA_INT:
    case SCHEMA_REAL:
        return number_schema(field);
    case SCHEMA_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case SCHEMA_OBJECT:
        return field->object ? openapi_reference(field->object, use, components)
                             : json_pack("{s:s, s:b}", "type", "object", "additionalProperties", 1);
    case SCHEMA_LIST:
        return list_schema(field, use, components);
    case SCHEMA_ANY:
        return json_object();
    default:
        return text_schema(field, use);
    }
}

/* null as well as what it was. */
static json_t *with_null(json_t *schema) {
    const json_t *type = json_object_get(schema, "type");
    json_t *choices = json_object_get(schema, "enum");
    if (!type)
        return json_pack("{s:[o, {s:s}]}", "anyOf", schema, "type", "null");
    json_object_set_new(schema, "type", json_pack("[O, s]", type, "null"));
    if (choices)
        json_array_append_new(choices, json_null());
    return schema;
}

json_t *openapi_field(const struct schema_field *field, enum openapi_use use, json_t *components) {
    json_t *schema = kind_schema(field, use, components);
    if (field->flags & SCHEMA_NULLABLE && field->kind != SCHEMA_ANY)
        schema = with_null(schema);
    if (field->doc)
        json_object_set_new(schema, "description", json_string(field->doc));
    if (field->initial && use == OPENAPI_INPUT)
        json_object_set_new(schema, "default", from_text(field->initial));
    if (field->example)
        json_object_set_new(schema, "examples", json_pack("[o]", from_text(field->example)));
    if (field->flags & SCHEMA_SECRET)
        json_object_set_new(schema, "writeOnly", json_true());
    return schema;
}

/* What has a default need not be sent, but is always there in an answer. */
static bool is_required(const struct schema *schema, const struct schema_field *field, enum openapi_use use) {
    return !schema->partial && (field->flags & SCHEMA_REQUIRED || (use == OPENAPI_ANSWER && field->initial));
}

static json_t *object_schema(const struct schema *schema, enum openapi_use use, json_t *components) {
    json_t *properties = json_object(), *required = json_array();
    for (const struct schema_field *field = schema->fields; field->name; field++) {
        struct schema_field shown = *field;
        if (schema->partial)
            shown.initial = NULL;
        json_object_set_new(properties, field->name, openapi_field(&shown, use, components));
        if (is_required(schema, field, use))
            json_array_append_new(required, json_string(field->name));
    }
    bool open = !schema->fields->name; /* no field is known beforehand: any may be there */
    json_t *object = json_pack("{s:s, s:s, s:o, s:b}", "type", "object", "description", schema->doc ? schema->doc : "",
                               "properties", properties, "additionalProperties", open);
    if (json_array_size(required))
        json_object_set(object, "required", required);
    json_decref(required);
    return object;
}

json_t *openapi_reference(const struct schema *schema, enum openapi_use use, json_t *components) {
    if (!json_object_get(components, schema->name)) {
        json_object_set_new(components, schema->name, json_object()); /* it may refer to itself */
        json_object_set_new(components, schema->name, object_schema(schema, use, components));
    }
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/schemas/%s", schema->name));
}
