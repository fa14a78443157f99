// The queue with the real worker: what a stopped worker, a drain, several workers, an absent Redis, a restarted database, a
// full disk and an unusable script do to threads. (kill.test.mjs has kill -9 of each process.)
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { descendants, sleep, startInstance, traces, until } from './lib/instance.mjs';

let replinet;
const extra = []; // workers beside the instance's own

const sql = (text) =>
  execFileSync('psql', ['-h', `${replinet.env.RUN_DIR}/postgres`, '-U', 'replinet', '-d', 'replinet', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', text], { cwd: '/' })
    .toString().trim();

async function json(...args) {
  const answer = await replinet.cli(...args, '--json');
  assert.equal(answer.code, 0, `replinet ${args.join(' ')}: ${answer.stderr}${answer.stdout}`);
  return JSON.parse(answer.stdout);
}
async function create(kind, object) {
  const file = `${replinet.folder}/${object.name}.${kind}.json`;
  fs.writeFileSync(file, JSON.stringify(object));
  return json(kind, 'create', file);
}
const start = async (agent, ...options) => (await json('thread', 'start', agent, ...options)).id;
const thread = (id) => json('thread', 'show', id);
const ended = (id, ms = 60000) =>
  until(`the end of thread ${id}`, async () => {
    const found = await thread(id);
    return ['completed', 'error', 'stopped'].includes(found.status) && found;
  }, ms);
const events = async (id) => (await replinet.cli('thread', 'logs', id, '--json')).stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
const kinds = async (id) => (await events(id)).map(({ kind }) => kind);
const acting = (id) => until('the first step', async () => (await kinds(id)).includes('step.started'), 45000);
const jobs = () => descendants(replinet.up.pid).filter((p) => p.command[1] === 'job' && p.state !== 'Z');
const leased = async () => (await json('browser', 'ls')).items.filter((b) => b.state === 'leased');
const idle = () => until('jobs and leases to go', async () => !jobs().length && !(await leased()).length, 30000);

const subscribed = (workers) =>
  until(`${workers} workers to listen for the doorbell`, () => {
    const counted = execFileSync('redis-cli', ['-s', `${replinet.env.RUN_DIR}/redis/redis.sock`, 'pubsub', 'numsub', 'replinet:jobs']);
    return counted.toString().trim().split('\n')[1] === String(workers);
  });

function startWorker() {
  const worker = spawn('setpriv', ['--reuid', 'replinet-worker', '--regid', 'replinet-worker', '--init-groups', replinet.binary, 'worker'], {
    // The leak check at exit stops every thread by ptrace and fails by itself on a busy machine; the status is asserted here.
    env: { ...replinet.env, ASAN_OPTIONS: `${replinet.env.ASAN_OPTIONS}:detect_leaks=0`, SECRET_KEY: fs.readFileSync(`${replinet.env.STATE_DIR}/secret/secret_key`, 'utf8').trim(), WORKER_METRICS_PORT: '0' },
    cwd: '/', stdio: 'ignore',
  });
  worker.ended = new Promise((done) => worker.once('exit', (code, signal) => done({ code, signal })));
  extra.push(worker);
  return worker;
}

before(async () => {
  replinet = await startInstance({ JOB_LEASE_SECONDS: '4', WORKER_CONCURRENCY: '2', WORKER_DRAIN_SECONDS: '6', JOB_STOP_SECONDS: '5', LOG_LEVEL: 'info' });
  await create('preset', { name: 'script' });
  await create('preset', { name: 'cloud' });
  sql("UPDATE presets SET ai_model = 'openai/gpt' WHERE name = 'cloud'"); // as if its provider was there then
  const pause = (ms) => [{ goto: 'about:blank' }, { wait_for: { ms }, timeout_ms: 90000 }];
  for (const [name, ms] of Object.entries({ quick: 1, short: 3000, long: 60000 }))
    await create('agent', { name, preset_id: 'script', script: pause(ms) });
  const talk = 'setTimeout(() => { for (let i = 0; i < 150; i++) console.log(`line ${i}`); }, 500)';
  await create('agent', { name: 'talker', preset_id: 'script', script: [{ goto: 'about:blank' }, { evaluate: talk }, ...pause(60000).slice(1)] });
  await create('agent', { name: 'cloud', preset_id: 'cloud' });
  await create('agent', { name: 'off', preset_id: 'script', script: pause(1), is_active: false });
  await create('agent', { name: 'greedy', preset_id: 'script', script: pause(1) });
  await create('agent', { name: 'proxied', preset_id: 'script', script: pause(1) });
});

after(async () => {
  for (const worker of extra) worker.kill('SIGKILL');
  await replinet?.stop();
  if (replinet) {
    assert.deepEqual(traces(replinet), []);
    replinet.remove();
  }
});

describe('a thread', () => {
  test('is numbered without a gap from queued to completed', async () => {
    const id = await start('quick');
    const found = await ended(id);
    assert.equal(found.status, 'completed');
    const list = await events(id);
    assert.deepEqual(list.map(({ seq }) => seq), list.map((_, i) => i + 1));
    assert.deepEqual([list[0].kind, list.at(-1).kind], ['thread.queued', 'thread.completed']);
    assert.equal(found.usage.steps, 2);
  });

  test('a worker hears the doorbell', () => subscribed(1));

  test('has a process that was started ahead of it, and one of its own', async () => {
    const spare = () => until('a spare process', () => descendants(replinet.up.pid).find((p) => p.command[1] === 'spare' && p.state !== 'Z'), 30000);
    const { pid } = await spare();
    const id = await start('short');
    const job = await until('its job', () => jobs()[0], 30000);
    assert.deepEqual([job.pid, job.command.slice(3, 5)], [pid, ['1', 'run']]);
    const next = await spare();
    assert.notEqual(next.pid, pid);
    assert.equal((await ended(id)).status, 'completed');
    process.kill(next.pid, 'SIGKILL');
    assert.equal((await ended(await start('quick'))).status, 'completed');
    assert.ok(![pid, next.pid].includes((await spare()).pid));
  });

  test('shows what its page says while it waits, in order, and not a statement for each line', async () => {
    const id = await start('talker');
    const all = await until('150 lines', async () => {
      const found = await events(id);
      return found.filter(({ kind }) => kind === 'page.console').length === 150 && found;
    }, 60000);
    assert.equal((await thread(id)).status, 'running');
    assert.deepEqual(all.map(({ seq }) => seq), all.map((_, i) => i + 1));
    assert.deepEqual(all.filter(({ kind }) => kind === 'page.console').map(({ message }) => message), Array.from({ length: 150 }, (_, i) => `line ${i}`));
    // A transaction's id per statement: the rows of one have it in common.
    const writes = execFileSync('psql', ['-h', `${replinet.env.RUN_DIR}/postgres`, '-U', 'replinet', '-d', 'replinet', '-XqAt', '-c',
      `SELECT count(DISTINCT xmin::text) FROM thread_events WHERE thread_id = '${id}' AND kind = 'page.console'`]).toString().trim();
    assert.ok(Number(writes) < 75, `${writes} statements`);
    await replinet.cli('thread', 'stop', id);
    assert.equal((await ended(id)).status, 'stopped');
  });

  test('that cannot run ends with words that say why', async () => {
    sql(`UPDATE agents SET script = '[{"fly":"moon"}]' WHERE name = 'off'; UPDATE agents SET is_active = true WHERE name = 'off'`);
    sql(`UPDATE agents SET browser_config = '{"memory_mb": 1}' WHERE name = 'greedy'; UPDATE agents SET browser_config = '{"proxy": "ftp://x"}' WHERE name = 'proxied'`);
    const expected = { cloud: /openai\/gpt/, off: /fly/, greedy: /memory_mb must be from 256/, proxied: /proxy must be a URL/ };
    for (const [agent, text] of Object.entries(expected)) {
      const found = await ended(await start(agent, '--task', 'Look around'));
      assert.deepEqual([found.status, found.browser_id], ['error', null]);
      assert.match(found.error_message, text);
    }
    sql(`UPDATE agents SET is_active = false WHERE name = 'off'`);
    const refused = await replinet.cli('thread', 'start', 'off', '--json');
    assert.deepEqual([refused.code, JSON.parse(refused.stdout).error.code], [1, 'conflict']);
  });

  test('does not start while the disk is low', async () => {
    const env = replinet.env;
    replinet.env = { ...env, DISK_MIN_FREE_MB: '900000000' };
    const { code, stdout } = await replinet.cli('thread', 'start', 'quick', '--json');
    replinet.env = env;
    const { error } = JSON.parse(stdout);
    assert.deepEqual([code, error.code], [1, 'storage']);
    assert.match(error.detail, /MB are free/);
    assert.match(error.hint, /DISK_MIN_FREE_MB/);
  });
});

describe('leases', () => {
  test('a stopped worker’s run is dead before its lease ends, and is told', async () => {
    const id = await start('long');
    await acting(id);
    const { pid } = replinet.children().worker;
    const [job] = jobs();
    process.kill(pid, 'SIGSTOP');
    try {
      await sleep(200); // a renewal that was on its way has come through
      const lapses = Number(sql(`SELECT extract(epoch FROM lease_until) * 1000 FROM jobs WHERE status = 'running'`));
      while (/^State:\s+[^ZX]/m.test(fs.readFileSync(`/proc/${job.pid}/status`, 'utf8'))) {
        assert.ok(Date.now() < lapses, 'the job lives on after its lease');
        await sleep(5);
      }
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    const found = await ended(id);
    assert.equal(found.status, 'error');
    assert.ok(['crash', 'worker_lost'].includes(found.reason), found.reason);
    await idle();
  });

  test('another worker reaps what a dead one held', async () => {
    const id = await start('long');
    await acting(id);
    const other = startWorker();
    await subscribed(2);
    const { pid } = replinet.children().worker;
    process.kill(pid, 'SIGSTOP');
    const found = await ended(id);
    assert.deepEqual([found.status, found.reason], ['error', 'worker_lost']);
    process.kill(pid, 'SIGCONT');
    other.kill('SIGTERM');
    assert.deepEqual(await other.ended, { code: 0, signal: null });
    await idle();
  });

  test('two workers share twelve threads, each run once', async () => {
    const other = startWorker();
    await subscribed(2);
    const ids = [];
    for (let i = 0; i < 12; i++) ids.push(await start('quick'));
    for (const id of ids) assert.equal((await ended(id, 120000)).status, 'completed');
    assert.equal(sql(`SELECT count(*) FROM jobs WHERE thread_id IN (${ids.map((id) => `'${id}'`)}) AND attempt = 1 AND status = 'done'`), '12');
    other.kill('SIGTERM');
    await other.ended;
    await idle();
  });
});

describe('ends', () => {
  test('a drained worker lets a short run end and puts no blame on it', async () => {
    const id = await start('short');
    await acting(id);
    const { pid } = replinet.children().worker;
    process.kill(pid, 'SIGTERM');
    const found = await ended(id);
    assert.equal(found.status, 'completed');
    await until('a new worker', () => replinet.children().worker && replinet.children().worker.pid !== pid, 30000);
  });

  test('a run that outlasts the drain ends as error with reason shutdown, once', async () => {
    const id = await start('long');
    await acting(id);
    const { pid } = replinet.children().worker;
    process.kill(pid, 'SIGTERM');
    const found = await ended(id);
    assert.deepEqual([found.status, found.reason], ['error', 'shutdown']);
    await until('a new worker', () => replinet.children().worker && replinet.children().worker.pid !== pid, 30000);
    await idle();
  });

  test('a running thread stops with Redis away: the renewal tells', async () => {
    const id = await start('long');
    await acting(id);
    const redis = replinet.children().redis.pid;
    process.kill(redis, 'SIGSTOP');
    try {
      const stopped = await replinet.cli('thread', 'stop', id);
      assert.equal(stopped.code, 0, stopped.stderr);
      const found = await ended(id, 20000);
      assert.deepEqual([found.status, found.reason], ['stopped', 'stopped']);
      const next = await ended(await start('quick'));
      assert.equal(next.status, 'completed', 'threads run without Redis');
    } finally {
      process.kill(redis, 'SIGCONT');
    }
    await idle();
  });

  test('a run goes on over a restart of PostgreSQL, and loses no event', async () => {
    const id = await start('short');
    await acting(id);
    const { pid } = replinet.children().postgres;
    process.kill(pid, 'SIGINT');
    await until('postgres again', () => replinet.children().postgres && replinet.children().postgres.pid !== pid, 30000);
    const found = await until('the end of the thread', () => ended(id, 2000).catch(() => null), 60000);
    const list = await events(id);
    assert.deepEqual(list.map(({ seq }) => seq), list.map((_, i) => i + 1));
    if (found.status === 'completed') assert.equal(list.filter(({ kind }) => kind === 'step.finished').length, 2);
    else assert.deepEqual([found.status, found.reason], ['error', 'worker_lost']);
    await idle();
  });
});
