-- Sign-ins: sessions with their refresh tokens, API keys, one-time links; answers kept for Idempotency-Key.

-- A session is what a person signed in with one browser; it ends when it is revoked or expires. Rows stay for a while
-- after that, so that a refresh token that is used again is known for what it is.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY DEFAULT uuid_v7(),
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    address      text NOT NULL DEFAULT '' CHECK (length(address) <= 64),
    user_agent   text NOT NULL DEFAULT '' CHECK (length(user_agent) <= 500),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_used_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    reason       text NOT NULL DEFAULT '' CHECK (length(reason) <= 64) -- why it was revoked
);
CREATE INDEX sessions_by_user ON sessions (user_id, id DESC);
CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Each refresh token works once and makes the next one. Only its digest is known here.
CREATE TABLE refresh_tokens (
    digest     bytea PRIMARY KEY CHECK (length(digest) = 32),
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    used_at    timestamptz
);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

CREATE TABLE api_keys (
    id           uuid PRIMARY KEY DEFAULT uuid_v7(),
    user_id      uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    name         text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    digest       bytea NOT NULL UNIQUE CHECK (length(digest) = 32),
    prefix       text NOT NULL,  -- its first characters, for people to recognise it
    scopes       text[] NOT NULL,
    expires_at   timestamptz,
    last_used_at timestamptz,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision     bigint NOT NULL DEFAULT 1
);
CREATE INDEX api_keys_by_user ON api_keys (user_id, id DESC);

-- Links that may be used once: to set a new password, to become the first administrator.
CREATE TYPE link_purpose AS ENUM ('reset', 'claim');
CREATE TABLE one_time_links (
    digest     bytea PRIMARY KEY CHECK (length(digest) = 32),
    purpose    link_purpose NOT NULL,
    user_id    uuid REFERENCES users ON DELETE CASCADE, -- reset: whose
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX one_time_links_by_user ON one_time_links (user_id);

-- What a creating request was answered, for as long as its key is remembered.
CREATE TABLE idempotency_keys (
    user_id    uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 200),
    request    bytea NOT NULL CHECK (length(request) = 32), -- digest of method, path and body
    status     integer, -- NULL only within the transaction that carries the request out
    answer     text,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (user_id, key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);

ALTER TABLE users ADD COLUMN last_seen_at timestamptz;
