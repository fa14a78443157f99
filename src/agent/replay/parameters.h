/* What of a step differs from run to run. Pure; any thread. */
#pragma once

#include "base/json.h"

/* A copy of a step or of its arguments in which texts that are equal to one of `values` ({name: value}, or NULL) are
 * {{inputs.name}}: what is typed and chosen, addresses, and what elements are called. Numbers count as their texts. The
 * caller's. */
json_t *parameters_insert(const json_t *value, const json_t *values);
