/* The person at the terminal of `replinet run` answers what the run asks, a line each. Functions of the sink, whose
 * user is a struct run_sink; without a terminal they are not in it, and nobody can be asked. One thread. */
#pragma once

#include "agent/run.h"

#define RUN_ASK_LINE_MAX 4096

struct run_ask {
    char kind[16]; /* of the open question */
};

/* Puts ask, answer and withdraw into the sink when standard input and error are a terminal. */
void run_ask_add(struct agent_sink *sink);
