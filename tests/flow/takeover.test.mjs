// A person takes the browser of a running thread over: the run waits, its clocks stand still, and it goes on afterwards.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { startInstance, traces, until } from './lib/instance.mjs';
import { CdpClient, connectWebSocket } from './lib/raw_cdp.mjs';
import { watchBrowser, watchByApi } from './lib/live_client.mjs';

const PAGE = `<!doctype html><title>gate</title><style>body{margin:0}button{position:absolute;left:20px;top:20px;width:200px;height:40px}</style>
<button id=open onclick="document.title='open';this.after(Object.assign(document.createElement('p'),{textContent:'Come in',style:'position:absolute;top:100px'}))">Only people press this</button>`;

/* While somebody works in it, the page clicks for itself: by a button, and by a label that passes the click on (to a box that
 * is hidden: one that shows would take the focus). */
const FORM = `<!doctype html><title>gate</title><style>body{margin:0}form>*{position:absolute;left:20px;width:200px;height:30px;margin:0}</style>
<form action=/sent><button type=button style=top:20px onclick="step.value='next'">Next</button><input type=hidden name=step id=step>
<input aria-label=Name name=name style=top:80px><label style=top:140px><input type=checkbox name=terms> I agree</label>
<input type=password aria-label=PIN name=pin style=top:200px><input aria-label=City name=city style=top:260px><button style=top:320px>Send</button></form>
<p><button id=fake>Fake</button><label id=passes><input type=checkbox hidden>Fake too</label></p>
<script>onload=()=>setInterval(()=>{fake.click();passes.click();fake.dispatchEvent(new MouseEvent('click',{bubbles:true}));
if(window.replinetActed)replinetActed('{"action":"goto","url":"http://forged/"}')},100)</script>`;
const sent = [];

let site, replinet, door;

before(async () => {
  site = await new Promise((resolve) => {
    const server = http.createServer((request, response) => {
      const url = new URL(request.url, 'http://site');
      if (url.pathname === '/sent') sent.push(Object.fromEntries(url.searchParams));
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(url.pathname === '/form' ? FORM : url.pathname === '/sent' ? '<title>sent</title><button style="position:absolute;left:20px;top:20px" onclick="document.title=\'over\'">Finish</button>' : PAGE);
    });
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
  replinet = await startInstance({ SECRET_KEY: randomBytes(32).toString('hex'), MAX_BROWSERS: '2', EGRESS_ALLOW: `127.0.0.1:${site.address().port}` });
  const sign = async (claims) => (await replinet.cli('ticket', JSON.stringify(claims), '600')).stdout.trim();
  door = { port: Number(replinet.env.DOOR_PORT), signer: { sign } };
  await replinet.create('preset', { name: 'No model', ai_model: 'script' });
});
after(async () => {
  await replinet.stop();
  assert.deepEqual(traces(replinet), []);
  replinet.remove();
  site.close();
});

const show = (id) => replinet.json('thread', 'show', id);
const when = (id, what, check) => until(what, async () => { const found = await show(id); return check(found) && found; }, 60000);
const ended = (id) => when(id, `the end of thread ${id}`, (thread) => ['completed', 'error', 'stopped'].includes(thread.status));

async function start(name, steps, timeout_ms = 60000) {
  await replinet.create('agent', { name, preset_id: 'No model', browser_config: { timeout_ms }, script: { steps } });
  const { id } = await replinet.json('thread', 'start', name);
  const { browser_id: browser } = await when(id, 'a browser', (thread) => thread.status === 'running' && thread.browser_id);
  const viewer = await watchBrowser(door, browser, { sub: 'olga', name: 'Olga', control: true });
  await viewer.whenState((state) => state.title === 'gate' && state.run === 'running', 'the page of the run', 60000);
  return { id, viewer };
}

/* Control is noticed between two steps: soon, and also when this process is slow to take it. */
const waits = Array(100).fill({ wait_for: { ms: 200 } });
const goto = () => ({ goto: `http://127.0.0.1:${site.address().port}/` });

test('the run waits until the browser is given back, and then goes on', async () => {
  const { id, viewer } = await start('Waits', [goto(), ...waits.slice(0, 15), { assert: { title: 'open' } }, { extract: { as: 'said', css: 'p' } }]);
  await viewer.takeControl();
  const waiting = await when(id, 'a waiting thread', (thread) => thread.status === 'waiting');
  assert.equal(waiting.reason, 'control');
  await viewer.whenState((state) => state.run === 'paused', 'a paused run');
  viewer.click(120, 40);
  await viewer.whenState((state) => state.title === 'open', 'the gate open');
  viewer.say('return_control');
  const thread = await ended(id);
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.equal(thread.reason, '');
  assert.equal(thread.results.said, 'Come in');
  const log = (await replinet.cli('thread', 'logs', id)).stdout;
  assert.match(log, /Olga has the browser in hand/);
  assert.match(log, /given back; the run goes on/);
});

test('the browser is kept beyond its time while a person has it in hand', async () => {
  const { id, viewer } = await start('Kept', [goto(), ...waits.slice(0, 20), { assert: { title: 'open' } }], 12000);
  await viewer.takeControl();
  const { start_time } = await when(id, 'a waiting thread', (thread) => thread.status === 'waiting');
  await until('the end of its time', () => Date.now() - Date.parse(start_time) > 14000, 30000);
  viewer.click(120, 40);
  await viewer.whenState((state) => state.title === 'open', 'the gate open');
  viewer.say('return_control');
  const thread = await ended(id);
  assert.equal(thread.status, 'completed', thread.error_message);
});

test('a step that fails while a person is at it is tried again afterwards', async () => {
  const { id, viewer } = await start('Again', [goto(), { wait_for: { text: 'Come in' }, timeout_ms: 6000 }]);
  await viewer.takeControl();
  await when(id, 'a waiting thread', (thread) => thread.status === 'waiting');
  viewer.click(120, 40);
  await viewer.whenState((state) => state.title === 'open', 'the gate open');
  viewer.say('return_control');
  const thread = await ended(id);
  assert.equal(thread.status, 'completed', thread.error_message);
});

test('a waiting run can be stopped, and its viewers hear the end', async () => {
  const { id, viewer } = await start('Stopped', [goto(), ...waits]);
  await viewer.takeControl();
  await when(id, 'a waiting thread', (thread) => thread.status === 'waiting');
  assert.equal((await replinet.cli('thread', 'stop', id)).code, 0);
  const thread = await ended(id);
  assert.deepEqual([thread.status, thread.reason], ['stopped', 'stopped']);
  assert.equal((await viewer.heard('ended')).reason, 'released');
});

test('what a person does with the browser in hand is a script that does it again', async () => {
  const form = `http://127.0.0.1:${site.address().port}/form`;
  const { id, viewer } = await start('Recorded', [{ goto: form }, ...waits, { assert: { title: 'over' } }], 120000);
  await viewer.takeControl();
  await when(id, 'a waiting thread', (thread) => thread.status === 'waiting');
  const type = (text) => { for (const letter of text) viewer.press(letter, `Key${letter.toUpperCase()}`, letter.toUpperCase().charCodeAt(0), letter); };
  await until('the first document listened to', async () => {
    viewer.click(100, 35);
    return (await replinet.cli('thread', 'logs', id)).stdout.includes('clicked button "Next"');
  });
  viewer.say('navigate', { url: `${form}?again` });
  await until('the next document listened to', async () => {
    viewer.click(100, 35);
    return /went to .*again[^]*clicked button "Next"/.test((await replinet.cli('thread', 'logs', id)).stdout);
  });
  viewer.click(100, 95);
  type('ada');
  viewer.click(100, 155);
  viewer.click(100, 215);
  type('hush');
  viewer.click(100, 275);
  type('oslo');
  viewer.press('Enter', 'Enter', 13, '\r');
  await viewer.whenState((state) => state.title === 'sent', 'the form sent');
  assert.deepEqual(sent, [{ step: 'next', name: 'ada', terms: 'on', pin: 'hush', city: 'oslo' }]);
  await until('the next document listened to', async () => {
    viewer.click(40, 30);
    return (await replinet.cli('thread', 'logs', id)).stdout.includes('clicked button "Finish"');
  });
  viewer.say('return_control');
  const thread = await ended(id);
  assert.equal(thread.status, 'completed', thread.error_message);
  const log = (await replinet.cli('thread', 'logs', id)).stdout;
  assert.match(log, /Olga clicked button "Next"/);
  assert.match(log, /Olga pressed Enter in textbox "City"/);
  const script = await replinet.json('thread', 'script', id);
  const told = script.steps.map((step) => { const [action, given] = Object.entries(step)[0]; return [action, given.name ?? given, given.value ?? given.key]; });
  const once = told.filter((one, i) => JSON.stringify(one) !== JSON.stringify(told[i - 1]));
  assert.deepEqual(once.slice(0, -1), [['goto', form, undefined], ['click', 'Next', undefined], ['goto', `${form}?again`, undefined], ['click', 'Next', undefined], ['fill', 'Name', 'ada'], ['check', 'I agree', undefined], ['fill', 'PIN', '{{inputs.password}}'], ['fill', 'City', 'oslo'], ['press', 'City', 'Enter'], ['click', 'Finish', undefined]], JSON.stringify(script));
  assert.doesNotMatch(JSON.stringify(script), /Fake|forged|hush/);
  assert.ok(!replinet.sql("SELECT string_agg(data::text, '') FROM thread_events WHERE kind = 'person.acted'").includes('hush'));
  await replinet.create('agent', { name: 'Again by itself', preset_id: 'No model', script, browser_config: { timeout_ms: 60000 } });
  const again = await ended((await replinet.json('thread', 'start', 'Again by itself', '--inputs', '{"password":"quiet"}')).id);
  assert.equal(again.status, 'completed', again.error_message);
  assert.deepEqual(sent.slice(1), [{ step: 'next', name: 'ada', terms: 'on', pin: 'quiet', city: 'oslo' }]);
});

test('through the api: whoever may see the thread watches it, and the right ends with the key', async () => {
  const { id, viewer } = await start('ByApi', [goto(), ...waits.slice(0, 20), { assert: { title: 'open' } }]);
  const admin = replinet.makeUser('super_admin', { name: 'Anna' });
  const stranger = replinet.makeUser('pro_user');
  await assert.rejects(watchByApi(replinet.url, `/threads/${id}/live`), /401/);
  await assert.rejects(watchByApi(replinet.url, `/threads/${id}/live`, stranger.key), /404/);
  await assert.rejects(watchByApi(replinet.url, '/threads/01890000-0000-7000-8000-000000000000/live', admin.key), /404/);
  const anna = await watchByApi(replinet.url, `/threads/${id}/live`, admin.key);
  await until('a picture', () => anna.frames.length);
  await anna.takeControl();
  await viewer.whenState((state) => state.control.held && state.control.by === 'Anna', 'who has control');
  anna.click(120, 40);
  await anna.whenState((state) => state.title === 'open', 'the gate open');
  anna.say('return_control');
  const again = await watchByApi(replinet.url, `/threads/${id}/live`, admin.key).catch((error) => error);
  if (again.websocket) await until('a state', () => again.state || again.websocket.socket.destroyed);
  assert.equal((await ended(id)).status, 'completed');
});

test('through the api: CDP of a browser goes to the door as it is; a revoked key ends it', async () => {
  const { id } = await start('Cdp', [goto(), { wait_for: { ms: 30000 }, timeout_ms: 40000 }]);
  const { browser_id: browser } = await show(id);
  const admin = replinet.makeUser('super_admin', { name: 'Anna' });
  const { hostname, port } = new URL(replinet.url);
  const open = (key) => connectWebSocket({ host: hostname, port: Number(port), path: `/api/v1/browsers/${browser}/cdp`, headers: { Authorization: `Bearer ${key}`, Cookie: 'a=b' } });
  assert.equal((await open(replinet.makeUser('pro_user').key)).status, 404);
  const websocket = await open(admin.key);
  assert.equal(websocket.status, 101);
  const cdp = new CdpClient(websocket);
  const { targetInfos } = await cdp.call('Target.getTargets');
  const { sessionId } = await cdp.call('Target.attachToTarget', { targetId: targetInfos.find((one) => one.type === 'page').targetId, flatten: true });
  const text = 'я'.repeat(3 << 20);
  const { result } = await cdp.call('Runtime.evaluate', { expression: JSON.stringify(text), returnByValue: true }, sessionId);
  assert.equal(result.value, text);
  replinet.sql(`DELETE FROM api_keys WHERE user_id = '${admin.id}'`);
  replinet.sql(`UPDATE users SET is_active = false WHERE id = '${admin.id}'`);
  execFileSync('redis-cli', ['-s', `${replinet.env.RUN_DIR}/redis/redis.sock`, 'PUBLISH', 'replinet:users', admin.id]);
  await websocket.closed;
  await replinet.cli('thread', 'stop', id);
  await ended(id);
});
