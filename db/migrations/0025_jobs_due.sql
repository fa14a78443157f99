-- When a worker that found nothing looks next: the first job of its lane that is due later. Jobs that are due at once
-- stay out of it.
CREATE INDEX jobs_due ON jobs (lane, run_at) WHERE status = 'queued' AND run_at > created_at;
