-- Threads (a run of an agent each), their events and files.

CREATE TYPE thread_status AS ENUM
    ('queued', 'starting', 'running', 'waiting', 'stopping', 'completed', 'error', 'stopped');

CREATE TABLE threads (
    id                uuid PRIMARY KEY DEFAULT uuid_v7(),
    owner_id          uuid NOT NULL REFERENCES users,
    team_id           uuid,
    agent_id          uuid REFERENCES agents ON DELETE SET NULL,
    agent_revision    bigint NOT NULL,
    preset_revision   bigint NOT NULL,
    retry_of          uuid REFERENCES threads ON DELETE SET NULL,
    status            thread_status NOT NULL DEFAULT 'queued',
    reason            text NOT NULL DEFAULT '' CHECK (length(reason) <= 64),
    task              text NOT NULL DEFAULT '' CHECK (length(task) <= 200000),
    inputs            jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(inputs) = 'object'),
    error_message     text NOT NULL DEFAULT '',
    browser_id        uuid,
    queued_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    start_time        timestamptz,
    end_time          timestamptz,
    execution_time_ms bigint CHECK (execution_time_ms >= 0),
    results           jsonb,
    usage             jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(usage) = 'object'),
    cost_micro        bigint NOT NULL DEFAULT 0 CHECK (cost_micro >= 0), -- millionths of the accounting currency
    last_seq          bigint NOT NULL DEFAULT 0,                         -- of its events; taken under this row's lock
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision          bigint NOT NULL DEFAULT 1,
    CHECK ((status IN ('completed', 'error', 'stopped')) = (end_time IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX threads_by_owner ON threads (owner_id, id DESC);
CREATE INDEX threads_by_team ON threads (team_id, id DESC) WHERE team_id IS NOT NULL;
CREATE INDEX threads_by_agent ON threads (agent_id, id DESC);
CREATE INDEX threads_by_retry ON threads (retry_of) WHERE retry_of IS NOT NULL;
CREATE INDEX threads_active ON threads (id) WHERE status NOT IN ('completed', 'error', 'stopped');
-- last_seq is left out: an event changes neither revision nor ETag.
CREATE TRIGGER threads_touch
    BEFORE UPDATE OF status, reason, task, inputs, error_message, browser_id, start_time, end_time, execution_time_ms,
        results, usage, cost_micro, agent_id ON threads
    FOR EACH ROW EXECUTE FUNCTION touch_row();

CREATE TYPE event_level AS ENUM ('debug', 'info', 'warn', 'error');

-- Partitioned by the month in the thread's UUIDv7, so that a thread's events are together and old months can be
-- detached whole. No foreign key: detaching must not look at threads; who deletes a thread deletes its events.
CREATE TABLE thread_events (
    thread_id uuid NOT NULL,
    seq       bigint NOT NULL CHECK (seq > 0),
    time      timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind      text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    level     event_level NOT NULL DEFAULT 'info',
    message   text NOT NULL DEFAULT '',
    data      jsonb,
    PRIMARY KEY (thread_id, seq)
) PARTITION BY RANGE (thread_id);
CREATE TABLE thread_events_default PARTITION OF thread_events DEFAULT;

-- Makes the partitions of the month of `since` and `months` further ones; returns how many were missing. Rows that
-- came too early and lie in the default partition move into theirs.
CREATE FUNCTION thread_events_make_partitions(since timestamptz, months integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', since AT TIME ZONE 'UTC');
    part text;
    low uuid;
    high uuid;
    made integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('thread_events_make_partitions'));
    FOR i IN 0..months LOOP
        part := 'thread_events_' || to_char(month, 'YYYY_MM');
        low := uuid_v7_floor(month AT TIME ZONE 'UTC');
        high := uuid_v7_floor((month + interval '1 month') AT TIME ZONE 'UTC');
        IF to_regclass(part) IS NULL THEN
            EXECUTE format('CREATE TABLE %I (LIKE thread_events INCLUDING ALL)', part);
            EXECUTE format('WITH moved AS (DELETE FROM thread_events_default WHERE thread_id >= %L AND thread_id < %L
                            RETURNING *) INSERT INTO %I SELECT * FROM moved', low, high, part);
            EXECUTE format('ALTER TABLE thread_events ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, low, high);
            made := made + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN made;
END $$;
SELECT thread_events_make_partitions(now(), 2);

-- A file's bytes are kept once per owner, never shared between owners; `place` says where (local | s3).
CREATE TABLE artifact_files (
    owner_id   uuid NOT NULL REFERENCES users,
    sha256     bytea NOT NULL CHECK (length(sha256) = 32),
    size       bigint NOT NULL CHECK (size >= 0),
    place      text NOT NULL DEFAULT 'local' CHECK (place IN ('local', 's3')),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (owner_id, sha256)
);

CREATE TABLE artifacts (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    thread_id  uuid NOT NULL REFERENCES threads ON DELETE CASCADE,
    owner_id   uuid NOT NULL,
    sha256     bytea NOT NULL,
    kind       text NOT NULL CHECK (kind IN ('screenshot', 'download', 'other')),
    name       text NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    media_type text NOT NULL CHECK (length(media_type) BETWEEN 1 AND 255),
    size       bigint NOT NULL CHECK (size >= 0),
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    FOREIGN KEY (owner_id, sha256) REFERENCES artifact_files
);
CREATE INDEX artifacts_by_thread ON artifacts (thread_id, id);
CREATE INDEX artifacts_by_file ON artifacts (owner_id, sha256);
