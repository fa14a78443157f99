-- What changed among a user's objects, numbered without a gap in the order of commits: who has read up to a number has
-- missed nothing below it. Written by triggers, so that no writer can forget.

CREATE TABLE user_feed_heads (
    user_id  uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    last_seq bigint NOT NULL
) WITH (fillfactor = 50);

-- No foreign key: trimming and writing must not look at users.
CREATE TABLE user_feed (
    user_id   uuid NOT NULL,
    seq       bigint NOT NULL,
    time      timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind      text NOT NULL,
    object_id uuid NOT NULL,
    data      jsonb NOT NULL,
    PRIMARY KEY (user_id, seq)
);
CREATE INDEX user_feed_by_time ON user_feed USING brin (time);

-- The head's row stays locked until the commit: whoever comes next gets the next number and commits later. Heads are
-- locked behind all other rows (AFTER triggers); statements that change rows of several users take turns
-- (feed_take_turn), so that no two of them wait for each other.
CREATE FUNCTION feed_write(owner uuid, kind text, object_id uuid, data jsonb) RETURNS void LANGUAGE sql AS $$
    WITH head AS (INSERT INTO user_feed_heads AS h (user_id, last_seq) SELECT id, 1 FROM users WHERE id = owner
                  ON CONFLICT (user_id) DO UPDATE SET last_seq = h.last_seq + 1 RETURNING h.last_seq)
    INSERT INTO user_feed (user_id, seq, kind, object_id, data) SELECT owner, last_seq, kind, object_id, data FROM head
$$;
CREATE FUNCTION feed_take_turn() RETURNS void LANGUAGE sql AS $$ SELECT pg_advisory_xact_lock(hashtext('user_feed')) $$;

-- A thread as lists and feeds show it.
CREATE FUNCTION thread_brief(t threads) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('id', t.id, 'agent_id', t.agent_id, 'agent_name',
        (SELECT a.name FROM agents a WHERE a.id = t.agent_id), 'status', t.status, 'reason', t.reason,
        'task', left(t.task, 500), 'queued_at', rfc3339(t.queued_at), 'start_time', rfc3339(t.start_time),
        'end_time', rfc3339(t.end_time), 'execution_time_ms', t.execution_time_ms)
$$;

CREATE FUNCTION feed_of_threads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    CASE TG_OP
        WHEN 'INSERT' THEN PERFORM feed_write(NEW.owner_id, 'thread.created', NEW.id, thread_brief(NEW));
        WHEN 'UPDATE' THEN PERFORM feed_write(NEW.owner_id, 'thread.status', NEW.id, thread_brief(NEW));
        ELSE PERFORM feed_write(OLD.owner_id, 'thread.deleted', OLD.id, thread_brief(OLD));
    END CASE;
    RETURN NULL;
END $$;
CREATE TRIGGER threads_feed AFTER INSERT OR DELETE ON threads FOR EACH ROW EXECUTE FUNCTION feed_of_threads();
CREATE TRIGGER threads_feed_status AFTER UPDATE OF status ON threads FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION feed_of_threads();

-- Objects with a name; the argument is their kind.
CREATE FUNCTION feed_of_objects() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    o record := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    verb text := CASE TG_OP WHEN 'INSERT' THEN 'created' WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END;
BEGIN
    PERFORM feed_write(o.owner_id, TG_ARGV[0] || '.' || verb, o.id,
                       jsonb_build_object('id', o.id, 'name', o.name, 'revision', o.revision));
    RETURN NULL;
END $$;
CREATE TRIGGER presets_feed AFTER INSERT OR UPDATE OR DELETE ON presets FOR EACH ROW
    EXECUTE FUNCTION feed_of_objects('preset');
CREATE TRIGGER agents_feed AFTER INSERT OR DELETE ON agents FOR EACH ROW EXECUTE FUNCTION feed_of_objects('agent');
-- Counters are no change of the agent.
CREATE TRIGGER agents_feed_change AFTER UPDATE ON agents FOR EACH ROW WHEN (OLD.revision <> NEW.revision)
    EXECUTE FUNCTION feed_of_objects('agent');

CREATE FUNCTION feed_of_users() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM feed_write(NEW.id, 'user.changed', NEW.id, jsonb_build_object('id', NEW.id, 'name', NEW.name, 'role',
                       NEW.role, 'is_active', NEW.is_active, 'revision', NEW.revision));
    RETURN NULL;
END $$;
CREATE TRIGGER users_feed AFTER UPDATE ON users FOR EACH ROW WHEN (OLD.revision <> NEW.revision)
    EXECUTE FUNCTION feed_of_users();
