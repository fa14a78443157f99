// An agent that keeps its browser profile between threads: browser_config {"profile": "keep"}. A whole instance.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { descendants, startInstance, traces, until } from './lib/instance.mjs';

let site, replinet;
const held = new Map(); // key -> response that waits
let visitors = 0;

/* Every stranger gets a number that lasts; /held waits until the test lets it go. */
function startSite() {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://site');
    const key = url.searchParams.get('key');
    if (url.pathname === '/held') return held.set(key, response);
    const known = request.headers.cookie?.match(/visitor=(\d+)/)?.[1];
    if (!known) response.setHeader('set-cookie', `visitor=${++visitors}; Max-Age=86400`);
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end(`<title>shop</title><h1>${known ? `visitor ${known}` : 'stranger'}</h1><a href="/held?key=${key}">Wait</a>`);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

const release = (key) => {
  held.get(key)?.end('<title>done</title><h1>Done</h1>');
  held.delete(key);
};
const url = (page) => `http://127.0.0.1:${site.address().port}${page}`;

const ended = (id, ms = 90000) =>
  until(`the end of thread ${id}`, async () => {
    const found = await replinet.json('thread', 'show', id);
    return ['completed', 'error', 'stopped'].includes(found.status) && found;
  }, ms);

const start = async (agent, key = 'none') => (await replinet.json('thread', 'start', agent, '--inputs', JSON.stringify({ key }))).id;
const run = async (agent) => ended(await start(agent));
const seen = (thread) => {
  assert.equal(thread.status, 'completed', thread.error_message);
  return thread.results.who;
};
const notes = async (id) => (await replinet.cli('thread', 'logs', id)).stdout;

let agents;

before(async () => {
  site = await startSite();
  replinet = await startInstance({ EGRESS_ALLOW: `127.0.0.1:${site.address().port}`, POOL_WARM: '0', MAX_BROWSERS: '3', JOB_LEASE_SECONDS: '6' });
  const preset = await replinet.create('preset', { name: 'plain', ai_model: 'script' });
  const visit = [{ goto: url('/?key={{inputs.key}}') }, { extract: { as: 'who', css: 'h1' } }];
  const wait = [...visit, { click: { text: 'Wait' }, timeout_ms: 60000 }, { extract: { as: 'title', css: 'h1' }, timeout_ms: 60000 }];
  const keep = { profile: 'keep' };
  agents = {};
  for (const [name, steps, browser_config] of [['keeper', visit, keep], ['slow', wait, keep], ['forgetful', visit, {}]]) {
    agents[name] = await replinet.create('agent', { name, preset_id: preset.id, script: { steps }, browser_config });
  }
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

const file = (name) => path.join(replinet.folder, 'state', 'profiles', agents[name].id);

test('the next thread of the agent is known where the first was a stranger', async () => {
  assert.equal(seen(await run('keeper')), 'stranger');
  const first = seen(await run('keeper'));
  assert.match(first, /^visitor \d+$/);
  assert.equal(seen(await run('keeper')), first);
});

test('it is sealed at rest, the worker\'s alone', () => {
  const sealed = fs.readFileSync(file('keeper'));
  assert.equal(fs.statSync(file('keeper')).mode & 0o777, 0o600);
  assert.equal(fs.statSync(path.dirname(file('keeper'))).mode & 0o777, 0o700);
  assert.ok(!sealed.includes('visitor') && !sealed.includes('Cookies') && !sealed.includes(Buffer.from([0x28, 0xb5, 0x2f, 0xfd])));
  assert.deepEqual(fs.readdirSync(path.dirname(file('keeper'))).filter((name) => name.endsWith('.new')), []);
});

test('other agents, and agents that do not keep one, know nothing of it', async () => {
  assert.equal(seen(await run('forgetful')), 'stranger');
  assert.equal(seen(await run('forgetful')), 'stranger');
  assert.ok(!fs.existsSync(file('forgetful')));
});

test('a wrong value is refused in words', async () => {
  const body = path.join(replinet.folder, 'wrong.json');
  fs.writeFileSync(body, JSON.stringify({ name: 'wrong', preset_id: 'plain', script: [], browser_config: { profile: 'always' } }));
  const created = await replinet.cli('agent', 'create', body);
  assert.equal(created.code, 1);
  assert.match(created.stderr, /browser_config\.profile is "always"; it must be one of keep\|none/);
});

test('of two threads at once the second uses a copy and leaves the file alone', async () => {
  const first = await start('slow', 'one');
  await until('the first one waits', () => held.has('one'), 60000);
  const second = await start('slow', 'two');
  await until('the second one waits', () => held.has('two'), 60000);
  release('two');
  assert.equal(seen(await ended(second)), 'stranger', 'nothing was kept yet');
  assert.ok(!fs.existsSync(file('slow')), 'the second one has written nothing');
  assert.match(await notes(second), /not kept: another thread of this agent was using it/);
  release('one');
  assert.equal(seen(await ended(first)), 'stranger');
  assert.match(await notes(first), /profile was kept/);
  assert.ok(fs.existsSync(file('slow')));
});

test('a crash in the middle leaves the file as it was', async () => {
  const before = fs.readFileSync(file('slow'));
  const id = await start('slow', 'crash');
  await until('the page that waits', () => held.has('crash'), 60000);
  const chromium = descendants(replinet.up.pid).find((p) => /^\/\S*\/chromium/.test(p.command.join(' ')) && !/ --type=/.test(p.command.join(' ')));
  process.kill(chromium.pid, 'SIGKILL');
  assert.equal((await ended(id)).reason, 'crash');
  release('crash');
  assert.deepEqual(fs.readFileSync(file('slow')), before);
  const job = await start('slow', 'job');
  await until('the page that waits', () => held.has('job'), 60000);
  process.kill(descendants(replinet.up.pid).find((p) => p.command[1] === 'job').pid, 'SIGKILL');
  assert.equal((await ended(job)).status, 'error');
  release('job');
  assert.deepEqual(fs.readFileSync(file('slow')), before);
  const next = await start('slow', 'next');
  await until('the page that waits', () => held.has('next'), 60000);
  release('next');
  assert.match(seen(await ended(next)), /^visitor \d+$/, 'the old profile is whole');
});

test('a file that was changed, or is another agent\'s, is refused in words and not written over', async () => {
  const good = fs.readFileSync(file('keeper'));
  const changed = Buffer.from(good);
  changed[changed.length >> 1] ^= 1;
  for (const bad of [changed, good.subarray(0, good.length - 1), Buffer.from('garbage'), fs.readFileSync(file('slow'))]) {
    fs.writeFileSync(file('keeper'), bad);
    const thread = await run('keeper');
    assert.equal(thread.status, 'error');
    assert.match(thread.error_message, /the agent's browser profile cannot be used: a sealed file is refused: .*remove it to begin with an empty/);
    assert.deepEqual(fs.readFileSync(file('keeper')), bad);
  }
  fs.writeFileSync(file('keeper'), good);
  assert.match(seen(await run('keeper')), /^visitor \d+$/);
});
