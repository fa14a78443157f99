-- What agents sign in with. The secret parts are sealed before they come here (src/domain/credentials.c) and never leave
-- the API; a credential is good for its domains only.
CREATE TABLE credentials (
    id          uuid PRIMARY KEY DEFAULT uuid_v7(),
    owner_id    uuid NOT NULL REFERENCES users,
    team_id     uuid,
    name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
    username    text NOT NULL DEFAULT '' CHECK (length(username) <= 1000),
    domains     text[] NOT NULL CHECK (cardinality(domains) BETWEEN 1 AND 100),
    sealed      text NOT NULL, -- {"password","totp"}
    has_totp    boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision    bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX credentials_name_unique ON credentials (owner_id, lower(name));
CREATE INDEX credentials_by_owner ON credentials (owner_id, id DESC);
CREATE TRIGGER credentials_touch BEFORE UPDATE ON credentials FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER credentials_feed AFTER INSERT OR UPDATE OR DELETE ON credentials FOR EACH ROW
    EXECUTE FUNCTION feed_of_objects('credential');

-- Which agents may use which.
CREATE TABLE agent_credentials (
    agent_id      uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    credential_id uuid NOT NULL REFERENCES credentials ON DELETE CASCADE,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (agent_id, credential_id)
);
CREATE INDEX agent_credentials_by_credential ON agent_credentials (credential_id);

CREATE FUNCTION quota_used_credentials(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT count(*) FROM credentials WHERE owner_id = owner $$;
