/* What the steps of a script want to be given from run to run, and what they bring: told to whoever makes an agent of
 * them. Pure; any thread. Results are the caller's. */
#pragma once

#include "base/json.h"

/* A JSON Schema for the inputs of a script ({"steps", "scripts"?}): a property for each {{inputs.NAME}} in it. Those of
 * `agent_schema` (or NULL) are taken over, others are made of `values` ({name: value}, or NULL) and of what the fields
 * are called that they are typed into. A value that fits is its property's default, unless the property is a secret
 * ("format": "password" or "writeOnly"). */
json_t *inputs_schema(const json_t *script, const json_t *agent_schema, const json_t *values);

/* [{"text", "name"}]: texts that the script types and that are no inputs yet, each once, with a name for it made of
 * a-z, 0-9 and _ after its field. */
json_t *inputs_proposals(const json_t *script);

/* Names of the credentials that the script fills in. */
json_t *inputs_credentials(const json_t *script);

/* Names of the results that the script brings by itself (`as`). */
json_t *inputs_results(const json_t *script);

/* "Street", what people or the page call the field of a step's arguments; NULL: nothing does. free() */
char *inputs_field_words(const json_t *arguments);
