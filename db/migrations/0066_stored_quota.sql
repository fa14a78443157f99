-- The limit of stored files (quota "stored_mb") is kept where a file is stored.

-- Summed for each file that is stored: from the index alone.
CREATE INDEX artifact_files_by_owner ON artifact_files (owner_id) INCLUDE (size);

-- What somebody's files take, each content once. Files that no artifact names any more count no more, although their
-- bytes are removed a little later: who deletes a thread has its room at once.
CREATE FUNCTION stored_bytes(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(f.size), 0)::bigint FROM artifact_files f WHERE f.owner_id = owner AND EXISTS
        (SELECT FROM artifacts a WHERE a.owner_id = f.owner_id AND a.sha256 = f.sha256) $$;

CREATE OR REPLACE FUNCTION quota_used_stored_mb(owner uuid) RETURNS bigint LANGUAGE sql STABLE AS
    $$ SELECT stored_bytes(owner) >> 20 $$;

-- True, or an error that names limit and role. Bytes that the owner has already cost nothing. `limits`: MB by role. As
-- quota_take: called within the statement that stores, so that files at once find no gap.
CREATE FUNCTION quota_take_bytes(owner uuid, hash bytea, bytes bigint, limits jsonb) RETURNS boolean
LANGUAGE plpgsql VOLATILE COST 100000 AS $$
DECLARE
    of_role user_role;
    most bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('stored_mb' || owner::text, 0));
    SELECT u.role, (limits ->> u.role::text)::bigint INTO of_role, most FROM users u WHERE u.id = owner;
    IF EXISTS (SELECT FROM artifact_files f WHERE f.owner_id = owner AND f.sha256 = hash)
        OR (SELECT coalesce(sum(f.size), 0) FROM artifact_files f WHERE f.owner_id = owner) + bytes <= most << 20
        OR stored_bytes(owner) + bytes <= most << 20 THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'RQ001',
        MESSAGE = format('a %s may have at most %s MB of files; a file of %s kB does not fit', of_role, most,
            (bytes + 1023) >> 10),
        HINT = 'delete threads or files; an administrator may raise the role or its limit "stored_mb" (QUOTAS)';
END $$;
