// The fault matrix: what becomes of a thread in each stage of its run when a process is killed (-9) or stopped (SIGSTOP,
// longer than a lease), the disk fills up, the database's clock jumps, a server restarts or the network to the database
// hangs. One line per cell.
//
// Every cell is judged from outside: by the site that the run acts on, by the thread's events, and by what is left of
// it on the machine. lib/fault_stages.mjs says what the stages are and how a thread is brought there.
//   FAULTS=all ./dev test faults           every row; without it those of MORE are left out
//   FAULTS='kill (job|up)' ./dev test ...  only the rows whose name matches
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { FarDatabase } from './lib/far_database.mjs';
import { Database, script, Site, stage, STAGES } from './lib/fault_stages.mjs';
import { descendants, Instance, makeFolder, sleep, traces, until } from './lib/instance.mjs';

const LEASE_SECONDS = 12, BROWSERS = 6;
// In kill.test.mjs and jobs.test.mjs there is something of each of these.
const MORE = /^(kill (chromium|engine|redis|postgres)|stop (keeper|chromium|engine|launcher|redis)|restart .*|clock back .*|network hangs)$/;
const chosen = process.env.FAULTS ?? '';
const isWanted = (row) => (chosen === 'all' ? true : chosen ? new RegExp(chosen).test(row) : !MORE.test(row));
let site, replinet, database, world, far;

/* ---- the matrix: row, stage, how the thread may end ("completed", "stopped", "error REASON", or one "or" another) ---- */
const MATRIX = `
kill job: queued: completed
kill job: leasing: completed
kill job: leased: completed
kill job: between: error crash or error worker_lost
kill job: effect: error crash or error worker_lost
kill job: artifact: error crash or error worker_lost
kill job: finishing: completed
kill job: stopping: stopped
kill job: repeatable: completed

kill worker: queued: completed
kill worker: leasing: completed
kill worker: leased: completed
kill worker: between: error worker_lost
kill worker: effect: error worker_lost
kill worker: artifact: error worker_lost
kill worker: finishing: completed
kill worker: stopping: stopped
kill worker: repeatable: completed

kill keeper: queued: completed
kill keeper: leasing: completed
kill keeper: leased: completed
kill keeper: between: error keeper_crash
kill keeper: effect: error keeper_crash
kill keeper: artifact: error keeper_crash
kill keeper: finishing: completed
kill keeper: stopping: stopped
kill keeper: repeatable: error keeper_crash

kill chromium: queued: completed
kill chromium: leasing: completed
kill chromium: leased: completed
kill chromium: between: error crash
kill chromium: effect: error crash
kill chromium: artifact: error crash
kill chromium: finishing: completed
kill chromium: stopping: stopped
kill chromium: repeatable: error crash

kill engine: queued: completed
kill engine: leasing: completed
kill engine: leased: completed
kill engine: between: completed
kill engine: effect: completed
kill engine: artifact: completed
kill engine: finishing: completed
kill engine: stopping: stopped
kill engine: repeatable: completed

kill launcher: queued: completed
kill launcher: leasing: completed
kill launcher: leased: completed
kill launcher: between: error disconnected or error keeper_crash or error shutdown
kill launcher: effect: error disconnected or error keeper_crash or error shutdown
kill launcher: artifact: error disconnected or error keeper_crash or error shutdown
kill launcher: finishing: completed
kill launcher: stopping: stopped
kill launcher: repeatable: error disconnected or error keeper_crash or error shutdown

kill redis: queued: completed
kill redis: leasing: completed
kill redis: leased: completed
kill redis: between: completed
kill redis: effect: completed
kill redis: artifact: completed
kill redis: finishing: completed
kill redis: stopping: stopped
kill redis: repeatable: completed

kill postgres: queued: completed
kill postgres: leasing: completed
kill postgres: leased: completed
kill postgres: between: completed
kill postgres: effect: completed
kill postgres: artifact: completed
kill postgres: finishing: completed
kill postgres: stopping: stopped
kill postgres: repeatable: completed

stop job: queued: completed
stop job: leasing: completed
stop job: leased: completed
stop job: between: error hung
stop job: effect: error hung
stop job: artifact: error hung
stop job: finishing: completed
stop job: stopping: stopped
stop job: repeatable: completed

stop worker: queued: completed
stop worker: leasing: completed or error worker_lost
stop worker: leased: completed or error worker_lost
stop worker: between: completed or error worker_lost
stop worker: effect: error worker_lost
stop worker: artifact: completed or error worker_lost
stop worker: finishing: completed
stop worker: stopping: stopped
stop worker: repeatable: completed

stop keeper: queued: completed
stop keeper: leasing: completed
stop keeper: leased: completed
stop keeper: between: error unresponsive or error keeper_crash or error step_failed
stop keeper: effect: error unresponsive or error keeper_crash or error step_failed
stop keeper: artifact: error unresponsive or error keeper_crash or error step_failed
stop keeper: finishing: completed
stop keeper: stopping: stopped
stop keeper: repeatable: error unresponsive or error keeper_crash or error step_failed

stop chromium: queued: completed
stop chromium: leasing: completed
stop chromium: leased: completed
stop chromium: between: error unresponsive
stop chromium: effect: error unresponsive
stop chromium: artifact: error unresponsive
stop chromium: finishing: completed
stop chromium: stopping: stopped
stop chromium: repeatable: error unresponsive

stop engine: queued: completed
stop engine: leasing: completed
stop engine: leased: completed
stop engine: between: completed
stop engine: effect: completed
stop engine: artifact: completed
stop engine: finishing: completed
stop engine: stopping: stopped
stop engine: repeatable: completed

stop launcher: queued: completed
stop launcher: leasing: completed
stop launcher: leased: completed
stop launcher: between: completed
stop launcher: effect: completed
stop launcher: artifact: completed
stop launcher: finishing: completed
stop launcher: stopping: stopped
stop launcher: repeatable: completed

stop redis: queued: completed
stop redis: leasing: completed
stop redis: leased: completed
stop redis: between: completed
stop redis: effect: completed
stop redis: artifact: completed
stop redis: finishing: completed
stop redis: stopping: stopped
stop redis: repeatable: completed

stop postgres: queued: completed
stop postgres: leasing: completed
stop postgres: leased: completed
stop postgres: between: error worker_lost
stop postgres: effect: error worker_lost
stop postgres: artifact: error worker_lost
stop postgres: finishing: completed or error worker_lost
stop postgres: stopping: stopped
stop postgres: repeatable: completed

restart postgres: queued: completed
restart postgres: leasing: completed
restart postgres: leased: completed
restart postgres: between: completed
restart postgres: effect: completed
restart postgres: artifact: completed
restart postgres: finishing: completed
restart postgres: stopping: stopped
restart postgres: repeatable: completed

restart redis: queued: completed
restart redis: leasing: completed
restart redis: leased: completed
restart redis: between: completed
restart redis: effect: completed
restart redis: artifact: completed
restart redis: finishing: completed
restart redis: stopping: stopped
restart redis: repeatable: completed

disk full: queued: completed or error storage or error worker_lost
disk full: leasing: completed or error storage or error worker_lost or error crash
disk full: leased: completed or error storage or error worker_lost or error crash
disk full: between: completed or error storage or error worker_lost or error crash
disk full: effect: completed or error storage or error worker_lost or error crash
disk full: artifact: completed or error storage or error worker_lost or error crash
disk full: finishing: completed or error worker_lost or error crash
disk full: stopping: stopped
disk full: repeatable: completed or error storage or error worker_lost or error crash

kill up: queued: completed
kill up: leasing: completed
kill up: leased: completed
kill up: between: error worker_lost
kill up: effect: error worker_lost
kill up: artifact: error worker_lost
kill up: finishing: completed or error worker_lost
kill up: stopping: stopped
kill up: repeatable: completed

clock forward an hour: queued: completed
clock forward an hour: leasing: completed
clock forward an hour: leased: completed
clock forward an hour: between: completed
clock forward an hour: effect: completed
clock forward an hour: artifact: completed
clock forward an hour: finishing: completed
clock forward an hour: stopping: stopped
clock forward an hour: repeatable: completed

clock back an hour: queued: completed
clock back an hour: leasing: completed
clock back an hour: leased: completed
clock back an hour: between: completed
clock back an hour: effect: completed
clock back an hour: artifact: completed
clock back an hour: finishing: completed
clock back an hour: stopping: stopped
clock back an hour: repeatable: completed

network hangs: queued: completed
network hangs: leasing: completed
network hangs: leased: completed
network hangs: between: error worker_lost
network hangs: effect: error worker_lost
network hangs: artifact: error worker_lost
network hangs: finishing: completed or error worker_lost
network hangs: stopping: stopped
network hangs: repeatable: completed
`;

const ofCommand = (name) => descendants(replinet.up.pid).filter((p) => p.command[1] === name && p.state !== 'Z');
const chromiums = () => descendants(replinet.up.pid).filter((p) => /^\/\S*\/chromium(\s|$)/.test(p.command.join(' ')) && !p.command.join(' ').includes(' --type=') && p.state !== 'Z');
const service = (name) => [replinet.children()[name]].filter(Boolean);
const postgres = () => service('postgres').flatMap(({ pid }) => [{ pid }, ...descendants(pid)]); // each connection is a process
const victims = { job: () => ofCommand('job'), keeper: () => ofCommand('keeper'), chromium: chromiums };
const find = (name) => (victims[name] ?? (() => service(name)))();

const signal = (list, name) => {
  for (const { pid } of list) process.kill(pid, name);
};
const kill = (name) => ({
  inject() {
    const list = find(name);
    assert.ok(list.length, `no ${name} to kill`);
    signal(list, 'SIGKILL');
    this.killed = list;
  },
});
const isGone = ({ pid }) => !/^State:\s+[^ZX]/m.test(fs.existsSync(`/proc/${pid}`) ? fs.readFileSync(`/proc/${pid}/status`, 'utf8') : '');
const unfinished = (threads) => database.patiently(
  `SELECT count(*) FROM jobs WHERE status = 'running' AND acted_at IS NOT NULL AND thread_id IN (${Object.values(threads).map(({ id }) => `'${id}'`)})`).then(([[count]]) => Number(count));
/** Stopped until `over` is true, longer than a lease; then it goes on, if it still lives. */
const freeze = (name, over, who = () => find(name)) => ({
  holdsSite: true,
  inject() {
    this.stopped = who();
    assert.ok(this.stopped.length, `no ${name} to stop`);
    this.jobs = find('job');
    signal(this.stopped, 'SIGSTOP');
  },
  meanwhile(threads) {
    return over.call(this, threads);
  },
  heal() {
    for (const { pid } of this.stopped)
      try {
        process.kill(pid, 'SIGCONT');
      } catch { /* it was ended meanwhile */ }
  },
});
const jobsGone = function () {
  return until('the jobs to end before their leases', () => this.jobs.every(isGone), LEASE_SECONDS * 1000 + 2000);
};
const victimsGone = function () {
  return until('the stopped ones to be ended', () => this.stopped.every(isGone), 60000);
};
const forAWhile = () => sleep(6000); // longer than a client waits for an engine that restarts
const settled = (threads) => until('every run that has acted to end', async () => !(await unfinished(threads)), 60000);

const filler = () => `${replinet.env.STATE_DIR}/filler`;
/** Takes all room that is left on the disk of a file. */
function fill(file) {
  const handle = fs.openSync(file, 'w');
  try {
    for (const piece of [1 << 20, 4096]) for (;;) fs.writeSync(handle, Buffer.alloc(piece, 1));
  } catch (error) {
    assert.equal(error.code, 'ENOSPC');
  } finally {
    fs.closeSync(handle);
  }
}

const silent = freeze('worker', () => sleep((LEASE_SECONDS * 1000) / 3 + 1000)); // another one looks meanwhile

const ROWS = {
  'kill job': kill('job'),
  'kill worker': kill('worker'),
  'kill keeper': kill('keeper'),
  'kill chromium': kill('chromium'),
  'kill engine': kill('engine'),
  'kill launcher': {
    async inject() {
      const browsers = [...find('keeper'), ...chromiums()];
      kill('launcher').inject();
      await until('the browsers to end with the launcher', () => browsers.every(isGone), 30000);
    },
  },
  'kill redis': kill('redis'),
  'kill postgres': kill('postgres'),
  'stop job': freeze('job', victimsGone),
  'stop worker': freeze('worker', jobsGone),
  'stop keeper': freeze('keeper', settled),
  'stop chromium': freeze('chromium', victimsGone),
  'stop engine': freeze('engine', forAWhile),
  'stop launcher': freeze('launcher', forAWhile),
  'stop redis': { ...freeze('redis', settled), holdsSite: false },
  'stop postgres': freeze('postgres', jobsGone, postgres),
  'restart postgres': { inject: () => signal(service('postgres'), 'SIGINT') },
  'restart redis': { inject: () => signal(service('redis'), 'SIGTERM') },
  'disk full': {
    inject: () => fill(filler()),
    meanwhile: forAWhile,
    heal: () => fs.rmSync(filler(), { force: true }),
  },
  'kill up': {
    async inject() {
      const all = descendants(replinet.up.pid);
      replinet.up.kill('SIGKILL');
      await until('everything to end with `up`', () => all.every(isGone), 30000);
      await replinet.ended;
    },
    heal: () => replinet.start(),
  },
  'clock forward an hour': {
    ...silent, // what it holds looks lapsed to another worker, and is not
    world: 'far',
    inject() {
      silent.inject.call(this);
      far.jump(3600);
    },
  },
  'clock back an hour': { world: 'far', inject: () => far.jump(-3600) },
  'network hangs': {
    world: 'far',
    holdsSite: true,
    async inject() {
      this.jobs = find('job');
      await far.hang();
    },
    meanwhile: jobsGone,
    heal: () => far.resume(),
  },
};

/* ---- one row ---- */

const END = ['completed', 'error', 'stopped'];
const show = (id) => {
  const [[status, reason, text, attempt, ended]] = database.sql(
    `SELECT t.status, t.reason, t.error_message, j.attempt, coalesce((extract(epoch FROM t.end_time) * 1000)::bigint, 0) FROM threads t JOIN jobs j ON j.thread_id = t.id WHERE t.id = '${id}'`);
  return { status, reason, text, attempt: Number(attempt), ended: Number(ended) - (far?.skew ?? 0) };
};
const events = (id) => database.sql(`SELECT seq, kind, (extract(epoch FROM time) * 1000)::bigint FROM thread_events WHERE thread_id = '${id}' ORDER BY seq`)
  .map(([seq, kind, time]) => ({ seq: Number(seq), kind, time: Number(time) }));

async function start(agent, key) {
  const { code, stdout, stderr } = await replinet.cli('thread', 'start', agent, '--inputs', JSON.stringify({ key }), '--json');
  assert.equal(code, 0, `${stderr}${stdout ?? ""}`);
  return JSON.parse(stdout).id;
}
async function stop(id) {
  const { code, stdout, stderr } = await replinet.cli('thread', 'stop', id);
  assert.equal(code, 0, `${stderr}${stdout ?? ""}`);
}

async function runRow(name) {
  const row = ROWS[name];
  const { threads, letGo } = await stage({ site, database, start, stop, row: name, browsers: BROWSERS });
  try {
    await row.inject();
    letGo(row.holdsSite ? ['effect', 'repeatable'] : []);
    await row.meanwhile?.(threads);
  } finally {
    letGo();
    await row.heal?.();
  }
  for (const [stageName, thread] of Object.entries(threads))
    thread.found = await until(`${name}: the end of ${stageName}`, () => {
      const found = show(thread.id);
      return END.includes(found.status) && found;
    }, 90000);
  return threads;
}

function judge(stageName, expected, { id, key, found }) {
  const said = found.status === 'error' ? `error ${found.reason}` : found.status;
  assert.ok(expected.split(' or ').includes(said), `it ended as "${said}" (attempt ${found.attempt}: ${found.text})\n${JSON.stringify(events(id).map((e) => e.kind))}`);
  const list = events(id);
  assert.deepEqual(list.map(({ seq }) => seq), list.map((_, i) => i + 1), 'the events are numbered without a hole');
  const ends = list.filter(({ kind }) => /^thread\.(completed|error|stopped)$/.test(kind));
  assert.deepEqual(ends.map(({ kind }) => kind), [`thread.${found.status}`], 'one end, which is the thread’s');
  assert.equal(list.at(-1).kind, `thread.${found.status}`, 'nothing after the end');
  const most = stageName === 'repeatable' ? found.attempt : 1;
  for (const path of ['/form', '/effect']) {
    const times = site.visits.filter((visit) => visit.path === path && visit.key === key).map(({ time }) => time);
    assert.ok(times.length <= most, `${path}: ${times.length} times in ${found.attempt} attempts`);
    if (found.status === 'completed') assert.ok(times.length >= 1, `${path}: never`);
    assert.ok(times.every((time) => time <= found.ended), 'an action after the end');
  }
}

/* ---- what is left ---- */

const cgroupName = () => chromiums().map(({ pid }) => fs.readFileSync(`/proc/${pid}/cgroup`, 'utf8').match(/\/(replinet-[0-9a-f]+)\//)?.[1]).find(Boolean);
const inLauncher = (command) => execFileSync('nsenter', ['-t', String(service('launcher')[0].pid), '-m', 'sh', '-c', command]).toString().split('\n').filter(Boolean);
// Other mounts of the machine come and go: a launcher that is started again sees those of its own time.
const ownMounts = () => `grep -cF ${replinet.folder} /proc/self/mountinfo || true`;
const list = (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder, { recursive: true }).map(String) : []);

function leftovers() {
  const { RUN_DIR, STATE_DIR } = replinet.env;
  const known = new Set(database.sql(`SELECT encode(sha256, 'hex') FROM artifact_files`).map(([sha256]) => sha256));
  return [
    ...database.sql(`SELECT id, status FROM jobs WHERE status IN ('queued', 'running')`).map((job) => `job ${job}`),
    ...['job', 'keeper'].flatMap(ofCommand).map((p) => `process ${p.command.join(' ')}`),
    ...chromiums().map((p) => `chromium ${p.pid}`),
    ...['browsers', 'keepers'].flatMap((folder) => list(`${RUN_DIR}/${folder}`).map((file) => `${folder}/${file}`)),
    ...list(`${RUN_DIR}/crun`).filter((file) => !file.startsWith('.')).map((file) => `crun/${file}`),
    ...inLauncher(`find /sys/fs/cgroup -mindepth 3 -type d -path '*/${replinet.cgroup}/*'`),
    ...inLauncher(ownMounts()).filter((count) => Number(count) > replinet.mounts).map((count) => `${count} mounts, ${replinet.mounts} at first`),
    ...list(`${STATE_DIR}/artifacts`).filter((file) => fs.statSync(`${STATE_DIR}/artifacts/${file}`).isFile() && !known.has(file.split('/').at(-1))),
  ];
}

async function nothingLeft() {
  let left = [];
  await until('everything to be cleaned up', () => !(left = leftovers()).length, 30000).catch((error) => {
    throw new Error(`${error.message}\n${left.join('\n')}`);
  });
}

/* ---- the instance ---- */

async function create(kind, object) {
  const file = `${replinet.folder}/${object.name}.${kind}.json`;
  fs.writeFileSync(file, JSON.stringify(object));
  const { code, stdout, stderr } = await replinet.cli(kind, 'create', file, '--json');
  assert.equal(code, 0, `${stderr}${stdout ?? ""}`);
}

let watcher;
/** A worker beside the instance's that takes nothing and reaps. */
function startWatcher() {
  const none = { WORKER_CONCURRENCY: '0', WORKER_QUICK_CONCURRENCY: '0', WORKER_MAINTENANCE_CONCURRENCY: '0', WORKER_METRICS_PORT: '0' };
  watcher = spawn(replinet.binary, ['worker'], { env: { ...replinet.env, ...none, DATABASE_URL: far.server.url }, stdio: 'ignore' });
}

/** What an instance of each world has beside itself: a small disk of its own, or a database that can be troubled. */
const WORLDS = {
  own: {
    open() {
      fs.mkdirSync(replinet.env.STATE_DIR, { mode: 0o755 });
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=700m,mode=755', 'tmpfs', replinet.env.STATE_DIR]);
      database = new Database(`${replinet.env.RUN_DIR}/postgres`);
    },
    close: () => execFileSync('umount', [replinet.env.STATE_DIR]),
  },
  far: {
    async open() {
      far = await new FarDatabase().start(replinet.folder);
      replinet.env.DATABASE_URL = far.url;
      database = new Database(far.socket);
    },
    ready: startWatcher,
    async close() {
      if (watcher?.kill()) await once(watcher, 'exit');
      await far?.stop();
      far = null;
    },
  },
};

async function openWorld(wanted) {
  const settings = {
    EGRESS_ALLOW: site.address, JOB_LEASE_SECONDS: String(LEASE_SECONDS), WORKER_CONCURRENCY: String(BROWSERS + 2), MAX_BROWSERS: String(BROWSERS),
    BROWSER_PING_SECONDS: '1', BROWSER_PING_TIMEOUT_SECONDS: '6', POOL_QUEUE_SECONDS: '60', LOG_LEVEL: 'info', JOB_STOP_SECONDS: '30', DISK_MIN_FREE_MB: '8',
  };
  replinet = await Instance.prepare(settings);
  world = wanted;
  await WORLDS[world].open();
  await replinet.start();
  WORLDS[world].ready?.();
  database.prepare();
  await create('preset', { name: 'plain' });
  for (const [name, repeat] of [['once', false], ['repeatable', true]])
    await create('agent', { name, preset_id: 'plain', script: script(site), repeat_after_loss: repeat });
  const id = await start('once', 'first'); // what the first browser makes (parents of cgroups) stays
  await until('a browser', () => (replinet.cgroup = cgroupName()), 30000);
  await until('the first thread', () => show(id).status === 'completed', 60000);
  await until('its browser to go', () => !chromiums().length && !ofCommand('keeper').length);
  replinet.mounts = Number(inLauncher(ownMounts())[0]);
}

async function closeWorld() {
  if (!replinet) return;
  if (process.env.FAULTS_LOG) fs.appendFileSync(process.env.FAULTS_LOG, replinet.log);
  if (replinet.up) await replinet.stop();
  await WORLDS[world].close();
  assert.deepEqual(traces(replinet), []);
  replinet.remove();
  replinet = null;
}

before(async () => {
  site = await new Site().start();
});

after(async () => {
  await closeWorld();
  site?.stop();
});

const cells = MATRIX.split('\n').filter(Boolean).map((line) => line.split(': '));
for (const name of Object.keys(ROWS)) {
  if (!isWanted(name)) continue;
  describe(name, () => {
    let threads, trouble;
    before(async () => {
      const wanted = ROWS[name].world ?? 'own';
      if (world !== wanted || !replinet) {
        await closeWorld();
        await openWorld(wanted);
      }
      threads = await runRow(name).catch((error) => ((trouble = error), null));
    });
    for (const [, stageName, expected] of cells.filter(([row]) => row === name))
      test(`${stageName}: ${expected}`, () => {
        if (trouble) throw trouble;
        judge(stageName, expected, threads[stageName]);
      });
    test('nothing is left over', nothingLeft);
  });
}
