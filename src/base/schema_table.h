/* The keywords of JSON Schema: name, what the schema must say there, what compares a value with it (schema_apply.c,
 * schema_members.c; NULL: nothing by itself), which values it is about. To add one: a row and its function. */
#pragma once

#define SCHEMA_TABLE(X)                                                                                                \
    X("$ref", REFERENCE, apply_ref, ANY)                                                                               \
    X("type", TYPES, apply_type, ANY)                                                                                  \
    X("enum", VALUES, apply_enum, ANY)                                                                                 \
    X("const", VALUE, apply_const, ANY)                                                                                \
    X("minimum", NUMBER, apply_minimum, NUMBER)                                                                        \
    X("maximum", NUMBER, apply_maximum, NUMBER)                                                                        \
    X("exclusiveMinimum", NUMBER, apply_exclusive_minimum, NUMBER)                                                     \
    X("exclusiveMaximum", NUMBER, apply_exclusive_maximum, NUMBER)                                                     \
    X("multipleOf", POSITIVE, apply_multiple_of, NUMBER)                                                               \
    X("minLength", COUNT, apply_min_length, TEXT)                                                                      \
    X("maxLength", COUNT, apply_max_length, TEXT)                                                                      \
    X("pattern", PATTERN, apply_pattern, TEXT)                                                                         \
    X("format", FORMAT, apply_format, TEXT)                                                                            \
    X("minItems", COUNT, apply_min_items, LIST)                                                                        \
    X("maxItems", COUNT, apply_max_items, LIST)                                                                        \
    X("uniqueItems", BOOL, apply_unique_items, LIST)                                                                   \
    X("prefixItems", SCHEMAS, apply_prefix_items, LIST)                                                                \
    X("items", SCHEMA, apply_items, LIST)                                                                              \
    X("contains", SCHEMA, apply_contains, LIST)                                                                        \
    X("minContains", COUNT, NULL, LIST)                                                                                \
    X("maxContains", COUNT, NULL, LIST)                                                                                \
    X("minProperties", COUNT, apply_min_properties, OBJECT)                                                            \
    X("maxProperties", COUNT, apply_max_properties, OBJECT)                                                            \
    X("required", TEXTS, apply_required, OBJECT)                                                                       \
    X("dependentRequired", TEXT_LISTS, apply_dependent_required, OBJECT)                                               \
    X("properties", MEMBERS, apply_properties, OBJECT)                                                                 \
    X("patternProperties", PATTERN_MEMBERS, apply_pattern_properties, OBJECT)                                          \
    X("additionalProperties", SCHEMA, apply_additional_properties, OBJECT)                                             \
    X("propertyNames", SCHEMA, apply_property_names, OBJECT)                                                           \
    X("dependentSchemas", MEMBERS, apply_dependent_schemas, OBJECT)                                                    \
    X("allOf", SCHEMAS, apply_all_of, ANY)                                                                             \
    X("anyOf", SCHEMAS, apply_any_of, ANY)                                                                             \
    X("oneOf", SCHEMAS, apply_one_of, ANY)                                                                             \
    X("not", SCHEMA, apply_not, ANY)                                                                                   \
    X("if", SCHEMA, apply_if, ANY)                                                                                     \
    X("then", SCHEMA, NULL, ANY)                                                                                       \
    X("else", SCHEMA, NULL, ANY)                                                                                       \
    X("$defs", MEMBERS, NULL, ANY)                                                                                     \
    X("definitions", MEMBERS, NULL, ANY)                                                                               \
    X("default", VALUE, NULL, ANY)                                                                                     \
    X("examples", VALUES, NULL, ANY)                                                                                   \
    X("title", TEXT, NULL, ANY)                                                                                        \
    X("description", TEXT, NULL, ANY)                                                                                  \
    X("$comment", TEXT, NULL, ANY)                                                                                     \
    X("$schema", DIALECT, NULL, ANY)                                                                                   \
    X("$id", TEXT, NULL, ANY)                                                                                          \
    X("deprecated", BOOL, NULL, ANY)                                                                                   \
    X("readOnly", BOOL, NULL, ANY)                                                                                     \
    X("writeOnly", BOOL, NULL, ANY)                                                                                    \
    X("contentMediaType", TEXT, NULL, ANY)                                                                             \
    X("contentEncoding", TEXT, NULL, ANY)

/* Names of types, and what a person calls them; the type of FastAPI's answer when a value is none. */
#define SCHEMA_TYPE_TABLE(X)                                                                                           \
    X("string", "a text", "string_type")                                                                               \
    X("integer", "a whole number", "int_type")                                                                         \
    X("number", "a number", "float_type")                                                                              \
    X("boolean", "true or false", "bool_type")                                                                         \
    X("array", "a list", "list_type")                                                                                  \
    X("object", "an object", "dict_type")                                                                              \
    X("null", "null", "none_required")
