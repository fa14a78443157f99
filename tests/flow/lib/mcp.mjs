// The official client of the Model Context Protocol, and what speaks to /mcp by hand.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import assert from 'node:assert/strict';

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
