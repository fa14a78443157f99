-- Which actions of a model wait for a person: rules of an agent, before the built-in ones.
ALTER TABLE agents ADD COLUMN approvals jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(approvals) = 'array');
DROP TRIGGER agents_touch ON agents;
CREATE TRIGGER agents_touch
    BEFORE UPDATE OF owner_id, team_id, preset_id, name, description, is_active, personal_instructions, script,
        input_schema, result_schema, browser_config, repeat_after_loss, approvals ON agents
    FOR EACH ROW EXECUTE FUNCTION touch_row();
DROP TRIGGER agents_keep_revision ON agents;
CREATE TRIGGER agents_keep_revision
    AFTER INSERT OR UPDATE OF owner_id, team_id, preset_id, name, description, is_active, personal_instructions, script,
        input_schema, result_schema, browser_config, repeat_after_loss, approvals ON agents
    FOR EACH ROW EXECUTE FUNCTION keep_agent_revision();
