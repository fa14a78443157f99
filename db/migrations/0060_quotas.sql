-- Limits per role (src/domain/quota_table.h), enforced where an object is made.

-- How much of a quota somebody uses; a resource defines quota_used_NAME(owner). NULL: nothing counts it here.
CREATE FUNCTION quota_used(quota text, owner uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    used bigint;
BEGIN
    IF to_regprocedure(format('quota_used_%s(uuid)', quota)) IS NOT NULL THEN
        EXECUTE format('SELECT quota_used_%s($1)', quota) INTO used USING owner;
    END IF;
    RETURN used;
END $$;

-- True, or an error that names limit and role. Called within the statement that creates: the lock lasts to the end of
-- its transaction, and each query in here sees what was committed before the lock was taken, so a rush finds no gap.
-- Its cost keeps it behind every other condition.
CREATE FUNCTION quota_take(quota text, noun text, owner uuid, owner_role user_role, most bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE COST 100000 AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(quota || owner::text, 0));
    IF quota_used(quota, owner) >= most THEN
        RAISE EXCEPTION USING ERRCODE = 'RQ001',
            MESSAGE = format('a %s may have at most %s %s', owner_role, most, noun),
            HINT = format('end or delete some; an administrator may raise the role or its limit "%s" (QUOTAS)', quota);
    END IF;
    RETURN true;
END $$;

CREATE FUNCTION quota_used_presets(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT count(*) FROM presets WHERE owner_id = owner $$;
CREATE FUNCTION quota_used_agents(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT count(*) FROM agents WHERE owner_id = owner $$;
CREATE FUNCTION quota_used_queued_threads(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT count(*) FROM jobs WHERE status = 'queued' AND lane = 'run' AND user_id = owner $$;
CREATE FUNCTION quota_used_parallel_threads(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT count(*) FROM jobs WHERE status = 'running' AND lane = 'run' AND user_id = owner $$;
CREATE FUNCTION quota_used_stored_mb(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT coalesce(sum(size), 0)::bigint >> 20 FROM artifact_files WHERE owner_id = owner $$;
