-- Files that were found missing are marked; storing the same bytes again heals them. Finding what is old, by kind.
ALTER TABLE artifact_files ADD COLUMN missing_since timestamptz;
CREATE INDEX artifact_files_by_place ON artifact_files (place, owner_id, sha256);
CREATE INDEX artifacts_by_kind ON artifacts (kind, id);
