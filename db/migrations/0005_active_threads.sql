-- An agent's status asks for its threads that have not ended.
DROP INDEX threads_active;
CREATE INDEX threads_active ON threads (agent_id, id) WHERE status NOT IN ('completed', 'error', 'stopped');
