-- What models used: per day (UTC), user and model. Limits are compared with it before each call of a model.
CREATE TABLE model_usage (
    user_id       uuid NOT NULL REFERENCES users ON DELETE CASCADE,
    day           date NOT NULL,
    provider      text NOT NULL,
    model         text NOT NULL,
    calls         bigint NOT NULL DEFAULT 0,
    input_tokens  bigint NOT NULL DEFAULT 0,
    output_tokens bigint NOT NULL DEFAULT 0,
    cached_tokens bigint NOT NULL DEFAULT 0, -- of the input
    cost_micro    bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day, provider, model)
) WITH (fillfactor = 70);
CREATE INDEX model_usage_by_day ON model_usage (day) INCLUDE (cost_micro);

-- The last spending that was written down: attempt * 2^32 + its number, so that one that is told again counts once.
ALTER TABLE jobs ADD COLUMN spent bigint NOT NULL DEFAULT 0;

-- Instead of the role's (millionths of the accounting currency a day); NULL: the role's.
ALTER TABLE users ADD COLUMN model_cost_day bigint CHECK (model_cost_day >= 0);
DROP TRIGGER users_touch ON users;
CREATE TRIGGER users_touch BEFORE UPDATE OF email, name, role, is_active, password_hash, settings, model_cost_day
    ON users FOR EACH ROW EXECUTE FUNCTION touch_row();

-- Settings that administrators change while the instance runs.
CREATE TABLE instance_settings (
    key        text PRIMARY KEY CHECK (length(key) BETWEEN 1 AND 64),
    value      jsonb NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_by uuid
);

CREATE FUNCTION quota_used_model_tokens_day(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(input_tokens + output_tokens), 0)::bigint FROM model_usage
    WHERE user_id = owner AND day = (now() AT TIME ZONE 'UTC')::date $$;
CREATE FUNCTION quota_used_model_cost_day(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(cost_micro), 0)::bigint FROM model_usage
    WHERE user_id = owner AND day = (now() AT TIME ZONE 'UTC')::date $$;
