/* What a model has found, as a step of a script that reads it off the page. One thread. */
#pragma once

#include "base/json.h"

struct run;

/* {"extract": {"as": name, ...}}, a step that brings `value` from the run's page as it is now, by elements that are
 * found without knowing it. The caller's; NULL when no part of the page says exactly this. `ret_missing` (the caller's,
 * NULL without a step): names of members of an object that the step does not bring. */
json_t *replay_result(struct run *run, const char *name, const json_t *value, json_t **ret_missing);

/* {"evaluate": {...}}, a step that keeps as the result `name` what is a part of another one: the value of `known`
 * ({name: value}), or of an object in it, that equals `value`. The caller's; NULL when there is none, or when it may be
 * so by chance. */
json_t *replay_result_of(const json_t *known, const char *name, const json_t *value);
