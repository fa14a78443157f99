/* Scripts: a list of steps, checked before anything runs. The reference page is made from the same tables. Any thread.
 */
#pragma once

#include "agent/shape.h"

#define SCRIPT_STEPS_MAX 10000

/* The list in {"steps": [...]} or the bare list; NULL when it is neither. Borrowed. */
const json_t *script_steps(const json_t *script);

/* The script of this name in "scripts" beside the steps, for call; NULL when there is none. Borrowed. */
const json_t *script_named(const json_t *script, const char *name);

/* Whether a model carries out the steps whose targets are gone, and the script is mended ("mend": true). */
bool script_mends(const json_t *script);

/* Checks a list of steps; `path` leads to it ("steps"). Every wrong thing is named by its path. */
int script_check_steps(const json_t *steps, const char *path, struct error *e);

/* docs/script.schema.json; the caller's. */
json_t *script_schema(void);

/* docs/script.md. */
void script_print_reference(struct text *out);

/* The key of a step that names its action, NULL when there is none; borrowed. */
const char *script_action_of(const json_t *step);
