/* Kinds of jobs. A row: identifier, name (jobs.kind), lane, attempts, backoff before the second one (ms; doubles each
 * time), what it does. The worker's handler of a kind is job_handle_<identifier>, in the file of its subject.
 *
 * A lane has its own places in a worker, so that one kind of work cannot keep another waiting. A job that is lost is
 * repeated until its attempts are used up; once its first effect on the outside went out (jobs.acted_at) only when it
 * says repeat_after_loss. */
#pragma once

#define JOB_KIND_TABLE(X) X(RUN, "run", "run", 5, 2000, "One run of an agent: a thread.")

enum job_kind {
#define X(id, name, lane, attempts, backoff_ms, doc) JOB_KIND_##id,
    JOB_KIND_TABLE(X)
#undef X
        JOB_KIND_COUNT
};
