-- The system's events tell of runs that lost their browser, or got none: whether the thread ends of it or is tried again.
CREATE FUNCTION note_browser_incident() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A full pool turns away many: once a minute says it.
    IF NEW.reason = 'capacity' AND EXISTS (SELECT FROM system_events e WHERE e.kind = 'browser.incident'
        AND e.id >= uuid_v7_floor(clock_timestamp() - interval '1 minute') AND e.data ->> 'reason' = 'capacity') THEN
        RETURN NULL;
    END IF;
    INSERT INTO system_events (kind, level, service, message, data)
    VALUES ('browser.incident', 'warn', 'worker',
            CASE NEW.reason WHEN 'capacity' THEN 'A run got no browser: no place was free.'
                ELSE 'A run lost its browser: ' || NEW.reason END,
            jsonb_build_object('reason', NEW.reason, 'thread_id', NEW.thread_id, 'browser_id', OLD.browser_id,
                               'attempt', NEW.attempt, 'tried_again', NEW.status = 'queued'));
    RETURN NULL;
END $$;

CREATE TRIGGER note_browser_incident AFTER UPDATE OF status ON jobs FOR EACH ROW
    WHEN (OLD.status = 'running' AND NEW.status <> 'running' AND NEW.thread_id IS NOT NULL AND NEW.reason IN
        ('crash', 'oom', 'unresponsive', 'start_failed', 'keeper_crash', 'capacity'))
    EXECUTE FUNCTION note_browser_incident();
