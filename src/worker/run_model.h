/* The model of a thread: who provides it, what it may use. Opened once per run, in the job's process. */
#pragma once

#include "agent/llm/llm.h"
#include "agent/run.h"
#include "store/postgres.h"

struct run_model {
    struct llm_settings llm; /* the key opened; run_model_done wipes it */
    struct agent_model model;
    bool is_open;
};

/* From what jobs_begin_run tells of the thread ({"preset", "agent", "owner_role"}), which must outlive it. A preset of
 * `script` opens nothing. -EINVAL, ERROR_BAD_INPUT: why the model cannot be used. */
int run_model_open(struct postgres *db, const json_t *facts, struct run_model *ret_model, struct error *e);
void run_model_done(struct run_model *model);
/* For agent_options. NULL when nothing was opened. */
const struct agent_model *run_model_options(const struct run_model *model);
