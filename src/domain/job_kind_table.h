/* Kinds of jobs and the lanes they wait in.
 *
 * A lane has its own places in a worker, so that one kind of work cannot keep another waiting. A row: identifier, name
 * (jobs.lane), the configuration value that says how many places a worker has for it, how many jobs one process is
 * given at once, whose its jobs are, what goes there.
 *   ROLE    a user's, who may have as many running at once as the role allows (role_table.h)
 *   USER    a user's; users are served in turn
 *   SYSTEM  nobody's
 * Where a process is given several jobs, a job that was lost before goes alone: one that crashes its process takes its
 * neighbours along once, not again.
 *
 * A kind's row: identifier, name (jobs.kind), lane; attempts, and the backoff before the second one (ms; doubles each
 * time, up to 10 minutes); seconds that an attempt may last; bytes that its payload may have; whether a job is repeated
 * after it acted on the outside (jobs.acted_at) and was lost; priority (-100 to 100; higher goes first among one user's
 * jobs of a lane); period in seconds, 0: it does not recur; what it does. A kind that recurs waits in a SYSTEM lane,
 * and one job of it is written per period by whichever worker comes first.
 *
 * To add a kind: a row here and its handler in src/worker, job_handle_<identifier> (worker/README.md). */
#pragma once

#define JOB_LANE_TABLE(X)                                                                                              \
    X(RUN, "run", WORKER_CONCURRENCY, 1, ROLE, "Runs of agents; each needs a browser.")                                \
    X(QUICK, "quick", WORKER_QUICK_CONCURRENCY, 1000, USER, "Many and cheap: a process takes hundreds at a time.")     \
    X(MAINTENANCE, "maintenance", WORKER_MAINTENANCE_CONCURRENCY, 1, SYSTEM, "What keeps the instance in order.")

#define JOB_KIND_TABLE(X)                                                                                              \
    X(RUN, "run", RUN, 5, 2000, 180000, 1024, false, 0, 0, "One run of an agent: a thread.")                           \
    X(NOOP, "noop", QUICK, 3, 1000, 60, 4096, true, 0, 0,                                                              \
      "Nothing: shows that the queue works. Its payload may say how long it takes (wait_ms) and how it ends (fail: a " \
      "reason; crash: true).")                                                                                         \
    X(MAIL, "mail", QUICK, 8, 5000, 60, 4096, true, 10, 0,                                                             \
      "A letter to a user: payload {\"letter\": \"reset\" or \"question\"}. Its link is made when it is sent.")        \
    X(UPKEEP, "upkeep", MAINTENANCE, 5, 30000, 3000, 1024, true, 0, 3600,                                              \
      "The hourly tasks of maintenance_table.h: partitions made ahead, retention, files that nothing names.")          \
    X(CHECK, "check", MAINTENANCE, 5, 30000, 20000, 1024, true, 0, 86400,                                              \
      "The daily tasks of maintenance_table.h: whether artifacts and their bytes match.")

enum job_lane {
#define X(id, name, places, together, whose, doc) JOB_LANE_##id,
    JOB_LANE_TABLE(X)
#undef X
        JOB_LANE_COUNT
};

enum job_kind {
#define X(id, name, lane, attempts, backoff_ms, limit_s, payload, repeat, priority, every_s, doc) JOB_KIND_##id,
    JOB_KIND_TABLE(X)
#undef X
        JOB_KIND_COUNT
};
