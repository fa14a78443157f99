/* A model works in the browser: observe the page, ask the model, carry its calls out, until it says that the task is
 * done, a limit is reached or a person stops it. run.c calls it after the agent's script. One thread. */
#pragma once

#include "agent/action.h"
#include "agent/llm/llm.h"

/* 0: the model said that it is done, its result is among the run's results. Else -errno with why: ERROR_LIMIT,
 * ERROR_STUCK, ERROR_NO_ANSWER, ERROR_MODEL_*, ERROR_STEP and those that end any run. `ret_turns` and `ret_spent` are
 * set in every case. */
int think_run(struct run *run, int64_t *ret_turns, struct agent_spending *ret_spent, struct error *e);

/* docs/tools.md. */
void think_print_tools(struct text *out);
