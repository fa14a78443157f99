// MCP over HTTP where it is hard: several api processes, of which one has a session and all lead to it; connections that break while an
// answer streams; clients that do not read; processes that are killed; sessions that nobody uses and keys that end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { descendants, startInstance, traces, until } from './lib/instance.mjs';
import { callTool, connectHttp, eventsOf, freshConnections, Hand, MCP_MS, readEvents, startCuttable, textOf } from './lib/mcp.mjs';
import { startLoginSite } from './lib/login_site.mjs';

let site, big, replinet, olga, sleeper, counter;
const open = [];

const call = async (method, where, body, key = olga.key) => {
  const response = await fetch(`${replinet.url}/api/v1${where}`, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${where}: ${response.status} ${text}`);
  return text && JSON.parse(text);
};
const connect = async (key = olga.key) => {
  const client = await connectHttp(replinet.url, key, { fetch: freshConnections });
  open.push(client);
  return client;
};
const processes = (command) => descendants(replinet.up.pid).filter((one) => one.name === 'replinet' && one.command[1] === command);
const sessionsOf = (user) => processes('mcp').filter((one) => one.command.includes(user.id));
const handed = () => replinet.logLines().filter((line) => line['url.path'] === '/mcp' && line['http.response.status_code'] === 101).length;

/** {host, url, stop()}: a page with a link to a file of BIG bytes. */
const BIG = 9 << 20;
async function startBigSite() {
  const server = http.createServer((request, response) => {
    if (request.url === '/file') response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment; filename=big.bin' }).end(Buffer.alloc(BIG, 'x'));
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Big</title><a href=/file>Get it</a>');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${server.address().port}`;
  return { host, url: `http://${host}`, stop: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) };
}

// What takes long begins first and is looked at last: a session that nobody uses, and one whose key lapses without a word.
const long = {}, IDLE_MS = 42000;
async function beginLong() {
  for (const name of ['idle', 'lapsed']) {
    const user = replinet.makeUser('pro_user', { scopes: 'read,mcp' });
    const hand = new Hand(replinet.url, user.key);
    await hand.begin();
    long[name] = { user, hand, at: Date.now() };
  }
  const { lapsed } = long;
  lapsed.timer = setInterval(() => {
    if (Date.now() - lapsed.at < 40000) {
      lapsed.used = Date.now();
      lapsed.hand.post({ jsonrpc: '2.0', id: 1, method: 'ping' }).then((response) => response.text()).catch(() => {});
    } else if (lapsed.deleted) lapsed.ended ??= sessionsOf(lapsed.user).length === 0 ? Date.now() : undefined;
    else lapsed.deleted = replinet.sql(`DELETE FROM api_keys WHERE user_id = '${lapsed.user.id}' RETURNING id`);
  }, 2000).unref();
}

before(async () => {
  site = await startLoginSite();
  big = await startBigSite();
  replinet = await startInstance({ MAX_BROWSERS: '3', POOL_WARM: '1', EGRESS_ALLOW: `${site.allow},${big.host}`, MCP_IDLE_MINUTES: String(IDLE_MS / 60000), API_PROCESSES: '3', API_METRICS_PORT: '0', MCP_SESSIONS: '8' });
  olga = replinet.makeUser('pro_user', { name: 'Olga', scopes: 'read,write,run,browsers,mcp' });
  const preset = await call('POST', '/presets', { name: 'No model', ai_model: 'script' });
  sleeper = await call('POST', '/agents', { name: 'Sleeper', preset_id: preset.id, script: { steps: [{ wait_for: { ms: 1500 } }, { wait_for: { ms: 60000 }, timeout_ms: 70000 }] } });
  counter = await call('POST', '/agents', { name: 'Counter', preset_id: preset.id, script: { steps: Array.from({ length: 7 }, () => ({ wait_for: { ms: 400 } })) } });
  await beginLong();
});
after(async () => {
  clearInterval(long.lapsed?.timer);
  await Promise.all(open.map((client) => client.close().catch(() => {})));
  await replinet?.stop();
  assert.deepEqual(traces(replinet), []);
  assert.deepEqual(fs.readdirSync(`${replinet.env.RUN_DIR}/mcp`), [], 'nothing is left of sockets and sessions');
  replinet.remove();
  await Promise.all([site.stop(), big.stop()]);
});

test('every connection reaches the session, whichever process it comes to', async () => {
  const client = await connect(), start = handed();
  assert.equal(processes('api').length, 3);
  const lists = await Promise.all(Array.from({ length: 20 }, () => client.listTools()));
  assert.ok(lists.every(({ tools }) => tools.some((tool) => tool.name === 'browser_open')));
  await until('that some came to another process', () => handed() > start);
  assert.equal(sessionsOf(olga).length, 1);
  await textOf(client, 'browser_open');
  assert.match(await textOf(client, 'browser_goto', { url: `${site.url}/login` }), /Page: Sign in/);
  const looks = await Promise.all(Array.from({ length: 6 }, () => textOf(client, 'browser_look')));
  assert.ok(looks.every((page) => /Page: Sign in/.test(page)));
  await client.transport.terminateSession();
  await until('the browser freed', async () => (await call('GET', '/browsers')).total === 0, MCP_MS);
});

test('progress streams through, and a cancelled call ends, from any process', async () => {
  const client = await connect();
  const { structuredContent: { id } } = await callTool(client, 'thread_start', { agent: sleeper.id });
  const aborters = Array.from({ length: 6 }, () => new AbortController());
  const told = aborters.map(() => 0);
  const waits = aborters.map((aborter, i) => client.callTool({ name: 'thread_wait', arguments: { id, seconds: 50 } }, undefined, {
    timeout: MCP_MS, signal: aborter.signal, onprogress: () => { told[i]++; aborter.abort(); } }).then(() => 'answered', (error) => String(error)));
  const ends = await Promise.all(waits);
  assert.ok(ends.every((end) => /abort/i.test(end)), ends.join('\n'));
  assert.ok(told.every((count) => count >= 1), String(told));
  await callTool(client, 'thread_stop', { id });
  await client.transport.terminateSession();
});

const startThread = async (agent) => (await call('POST', `/agents/${agent.id}/threads`, {})).id;
const waitCall = (id, thread, more = {}) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'thread_wait', arguments: { id: thread, seconds: 50 }, _meta: { progressToken: `p${id}` }, ...more } });
const isAnswer = (event) => event.data && 'result' in event.data;

test('the official client gets its answer although its connection is cut, and all that was told meanwhile', async (t) => {
  const way = await startCuttable(replinet.url);
  t.after(way.stop);
  const client = await connectHttp(way.url, olga.key, { fetch: freshConnections });
  open.push(client);
  const told = [];
  let cuts = 0;
  const onprogress = (progress) => {
    told.push(progress.progress);
    if (cuts < 2) { cuts++; setImmediate(way.cut); }
  };
  const answer = await callTool(client, 'thread_wait', { id: await startThread(counter), seconds: 50 }, { onprogress, resetTimeoutOnProgress: true });
  assert.equal(answer.structuredContent.status, 'completed');
  assert.equal(cuts, 2);
  assert.deepEqual(told, [...new Set(told)].sort((a, b) => a - b), 'in order, and nothing twice');
  await client.listTools();
  await client.transport.terminateSession();
});

test('a stream goes on behind the event that the client names, as often as it likes', async () => {
  const hand = new Hand(replinet.url, olga.key);
  await hand.begin('2025-11-25');
  const thread = await startThread(counter);
  const response = await hand.post(waitCall(7, thread));
  const seen = [];
  for await (const event of eventsOf(response)) { // leaving the loop cuts the connection
    seen.push(event);
    if (seen.length === 3) break;
  }
  assert.deepEqual([seen[0].data, seen[0].retry], ['', '1000'], 'the first event is there to come back by');
  await until('the end of the thread', async () => (await call('GET', `/threads/${thread}`)).status === 'completed', MCP_MS);
  const back = await hand.get({ 'last-event-id': seen[2].id });
  const rest = await readEvents(back);
  assert.ok(isAnswer(rest.at(-1)) && rest.at(-1).data.id === 7, 'a lost connection cancels nothing');
  assert.ok(rest.slice(0, -1).every((event) => event.data.method === 'notifications/progress'));
  const numbers = [...seen, ...rest].map((event) => Number(event.id.split('-')[1]));
  assert.ok(numbers.every((number, i) => i < 2 || number === numbers[i - 1] + 1), `none is missing: ${numbers}`);
  const all = await readEvents(await hand.get({ 'last-event-id': seen[0].id }));
  assert.deepEqual(all.map((event) => event.id), [...seen.slice(1), ...rest].map((event) => event.id));
  assert.equal((await hand.get({ 'last-event-id': rest.at(-1).id })).status, 204, 'there is no more');
  for (const id of ['nothing', '1', '-', `99-1`, seen[1].id.replace('-', '-0'), `${seen[0].id.split('-')[0]}-999`, `${seen[1].id} `.repeat(9)])
    assert.equal((await hand.get({ 'last-event-id': id })).status, 422, id);
  const stranger = replinet.makeUser('pro_user', { scopes: 'read,mcp' });
  assert.equal((await hand.get({ 'last-event-id': seen[0].id, authorization: `Bearer ${stranger.key}` })).status, 404);
  await hand.end();
});

test('the stream of a GET goes on too, and a stream that still has a reader passes to the one who comes back', async () => {
  const hand = new Hand(replinet.url, olga.key);
  await hand.begin('2025-06-18');
  const first = eventsOf(await hand.get()), thread = await startThread(counter);
  assert.equal((await hand.get()).status, 409);
  const asked = hand.post(waitCall(1, thread), { accept: 'application/json' }); // its progress goes where the client listens
  const seen = [(await first.next()).value, (await first.next()).value];
  assert.equal(seen[0].data.method, 'notifications/progress', 'an older revision gets no event without data');
  const again = eventsOf(await hand.get({ 'last-event-id': seen[0].id }));
  assert.equal((await again.next()).value.id, seen[1].id);
  assert.equal((await first.next()).done, true, 'the one before has ended');
  await again.return();
  assert.equal((await (await asked).json()).result.structuredContent.status, 'completed');
  const last = eventsOf(await hand.get({ 'last-event-id': seen[1].id }));
  assert.ok(Number((await last.next()).value.id.split('-')[1]) > Number(seen[1].id.split('-')[1]));
  await last.return();
  await until('a new stream', async () => {
    const response = await hand.get();
    await response.body.cancel();
    return response.status === 200;
  }, MCP_MS);
  assert.equal((await hand.get({ 'last-event-id': seen[0].id })).status, 409, 'a new GET begins afresh');
  await hand.end();
});

test('batches are taken where the revision has them', async () => {
  const hand = new Hand(replinet.url, olga.key), rpc = (id, method, params = {}) => ({ jsonrpc: '2.0', id, method, params });
  const tell = (method) => ({ jsonrpc: '2.0', method }), plain = { accept: 'application/json' };
  for (const version of ['2025-11-25', '2025-06-18']) {
    await hand.begin(version);
    const refused = await hand.post([rpc(1, 'ping')]);
    assert.equal(refused.status, 422);
    assert.match((await refused.text()), /batches are taken in sessions of the revisions 2025-03-26 and 2024-11-05/);
    await hand.end();
    delete hand.headers['mcp-session-id'];
  }
  assert.equal((await hand.post([rpc(1, 'initialize', { protocolVersion: '2025-03-26' })])).status, 422, 'a session begins with initialize alone');
  await hand.begin('2025-03-26');
  const list = await (await hand.post([rpc('a', 'tools/list'), tell('notifications/none'), 5, rpc('b', 'ping'), rpc('c', 'initialize', { protocolVersion: '2025-03-26' })], plain)).json();
  const byId = Object.fromEntries(list.map((one) => [one.id, one]));
  assert.equal(list.length, 4);
  assert.ok(byId.a.result.tools.length > 20 && byId.b.result);
  assert.deepEqual([byId.null.error.code, byId.c.error.code], [-32600, -32600]);
  assert.equal((await hand.post([tell('notifications/none'), { jsonrpc: '2.0', id: 9, result: {} }])).status, 202);
  for (const [bad, status] of [[[], 422], [[rpc(1, 'ping'), rpc(1, 'ping')], 422], [Array.from({ length: 65 }, (_, i) => rpc(i, 'ping')), 422]]) assert.equal((await hand.post(bad, plain)).status, status);
  assert.deepEqual((await (await hand.post([5, 6], plain)).json()).map((one) => one.error.code), [-32600, -32600]);
  const thread = await startThread(counter);
  const response = await hand.post([waitCall(1, thread), rpc(2, 'tools/list'), waitCall(3, 'x')]);
  assert.match(response.headers.get('content-type'), /event-stream/);
  const seen = [];
  for await (const event of eventsOf(response)) {
    seen.push(event);
    if (seen.length === 2) break;
  }
  const rest = await readEvents(await hand.get({ 'last-event-id': seen[1].id }));
  assert.deepEqual(rest.filter((event) => 'id' in event.data).map((event) => event.data.id).sort(), [1, 2, 3], 'a stream of single messages, which is resumed like any');
  const waiting = await startThread(sleeper);
  let cancelled, refused = true;
  await until('the call', async () => { // whose id is taken then; a batch that meets such a question instead is sent again
    if (refused) {
      refused = false;
      cancelled = hand.post([waitCall(4, waiting), rpc(5, 'tools/list')], plain);
      cancelled.then((answer) => (refused = !answer.ok));
    }
    return (await hand.post(rpc(4, 'ping'), plain)).status === 409;
  }, MCP_MS);
  await hand.post([{ ...tell('notifications/cancelled'), params: { requestId: 4 } }]);
  assert.deepEqual((await (await cancelled).json()).map((one) => one.id), [5]);
  await call('POST', `/threads/${waiting}/stop`);
  await hand.end();
});

test('a large message is handed over whole', async () => {
  const hand = new Hand(replinet.url, olga.key), start = handed();
  await hand.begin();
  const filler = 'ю'.repeat(1 << 19);
  const answers = await Promise.all(Array.from({ length: 8 }, async (_, i) => (await hand.post({ jsonrpc: '2.0', id: i + 2, method: 'tools/call', params: { name: 'thread_get', arguments: { id: 'x', more: filler } } }, { accept: 'application/json' })).json()));
  assert.deepEqual(answers.map((one) => one.id).sort((a, b) => a - b), Array.from({ length: 8 }, (_, i) => i + 2));
  assert.ok(answers.every((one) => one.result.isError));
  await until('that some came to another process', () => handed() > start);
  assert.equal((await hand.end()).status, 204);
});

test('what comes for a process that has much to do waits for it', async () => {
  const maria = replinet.makeUser('pro_user', { scopes: 'read,mcp' }), hand = new Hand(replinet.url, maria.key), start = handed(), count = 48;
  await hand.begin();
  const { parent } = sessionsOf(maria)[0];
  process.kill(parent, 'SIGSTOP');
  const answers = Array.from({ length: count }, (_, i) => hand.post({ jsonrpc: '2.0', id: i + 2, method: 'ping' }, { accept: 'application/json' }));
  await until('that many wait for it', () => handed() - start > count / 3, MCP_MS).finally(() => process.kill(parent, 'SIGCONT'));
  assert.deepEqual([...new Set((await Promise.all(answers)).map((answer) => answer.status))], [200]);
  await hand.end();
});

test('another user reaches a session through no process', async () => {
  const client = await connect(), stranger = replinet.makeUser('pro_user', { scopes: 'read,mcp' });
  const thief = new Hand(replinet.url, stranger.key);
  thief.headers['mcp-session-id'] = client.transport.sessionId;
  const answers = await Promise.all(Array.from({ length: 12 }, (_, i) => thief.post({ jsonrpc: '2.0', id: i, method: 'tools/list' })));
  assert.deepEqual([...new Set(answers.map((answer) => answer.status))], [404]);
  for (const id of ['0'.repeat(64), '../../../../etc/passwd', `${'0'.repeat(15)}/`, client.transport.sessionId.slice(0, 16)]) {
    thief.headers['mcp-session-id'] = id;
    assert.equal((await thief.post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })).status, 404, id);
  }
  await client.transport.terminateSession();
});

test('sessions are counted over all processes', async () => {
  const clients = [], most = 5; // a pro_user's browsers
  const maria = replinet.makeUser('pro_user', { scopes: 'read,mcp' });
  for (let i = 0; i < most; i++) clients.push(await connect(maria.key));
  await Promise.all(Array.from({ length: 6 }, () => assert.rejects(connect(maria.key), /as many MCP sessions open/)));
  await assert.rejects(async () => { for (;;) clients.push(await connect()); }, /MCP_SESSIONS/);
  assert.equal(fs.readdirSync(`${replinet.env.RUN_DIR}/mcp`).filter((name) => !name.endsWith('.sock')).length, 8);
  await Promise.all(clients.map((client) => client.transport.terminateSession()));
  await until('room again', async () => (await connect(maria.key)).transport.terminateSession().then(() => true), MCP_MS);
});

test('a revoked key ends its sessions in whichever process they are', async () => {
  const ivan = replinet.makeUser('pro_user', { scopes: 'read,mcp' });
  const clients = await Promise.all([1, 2, 3].map(() => connect(ivan.key)));
  assert.equal(sessionsOf(ivan).length, 3);
  const anna = replinet.makeUser('super_admin', { scopes: 'read,write,admin' });
  await call('PATCH', `/users/${ivan.id}`, { is_active: false }, anna.key);
  await until('the end of all', () => sessionsOf(ivan).length === 0, MCP_MS);
  await assert.rejects(clients[0].ping());
});

/** Bytes that wait to be read on each of our sockets, by local port. */
const unreadBytes = () => Object.fromEntries(fs.readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1).map((line) => line.trim().split(/\s+/)).map((field) => [parseInt(field[1].split(':')[1], 16), parseInt(field[4].split(':')[1], 16)]));

test('who reads nothing of what was asked for holds up only that session, and little memory', async () => {
  const client = await connect(), count = 6;
  await textOf(client, 'browser_open');
  const page = await textOf(client, 'browser_goto', { url: big.url });
  await textOf(client, 'browser_download', { click: Number(/\[(\d+)\][*]? link "Get it"/.exec(page)[1]), as: 'big' });
  const { uri } = (await client.listResources()).resources.find((one) => /big/.test(one.name));
  const ask = (id) => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: `r${id}`, method: 'resources/read', params: { uri } });
    const socket = net.connect({ host: '127.0.0.1', port: Number(replinet.env.BACKEND_PORT) }).pause();
    socket.write(`POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${olga.key}\r\nMcp-Session-Id: ${client.transport.sessionId}\r\nAccept: application/json\r\nConnection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    return socket;
  };
  const sockets = Array.from({ length: count }, (_, i) => ask(i));
  const begun = () => { const bytes = unreadBytes(); return sockets.filter((socket) => bytes[socket.localPort] > 0).length; };
  let before = 0, now = 0, since = Date.now(), longest = 500;
  await until('that no further answer comes', () => {
    now = begun();
    if (now !== before) {
      longest = Math.max(longest, Date.now() - since);
      before = now;
      since = Date.now();
    }
    return now >= 2 && Date.now() - since > 3 * longest;
  }, MCP_MS);
  assert.ok(now < count, `${now} of ${count} answers were made for a client that reads none`);
  const other = await connect();
  await other.listTools(); // another session is served
  await other.transport.terminateSession();
  const read = (socket) => new Promise((resolve, reject) => {
    let length = 0;
    socket.on('data', (data) => (length += data.length)).on('end', () => resolve(length)).on('error', reject).resume();
  });
  const lengths = await Promise.all(sockets.map(read));
  assert.ok(lengths.every((length) => length > BIG * 4 / 3), String(lengths));
  await client.transport.terminateSession();
});

test('a stream that nobody reads is cut off when it holds too much, and says so to who comes back', async () => {
  const { preset_id: preset } = await call('GET', `/agents/${sleeper.id}`), filler = 'x'.repeat(600000), count = 32;
  await call('POST', '/agents', { name: 'Huge', preset_id: preset, script: { steps: [{ wait_for: { ms: 1 } }] }, input_schema: { type: 'object', properties: { a: { type: 'string', description: filler } } } });
  const hand = new Hand(replinet.url, olga.key);
  await hand.begin('2025-03-26');
  const asked = Array.from({ length: count }, (_, i) => ({ jsonrpc: '2.0', id: `r${i}`, method: 'tools/call', params: { name: 'agents_list', arguments: { search: 'Huge' } } }));
  const response = await hand.post(asked);
  await until('the last answer', async () => (await hand.post({ jsonrpc: '2.0', id: `r${count - 1}`, method: 'ping' }, { accept: 'application/json' })).status === 200, MCP_MS);
  const events = await readEvents(response);
  assert.ok(events.length > 0 && events.length < count, `${events.length} came`);
  assert.ok(events.every((event) => event.data.result.structuredContent.items[0].name === 'Huge'));
  const late = await hand.get({ 'last-event-id': events.at(-1).id });
  assert.equal(late.status, 409);
  assert.match(await late.text(), /not kept any more/);
  await hand.end();
});

test('a session that nobody uses ends, and one whose key lapsed unsaid', async () => {
  await until('the end of the idle one', () => sessionsOf(long.idle.user).length === 0, MCP_MS);
  assert.equal((await long.idle.hand.post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status, 404);
  await until('the end of the lapsed one', () => long.lapsed.ended, 2 * MCP_MS);
  clearInterval(long.lapsed.timer);
  assert.ok(long.lapsed.ended - long.lapsed.used < IDLE_MS, 'by the look at all keys, which comes once a minute');
});

/** A session of somebody else's in another process than this. */
async function elsewhere(pid) {
  for (let i = 0; i < 40; i++) {
    const user = replinet.makeUser('pro_user', { scopes: 'read,mcp' });
    const client = await connect(user.key);
    if (sessionsOf(user)[0].parent !== pid) return client;
    await client.transport.terminateSession();
  }
  assert.fail('all sessions began in one process');
}

test('a process that is killed ends its sessions and nothing else; the next one begins anew', async () => {
  const client = await connect();
  await textOf(client, 'browser_open');
  const [session] = sessionsOf(olga), hand = new Hand(replinet.url, olga.key), thread = await startThread(sleeper);
  hand.headers['mcp-session-id'] = client.transport.sessionId;
  const stream = eventsOf(await hand.post(waitCall('w', thread))), { value: { id: last } } = await stream.next();
  const other = await elsewhere(session.parent);
  process.kill(session.parent, 'SIGKILL');
  await (async () => { while (!(await stream.next()).done); })().catch(() => {}); // however it breaks
  assert.equal((await hand.get({ 'last-event-id': last })).status, 404);
  await call('POST', `/threads/${thread}/stop`);
  await until('the end of its session', () => sessionsOf(olga).length === 0, MCP_MS);
  await until('the browser freed', async () => (await call('GET', '/browsers')).total === 0, MCP_MS);
  await until('a 404', () => client.listTools().then(() => false, (error) => /no such MCP session/.test(String(error))), MCP_MS);
  await until('three processes', () => processes('api').length === 3, MCP_MS);
  await other.listTools();
  const again = await connect(); // counts, and removes what the dead process left
  const folder = fs.readdirSync(`${replinet.env.RUN_DIR}/mcp`);
  assert.equal(folder.filter((name) => name.endsWith('.sock')).length, 3, folder.join());
  assert.equal(folder.filter((name) => name.includes(olga.id)).length, 1, folder.join());
  await Promise.all([again, other].map((one) => one.transport.terminateSession()));
});

test('what was said of keys while Redis was away is made up for', async () => {
  const user = replinet.makeUser('pro_user', { scopes: 'read,mcp' }), client = await connect(user.key), at = Date.now();
  const redis = replinet.children().redis;
  process.kill(redis.pid, 'SIGKILL');
  replinet.sql(`DELETE FROM api_keys WHERE user_id = '${user.id}'`);
  await until('the end of the session', () => sessionsOf(user).length === 0, MCP_MS);
  assert.ok(Date.now() - at < 55000, 'before the look at all keys once a minute');
  await assert.rejects(client.ping());
});
