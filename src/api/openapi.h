/* The OpenAPI 3.1 document of all routes, made of their rows. */
#pragma once

#include "api/api.h"

/* JSON text (free()). */
char *openapi_make(void);

/* openapi_schema.c: a schema, or what one field holds, as JSON Schema. `components` collects what is referred to. */
enum openapi_use { OPENAPI_INPUT, OPENAPI_ANSWER };
json_t *openapi_reference(const struct schema *schema, enum openapi_use use, json_t *components);
json_t *openapi_field(const struct schema_field *field, enum openapi_use use, json_t *components);
