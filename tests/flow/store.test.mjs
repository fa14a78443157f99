// quick
// The database: migrations, partitions, the queue's rules under many threads, the plans of the main queries.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { makeFolder, startPostgres } from './lib/database.mjs';
import { findBinary, runBinary, until } from './lib/instance.mjs';
import { testProgram } from './lib/launcher.mjs';

const binary = findBinary();
const program = testProgram('domain_program');
let folder, postgres, env;

const cli = (...args) => runBinary(binary, args, env);
const admin = { role: 'replinet-postgres', database: 'postgres' };

function empty() {
  postgres.sql('DROP DATABASE replinet WITH (FORCE)', admin);
  postgres.sql('CREATE DATABASE replinet OWNER replinet', admin);
}

before(async () => {
  folder = makeFolder('store');
  postgres = await startPostgres(folder.path);
  env = {
    PATH: process.env.PATH, REPLINET_ENV: '/dev/null', LOG_FORMAT: 'text', DATABASE_URL: postgres.url,
    STATE_DIR: `${folder.path}/state`, RUN_DIR: `${folder.path}/run`,
  };
});
after(async () => {
  await postgres?.stop();
  folder?.remove();
});

describe('migrations', () => {
  test('are applied once', async () => {
    assert.equal((await cli('migrate', '--status')).code, 1);
    assert.match((await cli('migrate')).stdout, /^(\d+) migrations known, 0 applied before, \1 applied now, 0 waiting/);
    assert.match((await cli('migrate')).stdout, /^(\d+) migrations known, \1 applied before, 0 applied now/);
    assert.equal((await cli('migrate', '--status')).code, 0);
  });

  test('eight binaries at once do it once', async () => {
    empty();
    const all = await Promise.all(Array.from({ length: 8 }, () => cli('migrate')));
    assert.deepEqual(all.map(({ code }) => code), Array(8).fill(0), all.map((a) => a.stderr).join(''));
    assert.equal(all.filter(({ stdout }) => !/, 0 applied now/.test(stdout)).length, 1);
  });

  test('an edited one is refused by name, and nothing is done', async () => {
    postgres.sql("UPDATE schema_migrations SET checksum = repeat('0', 64) WHERE name LIKE '0002%'");
    const { code, stderr } = await cli('migrate');
    assert.equal(code, 1);
    assert.match(stderr, /migration 0002_presets_agents\.sql differs/);
  });

  test('one that fails leaves nothing of itself', async () => {
    empty();
    postgres.sql('CREATE TABLE jobs (id int)'); // in the way of 0004
    const { code, stderr } = await cli('migrate');
    assert.equal(code, 1);
    assert.match(stderr, /migration 0004_jobs\.sql/);
    assert.equal(postgres.value('SELECT count(*) FROM schema_migrations'), '3');
    assert.equal(postgres.value("SELECT count(*) FROM pg_type WHERE typname = 'job_status'"), '0');
    postgres.sql('DROP TABLE jobs');
    assert.equal((await cli('migrate')).code, 0);
  });

  test('a database newer than the binary is told, and used', async () => {
    postgres.sql("INSERT INTO schema_migrations VALUES ('9999_later.sql', 'x')");
    const { code, stdout } = await cli('migrate');
    postgres.sql("DELETE FROM schema_migrations WHERE name = '9999_later.sql'");
    assert.equal(code, 0);
    assert.match(stdout, /1 migrations that are newer than this binary/);
  });

  test('no database: says so and what to do', async () => {
    const { code, stdout } = await runBinary(binary, ['preset', 'ls', '--json'], { ...env, DATABASE_URL: `host=${folder.path}/nowhere` });
    const { error } = JSON.parse(stdout);
    assert.equal(code, 1);
    assert.equal(error.code, 'unavailable');
    assert.match(error.hint, /replinet up/);
  });
});

describe('tables', () => {
  test('ids are UUIDv7 and sort by time', () => {
    const ids = postgres.sql('SELECT uuid_v7() FROM generate_series(1, 50)').map(([id]) => id);
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const times = ids.map((id) => parseInt(id.replaceAll('-', '').slice(0, 12), 16));
    for (const time of times) assert.ok(Math.abs(time - Date.now()) < 60000);
    assert.deepEqual(times, times.toSorted((a, b) => a - b));
  });

  test('events lie in the partition of their thread’s month; early ones move into theirs', () => {
    const of = (id) => postgres.value(`SELECT tableoid::regclass FROM thread_events WHERE thread_id = '${id}'`);
    const make = (when) => {
      const id = postgres.value(`SELECT uuid_v7('${when}')`);
      postgres.sql(`INSERT INTO thread_events (thread_id, seq, kind) VALUES ('${id}', 1, 'note')`);
      return id;
    };
    const now = new Date();
    const part = (date) => `thread_events_${date.getUTCFullYear()}_${String(date.getUTCMonth() + 1).padStart(2, '0')}`;
    assert.equal(of(make(now.toISOString())), part(now));
    const far = make('2031-05-31T23:59:59.999Z');
    const next = make('2031-06-01T00:00:00Z');
    assert.equal(of(far), 'thread_events_default');
    assert.equal(postgres.value("SELECT thread_events_make_partitions('2031-05-10Z', 1)"), '2');
    assert.equal(of(far), 'thread_events_2031_05');
    assert.equal(of(next), 'thread_events_2031_06');
    assert.equal(postgres.value("SELECT thread_events_make_partitions('2031-05-10Z', 1)"), '0');
  });

  test('an edit makes a revision; a counter does not', () => {
    postgres.sql("INSERT INTO users (email) VALUES ('r@x.test')");
    postgres.sql("INSERT INTO presets (owner_id, name, ai_model) SELECT id, 'rev', 'script' FROM users WHERE email = 'r@x.test'");
    postgres.sql("INSERT INTO agents (owner_id, preset_id, name) SELECT owner_id, id, 'rev' FROM presets WHERE name = 'rev'");
    postgres.sql("UPDATE agents SET description = 'new' WHERE name = 'rev'");
    postgres.sql("UPDATE agents SET threads_total = threads_total + 1 WHERE name = 'rev'");
    assert.equal(postgres.value("SELECT revision FROM agents WHERE name = 'rev'"), '2');
    assert.deepEqual(postgres.sql("SELECT r.revision, r.body->>'description' FROM agent_revisions r JOIN agents a ON a.id = r.agent_id WHERE a.name = 'rev' ORDER BY 1"),
      [['1', ''], ['2', 'new']]);
  });

  test('the queue’s rules hold under many threads', () => {
    const run = spawnSync(program, { env: { ...process.env, ...env }, timeout: 120000 });
    assert.equal(run.status, 0, `${run.stdout}${run.stderr}`);
  });

  test('objects: quotas, revisions, lists, retries', () => {
    const run = spawnSync(testProgram('objects_program'), { env: { ...process.env, ...env }, timeout: 120000 });
    assert.equal(run.status, 0, `${run.stdout}${run.stderr}`);
  });

  test('runs with a model: questions, spending', async () => {
    empty();
    assert.equal((await cli('migrate')).code, 0);
    const run = spawnSync(testProgram('model_program'), { env: { ...process.env, ...env, SECRET_KEY: '1'.repeat(64) }, timeout: 120000 });
    assert.equal(run.status, 0, `${run.stdout}${run.stderr}`);
  });
});

describe('plans', () => {
  // Every plan of the binary's own statements is logged by auto_explain; none may read a big table from end to end.
  test('the main queries use their indexes', async () => {
    empty();
    await cli('migrate');
    await cli('preset', 'ls'); // makes the local administrator
    postgres.sql(`
      INSERT INTO users (email, role) SELECT 'u' || n || '@x.test', 'pro_user' FROM generate_series(1, 300) n;
      INSERT INTO presets (owner_id, name, ai_model) SELECT id, word, 'script' FROM users, unnest(ARRAY['p', 'q', 'r', 's']) word;
      INSERT INTO agents (owner_id, preset_id, name) SELECT p.owner_id, p.id, 'a' || n FROM presets p, generate_series(1, 10) n WHERE p.name = 'p';
      INSERT INTO threads (owner_id, agent_id, agent_revision, preset_revision, status, end_time, last_seq)
        SELECT owner_id, id, 1, 1, 'completed', now(), 10 FROM agents, generate_series(1, 20);
      INSERT INTO thread_events (thread_id, seq, kind) SELECT id, n, 'note' FROM threads, generate_series(1, 3) n;
      INSERT INTO jobs (kind, lane, user_id, thread_id, status, max_attempts, backoff_ms)
        SELECT 'run', 'run', owner_id, id, 'done', 1, 0 FROM threads;
      INSERT INTO artifact_files (owner_id, sha256, size) SELECT id, sha256('x'), 1 FROM users;
      INSERT INTO artifacts (thread_id, owner_id, sha256, kind, name, media_type, size)
        SELECT id, owner_id, sha256('x'), 'other', 'x', 'text/plain', 1 FROM threads;
      ANALYZE;`);
    postgres.sql("ALTER DATABASE replinet SET session_preload_libraries = 'auto_explain'", admin);
    for (const [name, value] of Object.entries({ log_min_duration: '0', log_nested_statements: 'on', log_format: 'json' }))
      postgres.sql(`ALTER DATABASE replinet SET auto_explain.${name} = '${value}'`, admin);
    postgres.log = '';
    const { stdout } = await cli('agent', 'ls', '--size', '1', '--json');
    const agent = JSON.parse(stdout).items[0];
    const id = JSON.parse((await cli('thread', 'ls', '--size', '1', '--json')).stdout).items[0].id;
    postgres.log = '';
    await cli('agent', 'show', agent.id);
    await cli('preset', 'show', 'p');
    const started = await cli('thread', 'start', agent.id, '--json');
    assert.equal(started.code, 0, started.stderr);
    await cli('thread', 'show', id);
    await cli('thread', 'logs', id);
    await cli('thread', 'stop', JSON.parse(started.stdout).id);
    await cli('thread', 'ls', '--agent', agent.id);
    const worker = spawn(binary, ['worker'], { env: { ...env, WORKER_METRICS_PORT: '0', JOB_LEASE_SECONDS: '3' }, stdio: 'ignore' });
    await until('the worker to look for lapsed leases', () => postgres.log.includes('lease_until < to_timestamp'), 60000);
    worker.kill('SIGTERM');
    await new Promise((done) => worker.once('exit', done));
    const plans = [...postgres.log.matchAll(/"Query Text": "((?:[^"\\]|\\.)*)"[\s\S]*?\n\t}/g)];
    const named = ['AS item', 'FROM thread_events v', 'waiting (user_id)', 'stop_requested = true', 'INSERT INTO jobs', 'lease_until < to_timestamp'];
    for (const piece of named) assert.ok(plans.some(([, text]) => text.includes(piece)), `no plan of "${piece}"`);
    const scans = plans.flatMap(([plan, text]) =>
      [...plan.matchAll(/"Node Type": "Seq Scan"[\s\S]*?"Relation Name": "(\w+)"/g)].map(([, table]) => `${table}: ${text.slice(0, 160)}`));
    // Upkeep reads the default partitions whole: what lies there has come too early, and moves.
    const big = scans.filter((scan) => !/^thread_events_default: SELECT array_agg/.test(scan)).filter((scan) => /^(agents|threads|thread_events\w*|jobs|presets|artifacts):/.test(scan));
    assert.match(postgres.log, /Index Scan/);
    assert.deepEqual(big, []);
  });
});
