-- Somebody must be able to manage the instance: the last active super_admin can neither be lowered nor switched off nor
-- deleted, whoever tries, and however many try at once.
CREATE FUNCTION keep_last_super_admin() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.role = 'super_admin' AND OLD.is_active
       AND (TG_OP = 'DELETE' OR NEW.role <> 'super_admin' OR NOT NEW.is_active) THEN
        PERFORM pg_advisory_xact_lock(hashtext('last_super_admin'));
        PERFORM FROM users WHERE role >= 'admin' AND role = 'super_admin' AND is_active AND id <> OLD.id;
        IF NOT FOUND THEN
            RAISE EXCEPTION USING ERRCODE = 'RQ002', MESSAGE = 'this is the last active super_admin, who must stay';
        END IF;
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER users_keep_last_super_admin BEFORE UPDATE OF role, is_active OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION keep_last_super_admin();
CREATE INDEX users_by_role ON users (role, id DESC);
