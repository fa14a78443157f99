-- Functions that every table uses, and the people.

-- UUIDv7 (RFC 9562, method 3): milliseconds, then the fraction of the millisecond, then random bits. Sorts by time.
CREATE FUNCTION uuid_v7(at timestamptz DEFAULT clock_timestamp()) RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT encode(overlay(uuid_send(gen_random_uuid())
                          PLACING substring(int8send(us / 1000) FROM 3) || int2send((28672 + us % 1000 * 4096 / 1000)::int2)
                          FROM 1 FOR 8), 'hex')::uuid
    FROM (SELECT (extract(epoch FROM at) * 1000000)::bigint AS us) clock
$$;

-- The least UUID of a moment: the bound of a partition.
CREATE FUNCTION uuid_v7_floor(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT encode(substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) || '\x00000000000000000000'::bytea,
                  'hex')::uuid
$$;

-- How a time looks in JSON: RFC 3339, UTC, milliseconds.
CREATE FUNCTION rfc3339(at timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- On each change that a client can see: updated_at and the revision, which is the ETag.
CREATE FUNCTION touch_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    NEW.revision := OLD.revision + 1;
    RETURN NEW;
END $$;

-- Rising: comparisons (role >= 'admin') follow this order.
CREATE TYPE user_role AS ENUM ('guest', 'free_user', 'pro_user', 'team_member', 'team_organizer', 'admin', 'super_admin');

CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT uuid_v7(),
    email         text NOT NULL CHECK (length(email) BETWEEN 3 AND 254),
    name          text NOT NULL DEFAULT '' CHECK (length(name) <= 200),
    role          user_role NOT NULL DEFAULT 'free_user',
    is_active     boolean NOT NULL DEFAULT true,
    password_hash text,                                -- NULL: cannot sign in with a password
    settings      jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    job_taken_at  timestamptz NOT NULL DEFAULT 'epoch', -- fairness: who waited longest is served first
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    revision      bigint NOT NULL DEFAULT 1
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX users_email_unique ON users (lower(email));
CREATE INDEX users_admins ON users (created_at) WHERE role >= 'admin';
CREATE TRIGGER users_touch BEFORE UPDATE OF email, name, role, is_active, password_hash, settings ON users
    FOR EACH ROW EXECUTE FUNCTION touch_row();

-- Whether a caller may see and change what this owner has; teams add their clause here and nowhere else.
CREATE FUNCTION caller_may(owner_id uuid, team_id uuid, caller uuid, caller_role user_role) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT owner_id = caller OR caller_role >= 'admin'
$$;
