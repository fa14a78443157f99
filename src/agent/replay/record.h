/* What a person does while the browser is in their hands, in whichever tab, as events person.acted: each has the step
 * of a script that does the same as `replay`. One thread. */
#pragma once

#include "agent/action.h"

/* While run->held: call it every RECORD_MS. Pages that do not answer are tried again at the next call. */
#define RECORD_MS 300
int record_go_on(struct run *run, struct error *e);

/* The browser was given back. Nothing happens when nothing was recorded. */
int record_end(struct run *run, struct error *e);

/* The run ends while somebody has the browser in hand, for the reason that `why` says: what they did is kept. */
void record_end_stopped(struct run *run, const struct error *why);

/* What pages tell (struct page_listener), and what the keeper tells of tabs. Called inside events. */
void record_act(void *run, struct page *page, json_t *act);
void record_navigates(struct run *run, const char *target);
void record_closes(struct run *run, const char *target);
