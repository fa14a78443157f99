/* browser_config as JSON Schema, from its shape table. */
#include "agent/browser_config.h"
#include <string.h>

#define DIALECT "https://json-schema.org/draft/2020-12/schema"

static json_t *reference(const char *name) {
    return json_pack("{s:s+}", "$ref", "#/$defs/", name);
}

static json_t *of_shape(json_t *definitions, const struct shape *shape);

static json_t *choices_of(const char *choices) {
    json_t *list = json_array();
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        json_array_append_new(list, json_stringn(at, strcspn(at, "|")));
    return json_pack("{s:o}", "enum", list);
}

static json_t *of_number(const struct field *field) {
    json_t *schema = json_pack("{s:s}", "type", field->kind == FIELD_INT ? "integer" : "number");
    double least = field->kind == FIELD_INT ? (double)field->least : field->from;
    double most = field->kind == FIELD_INT ? (double)field->most : field->to;
    if (least != 0 || most != 0) {
        json_object_set_new(schema, "minimum", json_real(least));
        json_object_set_new(schema, "maximum", json_real(most));
    }
    return schema;
}

static json_t *of_list(json_t *items) {
    return json_pack("{s:s, s:o}", "type", "array", "items", items);
}

static json_t *of_kind(json_t *definitions, const struct field *field) {
    switch (field->kind) {
    case FIELD_TEXT:
        return field->choices ? choices_of(field->choices) : json_pack("{s:s}", "type", "string");
    case FIELD_INT:
    case FIELD_NUMBER:
        return of_number(field);
    case FIELD_BOOL:
        return json_pack("{s:s}", "type", "boolean");
    case FIELD_SHAPE:
        return of_shape(definitions, field->shape);
    case FIELD_MAP:
        return json_pack("{s:s, s:o}", "type", "object", "additionalProperties", of_shape(definitions, field->shape));
    case FIELD_SHAPES:
        return of_list(of_shape(definitions, field->shape));
    case FIELD_TEXTS:
        return of_list(field->choices ? choices_of(field->choices) : json_pack("{s:s}", "type", "string"));
    case FIELD_STEPS: /* only scripts have them */
    case FIELD_ANY:
        break;
    }
    return json_object();
}

static json_t *of_field(json_t *definitions, const struct field *field) {
    json_t *schema = of_kind(definitions, field);
    json_object_set_new(schema, "description", json_string(field->doc));
    return schema;
}

static json_t *object_of(json_t *definitions, const struct shape *shape) {
    json_t *members = json_object(), *required = json_array();
    for (const struct shape *at = shape; at; at = at->base)
        for (const struct field *field = at->fields; field && field->name; field++) {
            json_object_set_new(members, field->name, of_field(definitions, field));
            if (field->required)
                json_array_append_new(required, json_string(field->name));
        }
    return json_pack("{s:s, s:o, s:o, s:b}", "type", "object", "properties", members, "required", required,
                     "additionalProperties", shape->open);
}

static json_t *with_shorthand(const struct shape *shape, json_t *object) {
    if (!shape->shorthand && !shape->from_text)
        return object;
    return json_pack("{s:[o, {s:[s,s]}]}", "anyOf", object, "type", "string", "number");
}

/* A definition of its own, made once; shapes may lead back to themselves. */
static json_t *of_shape(json_t *definitions, const struct shape *shape) {
    if (!json_object_get(definitions, shape->name)) {
        json_object_set_new(definitions, shape->name, json_null());
        json_t *definition = with_shorthand(shape, object_of(definitions, shape));
        if (shape->doc)
            json_object_set_new(definition, "description", json_string(shape->doc));
        json_object_set_new(definitions, shape->name, definition);
    }
    return reference(shape->name);
}

json_t *browser_config_schema(void) {
    json_t *definitions = json_object();
    json_t *schema = object_of(definitions, &shape_browser_config);
    /* An open shape may hold anything; this one, as its check says, holds texts. */
    json_object_set_new(json_object_get(definitions, "headers"), "additionalProperties",
                        json_pack("{s:s}", "type", "string"));
    json_object_set_new(schema, "$schema", json_string(DIALECT));
    json_object_set_new(schema, "title", json_string("browser_config"));
    json_object_set_new(schema, "$defs", definitions);
    return schema;
}
