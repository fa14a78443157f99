// quick
// Each statement of src/domain is explained on tables of some size, on behalf of an ordinary user: none may read a big
// table from end to end. A new statement is found by itself.
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';
import { makeFolder, startPostgres } from './lib/database.mjs';
import { findBinary, runBinary } from './lib/instance.mjs';
import { statementsIn } from './lib/statements.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
// Statements that may read a big table whole, and why.
const MAY_SCAN = {
  artifact_files_all: 'looks at every file, in pages',
  artifact_files_unused: 'looks for rows that nothing names: an anti-join of both tables, by upkeep',
  months_count_early: 'a dry run counts the default partitions, which are as good as empty',
  statistics_everybody: 'counts what everybody has, for an administrator',
};
const isExcused = (name) => name in MAY_SCAN || name.startsWith('retention_count_'); // dry runs count once, at a person's word

let folder, postgres, plans, big;

before(async () => {
  folder = makeFolder('plans');
  postgres = await startPostgres(folder.path);
  const env = { PATH: process.env.PATH, REPLINET_ENV: '/dev/null', LOG_FORMAT: 'text', DATABASE_URL: postgres.url, STATE_DIR: `${folder.path}/state`, RUN_DIR: `${folder.path}/run` };
  assert.equal((await runBinary(findBinary(), ['migrate'], env)).code, 0);
  postgres.sql(`
    INSERT INTO users (email, role) SELECT 'u' || n || '@x.test', 'pro_user' FROM generate_series(1, 2500) n;
    INSERT INTO presets (owner_id, name, ai_model) SELECT id, 'p', 'script' FROM users;
    INSERT INTO agents (owner_id, preset_id, name) SELECT owner_id, id, name FROM presets;
    INSERT INTO threads (id, owner_id, agent_id, agent_revision, preset_revision, status, end_time, last_seq)
      SELECT uuid_v7(now() - n * interval '9 days'), owner_id, id, 1, 1, 'completed', now() - n * interval '9 days', 3 FROM agents, generate_series(1, 4) n;
    INSERT INTO thread_events (thread_id, seq, kind) SELECT id, n, 'note' FROM threads, generate_series(1, 3) n;
    INSERT INTO jobs (id, kind, lane, user_id, thread_id, status, max_attempts, backoff_ms, finished_at)
      SELECT id, 'run', 'run', owner_id, id, 'done', 1, 0, end_time FROM threads;
    INSERT INTO artifact_files (owner_id, sha256, size) SELECT id, sha256(n::text::bytea), 1 FROM users, generate_series(1, 5) n;
    INSERT INTO artifacts (id, thread_id, owner_id, sha256, kind, name, media_type, size)
      SELECT id, id, owner_id, sha256('1'), 'other', 'x', 'text/plain', 1 FROM threads;
    INSERT INTO audit_events (id, actor_id, via, action, object_id) SELECT id, owner_id, 'test', 'agent.create', id::text FROM threads;
    INSERT INTO system_events (id, kind, service) SELECT id, 'process.started', 'test' FROM threads;
    SELECT month_partitions_make(p, CASE p WHEN 'thread_events' THEN 'thread_id' ELSE 'id' END, now() - interval '2 months', 2)
      FROM unnest(ARRAY['thread_events', 'audit_events', 'system_events']) p;
    ANALYZE`);
  big = new Set(postgres.sql("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples > 2400").flat());
  for (const table of ['users', 'agents', 'threads', 'jobs', 'artifacts', 'artifact_files', 'agent_revisions']) assert.ok(big.has(table), table);
  const statements = await statementsIn(root, 'src/domain');
  assert.ok(Object.keys(statements).length >= 60, 'the sources were read');
  plans = explain(statements);
});
after(async () => {
  await postgres?.stop();
  folder?.remove();
});

/** {name: plan, or {error}}, on a disk without a head to move (random_page_cost), with values of the parameters' types: of an ordinary user, and of things that are there. */
function explain(statements) {
  postgres.sql(`
    CREATE FUNCTION pg_temp_value(type text, n int, text text) RETURNS text LANGUAGE sql AS $$
      SELECT CASE type
        WHEN 'uuid' THEN quote_literal(CASE WHEN n = 1 AND text ~ 'user_role|owner_id = \\$1|user_id = \\$1' THEN (SELECT id FROM users ORDER BY id LIMIT 1)
                                       ELSE (SELECT id FROM threads ORDER BY id LIMIT 1) END)
        WHEN 'user_role' THEN quote_literal('pro_user') WHEN 'text' THEN quote_literal('ab') WHEN 'jsonb' THEN quote_literal(CASE WHEN text LIKE '%audit_events%' THEN '{}' ELSE '[]' END)
        WHEN 'integer' THEN '10' WHEN 'bigint' THEN '10' WHEN 'boolean' THEN 'false' ELSE 'NULL' END $$;
    CREATE FUNCTION explained(name text, text text) RETURNS jsonb LANGUAGE plpgsql AS $$
    DECLARE types text[]; given text; plan jsonb;
    BEGIN
      EXECUTE 'PREPARE probe AS ' || text;
      SELECT parameter_types::text[] INTO types FROM pg_prepared_statements p WHERE p.name = 'probe';
      SELECT string_agg(pg_temp_value(t, n::int, text), ', ' ORDER BY n) INTO given FROM unnest(types) WITH ORDINALITY u (t, n);
      EXECUTE 'EXPLAIN (FORMAT JSON) EXECUTE probe' || coalesce('(' || given || ')', '') INTO plan;
      DEALLOCATE probe;
      RETURN plan;
    EXCEPTION WHEN OTHERS THEN
      IF EXISTS (SELECT FROM pg_prepared_statements p WHERE p.name = 'probe') THEN DEALLOCATE probe; END IF;
      RETURN jsonb_build_object('error', SQLERRM);
    END $$`);
  const rows = postgres.sql(`SET plan_cache_mode = force_custom_plan; SET random_page_cost = 1.1;
    SELECT s.key, explained(s.key, s.value) FROM jsonb_each_text($statements$${JSON.stringify(statements)}$statements$) s`);
  return Object.fromEntries(rows.map(([name, plan]) => [name, JSON.parse(plan)]));
}

function* nodes(plan) {
  if (Array.isArray(plan)) for (const part of plan) yield* nodes(part);
  else if (plan && typeof plan === 'object') {
    if (plan['Node Type']) yield plan;
    for (const part of [plan.Plan, plan.Plans]) if (part) yield* nodes(part);
  }
}

test('each statement can be planned', () => {
  const failed = Object.entries(plans).filter(([, plan]) => plan.error).map(([name, { error }]) => `${name}: ${error}`);
  assert.deepEqual(failed, []);
});

test('none reads a big table from end to end', () => {
  const scans = Object.entries(plans).flatMap(([name, plan]) =>
    [...nodes(plan)].filter((node) => node['Node Type'] === 'Seq Scan' && big.has(node['Relation Name']) && !isExcused(name)).map((node) => `${name}: ${node['Relation Name']}`));
  assert.deepEqual([...new Set(scans)], []);
});

test('the exceptions are still there', () => {
  assert.deepEqual(Object.keys(MAY_SCAN).filter((name) => !(name in plans)), []);
});
