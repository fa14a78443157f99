-- What models cost was paid, whoever they worked for: when a user is deleted, the sums stay with nobody (the id of zeros),
-- so that no total of a past day changes and MODEL_COST_DAY cannot be had twice.
ALTER TABLE model_usage DROP CONSTRAINT model_usage_user_id_fkey;

CREATE FUNCTION model_usage_outlives_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH gone AS (DELETE FROM model_usage WHERE user_id = OLD.id RETURNING *)
    INSERT INTO model_usage AS m (user_id, day, provider, model, calls, input_tokens, output_tokens, cached_tokens, cost_micro)
    SELECT '00000000-0000-0000-0000-000000000000', day, provider, model, calls, input_tokens, output_tokens, cached_tokens,
           cost_micro FROM gone
    ON CONFLICT (user_id, day, provider, model) DO UPDATE SET calls = m.calls + excluded.calls,
        input_tokens = m.input_tokens + excluded.input_tokens, output_tokens = m.output_tokens + excluded.output_tokens,
        cached_tokens = m.cached_tokens + excluded.cached_tokens, cost_micro = m.cost_micro + excluded.cost_micro;
    RETURN NULL;
END $$;
CREATE TRIGGER users_leave_usage AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION model_usage_outlives_user();
