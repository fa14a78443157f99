-- Presets (a model and how it thinks), agents (a preset with instructions and a browser), the revisions of both.

CREATE TABLE presets (
    id                uuid PRIMARY KEY DEFAULT uuid_v7(),
    owner_id          uuid NOT NULL REFERENCES users,
    team_id           uuid,
    name              text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description       text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
    ai_model          text NOT NULL CHECK (ai_model = 'script' OR ai_model ~ '^[a-z0-9_-]+/.{1,200}$'),
    temperature       double precision NOT NULL DEFAULT 0.7 CHECK (temperature BETWEEN 0 AND 2),
    max_tokens        integer NOT NULL DEFAULT 4096 CHECK (max_tokens BETWEEN 1 AND 10000000),
    system_prompt     text NOT NULL DEFAULT '' CHECK (length(system_prompt) <= 200000),
    additional_config jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(additional_config) = 'object'),
    created_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision          bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX presets_name_unique ON presets (owner_id, lower(name));
CREATE INDEX presets_by_owner ON presets (owner_id, id DESC);
CREATE INDEX presets_by_team ON presets (team_id, id DESC) WHERE team_id IS NOT NULL;

CREATE TABLE agents (
    id                    uuid PRIMARY KEY DEFAULT uuid_v7(),
    owner_id              uuid NOT NULL REFERENCES users,
    team_id               uuid,
    preset_id             uuid NOT NULL REFERENCES presets,
    name                  text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    description           text NOT NULL DEFAULT '' CHECK (length(description) <= 10000),
    is_active             boolean NOT NULL DEFAULT true,
    personal_instructions text NOT NULL DEFAULT '' CHECK (length(personal_instructions) <= 200000),
    script                jsonb CHECK (jsonb_typeof(script) IN ('object', 'array')),
    input_schema          jsonb CHECK (jsonb_typeof(input_schema) = 'object'),
    result_schema         jsonb CHECK (jsonb_typeof(result_schema) = 'object'),
    browser_config        jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(browser_config) = 'object'),
    repeat_after_loss     boolean NOT NULL DEFAULT false, -- a run lost after its first action may be run again
    threads_total         bigint NOT NULL DEFAULT 0,
    threads_completed     bigint NOT NULL DEFAULT 0,
    threads_failed        bigint NOT NULL DEFAULT 0,
    last_thread_at        timestamptz,
    created_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision              bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX agents_name_unique ON agents (owner_id, lower(name));
CREATE INDEX agents_by_owner ON agents (owner_id, id DESC);
CREATE INDEX agents_by_team ON agents (team_id, id DESC) WHERE team_id IS NOT NULL;
CREATE INDEX agents_by_preset ON agents (preset_id);

-- What a preset or agent was at each revision; a thread names the two that it runs with.
CREATE TABLE preset_revisions (
    preset_id  uuid NOT NULL REFERENCES presets ON DELETE CASCADE,
    revision   bigint NOT NULL,
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (preset_id, revision)
);
CREATE TABLE agent_revisions (
    agent_id   uuid NOT NULL REFERENCES agents ON DELETE CASCADE,
    revision   bigint NOT NULL,
    body       jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (agent_id, revision)
);

CREATE FUNCTION keep_preset_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO preset_revisions (preset_id, revision, body)
    VALUES (NEW.id, NEW.revision, to_jsonb(NEW) - ARRAY['created_at', 'updated_at', 'revision']);
    RETURN NULL;
END $$;
CREATE FUNCTION keep_agent_revision() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO agent_revisions (agent_id, revision, body)
    VALUES (NEW.id, NEW.revision,
            to_jsonb(NEW) - ARRAY['created_at', 'updated_at', 'revision', 'threads_total', 'threads_completed',
                                  'threads_failed', 'last_thread_at']);
    RETURN NULL;
END $$;

CREATE TRIGGER presets_touch BEFORE UPDATE ON presets FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER presets_keep_revision AFTER INSERT OR UPDATE ON presets
    FOR EACH ROW EXECUTE FUNCTION keep_preset_revision();
-- Counters are no edit: they change neither the revision nor the ETag.
CREATE TRIGGER agents_touch
    BEFORE UPDATE OF owner_id, team_id, preset_id, name, description, is_active, personal_instructions, script,
        input_schema, result_schema, browser_config, repeat_after_loss ON agents
    FOR EACH ROW EXECUTE FUNCTION touch_row();
CREATE TRIGGER agents_keep_revision
    AFTER INSERT OR UPDATE OF owner_id, team_id, preset_id, name, description, is_active, personal_instructions, script,
        input_schema, result_schema, browser_config, repeat_after_loss ON agents
    FOR EACH ROW EXECUTE FUNCTION keep_agent_revision();
