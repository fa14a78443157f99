// kill -9 of each process in the middle of a thread: it goes on, or it ends with a truthful status, and nothing stays behind.
//
// The site holds one page back until a test lets it go, so every kill falls at a known place: before the thread's first
// action (its job may be repeated) or after it (it may not: it could buy twice).
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { processes, startInstance, traces, until } from './lib/instance.mjs';

let site, replinet;
const visits = [];
const held = new Map(); // key -> response that waits

function startSite() {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://site');
    const key = url.searchParams.get('key');
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (key) visits.push(`${url.pathname} ${key}`);
    if (url.pathname === '/held') return held.set(key, response);
    response.end(`<title>${url.pathname}</title><h1>Page ${url.pathname}</h1><a href="/held?key=${key}">Buy</a>`);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const release = (key) => {
  held.get(key)?.end('<title>bought</title><h1>Bought</h1>');
  held.delete(key);
};
const count = (visit) => visits.filter((seen) => seen === visit).length;
const url = (page) => `http://127.0.0.1:${site.address().port}${page}`;

const script = (before) => ({
  steps: [
    ...before,
    { goto: url('/shop?key={{inputs.key}}') },
    { click: { text: 'Buy' }, timeout_ms: 60000 },
    { extract: { as: 'title', css: 'h1' }, timeout_ms: 60000 },
  ],
});

const thread = (id) => replinet.json('thread', 'show', id);
const ended = (id, ms = 60000) =>
  until(`the end of thread ${id}`, async () => {
    const found = await thread(id);
    return ['completed', 'error', 'stopped'].includes(found.status) && found;
  }, ms);
/** The processes of the instance: `up`, its children, theirs, and so on. */
function running() {
  const all = processes().filter((p) => p.state !== 'Z');
  const found = [];
  for (let wave = [replinet.up.pid]; wave.length; ) {
    const next = all.filter((p) => wave.includes(p.parent));
    found.push(...next);
    wave = next.map((p) => p.pid);
  }
  return found;
}
const ofCommand = (name) => running().filter((p) => p.command[1] === name);
// A renderer rewrites its arguments into one text.
const isChromium = (p) => /^\/\S*\/chromium(\s|$)/.test(p.command.join(' '));
const typeOf = (p) => p.command.join(' ').match(/ --type=([\w-]+)/)?.[1] ?? 'browser';
const chromiums = (type) => running().filter((p) => isChromium(p) && typeOf(p) === type);

async function start(key) {
  const { id } = await replinet.json('thread', 'start', 'buyer', '--inputs', JSON.stringify({ key }));
  return id;
}

/** Starts a thread and waits until it has clicked and the site holds its answer. */
async function startAndHold(key) {
  const id = await start(key);
  await until('the held page', () => held.has(key), 45000);
  return id;
}

/** No browser is leased any more and no job runs. */
const nothingLeft = () =>
  until('browsers and jobs to go', async () => {
    const { items } = await replinet.json('browser', 'ls');
    return items.every((b) => b.state !== 'leased' && b.state !== 'closing') && !ofCommand('job').length;
  }, 30000);

const kill = (list, what) => {
  assert.ok(list.length, `no ${what} to kill`);
  for (const p of list) process.kill(p.pid, 'SIGKILL');
};

before(async () => {
  site = await startSite();
  replinet = await startInstance({ EGRESS_ALLOW: `127.0.0.1:${site.address().port}`, POOL_WARM: '0', JOB_LEASE_SECONDS: '4' });
  const preset = await replinet.create('preset', { name: 'plain', ai_model: 'script' });
  await replinet.create('agent', { name: 'buyer', preset_id: preset.id, script: script([]) });
});

after(async () => {
  for (const key of [...held.keys()]) release(key);
  await replinet?.stop();
  site?.closeAllConnections();
  site?.close();
  if (replinet) {
    assert.deepEqual(traces(replinet), []);
    replinet.remove();
  }
});

/* What is killed after the thread's first action, and how the thread may end then. */
const endings = [
  { what: 'Chromium', victims: () => chromiums('browser'), reasons: ['crash'] },
  { what: 'every renderer', victims: () => chromiums('renderer'), reasons: ['crash'] },
  { what: 'keeper', victims: () => ofCommand('keeper'), reasons: ['keeper_crash'] },
  { what: 'launcher', victims: () => [replinet.children().launcher], reasons: ['keeper_crash', 'disconnected', 'shutdown'] },
  { what: 'job', victims: () => ofCommand('job'), reasons: ['crash'] },
  { what: 'worker', victims: () => [replinet.children().worker], reasons: ['worker_lost'] },
];

describe('kill -9 after the first action', () => {
  for (const { what, victims, reasons } of endings)
    test(`${what}: the thread ends as error with the reason, and is not repeated`, async () => {
      const key = `after-${what.replaceAll(' ', '-')}`;
      const id = await startAndHold(key);
      kill(victims(), what);
      const found = await ended(id);
      release(key);
      assert.equal(found.status, 'error');
      assert.ok(reasons.includes(found.reason), `reason ${found.reason}: ${found.error_message}`);
      assert.notEqual(found.error_message, '');
      assert.ok(found.end_time && found.execution_time_ms >= 0);
      await nothingLeft();
      assert.equal(count(`/held ${key}`), 1, 'bought once');
    });

  for (const { what, victims } of [
    { what: 'engine', victims: () => [replinet.children().engine] },
    { what: 'redis', victims: () => [replinet.children().redis] },
  ])
    test(`${what}: the thread goes on and completes`, async () => {
      const key = `after-${what}`;
      const id = await startAndHold(key);
      const [{ pid }] = victims();
      kill(victims(), what);
      await until(`${what} again`, () => replinet.children()[what] && replinet.children()[what].pid !== pid);
      release(key);
      const found = await ended(id);
      assert.deepEqual([found.status, found.reason, found.results], ['completed', '', { title: 'Bought' }]);
      await nothingLeft();
      assert.equal(count(`/held ${key}`), 1, 'bought once');
    });

  test('PostgreSQL: what was acknowledged is there, and the thread ends truthfully', async () => {
    const key = 'after-postgres';
    const id = await startAndHold(key);
    const { pid } = replinet.children().postgres;
    kill([{ pid }], 'postgres');
    await until('postgres again', () => replinet.children().postgres && replinet.children().postgres.pid !== pid, 30000);
    release(key);
    const found = await until('the end of the thread', () => ended(id, 1000).catch(() => null), 60000);
    if (found.status === 'completed') assert.deepEqual(found.results, { title: 'Bought' });
    else assert.ok(found.status === 'error' && found.reason !== '', JSON.stringify(found));
    await nothingLeft();
    assert.equal(count(`/held ${key}`), 1, 'bought once');
  });
});

describe('kill -9 before the first action', () => {
  for (const what of ['job', 'worker'])
    test(`${what}: the job is repeated and the thread completes, bought once`, async () => {
      const key = `before-${what}`;
      const id = await start(key);
      await until('a job process', () => ofCommand('job').length, 20000);
      kill(what === 'job' ? ofCommand('job') : [replinet.children().worker], what);
      const acted = count(`/shop ${key}`) > 0;
      await until('the held page or an end', async () => held.has(key) || ['error'].includes((await thread(id)).status), 60000);
      release(key);
      const found = await ended(id);
      if (acted) assert.equal(found.status, 'error');
      else assert.deepEqual([found.status, found.results], ['completed', { title: 'Bought' }]);
      assert.ok(count(`/held ${key}`) <= 1, 'bought at most once');
      await nothingLeft();
    });
});

describe('other ends', () => {
  test('a stop in the middle of a step ends the thread as stopped at once', async () => {
    const id = await startAndHold('stop');
    const began = Date.now();
    const stopping = await replinet.cli('thread', 'stop', id);
    assert.equal(stopping.code, 0, stopping.stderr);
    const found = await ended(id);
    release('stop');
    assert.equal(found.status, 'stopped');
    assert.ok(Date.now() - began < 20000, `took ${Date.now() - began} ms`);
    await nothingLeft();
  });

  test('a stop while queued never runs it', async () => {
    const blockers = [];
    for (let i = 0; i < 8; i++) blockers.push(await start(`block-${i}`));
    const id = await start('never');
    await replinet.cli('thread', 'stop', id);
    const found = await ended(id);
    assert.equal(found.status, 'stopped');
    for (const blocker of blockers) await replinet.cli('thread', 'stop', blocker);
    for (const blocker of blockers) assert.equal((await ended(blocker)).status, 'stopped');
    assert.equal(count('/shop never'), 0);
    for (const key of [...held.keys()]) release(key);
    await nothingLeft();
  });

  test('every Chromium that is left is one that the engine lists, and nobody has it', () =>
    until('processes and list to agree', async () => {
      const { items } = await replinet.json('browser', 'ls');
      const alive = items.filter((b) => b.state !== 'ended');
      return alive.every((b) => b.state !== 'leased') && chromiums('browser').length === alive.length;
    }));
});
