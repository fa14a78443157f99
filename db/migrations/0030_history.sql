-- What happened to the instance (system_events) and who changed what (audit_events): append-only, by month.

-- Makes one month's partition of a table whose key is a UUIDv7; false when it is there. Rows of that month that came too
-- early move from the default partition, which is locked meanwhile: ATTACH would lock it anyway.
CREATE FUNCTION month_partition_make(parent text, key text, month timestamp) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    part text := parent || '_' || to_char(month, 'YYYY_MM');
    low uuid := uuid_v7_floor(month AT TIME ZONE 'UTC');
    high uuid := uuid_v7_floor((month + interval '1 month') AT TIME ZONE 'UTC');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext(parent || '_make_partitions'));
    IF to_regclass(part) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent || '_default');
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', part, parent);
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', parent || '_default'); -- those that refuse a DELETE
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
                   parent || '_default', key, low, key, high, part);
    EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', parent || '_default');
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, part, low, high);
    RETURN true;
END $$;

-- The month of `since` and `months` further ones; how many were missing.
CREATE FUNCTION month_partitions_make(parent text, key text, since timestamptz, months integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    made integer := 0;
BEGIN
    FOR i IN 0..months LOOP
        made := made + month_partition_make(parent, key,
            date_trunc('month', since AT TIME ZONE 'UTC') + i * interval '1 month')::int;
    END LOOP;
    RETURN made;
END $$;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: what was written stays', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

-- The kinds are in domain/system_event_table.h.
CREATE TABLE system_events (
    id      uuid PRIMARY KEY DEFAULT uuid_v7(),
    time    timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind    text NOT NULL CHECK (length(kind) BETWEEN 1 AND 64),
    level   event_level NOT NULL DEFAULT 'info',
    service text NOT NULL CHECK (length(service) BETWEEN 1 AND 64), -- which process saw it
    host    text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '',
    data    jsonb
) PARTITION BY RANGE (id);
CREATE TABLE system_events_default PARTITION OF system_events DEFAULT;
CREATE INDEX system_events_by_kind ON system_events (kind text_pattern_ops, id DESC);
CREATE TRIGGER system_events_append_only BEFORE UPDATE OR DELETE ON system_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT month_partitions_make('system_events', 'id', now(), 2);

-- No foreign keys: an entry outlives what it is about, and who did it.
CREATE TABLE audit_events (
    id          uuid PRIMARY KEY DEFAULT uuid_v7(),
    time        timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor_id    uuid,                                                     -- NULL: the system itself
    actor_role  user_role,
    via         text NOT NULL CHECK (length(via) BETWEEN 1 AND 32),       -- cli, api, ...
    address     text NOT NULL DEFAULT '' CHECK (length(address) <= 200),  -- from where
    request_id  text NOT NULL DEFAULT '' CHECK (length(request_id) <= 200),
    action      text NOT NULL CHECK (length(action) BETWEEN 1 AND 64),    -- agent.create
    object_kind text NOT NULL DEFAULT '' CHECK (length(object_kind) <= 64),
    object_id   text NOT NULL DEFAULT '' CHECK (length(object_id) <= 200),
    object_name text NOT NULL DEFAULT '',
    before      jsonb,                                                    -- of a change only the members that differ
    after       jsonb
) PARTITION BY RANGE (id);
CREATE TABLE audit_events_default PARTITION OF audit_events DEFAULT;
CREATE INDEX audit_events_by_actor ON audit_events (actor_id, id DESC);
CREATE INDEX audit_events_by_object ON audit_events (object_id, id DESC);
CREATE INDEX audit_events_by_action ON audit_events (action text_pattern_ops, id DESC);
CREATE TRIGGER audit_events_append_only BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
SELECT month_partitions_make('audit_events', 'id', now(), 2);

-- JSON as an entry may show it: what is secret by its name is hidden, credentials within URLs too; long text is cut.
CREATE FUNCTION audit_hide_secrets(value jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    CASE jsonb_typeof(value)
    WHEN 'object' THEN
        RETURN (SELECT coalesce(jsonb_object_agg(m.key, CASE
                    WHEN m.key ~* '(passw|secret|token|api_?key|private_?key|authorization|cookie|credential|hash$)'
                        AND jsonb_typeof(m.value) NOT IN ('null', 'number', 'boolean') THEN '"***"'
                    ELSE audit_hide_secrets(m.value) END), '{}') FROM jsonb_each(value) m);
    WHEN 'array' THEN
        RETURN (SELECT coalesce(jsonb_agg(audit_hide_secrets(m.value) ORDER BY m.n), '[]')
                FROM jsonb_array_elements(value) WITH ORDINALITY m (value, n));
    WHEN 'string' THEN
        RETURN to_jsonb(left(regexp_replace(value #>> '{}', '://[^/@\s]+@', '://***@', 'g'), 4000));
    ELSE
        RETURN value;
    END CASE;
END $$;

-- The members of `one` that `other` has not, or has otherwise. Whole when there is no other.
CREATE FUNCTION audit_difference(one jsonb, other jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN one IS NULL OR other IS NULL THEN one
           ELSE (SELECT coalesce(jsonb_object_agg(m.key, m.value), '{}') FROM jsonb_each(one) m
                 WHERE m.value IS DISTINCT FROM other -> m.key) END
$$;

-- Some things are noted here, in the transaction that makes them true, whoever does them.
CREATE FUNCTION note_migration() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO system_events (kind, service, message, data)
    VALUES ('migration.applied', 'migrate', 'The database was migrated: ' || NEW.name,
            jsonb_build_object('name', NEW.name));
    RETURN NULL;
END $$;
CREATE TRIGGER schema_migrations_note AFTER INSERT ON schema_migrations FOR EACH ROW EXECUTE FUNCTION note_migration();

CREATE FUNCTION note_dead_job() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO system_events (kind, level, service, message, data)
    VALUES ('job.dead', 'error', 'worker', 'A job was given up: ' || NEW.error,
            jsonb_build_object('job_id', NEW.id, 'kind', NEW.kind, 'thread_id', NEW.thread_id, 'reason', NEW.reason,
                               'attempt', NEW.attempt));
    RETURN NULL;
END $$;
CREATE TRIGGER jobs_note_dead AFTER UPDATE OF status ON jobs
    FOR EACH ROW WHEN (NEW.status = 'dead' AND OLD.status <> 'dead') EXECUTE FUNCTION note_dead_job();
