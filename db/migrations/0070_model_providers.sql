-- Who offers models: what administrators set up beside the environment's providers (src/domain/model_providers.c). The
-- key is sealed before it comes here, bound to the row's id, and never leaves the instance.
CREATE TABLE model_providers (
    id         uuid PRIMARY KEY DEFAULT uuid_v7(),
    name       text NOT NULL CHECK (name ~ '^[a-z0-9_-]{1,40}$'), -- "NAME/model" in a preset
    kind       text NOT NULL CHECK (kind IN ('openai', 'anthropic')),
    base_url   text NOT NULL DEFAULT '' CHECK (length(base_url) <= 2000), -- '': the kind's own
    sealed     text,                                                      -- NULL: no key
    is_active  boolean NOT NULL DEFAULT true,
    models     jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(models) = 'array'), -- empty: any
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision   bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX model_providers_name_unique ON model_providers (name);
CREATE TRIGGER model_providers_touch BEFORE UPDATE ON model_providers FOR EACH ROW EXECUTE FUNCTION touch_row();
