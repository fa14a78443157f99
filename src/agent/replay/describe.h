/* A call of a model as a step of a script that does the same without one. One thread. */
#pragma once

#include "agent/action.h"

/* The step, before it is carried out: {"click": {"role", "name", "exact", "fallback": [...]}}. Numbers of elements
 * become targets that mean exactly these elements now, texts that are values of the run's inputs become
 * {{inputs.name}}, credentials stay what they are called. The caller's; NULL when no script can say it: nothing but a
 * number means the element. `ret_why` (a constant) says it to people. */
json_t *replay_describe(struct step *step, const struct action *action, const char **ret_why);

/* The step as it may be kept once it was carried out: a text that its event does not tell (`data` has no "value"),
 * being in a password field, is {{inputs.password}}. The caller's. */
json_t *replay_without_secret(const json_t *step, const json_t *data);
