/* A job's process: what its handlers get, and how the one of kind `run` is built. Plain blocking code, one thread (plus
 * the lease's watcher). */
#pragma once

#include "agent/run.h"
#include "domain/job_kind_table.h"
#include "domain/jobs_fenced.h"
#include "store/redis.h"

struct job_context {
    struct postgres db;
    struct redis redis; /* best effort */
    struct job_fence fence;
    int interrupt_fd; /* readable: stop */
};

/* Handlers, one per row of the kind table: 0 when the job is finished or its loss is written down; -errno lets the
 * worker write the loss. */
#define X(id, name, lane, attempts, backoff_ms, doc) int job_handle_##id(struct job_context *context, struct error *e);
JOB_KIND_TABLE(X)
#undef X

/* Repeats a write while the database is away: the lease's watcher ends the process when that takes too long. */
#define JOB_PATIENTLY(call)                                                                                            \
    ({                                                                                                                 \
        int result_;                                                                                                   \
        while ((result_ = (call)) < 0 && job_may_repeat(e))                                                            \
            ;                                                                                                          \
        result_;                                                                                                       \
    })
/* Whether the error says that the database is away; waits a little when it does. */
bool job_may_repeat(const struct error *e);

/* run_lease.c: the lease object (browsers/protocol/keeper_protocol.h) of an agent's browser_config. */
int run_lease_make(const char *thread_id, const char *user_id, const json_t *browser_config, json_t **ret_lease,
                   struct error *e);

/* run_sink_database.c */
struct run_sink_database {
    struct job_context *job;
    char thread_id[UUID_TEXT_SIZE], owner_id[UUID_TEXT_SIZE];
    bool acted; /* a step was announced */
};
struct agent_sink run_sink_database_of(struct run_sink_database *state);
