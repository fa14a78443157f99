/* What goes into an agent and comes out of it, against the schemas that the agent holds. Pure; any thread. */
#pragma once

#include "base/json.h"

/* The schemas of an agent's body as a client sends it; a member that is missing or null is no schema. */
int agent_check_schemas(const json_t *body, struct error *e);

/* `inputs` (NULL: none) with the schema's defaults: a new object in `ret_inputs`. When they do not fit, -EINVAL with
 * everything that is wrong in `ret_problems` (base/schema.h; may be NULL). `agent` needs its member input_schema. */
int agent_check_inputs(const json_t *agent, const json_t *inputs, json_t **ret_inputs, json_t **ret_problems,
                       struct error *e);
