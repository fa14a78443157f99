/* What a person does while the browser is in their hands, as events person.acted: each has the step of a script that
 * does the same as `replay`. One thread. */
#pragma once

#include "agent/action.h"

/* While run->held: call it every RECORD_MS. Pages that do not answer are tried again at the next call. */
#define RECORD_MS 300
int record_go_on(struct run *run, struct error *e);

/* The browser was given back. Nothing happens when nothing was recorded. */
int record_end(struct run *run, struct error *e);
