/* Results as CSV. Pure; any thread. */
#pragma once

#include "base/json.h"

/* A list of objects is a table with a column per member; an object whose only member is such a list, that list; any
 * other object is one row; anything else one column "value". What is no text or number is written as JSON. Texts that a
 * spreadsheet would take for a formula get an apostrophe in front. free() */
char *results_csv(const json_t *results);
