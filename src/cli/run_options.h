/* What `replinet run` was asked: its arguments, checked. A new option is a row of the table in run_options.c. */
#pragma once

#include "base/error.h"
#include "base/text.h"
#include <stdbool.h>

struct run_options {              /* texts are borrowed from the arguments; NULL: not given */
    const char *file;             /* NULL: a task alone */
    int64_t timeout_s, memory_mb; /* memory_mb 0: the default */
    int64_t max_steps;            /* of the model; 0: the default */
    const char *inputs, *browser_config, *output, *screenshots, *events;
    const char *task, *model, *result_schema; /* task: what a model shall do */
    struct text allow;                        /* comma-separated */
    bool private, vision;
};

int run_options_take(struct run_options *ret_options, int count, char **arguments, struct error *e);
void run_options_done(struct run_options *options);
