-- The queue. A job is written in the transaction that asked for it; a worker takes it by lease.

CREATE TYPE job_status AS ENUM ('queued', 'running', 'done', 'dead', 'cancelled');

CREATE TABLE jobs (
    id             uuid PRIMARY KEY DEFAULT uuid_v7(),
    kind           text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    lane           text NOT NULL CHECK (length(lane) BETWEEN 1 AND 64),
    user_id        uuid NOT NULL REFERENCES users,
    thread_id      uuid UNIQUE REFERENCES threads ON DELETE CASCADE, -- kind run
    payload        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(payload) = 'object'),
    priority       smallint NOT NULL DEFAULT 0,                      -- higher goes first within one user's jobs
    unique_key     text,                                             -- at most one waiting or running job has it
    status         job_status NOT NULL DEFAULT 'queued',
    run_at         timestamptz NOT NULL DEFAULT clock_timestamp(),   -- not before
    attempt        integer NOT NULL DEFAULT 0,                       -- fencing: writes of any other attempt are refused
    max_attempts   integer NOT NULL CHECK (max_attempts > 0),
    backoff_ms     integer NOT NULL CHECK (backoff_ms >= 0),         -- before the second attempt; doubles
    repeat_after_loss boolean NOT NULL DEFAULT true,                 -- may be repeated once acted_at is set
    worker         text,                                             -- who holds the lease
    lease_until    timestamptz,
    acted_at       timestamptz,                                      -- when its first effect on the outside went out
    browser_id     uuid,                                             -- held now; released when the attempt is lost
    stop_requested boolean NOT NULL DEFAULT false,
    events_written bigint NOT NULL DEFAULT 0,                        -- by this attempt: a repeated write counts once
    reason         text NOT NULL DEFAULT '',
    error          text NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at     timestamptz,
    finished_at    timestamptz,
    CHECK ((status = 'running') = (lease_until IS NOT NULL)),
    CHECK ((status = 'running') = (worker IS NOT NULL))
) WITH (fillfactor = 70);
-- Taking: the users with work (skip scan over lane, user_id), then that user's next job. Leases are not in an index,
-- so that renewing one stays a heap-only update; few rows are running.
CREATE INDEX jobs_ready ON jobs (lane, user_id, priority DESC, run_at, id) WHERE status = 'queued';
CREATE INDEX jobs_running ON jobs (user_id, lane) WHERE status = 'running';
CREATE INDEX jobs_dead ON jobs (finished_at DESC, id) WHERE status = 'dead';
CREATE UNIQUE INDEX jobs_unique_key ON jobs (kind, unique_key) WHERE status IN ('queued', 'running');
CREATE INDEX jobs_by_user ON jobs (user_id, id DESC);
