/* What of a step differs from run to run. Pure; any thread. */
#pragma once

#include "base/json.h"

/* A copy of a step or of its arguments in which texts that are equal to one of `values` ({name: value}, or NULL) are
 * {{inputs.name}}: what is typed and chosen, addresses, and what elements are called. Numbers count as their texts. The
 * caller's. */
json_t *parameters_insert(const json_t *value, const json_t *values);

/* The same of what is no step yet, whose texts are not to be read as templates (template_quote). The caller's. */
json_t *parameters_write(const json_t *plain, const json_t *values);

/* Inputs that stand for what people or a model typed and nothing keeps (page/record_fields.js, replay/describe.h). What
 * a person calls it ("Card number"); NULL: it is none of them. */
const char *parameters_secret_title(const char *name);
