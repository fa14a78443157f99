/* The beginning and end of a run's state, for those who work in its browser (run.c, hands.c). One thread. */
#pragma once

#include "agent/action.h"

/* Fills the run's own members; run_end frees them. */
void run_begin(struct run *run, const struct agent_options *options, const struct agent_sink *sink);
void run_end(struct run *run);

/* Leases the browser and connects to it. The outcome gets the browser's id, and keeps it for the run. */
int run_open(struct run *run, struct agent_outcome *outcome, struct error *e);
/* Gives it back, as far as there is one. */
void run_give_back(struct run *run);
