/* A step of a script whose element is gone: a model carries it out, and it gets its new target. step.c calls it. One
 * thread. */
#pragma once

#include "agent/action.h"

/* Whether a model may do the step when its element is not there. */
bool mend_may(const struct step *step, const struct action *action);

/* The step failed with `e`. When nothing but a missing element is why, the model does it: 0. Else -errno, and `e` is
 * what it was, or what ends the run. */
int mend_step(struct step *step, const struct action *action, const char *title, int failed, struct error *e);

/* What a call of the model is carried out with: while it mends a step, a call of that step's action has only the
 * element of the model's choice. `arguments` is stolen; the caller's. */
json_t *mend_arguments(const struct run *run, const char *action, json_t *arguments);
