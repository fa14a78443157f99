/* A job's process: what its handlers get, and how the one of kind `run` is built. Plain blocking code, one thread (plus
 * the lease's watcher). */
#pragma once

#include "agent/run.h"
#include "domain/job_kinds.h"
#include "domain/jobs_fenced.h"
#include "store/redis.h"

struct job_context {
    struct postgres db;
    struct redis redis; /* best effort */
    struct job_fence fence;
    const json_t *payload; /* NULL for kind run */
    int interrupt_fd;      /* readable: stop */
};

/* Handlers, one per row of the kind table. The one of kind run ends its job and thread by itself: 0 when that, or its
 * loss, is written down; -errno lets the worker write the loss.
 * The others: 0: the job is done, which their caller writes down; a handler may be called again for a job that it had
 * done when that could not be written, so its effects bear repeating, or are written in one transaction with
 * jobs_finish. -errno: it is repeated as its kind allows, with the error as its reason; at once no more when the error
 * is the input's (ERROR_BAD_INPUT). A handler looks at interrupt_fd where it waits, and returns -ECANCELED: the job
 * goes back to the queue. */
#define X(id, name, lane, attempts, backoff_ms, limit_s, payload, repeat, priority, every_s, doc)                      \
    int job_handle_##id(struct job_context *context, struct error *e);
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

/* Whether somebody asked to stop, within so many ms from now. */
bool job_is_interrupted(const struct job_context *context, int wait_ms);

/* job_share.c: all jobs of a list, one after the other: those done are written down in one statement at the end. 0 when
 * what became of each is written down. */
int job_carry_out_share(struct job_context *context, const struct job *jobs, size_t count, struct error *e);

/* run_lease.c: the id under which an attempt asks for its browser. free() */
char *run_lease_id(const char *thread_id, int attempt);
/* The lease object (browsers/protocol/keeper_protocol.h) of an agent's browser_config, within the limits of the role
 * that the thread's owner has by now. `facts`: of jobs_begin_run. */
int run_lease_make(const json_t *facts, const json_t *browser_config, json_t **ret_lease, struct error *e);

/* run_sink_database.c */
struct run_sink_database {
    struct job_context *job;
    char thread_id[UUID_TEXT_SIZE], owner_id[UUID_TEXT_SIZE];
    const char *ai_model; /* of the thread's preset, borrowed */
    int64_t spendings;    /* told so far */
    bool acted;           /* a step was announced */
    json_t *kept;         /* events that are written together with those that follow; decref */
    int64_t kept_until;
};
struct agent_sink run_sink_database_of(struct run_sink_database *state);
/* Writes what is still kept; before the run's end is. */
int run_sink_database_flush(struct run_sink_database *state, struct error *e);

/* run_sink_model.c: parts of that sink. */
int run_sink_ask(void *user, const json_t *question, char ret_id[UUID_TEXT_SIZE], struct error *e);
int run_sink_answer(void *user, const char *id, json_t **ret_answer, struct error *e);
int run_sink_spend(void *user, const struct agent_spending *spent, struct error *e);
int run_sink_withdraw(void *user, const char *id, const char *why, struct error *e);
