-- Every change of a job's status writes into each index that has the row: jobs without a thread or a key stay out of
-- the two that are about them.
DROP INDEX jobs_unique_key;
CREATE UNIQUE INDEX jobs_unique_key ON jobs (kind, unique_key)
    WHERE status IN ('queued', 'running') AND unique_key IS NOT NULL;

ALTER TABLE jobs DROP CONSTRAINT jobs_thread_id_key;
CREATE UNIQUE INDEX jobs_thread ON jobs (thread_id) WHERE thread_id IS NOT NULL;
