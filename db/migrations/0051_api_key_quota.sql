-- How many API keys somebody has (quota "api_keys").
CREATE FUNCTION quota_used_api_keys(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT count(*) FROM api_keys WHERE user_id = owner $$;
