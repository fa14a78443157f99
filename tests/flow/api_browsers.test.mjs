// Browsers through the api: leased, listed, driven by Playwright, fed with files, ended; within each role's limits.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { startInstance, traces, until } from './lib/instance.mjs';
import { watchByApi } from './lib/live_client.mjs';

let site, replinet, anna, ben;

before(async () => {
  site = http.createServer((request, response) => response.setHeader('content-type', 'text/html').end('<title>shop</title><h1>Hello</h1><input type=file id=f><a download=bill.txt href=/bill>Bill</a>'));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  replinet = await startInstance({ MAX_BROWSERS: '3', EGRESS_ALLOW: `127.0.0.1:${site.address().port}`, QUOTAS: '{"free_user":{"stored_mb":0}}' });
  [anna, ben] = [replinet.makeUser('free_user'), replinet.makeUser('free_user')];
});
after(async () => {
  await replinet.stop();
  assert.deepEqual(traces(replinet), []);
  replinet.remove();
  site.close();
});

async function send(user, method, path, body, headers = {}) {
  const raw = Buffer.isBuffer(body);
  const answer = await fetch(`${replinet.url}/api/v1${path}`, {
    method,
    headers: { Authorization: `Bearer ${user.key}`, ...(body !== undefined && { 'Content-Type': raw ? 'application/octet-stream' : 'application/json' }), ...headers },
    ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, text, body: text ? JSON.parse(text) : null };
}

test('a browser is leased, seen by its owner alone, driven, fed with a file, and ended', async () => {
  const made = await send(anna, 'POST', '/browsers', { memory_mb: 512, timeout_ms: 120000 });
  assert.equal(made.status, 201, made.text);
  const { id, cdp_url: cdp } = made.body;
  assert.equal(made.body.state, 'leased');
  assert.equal(made.body.memory_limit_bytes, 512 << 20);
  assert.ok(Date.parse(made.body.expires_at) > Date.now());
  assert.equal((await send(ben, 'GET', `/browsers/${id}`)).status, 404);
  assert.equal((await send(ben, 'DELETE', `/browsers/${id}`)).status, 404);
  assert.equal((await send(ben, 'GET', '/browsers')).body.total, 0);
  assert.equal((await send(ben, 'GET', '/browsers?all=true')).body.total, 0);
  assert.deepEqual((await send(anna, 'GET', '/browsers')).body.items.map((one) => one.id), [id]);

  await until('the dashboard to count it', async () => {
    const { browsers } = (await send(ben, 'GET', '/statistics/dashboard')).body;
    return browsers?.active === 1 && browsers.max === 3;
  });

  const put = await send(anna, 'POST', `/browsers/${id}/files?name=note.txt`, Buffer.from('hello'));
  assert.deepEqual([put.status, put.body], [201, { name: 'note.txt', size: 5 }], put.text);
  assert.equal((await send(ben, 'POST', `/browsers/${id}/files?name=x`, Buffer.from('x'))).status, 404);
  assert.equal((await send(anna, 'POST', `/browsers/${id}/files?name=..%2Fx`, Buffer.from('x'))).status, 422);

  const browser = await chromium.connectOverCDP(cdp, { headers: { Authorization: `Bearer ${anna.key}` } });
  const page = await browser.contexts()[0].newPage();
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
  assert.equal(await page.locator('h1').innerText(), 'Hello');
  const viewer = await watchByApi(replinet.url, `/browsers/${id}/live`, anna.key);
  await viewer.whenState((state) => state.title === 'shop', 'the page');
  await viewer.close();
  await browser.close();
  await assert.rejects(chromium.connectOverCDP(cdp, { headers: { Authorization: `Bearer ${ben.key}` } }), /404/);

  assert.equal((await send(anna, 'DELETE', `/browsers/${id}`)).status, 204);
  assert.equal((await send(anna, 'GET', `/browsers/${id}`)).body.state, 'ended');
});

test('the same Idempotency-Key gives the same browser; the role’s number and sizes are kept, also by requests at once', async () => {
  const key = { 'Idempotency-Key': 'one' };
  const [first, second] = await Promise.all([send(anna, 'POST', '/browsers', {}, key), send(anna, 'POST', '/browsers', {}, key)]);
  assert.equal(first.status, 201, first.text);
  assert.equal(second.body.id, first.body.id, second.text);
  const third = await send(anna, 'POST', '/browsers', {});
  assert.deepEqual([third.status, third.body.code], [403, 'quota_exceeded']);
  assert.match(third.body.detail, /free_user may have at most 1 browsers/);
  assert.equal((await send(anna, 'DELETE', `/browsers/${first.body.id}`)).status, 204);
  const both = await Promise.all([send(anna, 'POST', '/browsers', {}), send(anna, 'POST', '/browsers', {})]);
  assert.deepEqual(both.map((one) => one.status).sort(), [201, 403], JSON.stringify(both));
  await send(anna, 'DELETE', `/browsers/${both.find((one) => one.status === 201).body.id}`);
  for (const [members, what] of [[{ memory_mb: 4096 }, /MB of memory/], [{ cpus: 4 }, /percent of a core/], [{ timeout_ms: 3600000 }, /minutes/]])
    assert.match((await send(anna, 'POST', '/browsers', members)).body.detail, what);
  const wrong = await send(anna, 'POST', '/browsers', { memory_mb: 'much', colour: 'red', proxy: null });
  assert.equal(wrong.status, 422);
  assert.deepEqual(wrong.body.detail.map((one) => one.loc.join('.')).sort(), ['body.colour', 'body.memory_mb']);
  assert.equal((await send(replinet.makeUser('guest'), 'POST', '/browsers', {})).status, 403);
  assert.equal((await send(replinet.makeUser('pro_user', { scopes: 'read' }), 'POST', '/browsers', {})).status, 403);
});

test('a thread’s browser stays within the limits of the role that its owner has when it runs', async () => {
  const carl = replinet.makeUser('pro_user');
  const preset = await send(carl, 'POST', '/presets', { name: 'plain', ai_model: 'script' });
  const makeAgent = async (name, browser_config) => {
    const script = [{ goto: 'about:blank' }, { wait_for: { ms: 120000 }, timeout_ms: 150000 }];
    const made = await send(carl, 'POST', '/agents', { name, preset_id: preset.body.id, script, browser_config });
    assert.equal(made.status, 201, made.text);
    return made.body.id;
  };
  // The role falls after the thread was accepted, before a worker can see it.
  replinet.sql(`CREATE FUNCTION fall() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE users SET role = TG_ARGV[0]::user_role WHERE id = NEW.owner_id; RETURN NEW; END $$`);
  const startAndFall = async (agent, role) => {
    replinet.sql(`CREATE TRIGGER fall AFTER INSERT ON threads FOR EACH ROW EXECUTE FUNCTION fall('${role}')`);
    const made = await send(carl, 'POST', `/agents/${agent}/threads`, {});
    replinet.sql('DROP TRIGGER fall ON threads');
    assert.equal(made.status, 201, made.text);
    return made.body.id;
  };
  const [big, plain] = [await makeAgent('big', { memory_mb: 2048 }), await makeAgent('plain', {})];
  const fell = await startAndFall(big, 'free_user');
  const ended = await until('its end', async () => {
    const { body } = await send(carl, 'GET', `/threads/${fell}`);
    return body.end_time && body;
  }, 60000);
  assert.deepEqual([ended.status, ended.reason, ended.browser_id], ['error', 'quota_exceeded', null]);
  assert.match(ended.error_message, /memory_mb is 2048: a free_user may have at most 1024 MB of memory per browser\. ask for less/);

  const boss = replinet.makeUser('admin');
  const runs = await startAndFall(plain, 'guest'); // has 10 minutes, and BROWSER_TIMEOUT is 30
  const id = await until('its browser', async () => (await send(boss, 'GET', `/threads/${runs}`)).body.browser_id, 60000);
  const { leased_at: from, expires_at: to } = (await send(boss, 'GET', `/browsers/${id}`)).body;
  assert.equal(Math.round((Date.parse(to) - Date.parse(from)) / 1000), 600);
  await send(boss, 'POST', `/threads/${runs}/stop`);
  await until('its end', async () => (await send(boss, 'GET', `/threads/${runs}`)).body.end_time, 60000);
});

test('files that do not fit are not kept, and the run says so and goes on', async () => {
  const preset = await send(ben, 'POST', '/presets', { name: 'plain', ai_model: 'script' });
  const script = [
    { goto: `http://127.0.0.1:${site.address().port}/` }, { screenshot: 'shop' }, { extract: { as: 'title', css: 'h1' } },
    { download: { click: 'Bill', as: 'bill' }, optional: true },
  ];
  const agent = await send(ben, 'POST', '/agents', { name: 'full', preset_id: preset.body.id, script });
  assert.equal(agent.status, 201, agent.text);
  const { id } = (await send(ben, 'POST', `/agents/${agent.body.id}/threads`, {})).body;
  const ended = await until('its end', async () => {
    const { body } = await send(ben, 'GET', `/threads/${id}`);
    return body.end_time && body;
  }, 60000);
  assert.deepEqual([ended.status, ended.results], ['completed', { title: 'Hello' }], ended.error_message);
  const { items: events } = (await send(ben, 'GET', `/threads/${id}/events`)).body;
  const [picture, file] = events.filter(({ kind }) => kind === 'artifact.refused');
  assert.match(picture.message, /^shop\.png was not kept: a free_user may have at most 0 MB of files/);
  assert.deepEqual([picture.level, picture.data.code, file.data.name], ['warn', 'quota_exceeded', 'bill.txt']);
  const failed = events.filter(({ kind }) => kind === 'step.failed');
  assert.deepEqual(failed.map(({ data }) => [data.action, data.error.code]), [['download', 'quota_exceeded']]);
  assert.deepEqual((await send(ben, 'GET', `/threads/${id}/artifacts`)).body.items, []);
});

test('/cdp leases on connect and frees on disconnect', async () => {
  const address = `${replinet.url.replace('http', 'ws')}/cdp?token=${anna.key}`;
  const browser = await chromium.connectOverCDP(address);
  const page = await browser.contexts()[0].newPage();
  await page.goto(`http://127.0.0.1:${site.address().port}/`);
  assert.equal(await page.title(), 'shop');
  assert.equal((await send(anna, 'GET', '/browsers')).body.total, 1);
  await browser.close();
  await until('no browser is left', async () => (await send(anna, 'GET', '/browsers')).body.total === 0);
  await assert.rejects(chromium.connectOverCDP(`${replinet.url.replace('http', 'ws')}/cdp?token=rpl_nonsense`), /401/);
});
