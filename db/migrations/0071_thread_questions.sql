-- What runs ask people: questions, approvals, and what only a person gets past. A thread that ends, or goes back to the
-- queue, withdraws what is still open, whoever ended it.
CREATE TYPE question_status AS ENUM ('open', 'answered', 'withdrawn', 'expired');

CREATE TABLE thread_questions (
    id          uuid PRIMARY KEY,
    thread_id   uuid NOT NULL REFERENCES threads ON DELETE CASCADE,
    owner_id    uuid NOT NULL, -- of the thread
    job_id      uuid NOT NULL,
    attempt     integer NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('question', 'approval', 'captcha', 'code', 'blocked')),
    text        text NOT NULL DEFAULT '',
    details     jsonb NOT NULL DEFAULT '{}', -- choices, fields, call
    screenshot  uuid,                        -- an artifact of the thread
    status      question_status NOT NULL DEFAULT 'open',
    why         text NOT NULL DEFAULT '' CHECK (length(why) <= 64), -- it was withdrawn
    answer      jsonb,
    answered_by uuid,
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    deadline_at timestamptz NOT NULL,
    ended_at    timestamptz,
    CHECK ((status = 'open') = (ended_at IS NULL)),
    CHECK ((status = 'answered') = (answer IS NOT NULL))
);
CREATE INDEX thread_questions_by_thread ON thread_questions (thread_id, id);
CREATE INDEX thread_questions_open ON thread_questions (thread_id) WHERE status = 'open';

CREATE FUNCTION feed_of_questions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM feed_write(NEW.owner_id, CASE NEW.status WHEN 'open' THEN 'question.asked' ELSE 'question.' || NEW.status END,
                       NEW.id, jsonb_build_object('id', NEW.id, 'thread_id', NEW.thread_id, 'kind', NEW.kind,
                       'text', left(NEW.text, 500), 'status', NEW.status, 'deadline_at', rfc3339(NEW.deadline_at)));
    RETURN NULL;
END $$;
CREATE TRIGGER thread_questions_feed AFTER INSERT ON thread_questions FOR EACH ROW
    EXECUTE FUNCTION feed_of_questions();
CREATE TRIGGER thread_questions_feed_end AFTER UPDATE OF status ON thread_questions FOR EACH ROW
    WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION feed_of_questions();

-- A code that was sent to a person is forgotten with the run that asked for it.
CREATE FUNCTION questions_end_with_thread() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE thread_questions SET status = 'withdrawn', why = NEW.status::text, ended_at = clock_timestamp()
    WHERE thread_id = NEW.id AND status = 'open';
    UPDATE thread_questions SET answer = answer - 'text' - 'values'
    WHERE thread_id = NEW.id AND status = 'answered' AND kind = 'code';
    RETURN NULL;
END $$;
CREATE TRIGGER threads_end_questions AFTER UPDATE OF status ON threads FOR EACH ROW
    WHEN (OLD.status <> NEW.status AND NEW.status IN ('queued', 'stopping', 'completed', 'error', 'stopped'))
    EXECUTE FUNCTION questions_end_with_thread();
