/* The script of a run: what its model did, as steps that do it again without one (agent/replay/describe.h). Any thread
 * with a connection of its own. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "domain/roles.h"
#include "store/postgres.h"

/* {"steps": [...], "scripts"?, "input_schema", "left_out", "proposals", "credentials"?, "result_schema"?}: the steps
 * that were carried out, in order, and what is to be known of them (agent/replay/inputs.h). "left_out" is [{"action",
 * "why", "url"?}] of what is not among them. Texts equal to one of `parameters` ({name: text}, or NULL) become
 * {{inputs.name}}. ERROR_NOT_FOUND when the caller may not see the thread, ERROR_CONFLICT while it goes on or when
 * nothing of it can be repeated. */
int thread_script_make(struct postgres *db, const struct caller *caller, const char *thread_id,
                       const json_t *parameters, json_t **ret_answer, struct error *e);

/* What of the answer an agent has as its `script`. The caller's. */
json_t *thread_script_of(const json_t *answer);

/* {name: text} of a JSON text; NULL and 0 for none. */
int thread_script_parameters(const char *text, json_t **ret_parameters, struct error *e);
