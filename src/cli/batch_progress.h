/* How far a batch is, on standard error: a bar on a terminal, else a line now and then. */
#pragma once

#include "cli/batch_run.h"

struct batch_progress {
    bool live;          /* a terminal */
    int64_t began, due; /* due: when the next line is written when there is no terminal */
    size_t told;        /* rows whose failure was told */
};

void batch_progress_start(struct batch_progress *progress);
void batch_progress_show(struct batch_progress *progress, struct batch *batch);
void batch_progress_end(struct batch_progress *progress, struct batch *batch);
