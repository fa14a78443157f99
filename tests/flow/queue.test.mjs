// quick
// The queue with real workers and no browser: three workers of which one is killed, lanes, users in turn, priorities, jobs
// that come later, that recur, that fail, that crash their process; what the command line says of them.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { makeFolder, startPostgres, startRedis, workerUser } from './lib/database.mjs';
import { findBinary, freePort, processes, runBinary, until } from './lib/instance.mjs';

const binary = findBinary();
const workers = [];
let folder, postgres, redis, env;

const cli = (...args) => runBinary(binary, args, env);
async function json(...args) {
  const answer = await cli(...args, '--json');
  assert.equal(answer.code, 0, `replinet ${args.join(' ')}: ${answer.stderr}${answer.stdout}`);
  return JSON.parse(answer.stdout);
}
const value = (text) => postgres.value(text);
const add = (payload, ...args) => json('job', 'add', 'noop', '--payload', JSON.stringify(payload), ...args);
const ended = (id, ms = 30000) => until(`the end of job ${id}`, async () => {
  const job = await json('job', 'show', id);
  return ['done', 'dead', 'cancelled'].includes(job.status) && job;
}, ms);
const redisCli = (...words) => execFileSync('redis-cli', ['-s', redis.url.slice('unix://'.length), ...words]).toString();
const alive = (pid) => processes().some((p) => p.pid === pid && p.state !== 'Z');
const childrenOf = (pid) => processes().filter((p) => p.parent === pid && p.state !== 'Z');

async function startWorker(settings = {}) {
  const worker = spawn(binary, ['worker'], {
    // The leak check at exit stops every thread by ptrace and fails by itself on a busy machine; the status is asserted here.
    env: { ...env, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? 'abort_on_error=0'}:detect_leaks=0`, WORKER_METRICS_PORT: '0', JOB_LEASE_SECONDS: '4', WORKER_CONCURRENCY: '0', ...settings },
    ...workerUser(), cwd: '/', stdio: ['ignore', 'ignore', 'pipe'],
  });
  worker.log = '';
  worker.stderr.on('data', (text) => { worker.log += text; });
  worker.ended = new Promise((done) => worker.once('exit', (code, signal) => done({ code, signal })));
  workers.push(worker);
  await until('the worker', () => worker.log.includes('the worker is ready'), 30000);
  return worker;
}
async function stopWorker(worker) {
  worker.kill('SIGTERM');
  assert.deepEqual(await worker.ended, { code: 0, signal: null }, worker.log);
}

before(async () => {
  folder = makeFolder('queue');
  postgres = await startPostgres(folder.path);
  redis = await startRedis(folder.path);
  env = { PATH: process.env.PATH, REPLINET_ENV: '/dev/null', LOG_FORMAT: 'json', LOG_LEVEL: 'info', DATABASE_URL: postgres.url, REDIS_URL: redis.url,
    SECRET_KEY: 'ab'.repeat(32), STATE_DIR: `${folder.path}/state`, RUN_DIR: `${folder.path}/run` };
  assert.equal((await cli('migrate')).code, 0);
  await cli('preset', 'ls'); // makes the local administrator
  // What a job did, seen from outside: a line per time that it was finished.
  postgres.sql(`CREATE TABLE effects (job_id uuid, user_id uuid, attempt int, at timestamptz DEFAULT clock_timestamp());
    CREATE FUNCTION note_effect() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO effects VALUES (NEW.id, NEW.user_id, NEW.attempt); RETURN NULL; END $$;
    CREATE TRIGGER note_effect AFTER UPDATE ON jobs FOR EACH ROW WHEN (NEW.status = 'done' AND OLD.status <> 'done') EXECUTE FUNCTION note_effect();`);
});

after(async () => {
  for (const worker of workers) worker.kill('SIGKILL');
  await redis?.stop();
  await postgres?.stop();
  folder?.remove();
});

describe('with no worker yet', () => {
  test('a kind that recurs is written once per period, whoever asks and however often', async () => {
    const first = await startWorker({ WORKER_MAINTENANCE_CONCURRENCY: '0' });
    const second = await startWorker({ WORKER_MAINTENANCE_CONCURRENCY: '0' });
    const count = () => Number(value("SELECT count(*) FROM jobs WHERE kind = 'upkeep'"));
    await until('the first period', () => count() === 1);
    postgres.sql("UPDATE jobs SET status = 'done', finished_at = now() WHERE kind = 'upkeep'");
    postgres.sql("UPDATE job_schedules SET due_at = now() WHERE kind = 'upkeep'");
    await until('the second period', () => count() === 2);
    assert.equal(value("SELECT due_at > now() FROM job_schedules WHERE kind = 'upkeep'"), 't');
    await stopWorker(first);
    await stopWorker(second);
    assert.equal(count(), 2);
  });

  test('a key is for one job that waits or runs; bad orders are refused in words', async () => {
    const { id } = await add({}, '--key', 'one', '--at', '2099-01-01T00:00:00Z');
    const refusals = [
      [['noop', '--key', 'one'], 'conflict', /with the key "one" waits or runs already/],
      [['fly'], 'not_found', /no kind of jobs "fly"/],
      [['run'], 'bad_input', /thread start/],
      [['noop', '--payload', '[1]'], 'bad_input', /payload of a job must be an object/],
      [['noop', '--payload', '{'], 'bad_input', /--payload/],
      [['noop', '--payload', JSON.stringify({ x: 'x'.repeat(5000) })], 'too_large', /the limit is 4096/],
      [['noop', '--at', 'soon'], 'bad_input', /soon/],
      [['noop', '--key', 'k', '--count', '2'], 'bad_input', /one --key/],
    ];
    for (const [args, code, said] of refusals) {
      const { code: status, stdout } = await cli('job', 'add', ...args, '--json');
      const { error } = JSON.parse(stdout);
      assert.deepEqual([status, error.code], [1, code], stdout);
      assert.match(error.detail, said);
    }
    assert.equal((await json('job', 'cancel', id)).status, 'cancelled');
    const again = await add({}, '--key', 'one', '--at', '2099-01-01T00:00:00Z');
    await json('job', 'cancel', again.id);
  });
});

describe('several workers', () => {
  test('three workers, six hundred jobs of six users, one killed in the middle: each job is done once', async () => {
    const three = [await startWorker(), await startWorker(), await startWorker()];
    postgres.sql(`INSERT INTO users (email, role) SELECT 'q' || n || '@x.test', 'free_user' FROM generate_series(1, 6) n;
      INSERT INTO jobs (kind, lane, user_id, max_attempts, backoff_ms, payload)
        SELECT 'noop', 'quick', u.id, 3, 100, '{"wait_ms": 30}' FROM users u, generate_series(1, 100) WHERE u.email LIKE 'q%@x.test';`);
    redisCli('publish', 'replinet:jobs', 'ready quick'); // all three hear of them at once
    const running = () => value("SELECT count(*) FROM jobs WHERE status = 'running' AND worker LIKE '%/" + three[1].pid + "/%'");
    await until('the second to work', () => Number(running()) > 0 && childrenOf(three[1].pid).length > 0);
    const orphans = childrenOf(three[1].pid).map((p) => p.pid);
    three[1].kill('SIGKILL');
    await until('its jobs’ processes to die with it', () => !orphans.some(alive), 30000);
    await until('the end of all', () => value("SELECT count(*) FROM jobs WHERE status IN ('queued', 'running') AND kind = 'noop'") === '0', 60000);
    const effects = "FROM effects e JOIN users u ON u.id = e.user_id WHERE u.email LIKE 'q%@x.test'";
    assert.equal(value(`SELECT count(*) ${effects}`), '600');
    assert.equal(value(`SELECT count(DISTINCT job_id) ${effects}`), '600');
    assert.notEqual(value(`SELECT count(*) ${effects} AND attempt > 1`), '0', 'the killed one held something');
    await stopWorker(three[0]);
    await stopWorker(three[2]);
  });

  test('a user with a thousand jobs keeps nobody waiting', async () => {
    postgres.sql(`INSERT INTO jobs (kind, lane, user_id, max_attempts, backoff_ms, payload, run_at)
      SELECT 'noop', 'quick', id, 3, 100, '{"wait_ms": 1}', now() - interval '1 minute' FROM users, generate_series(1, 3000) WHERE email = 'q1@x.test';
      INSERT INTO jobs (kind, lane, user_id, max_attempts, backoff_ms) SELECT 'noop', 'quick', id, 3, 100 FROM users WHERE email = 'q2@x.test';`);
    postgres.sql("TRUNCATE effects; UPDATE users SET job_taken_at = now() WHERE email = 'q2@x.test'");
    const worker = await startWorker({ WORKER_QUICK_CONCURRENCY: '1' });
    await until('the end of all', () => value("SELECT count(*) FROM jobs WHERE status IN ('queued', 'running') AND kind = 'noop'") === '0', 60000);
    const before = value("SELECT count(*) FROM effects WHERE at < (SELECT e.at FROM effects e JOIN users u ON u.id = e.user_id WHERE u.email = 'q2@x.test')");
    assert.ok(Number(before) <= 2000, `${before} jobs of the other went first`);
    await stopWorker(worker);
  });
});

describe('a job', () => {
  let worker;
  before(async () => { worker = await startWorker({ WORKER_QUICK_CONCURRENCY: '1', WORKER_METRICS_PORT: String(await freePort()) }); });
  after(() => stopWorker(worker));

  test('of higher priority goes first, a later one at its time', async () => {
    postgres.sql('TRUNCATE effects');
    const later = await add({}, '--at', new Date(Date.now() + 3000).toISOString());
    // Jobs that were lost before go alone: the order in which they are taken shows.
    const order = postgres.sql(`INSERT INTO jobs (kind, lane, user_id, max_attempts, backoff_ms, priority, reason, run_at)
      SELECT 'noop', 'quick', id, 3, 100, p, 'crash', now() FROM users, unnest(ARRAY[-5, 7, 0]) p WHERE email = 'q4@x.test' RETURNING priority, id`).toSorted((a, b) => b[0] - a[0]);
    for (const id of [...order.map(([, id]) => id), later.id]) assert.equal((await ended(id)).status, 'done');
    assert.deepEqual(postgres.sql('SELECT job_id FROM effects ORDER BY at').map(([id]) => id).filter((id) => id !== later.id), order.map(([, id]) => id));
    const job = await json('job', 'show', later.id);
    assert.ok(Date.parse(job.started_at) >= Date.parse(job.run_at));
  });

  test('that fails is repeated, then dead with its reason; an administrator lets it try again', async () => {
    const { id } = await add({ fail: 'the moon is away' });
    postgres.sql(`UPDATE jobs SET backoff_ms = 10 WHERE id = '${id}'`);
    const dead = await ended(id, 60000);
    assert.deepEqual([dead.status, dead.reason, dead.error, dead.attempt], ['dead', 'unavailable', 'the moon is away', 3]);
    const list = await json('job', 'ls', '--status', 'dead');
    assert.ok(list.items.some((job) => job.id === id));
    assert.match((await cli('job', 'ls', '--status', 'dead')).stdout, /unavailable.*the moon is away/);
    postgres.sql(`UPDATE jobs SET payload = '{}' WHERE id = '${id}'`);
    assert.equal((await json('job', 'retry', id)).status, 'queued');
    assert.deepEqual([(await ended(id)).status, (await json('job', 'show', id)).attempt], ['done', 4]);
    const refused = JSON.parse((await cli('job', 'retry', id, '--json')).stdout);
    assert.match(refused.error.detail, /is done, not dead/);
    assert.equal((await json('audit', 'ls', '--action', 'job')).items[0].action, 'job.retry');
  });

  test('whose input is bad is dead at once', async () => {
    const { id } = await add({ wait_ms: -1 });
    const dead = await ended(id);
    assert.deepEqual([dead.status, dead.reason, dead.attempt], ['dead', 'bad_input', 1]);
  });

  test('that crashes its process uses up its own attempts, its neighbours’ once at most', async () => {
    postgres.sql('TRUNCATE effects');
    const busy = await add({ wait_ms: 1500 });
    await until('the worker to be busy', async () => (await json('job', 'show', busy.id)).status === 'running');
    // In one statement, so that one process takes them together, however slow this one is.
    const [crash] = postgres.sql(`INSERT INTO jobs (kind, lane, user_id, max_attempts, backoff_ms, payload)
      SELECT 'noop', 'quick', user_id, 3, 10, CASE n WHEN 0 THEN '{"crash": true}' ELSE '{}' END::jsonb FROM jobs, generate_series(0, 10) n WHERE id = '${busy.id}' RETURNING id, payload`).find(([, payload]) => payload.includes('crash'));
    const dead = await ended(crash, 60000);
    assert.deepEqual([dead.status, dead.reason, dead.attempt], ['dead', 'crash', 3]);
    await until('the others', () => value('SELECT count(*) FROM effects') === '11', 30000);
    assert.equal(value('SELECT max(attempt) FROM effects'), '2');
  });

  test('that runs is stopped when it is cancelled', async () => {
    const { id } = await add({ wait_ms: 3600000 });
    await until('it to run', async () => (await json('job', 'show', id)).status === 'running');
    const cancelled = await json('job', 'cancel', id);
    assert.equal(cancelled.stop_requested, true);
    assert.equal((await ended(id)).status, 'cancelled');
  });

  test('goes back uncounted when its worker is drained', async () => {
    const { id } = await add({ wait_ms: 60000 });
    await until('it to run', async () => (await json('job', 'show', id)).status === 'running');
    const old = worker;
    old.kill('SIGTERM');
    await until('it to drain', () => old.log.includes('the worker takes no more jobs'));
    old.kill('SIGTERM'); // at once
    assert.deepEqual(await old.ended, { code: 0, signal: null });
    const job = await json('job', 'show', id);
    assert.deepEqual([job.status, job.reason, job.attempt, job.max_attempts], ['queued', 'shutdown', 1, 4]);
    await json('job', 'cancel', id);
    worker = await startWorker({ WORKER_QUICK_CONCURRENCY: '1', WORKER_METRICS_PORT: String(await freePort()) });
  });

  test('is heard of without Redis, by polling', async () => {
    await redis.stop('SIGKILL');
    const { id } = await add({});
    assert.equal((await ended(id)).status, 'done');
    await redis.start();
    await until('the doorbell again', () =>
      redisCli('pubsub', 'numsub', 'replinet:jobs').trim().split('\n')[1] === '1');
  });

  test('waits in a lane whose depth and age are told', async () => {
    const port = workers.at(-1).spawnargs && (await until('metrics', async () => {
      const found = execFileSync('ss', ['-ltnpH']).toString().split('\n').find((line) => line.includes(`pid=${worker.pid},`));
      return found && found.match(/127\.0\.0\.1:(\d+)/)[1];
    }));
    postgres.sql("INSERT INTO jobs (kind, lane, user_id, max_attempts, backoff_ms, run_at) SELECT 'run', 'run', id, 1, 1, now() - interval '100 s' FROM users WHERE email = 'q3@x.test'");
    const text = await until('the depth of lane run', async () => {
      const answer = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      return /replinet_job_queue_depth\{lane="run"\} 1\b/.test(answer) && answer;
    }, 20000);
    assert.match(text, /replinet_job_queue_age_seconds\{lane="run"\} 1\d\d/);
    for (const lane of ['quick', 'maintenance']) assert.match(text, new RegExp(`replinet_job_queue_depth\\{lane="${lane}"\\} \\d`));
    postgres.sql("DELETE FROM jobs WHERE kind = 'run'");
  });
});
