/* Where `replinet run` sends what happens: events to the terminal, files to a folder. One thread. */
#pragma once

#include "agent/run.h"
#include "cli/progress.h"
#include "cli/run_ask.h"
#include <stdio.h>

struct run_sink {
    struct progress *progress;
    const char *folder, *screenshot_folder; /* borrowed; made when the first file comes */
    FILE *events;                           /* every event as a line of JSON; NULL: nowhere */
    json_t *artifacts;                      /* the owner's: [{"id","kind","name","path","media_type","bytes"}] */
    struct run_ask ask;
};

/* The sink's functions with `state` as their user. */
struct agent_sink run_sink_of(struct run_sink *state);
