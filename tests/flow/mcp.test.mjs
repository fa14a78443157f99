// The Model Context Protocol, as the official client speaks it: over standard input and output, and over HTTP.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, test } from 'node:test';
import { descendants, startInstance, traces, until } from './lib/instance.mjs';
import { PASSWORD, startLoginSite, TOTP_SECRET } from './lib/login_site.mjs';

const MS = 60000;
let site, replinet, olga, agent, credential;
const open = [];

const call = async (method, where, body, key = olga.key) => {
  const response = await fetch(`${replinet.url}/api/v1${where}`, { method, headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body) });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${where}: ${response.status} ${text}`);
  return text && JSON.parse(text);
};

before(async () => {
  site = await startLoginSite();
  replinet = await startInstance({ MAX_BROWSERS: '3', POOL_WARM: '1', EGRESS_ALLOW: site.allow, MCP_SESSIONS: '8' });
  olga = replinet.makeUser('pro_user', { name: 'Olga', scopes: 'read,write,run,browsers,mcp' });
  const preset = await call('POST', '/presets', { name: 'No model', ai_model: 'script' });
  credential = await call('POST', '/credentials', { name: 'Shop', username: 'olga', secret: PASSWORD, totp_secret: TOTP_SECRET, domains: [site.host] });
  const script = { steps: [{ goto: `${site.url}/login` }, { extract: { as: 'title', css: 'title' } }, { screenshot: 'page' }, { wait_for: { ms: 1500 } }] };
  agent = await call('POST', '/agents', { name: 'Reader', preset_id: preset.id, script });
  await call('PUT', `/agents/${agent.id}/credentials/${credential.id}`);
  await call('POST', '/agents', { name: 'Sleeper', preset_id: preset.id, script: { steps: [{ wait_for: { ms: 60000 }, timeout_ms: 70000 }] } });
});
after(async () => {
  await Promise.all(open.map((client) => client.close().catch(() => {})));
  await replinet?.stop();
  assert.deepEqual(traces(replinet), []);
  replinet.remove();
  await site.stop();
});

async function connect(transport) {
  const client = new Client({ name: 'suite', version: '1' });
  client.logs = [];
  await client.connect(transport);
  open.push(client);
  return client;
}
const stdio = (...args) => connect(new StdioClientTransport({ command: replinet.binary, args: ['mcp', ...args], env: replinet.env, stderr: 'inherit' }));
const http = (key = olga.key) => connect(new StreamableHTTPClientTransport(new URL(`${replinet.url}/mcp`), { requestInit: { headers: { authorization: `Bearer ${key}` } } }));

/** Calls a tool that must succeed. */
async function ask(client, name, args = {}, options = {}) {
  const answer = await client.callTool({ name, arguments: args }, undefined, { timeout: MS, ...options });
  assert.ok(!answer.isError, `${name}: ${JSON.stringify(answer.content)}`);
  return answer;
}
/** The same: its texts as one. */
const use = async (...given) => (await ask(...given)).content.map((part) => part.text ?? '').join('\n');
async function fails(client, name, args, pattern) {
  const answer = await client.callTool({ name, arguments: args }, undefined, { timeout: MS });
  assert.equal(answer.isError, true, JSON.stringify(answer));
  assert.match(answer.content.map((part) => part.text).join('\n'), pattern);
}
const numberOf = (page, pattern) => Number(new RegExp(`\\[(\\d+)\\][*]? ${pattern}`).exec(page)?.[1] ?? assert.fail(`no ${pattern} in\n${page}`));

/** What both ways of connecting must do alike. */
async function driveForm(client) {
  await use(client, 'browser_open', {});
  let page = await use(client, 'browser_goto', { url: `${site.url}/login` });
  assert.match(page, /Page: Sign in/);
  await use(client, 'browser_fill', { element: numberOf(page, 'textbox "User"'), value: 'olga' });
  page = await use(client, 'browser_fill', { element: numberOf(page, 'textbox "Password"'), value: 'wrong' });
  page = await use(client, 'browser_click', { element: numberOf(page, 'button "Sign in"') });
  assert.deepEqual(site.logins.at(-1), { user: 'olga', password: 'wrong' });
  const { content: [picture] } = await ask(client, 'browser_picture', { numbers: true });
  assert.deepEqual([picture.type, picture.mimeType, Buffer.from(picture.data, 'base64').subarray(0, 2).toString('hex')], ['image', 'image/jpeg', 'ffd8']);
  assert.match(await use(client, 'browser_read'), /Password/);
  await fails(client, 'browser_click', { element: 100000 }, /look at the page again|was never given|gone/);
  await use(client, 'browser_screenshot', { as: 'kept' });
  const { resources } = await client.listResources();
  const kept = resources.find((one) => one.name === 'kept.png');
  const { contents: [file] } = await client.readResource({ uri: kept.uri });
  assert.equal(Buffer.from(file.blob, 'base64').subarray(1, 4).toString(), 'PNG');
  await use(client, 'browser_close');
  await fails(client, 'browser_look', {}, /no browser is open/);
}

async function runThread(client, name) {
  const { structuredContent: list } = await ask(client, 'agents_list', { search: 'Reader' });
  assert.ok(list.items.some((one) => one.name === 'Reader'), JSON.stringify(list));
  const { structuredContent: started } = await ask(client, 'thread_start', { agent: name });
  const told = [];
  const answer = await ask(client, 'thread_wait', { id: started.id, seconds: 50 }, { onprogress: (progress) => told.push(progress), resetTimeoutOnProgress: true });
  assert.equal(answer.structuredContent.status, 'completed', answer.structuredContent.error_message);
  assert.equal(answer.structuredContent.results.title, 'Sign in');
  assert.ok(told.length && told.every((one, i) => !i || one.progress > told[i - 1].progress), JSON.stringify(told));
  const link = answer.content.find((part) => part.type === 'resource_link' && part.name === 'page.png');
  const { contents: [file] } = await client.readResource({ uri: link.uri });
  assert.equal(file.mimeType, 'image/png');
  assert.match(await use(client, 'thread_events', { id: started.id, level: 'info' }), /step\.finished/);
  const { contents: [thread] } = await client.readResource({ uri: `replinet://threads/${started.id}` });
  assert.equal(JSON.parse(thread.text).id, started.id);
}

describe('standard input and output', () => {
  let client;
  before(async () => { client = await stdio(); });

  test('what it is, and its tools', async () => {
    assert.equal(client.getServerVersion().name, 'replinet');
    const { tools } = await client.listTools();
    const named = Object.fromEntries(tools.map((tool) => [tool.name, tool]));
    for (const name of ['agents_list', 'thread_start', 'thread_wait', 'browser_open', 'browser_click', 'browser_fill', 'browser_picture']) assert.ok(named[name], name);
    assert.equal(named.thread_get.annotations.readOnlyHint, true);
    assert.equal(named.thread_start.annotations.readOnlyHint, false);
    assert.equal(named.browser_click.annotations.destructiveHint, true);
    assert.equal(named.browser_click.inputSchema.properties.element.type, 'integer');
    assert.ok(!named.browser_evaluate && !named.browser_done && !named.browser_ask_user);
    await client.ping();
    assert.equal((await client.listResourceTemplates()).resourceTemplates.length, 2);
  });
  test('a form, by the numbers of its elements', () => driveForm(client));

  test('wrong input is answered in words', async () => {
    await assert.rejects(client.callTool({ name: 'nothing', arguments: {} }), /no tool nothing/);
    await fails(client, 'thread_get', {}, /id/);
    await fails(client, 'thread_get', { id: 'x', more: 1 }, /more/);
    await fails(client, 'thread_get', { id: '01890000-0000-7000-8000-000000000000' }, /no thread/);
    await fails(client, 'browser_open', { browser_config: { viewport: 5 } }, /viewport/);
    await assert.rejects(client.readResource({ uri: 'replinet://artifacts/none' }), /-32602|-32002|no /);
    await assert.rejects(client.request({ method: 'nothing/here' }, { parse: (x) => x }), /-32601|no method/);
  });

  test('a call that is cancelled ends; the next one is served', async () => {
    await use(client, 'browser_open', {});
    const aborter = new AbortController();
    const slow = client.callTool({ name: 'browser_wait', arguments: { ms: 12000 } }, undefined, { signal: aborter.signal, timeout: MS });
    await client.ping(); // answered meanwhile
    setTimeout(() => aborter.abort(), 300);
    await assert.rejects(slow, /abort/i);
    assert.match(await use(client, 'browser_look'), /about:blank/);
    await use(client, 'browser_close');
  });
});

test('a batch on standard input is answered with one line', async () => {
  const child = spawn(replinet.binary, ['mcp'], { env: replinet.env, stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const say = async (message) => {
    child.stdin.write(`${JSON.stringify(message)}\n`);
    return JSON.parse((await lines.next()).value);
  };
  const rpc = (id, method, params = {}) => ({ jsonrpc: '2.0', id, method, params });
  const hello = rpc(1, 'initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'suite', version: '1' } });
  assert.match((await say([rpc(1, 'ping')])).error.message, /after initialize/);
  assert.equal((await say(hello)).result.protocolVersion, '2025-03-26');
  const list = await say([rpc(2, 'tools/list'), { jsonrpc: '2.0', method: 'notifications/initialized' }, hello, rpc(3, 'tools/call', { name: 'agents_list', arguments: {} })]);
  assert.deepEqual(list.map((one) => [one.id, 'result' in one]), [[1, false], [2, true], [3, true]]);
  child.stdin.end();
  assert.equal((await once(child, 'exit'))[0], 0);
});

describe('streamable HTTP', () => {
  test('a form, and a thread from start to end', async () => {
    const client = await http();
    await driveForm(client);
    await runThread(client, 'Reader');
    assert.match(replinet.sql(`SELECT via FROM audit_events WHERE action = 'thread.start' AND actor_id = '${olga.id}' AND via = 'mcp'`), /mcp/);
    await client.transport.terminateSession();
  });

  test('a credential of the agent is filled in and never shown', async () => {
    const client = await http();
    const opened = await use(client, 'browser_open', { agent: 'Reader' });
    assert.match(opened, /"name":"Shop"/);
    let page = await use(client, 'browser_goto', { url: `${site.url}/login` });
    page = await use(client, 'browser_fill', { element: numberOf(page, 'textbox "User"'), credential: 'Shop', part: 'username' });
    page = await use(client, 'browser_fill', { element: numberOf(page, 'textbox "Password"'), credential: 'Shop', part: 'password' });
    page = await use(client, 'browser_check', { element: numberOf(page, 'checkbox "Show it"') });
    assert.ok(!page.includes('Tr0ub4dor'), page);
    page = await use(client, 'browser_click', { element: numberOf(page, 'button "Sign in"') });
    assert.equal(site.logins.at(-1).password, PASSWORD);
    page = await use(client, 'browser_totp', { element: numberOf(page, 'textbox "Code"'), credential: 'Shop' });
    page = await use(client, 'browser_click', { element: numberOf(page, 'button "Go"') });
    assert.match(page, /Welcome/);
    await client.transport.terminateSession();
  });

  test('two sessions side by side, each with its own browser; another user sees neither', async () => {
    const [one, other] = await Promise.all([http(), http()]);
    await Promise.all([use(one, 'browser_open'), use(other, 'browser_open')]);
    await Promise.all([use(one, 'browser_goto', { url: `${site.url}/login` }), use(other, 'browser_goto', { url: `${site.url}/code` })]);
    assert.match(await use(one, 'browser_look'), /Page: Sign in/);
    assert.match(await use(other, 'browser_look'), /Page: Code/);
    const stranger = replinet.makeUser('pro_user', { scopes: 'read,mcp' });
    const third = await http(stranger.key);
    const { tools } = await third.listTools();
    assert.ok(!tools.some((tool) => /^browser_|thread_start/.test(tool.name)), 'what the key may not is not offered');
    await fails(third, 'thread_start', { agent: 'Reader' }, /no scope/);
    const taken = await fetch(`${replinet.url}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${stranger.key}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-session-id': one.transport.sessionId }, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }) });
    assert.equal(taken.status, 404);
    await Promise.all([one, other, third].map((client) => client.transport.terminateSession()));
    await until('the browsers freed', async () => (await call('GET', '/browsers')).total === 0, MS);
  });

  test('a process that dies ends its session in words, and frees its browser', async () => {
    const client = await http();
    await use(client, 'browser_open');
    const { structuredContent: { id } } = await ask(client, 'thread_start', { agent: 'Sleeper' });
    const waiting = client.callTool({ name: 'thread_wait', arguments: { id, seconds: 50 } }, undefined, { timeout: MS });
    const child = descendants(replinet.up.pid).find((one) => one.command[1] === 'mcp');
    assert.ok(child, 'the session has a process');
    assert.equal(descendants(replinet.up.pid).find((one) => one.pid === child.parent).command[1], 'api');
    setTimeout(() => process.kill(child.pid, 'SIGKILL'), 300);
    await assert.rejects(waiting, /process has ended/);
    await assert.rejects(client.listTools(), /404|no such MCP session/);
    await until('the browser freed', async () => (await call('GET', '/browsers')).total === 1, MS); // the thread's
    await call('POST', `/threads/${id}/stop`);
  });

  test('a revoked key ends its sessions', async () => {
    const ivan = replinet.makeUser('pro_user', { scopes: 'read,mcp,write' });
    const client = await http(ivan.key);
    await client.ping();
    const other = replinet.makeUser('pro_user', { scopes: 'read' });
    await assert.rejects(http(other.key), /403|scope/);
    replinet.sql(`DELETE FROM api_keys WHERE user_id = '${ivan.id}'`);
    execFileSync('redis-cli', ['-s', `${replinet.env.RUN_DIR}/redis/redis.sock`, 'PUBLISH', 'replinet:users', ivan.id]);
    await until('the end of the process', () => !descendants(replinet.up.pid).some((one) => one.command[1] === 'mcp' && one.command.includes(ivan.id)), MS);
    await assert.rejects(client.ping(), /unauthenticated|no such MCP session/);
  });

  test('what no client of the protocol would send', async () => {
    const post = (headers, body) => fetch(`${replinet.url}/mcp`, { method: 'POST', headers: { authorization: `Bearer ${olga.key}`, 'content-type': 'application/json', ...headers }, body });
    const hello = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'x', version: '1' } } });
    assert.equal((await fetch(`${replinet.url}/mcp`, { method: 'POST', body: hello })).status, 401);
    assert.equal((await post({ origin: 'http://evil.example' }, hello)).status, 403);
    assert.equal((await post({}, 'no json')).status, 422);
    assert.equal((await post({}, '[]')).status, 422);
    assert.equal((await post({}, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }))).status, 422);
    assert.equal((await post({ 'mcp-session-id': 'nothing' }, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }))).status, 404);
    const begun = await post({ accept: 'application/json' }, hello);
    assert.equal(begun.status, 200);
    const id = begun.headers.get('mcp-session-id');
    assert.equal((await begun.json()).result.protocolVersion, '2025-06-18');
    const session = { 'mcp-session-id': id, accept: 'application/json' };
    assert.equal((await post({ ...session, 'mcp-protocol-version': '1999-01-01' }, hello)).status, 422);
    assert.equal((await post(session, JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }))).status, 202);
    const listed = await post(session, JSON.stringify({ jsonrpc: '2.0', id: 'a"b', method: 'tools/list' }));
    const answer = await listed.json();
    assert.equal(answer.id, 'a"b');
    assert.ok(answer.result.tools.length > 20);
    assert.equal((await fetch(`${replinet.url}/mcp`, { method: 'DELETE', headers: { authorization: `Bearer ${olga.key}`, ...session } })).status, 204);
    assert.equal((await post(session, hello)).status, 404);
  });
});
