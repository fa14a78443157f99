-- Lanes of jobs that are nobody's, and kinds that recur.

ALTER TABLE jobs ALTER COLUMN user_id DROP NOT NULL; -- NULL: the system's own

-- When the next job of a kind that recurs is due. Who moves due_at on writes that job, in one statement.
CREATE TABLE job_schedules (
    kind   text PRIMARY KEY CHECK (length(kind) BETWEEN 1 AND 64),
    due_at timestamptz NOT NULL
);

-- A queue's rows change often: vacuum them before their index grows long.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000);
CREATE INDEX jobs_system_ready ON jobs (lane, priority DESC, run_at, id) WHERE status = 'queued' AND user_id IS NULL;
