/* The agent's own script in the script of a run: what of it ran before the model, as it is written. Any thread. */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "domain/roles.h"
#include "store/postgres.h"

/* The script of the thread's agent as the thread had it. The caller's; NULL: there is none, or it is not kept. */
json_t *own_script_get(struct postgres *db, const struct caller *caller, const json_t *thread);

/* Puts what a step was mended to in its place (event script.mended: {"before", "after"}). */
void own_script_mend(json_t *script, const json_t *mended);

/* The step that an event's path means ("steps[3]"). Borrowed; NULL: none, or one inside another. */
json_t *own_script_step(const json_t *script, const char *path);

/* A stop step would end the whole script with the agent's part of it: `count` steps at the beginning become a script
 * that is called when they hold one. `answer` {"steps", "scripts"?} is changed. */
void own_script_contain_stops(json_t *answer, size_t count);
