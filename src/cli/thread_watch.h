/* Following a thread's events from the command line. */
#pragma once

#include "cli/session.h"

/* Prints the thread's events from the first on, on `out`: lines for people, or JSON lines. `follow`: until the thread
 * has ended; news comes over Redis, or is looked for twice a second. */
int thread_watch(struct cli_session *session, const char *thread_id, bool follow, bool json, FILE *out,
                 struct error *e);
