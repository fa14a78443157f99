/* The script of a run: what its model did, as steps that do it again without one (agent/replay/describe.h). Any thread
 * with a connection of its own. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "domain/roles.h"
#include "store/postgres.h"

/* {"steps": [...]}: the steps that were carried out, in order. Texts equal to one of `parameters` ({name: text}, or
 * NULL) become {{inputs.name}}. ERROR_NOT_FOUND when the caller may not see the thread, ERROR_CONFLICT while it goes
 * on or when nothing of it can be repeated. */
int thread_script_make(struct postgres *db, const struct caller *caller, const char *thread_id,
                       const json_t *parameters, char **ret_json, struct error *e);

/* {name: text} of a JSON text; NULL and 0 for none. */
int thread_script_parameters(const char *text, json_t **ret_parameters, struct error *e);
