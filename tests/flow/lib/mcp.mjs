// The official client of the Model Context Protocol, and what speaks to /mcp by hand.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';

export const MCP_MS = 60000;

export async function connectClient(transport) {
  const client = new Client({ name: 'suite', version: '1' });
  await client.connect(transport);
  return client;
}

/** A session over HTTP. `options` are the transport's. */
export const connectHttp = (url, key, options = {}) => connectClient(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit: { headers: { authorization: `Bearer ${key}` } }, ...options }));

/** For the transport: every request on a connection of its own. */
export const freshConnections = (url, init = {}) => {
  const headers = new Headers(init.headers);
  headers.set('connection', 'close');
  return fetch(url, { ...init, headers });
};

/** Calls a tool that must succeed. */
export async function callTool(client, name, args = {}, options = {}) {
  const answer = await client.callTool({ name, arguments: args }, undefined, { timeout: MCP_MS, ...options });
  assert.ok(!answer.isError, `${name}: ${JSON.stringify(answer.content)}`);
  return answer;
}
/** The same: its texts as one. */
export const textOf = async (...given) => (await callTool(...given)).content.map((part) => part.text ?? '').join('\n');

export const hello = (version = '2025-11-25', id = 1) => ({ jsonrpc: '2.0', id, method: 'initialize', params: { protocolVersion: version, capabilities: {}, clientInfo: { name: 'suite', version: '1' } } });

/** By hand: sends what it is given, with the session once there is one. */
export class Hand {
  constructor(url, key) {
    this.url = `${url}/mcp`;
    this.headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'application/json, text/event-stream', connection: 'close' };
  }
  post(message, headers = {}) {
    return fetch(this.url, { method: 'POST', headers: { ...this.headers, ...headers }, body: typeof message === 'string' ? message : JSON.stringify(message) });
  }
  get(headers = {}) {
    return fetch(this.url, { headers: { ...this.headers, accept: 'text/event-stream', ...headers } });
  }
  end() {
    return fetch(this.url, { method: 'DELETE', headers: this.headers });
  }
  /** Begins a session of a revision; its answer. */
  async begin(version) {
    const response = await this.post(hello(version));
    const text = await response.text();
    assert.equal(response.status, 200, text);
    this.headers['mcp-session-id'] = response.headers.get('mcp-session-id');
    assert.equal((await this.post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status, 202);
    return JSON.parse(text).result;
  }
}

/** The events of a text/event-stream body as they come: {id, data}, data parsed; ends with the stream, throws when it is cut. */
export async function* eventsOf(response) {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of response.body) {
    text += decoder.decode(piece, { stream: true });
    for (let at; (at = text.indexOf('\n\n')) >= 0; text = text.slice(at + 2)) {
      const fields = Object.fromEntries(text.slice(0, at).split('\n').filter((line) => !line.startsWith(':')).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]));
      yield { ...fields, data: fields.data && JSON.parse(fields.data) };
    }
  }
}
/** All of them. */
export async function readEvents(response) {
  const found = [];
  for await (const event of eventsOf(response)) found.push(event);
  return found;
}

/** A way to a port that can be cut: {url, cut(), stop()}. */
export async function startCuttable(target) {
  const sockets = new Set();
  const server = net.createServer((client) => {
    const onward = net.connect({ host: new URL(target).hostname, port: Number(new URL(target).port) });
    for (const [one, other] of [[client, onward], [onward, client]]) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => { sockets.delete(one); other.destroy(); });
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  // Not resetAndDestroy: of a socket that is being shut down it keeps Node 20 from ever ending (uv_tcp_close_reset refuses, CleanupHandles waits).
  const cut = () => { for (const socket of sockets) socket.destroy(); };
  return { url: `http://127.0.0.1:${server.address().port}`, cut, stop: () => { cut(); server.close(); } };
}
