// quick
// Upkeep: retention per kind, months made ahead, taken out, archived and dropped; low disk; statements' plans.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ended, makeFolder, startPostgres, until } from './lib/database.mjs';
import { findBinary, runBinary } from './lib/instance.mjs';

const binary = findBinary();
let folder, postgres, env;

async function cli(args, settings = {}) {
  const { code, stdout, stderr } = await runBinary(binary, [...args, '--json'], { ...env, ...settings });
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}
const count = async (task, settings, ...more) => (await cli(['maintenance', task, ...more], settings))[task].count;
const value = (sql) => postgres.value(sql);

/** A worker until `check` holds. */
async function withWorker(settings, check) {
  const worker = spawn(binary, ['worker'], { env: { ...env, ...settings }, stdio: 'ignore' });
  try {
    await until('what the worker does', check, 60000);
  } finally {
    worker.kill('SIGTERM');
    await ended(worker);
  }
}

before(async () => {
  folder = makeFolder('maintenance');
  postgres = await startPostgres(folder.path);
  env = {
    PATH: process.env.PATH, REPLINET_ENV: '/dev/null', LOG_FORMAT: 'text', DATABASE_URL: postgres.url,
    STATE_DIR: `${folder.path}/state`, RUN_DIR: `${folder.path}/run`, WORKER_METRICS_PORT: '0',
  };
  assert.equal((await runBinary(binary, ['migrate'], env)).code, 0);
  // one user; threads that are 400, 100 and 1 days old, with events, jobs and files; one old one still runs
  postgres.sql(`
    INSERT INTO users (email) VALUES ('m@x.test');
    INSERT INTO presets (owner_id, name, ai_model) SELECT id, 'p', 'script' FROM users;
    INSERT INTO agents (owner_id, preset_id, name) SELECT owner_id, id, 'a' FROM presets;
    INSERT INTO threads (id, owner_id, agent_id, agent_revision, preset_revision, status, end_time)
      SELECT uuid_v7(now() - d * interval '1 day'), a.owner_id, a.id, 1, 1, 'completed', now() - d * interval '1 day'
      FROM agents a, unnest(ARRAY[400, 100, 1]) d;
    INSERT INTO threads (id, owner_id, agent_id, agent_revision, preset_revision, status)
      SELECT uuid_v7(now() - interval '800 days'), owner_id, id, 1, 1, 'running' FROM agents;
    INSERT INTO thread_events (thread_id, seq, kind, data) SELECT id, n, 'note', '{"x":"é"}' FROM threads, generate_series(1, 3) n;
    INSERT INTO jobs (id, kind, lane, user_id, thread_id, status, max_attempts, backoff_ms, finished_at)
      SELECT id, 'run', 'run', owner_id, id, 'done', 1, 0, end_time FROM threads WHERE end_time IS NOT NULL;
    INSERT INTO artifact_files (owner_id, sha256, size) SELECT id, sha256('x'), 1 FROM users;
    INSERT INTO artifacts (id, thread_id, owner_id, sha256, kind, name, media_type, size)
      SELECT uuid_v7(end_time), id, owner_id, sha256('x'), kind, 'x', 'text/plain', 1 FROM threads, unnest(ARRAY['screenshot', 'download', 'other']) kind
      WHERE end_time IS NOT NULL`);
});
after(async () => {
  await postgres?.stop();
  folder?.remove();
});

describe('retention', () => {
  test('nothing goes that is not asked for', async () => {
    const report = await cli(['maintenance', '--dry-run']);
    assert.deepEqual(Object.entries(report).filter(([name, { count: n }]) => n && !['months.make', 'files.missing', 'jobs'].includes(name)), []);
    assert.equal(report.jobs.count, 2, 'ended jobs have a default of 90 days');
    assert.equal(value('SELECT count(*) FROM maintenance_totals'), '0', 'a dry run notes nothing');
  });

  test('files by kind: screenshots sooner than downloads', async () => {
    const settings = { RETENTION_SCREENSHOTS_DAYS: '30', RETENTION_DOWNLOADS_DAYS: '200' };
    assert.equal(await count('screenshots', settings, '--dry-run'), 2);
    assert.equal(await count('screenshots', settings), 2);
    assert.equal(await count('downloads', settings), 2);
    assert.deepEqual(postgres.sql('SELECT kind, count(*) FROM artifacts GROUP BY kind ORDER BY kind'), [['download', '2'], ['other', '2'], ['screenshot', '1']]);
    assert.equal(value("SELECT removed FROM maintenance_totals WHERE task = 'screenshots'"), '2');
  });

  test('jobs, of which those that wait or run stay', async () => {
    postgres.sql(`INSERT INTO jobs (id, kind, lane, user_id, max_attempts, backoff_ms) SELECT uuid_v7(now() - interval '500 days'), 'noop', 'quick', id, 1, 0 FROM users WHERE email = 'm@x.test'`);
    assert.equal(await count('jobs', { RETENTION_JOBS_DAYS: '200' }), 1);
    assert.equal(await count('jobs', { RETENTION_JOBS_DAYS: '0' }), 0);
    assert.equal(value("SELECT count(*) FROM jobs WHERE status = 'queued' AND kind = 'noop'"), '1');
    postgres.sql("DELETE FROM jobs WHERE kind = 'noop'");
  });

  test('revisions, of which the current one and those in use stay', async () => {
    postgres.sql("UPDATE agents SET description = 'two'; UPDATE agents SET description = 'three'; UPDATE presets SET description = 'two'");
    postgres.sql("UPDATE agent_revisions SET created_at = now() - interval '50 days'; UPDATE preset_revisions SET created_at = now() - interval '50 days'");
    assert.equal(await count('revisions.agents', { RETENTION_REVISIONS_DAYS: '40' }), 1);
    assert.deepEqual(postgres.sql('SELECT revision FROM agent_revisions ORDER BY 1'), [['1'], ['3']], 'the running thread has 1');
    assert.equal(await count('revisions.presets', { RETENTION_REVISIONS_DAYS: '40' }), 0);
  });

  test("users' feeds, of which the numbers go on", async () => {
    const feed = () => postgres.sql('SELECT min(seq), max(seq), count(*) FROM user_feed')[0].map(Number);
    const [first, last] = feed();
    assert.ok(last > 3, 'agents and threads have been told of');
    postgres.sql(`UPDATE user_feed SET time = now() - interval '8 days' WHERE seq < ${last - 1}`);
    assert.equal(await count('feed', { RETENTION_FEED_DAYS: '0' }), 0);
    assert.equal(await count('feed', {}, '--dry-run'), last - 1 - first);
    assert.equal(await count('feed'), last - 1 - first, 'seven days are kept unless somebody says otherwise');
    postgres.sql("UPDATE agents SET description = 'four'");
    assert.deepEqual(feed(), [last - 1, last + 1, 3]);
  });

  test('what models used, by whole days, also of users who are gone', async () => {
    postgres.sql(`INSERT INTO users (email) VALUES ('gone@x.test'), ('gone2@x.test')`);
    postgres.sql(`INSERT INTO model_usage (user_id, day, provider, model, calls, cost_micro) SELECT u.id, (now() AT TIME ZONE 'UTC')::date - d, 'p', 'm', 1, 10
      FROM users u, unnest(ARRAY[0, 399, 400, 401, 900]) d WHERE email LIKE 'gone%'`);
    const days = () => postgres.sql("SELECT (now() AT TIME ZONE 'UTC')::date - day, sum(calls), sum(cost_micro) FROM model_usage GROUP BY day ORDER BY day DESC");
    postgres.sql("DELETE FROM users WHERE email LIKE 'gone%'");
    assert.equal(value('SELECT count(DISTINCT user_id) FROM model_usage'), '1', 'they are nobody now');
    assert.equal(await count('usage', { RETENTION_MODEL_USAGE_DAYS: '0' }), 0);
    assert.equal(await count('usage', {}, '--dry-run'), 2);
    assert.equal(await count('usage'), 2, '400 days are kept unless somebody says otherwise');
    assert.deepEqual(days(), [['0', '2', '20'], ['399', '2', '20'], ['400', '2', '20']]);
    assert.equal(await count('usage', { RETENTION_MODEL_USAGE_DAYS: '1' }), 2, 'today is never among them');
    postgres.sql('DELETE FROM model_usage');
  });

  test('threads with their files and jobs; more than one batch; the running one stays', async () => {
    postgres.sql(`INSERT INTO threads (id, owner_id, agent_id, agent_revision, preset_revision, status, end_time)
      SELECT uuid_v7(now() - interval '300 days'), owner_id, id, 1, 1, 'completed', now() - interval '300 days' FROM agents, generate_series(1, 1100)`);
    assert.equal(await count('threads', { RETENTION_THREADS_DAYS: '200' }), 1101);
    assert.deepEqual(postgres.sql('SELECT status, count(*) FROM threads GROUP BY 1 ORDER BY 1'), [['running', '1'], ['completed', '2']]);
    assert.equal(value('SELECT count(*) FROM artifacts f WHERE NOT EXISTS (SELECT FROM threads t WHERE t.id = f.thread_id)'), '0');
  });

  test('bytes that no artifact names any more', async () => {
    const owner = value('SELECT id FROM users WHERE email = \'m@x.test\'');
    const hash = value("SELECT encode(sha256('gone'), 'hex')");
    const place = `${folder.path}/state/artifacts/${owner}/${hash.slice(0, 2)}`;
    mkdirSync(place, { recursive: true });
    writeFileSync(`${place}/${hash}`, 'gone');
    postgres.sql(`INSERT INTO artifact_files (owner_id, sha256, size) VALUES ('${owner}', sha256('gone'), 4)`);
    assert.equal(await count('files', {}, '--dry-run'), 1);
    assert.equal(await count('files'), 1);
    assert.deepEqual(readdirSync(place), []);
    assert.equal(value('SELECT count(*) FROM artifact_files'), '1');
  });

  test('a worker does it by the hour, and shows it in its metrics', async () => {
    postgres.sql("INSERT INTO artifact_files (owner_id, sha256, size) SELECT id, sha256('later'), 5 FROM users WHERE email = 'm@x.test'");
    const port = 20000 + (process.pid % 20000);
    let metrics = '';
    await withWorker({ WORKER_METRICS_PORT: String(port) }, async () => {
      metrics = await fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
      return /replinet_maintenance_count\{task="files"\} 2/.test(metrics);
    });
    assert.match(metrics, /replinet_disk_free_bytes \d/);
    assert.match(metrics, /replinet_disk_low 0/);
    assert.equal(value("SELECT count(*) FROM artifact_files WHERE sha256 = sha256('later')"), '0');
  });
});

describe('months', () => {
  const months = () => postgres.sql("SELECT name, is_attached FROM month_partitions WHERE parent = 'thread_events' ORDER BY name");
  const month = (days) => `thread_events_${value(`SELECT to_char(now() - interval '${days} days', 'YYYY_MM')`)}`;

  test('are made ahead, and rows that came early move', async () => {
    await count('months.make');
    assert.equal(value('SELECT count(*) FROM thread_events_default'), '0');
    for (const days of [800, 400, 100]) assert.ok(months().some(([name]) => name === month(days)), month(days));
    for (const parent of ['thread_events', 'audit_events', 'system_events'])
      assert.equal(value(`SELECT count(*) FROM month_partitions WHERE parent = '${parent}' AND since > now()`), '2', parent);
  });

  test('leave when they are old, but not while a thread of theirs runs', async () => {
    const settings = { RETENTION_EVENTS_DAYS: '200' };
    assert.equal(await count('months.detach', settings, '--dry-run'), 1);
    assert.equal(await count('months.detach', settings), 1);
    assert.deepEqual(months().find(([name]) => name === month(400)), [month(400), 'f']);
    assert.deepEqual(months().find(([name]) => name === month(800)), [month(800), 't']);
  });

  test('are archived whole before they are dropped', async () => {
    const rows = postgres.sql(`SELECT thread_id, seq FROM ${month(400)} ORDER BY 1, 2`);
    assert.equal(rows.length, 3);
    assert.equal(await count('months.drop', { ARCHIVE_MONTHS: 'true' }), 1);
    const [archive] = readdirSync(`${folder.path}/state/archive`);
    assert.match(archive, new RegExp(`^${month(400)}-\\d+\\.jsonl\\.zst$`));
    const lines = zstd(`${folder.path}/state/archive/${archive}`).trim().split('\n').map((line) => JSON.parse(line));
    assert.deepEqual(lines.map((line) => [line.thread_id, String(line.seq)]), rows);
    assert.deepEqual(lines[0].data, { x: 'é' });
    assert.equal(months().find(([name]) => name === month(400)), undefined);
  });

  test('that cannot be archived stay', async () => {
    await count('months.detach', { RETENTION_EVENTS_DAYS: '60' });
    const settings = { ARCHIVE_MONTHS: 'true', ARTIFACTS_ON_S3: 'true', S3_URL: 'http://127.0.0.1:9', S3_BUCKET: 'b', S3_ACCESS_KEY: 'k', S3_SECRET_KEY: 's', S3_RETRY_SECONDS: '0' };
    const { code, stdout } = await runBinary(binary, ['maintenance', 'months.drop', '--json'], { ...env, ...settings });
    assert.equal(code, 1);
    assert.match(JSON.parse(stdout).error.detail, /maintenance, months\.drop: cannot archive thread_events_\d{4}_\d{2}: the object store/);
    assert.deepEqual(months().find(([name]) => name === month(100)), [month(100), 'f']);
    assert.match(value("SELECT last_error FROM maintenance_totals WHERE task = 'months.drop'"), /object store/);
    assert.equal(await count('months.drop'), 1, 'without archive they just go');
  });

  test('of audit go too: the append-only rule is about rows', async () => {
    postgres.sql("INSERT INTO audit_events (id, via, action) VALUES (uuid_v7(now() - interval '900 days'), 'test', 'x.y')");
    await count('months.make');
    assert.equal(await count('months.detach', { RETENTION_AUDIT_DAYS: '365' }), 1);
    assert.equal(await count('months.drop'), 1);
    assert.equal(value("SELECT count(*) FROM audit_events WHERE action = 'x.y'"), '0');
  });
});

describe('a disk that fills up', () => {
  test('refuses runs in words, says so once, and takes them again without a restart', async () => {
    const disk = `${folder.path}/state/artifacts`;
    const settings = { DISK_MIN_FREE_MB: '32', WORKER_METRICS_PORT: '0' };
    const events = () => postgres.sql("SELECT kind FROM system_events WHERE kind LIKE 'disk.%' ORDER BY id").flat();
    const start = () => runBinary(binary, ['thread', 'start', 'none', '--json'], { ...env, ...settings });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]);
    try {
      writeFileSync(`${disk}/filler`, Buffer.alloc(40 << 20));
      const { error } = JSON.parse((await start()).stdout);
      assert.equal(error.code, 'storage');
      assert.match(error.detail, /only \d+ MB are free on the disk of .*\/artifacts/);
      assert.match(error.hint, /DISK_MIN_FREE_MB \(now 32\)/);
      await withWorker(settings, () => {
        if (events().length === 1) rmSync(`${disk}/filler`);
        return events().length === 2;
      });
      assert.deepEqual(events(), ['disk.low', 'disk.ok']);
      assert.equal(JSON.parse((await start()).stdout).error.code, 'not_found', 'only the agent is missing now');
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
});

/** What a zstd file holds; Node 20 has no zstd of its own. */
function zstd(path) {
  return execFileSync('python3', ['-c', `
import ctypes, ctypes.util, sys
z = ctypes.CDLL('libzstd.so.1')
z.ZSTD_decompress.restype = ctypes.c_size_t
z.ZSTD_decompress.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
data = open(sys.argv[1], 'rb').read()
room = ctypes.create_string_buffer(1 << 24)
n = z.ZSTD_decompress(room, len(room), data, len(data))
assert not z.ZSTD_isError(ctypes.c_size_t(n))
sys.stdout.buffer.write(room.raw[:n])`, path]).toString();
}
