/* A model works in the browser: observe the page, ask the model, carry its calls out, until it says that the task is
 * done, a limit is reached or a person stops it. run.c calls it after the agent's script. One thread. */
#pragma once

#include "agent/action.h"
#include "agent/llm/llm.h"

/* 0: the model said that it is done, its result is among the run's results. Else -errno with why: ERROR_LIMIT,
 * ERROR_STUCK, ERROR_NO_ANSWER, ERROR_MODEL_*, ERROR_STEP and those that end any run. What it used is added to the
 * run's in every case. */
int think_run(struct run *run, struct error *e);

/* As think_run, but the model is to do run->mending alone, which `task` describes, in a few turns; no results. */
int think_mend(struct run *run, const char *task, struct error *e);

/* docs/tools.md. */
void think_print_tools(struct text *out);
