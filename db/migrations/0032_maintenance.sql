-- What recurring upkeep needs: months of the partitioned tables, and what was done.

CREATE TABLE maintenance_totals (
    task        text PRIMARY KEY CHECK (length(task) BETWEEN 1 AND 64),
    removed     bigint NOT NULL DEFAULT 0, -- since the instance was made
    last_run_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_error  text NOT NULL DEFAULT ''
);

CREATE INDEX agent_revisions_by_time ON agent_revisions (created_at);
CREATE INDEX preset_revisions_by_time ON preset_revisions (created_at);

-- Every month of a partitioned table, detached ones too: a detached month waits to be archived and dropped.
CREATE VIEW month_partitions AS
    SELECT m.parent, m.key, m.name, m.is_attached, m.month AT TIME ZONE 'UTC' AS since,
           (m.month + interval '1 month') AT TIME ZONE 'UTC' AS till
    FROM (SELECT p.parent, p.key, c.relname::text AS name, i.inhrelid IS NOT NULL AS is_attached,
              -- CASE: a condition on the time must not be tried on other tables' names
              CASE WHEN c.relname ~ '_\d{4}_\d{2}$' THEN to_timestamp(right(c.relname::text, 7), 'YYYY_MM')::timestamp END AS month
          FROM (VALUES ('thread_events', 'thread_id'), ('system_events', 'id'), ('audit_events', 'id')) p (parent, key)
          JOIN pg_class c ON c.relkind = 'r' AND c.relname ~ ('^' || p.parent || '_\d{4}_\d{2}$')
              AND c.relnamespace = (SELECT t.relnamespace FROM pg_class t WHERE t.oid = 'threads'::regclass)
          LEFT JOIN pg_inherits i ON i.inhrelid = c.oid) m;

-- Gives the rows of the default partition partitions of their months; how many were made. A month that was detached is
-- not made again before it is dropped.
CREATE FUNCTION month_partitions_rehome(parent text, key text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    months timestamp[]; -- collected first: a table that is being read cannot be altered
    month timestamp;
    made integer := 0;
BEGIN
    EXECUTE format(
        'SELECT array_agg(DISTINCT date_trunc(''month'', to_timestamp((''x'' || left(replace(%I::text, ''-'', ''''), 12))::bit(48)::bigint / 1000.0) AT TIME ZONE ''UTC''))
         FROM (SELECT * FROM %I LIMIT 100000) early', key, parent || '_default') INTO months;
    FOREACH month IN ARRAY coalesce(months, '{}') LOOP
        made := made + month_partition_make(parent, key, month)::int;
    END LOOP;
    RETURN made;
END $$;

-- A page of a month's rows as JSON, in order of the key (and seq).
CREATE FUNCTION month_partition_page(part text, key text, after uuid, after_seq bigint, most integer)
RETURNS TABLE (at uuid, seq bigint, body text)
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF key = 'thread_id' THEN
        RETURN QUERY EXECUTE format('SELECT p.thread_id, p.seq, row_to_json(p)::text FROM %I p
            WHERE (p.thread_id, p.seq) > ($1, $2) ORDER BY p.thread_id, p.seq LIMIT $3', part) USING after, after_seq, most;
    ELSE
        RETURN QUERY EXECUTE format('SELECT p.id, 0::bigint, row_to_json(p)::text FROM %I p
            WHERE p.id > $1 ORDER BY p.id LIMIT $2', part) USING after, most;
    END IF;
END $$;
