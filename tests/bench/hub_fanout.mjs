// One event to many subscribers: from the word on Redis, which follows the commit, to the arrival at the last of them. Once
// with a thread's events, once with a user's feed. The clients live in this process and share the machine with the api.
// Arguments: subscribers (1000), events (200).
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { startApi } from '../flow/lib/api.mjs';
import { connectWebSocket } from '../flow/lib/raw_cdp.mjs';
import { at, count, report, spread } from './lib/report.mjs';

const subscribers = count(1000), events = Number(process.argv[3] ?? 200), AT_ONCE = 50;
const api = await startApi({ LOG_LEVEL: 'warn' });
const user = api.makeUser('pro_user');
const sockets = [];
const redis = net.connect(api.redis.url.slice('unix://'.length));
await once(redis, 'connect');
redis.resume();

async function made(path, body) {
  const answer = await api.send('POST', path, body, user.key);
  if (answer.status !== 201) throw new Error(answer.text);
  return answer.body;
}
const preset = await made('/presets', { name: 'p' });
const agent = await made('/agents', { name: 'a', preset_id: preset.id, script: [] });
const thread = await made(`/agents/${agent.id}/threads`, {});

async function subscribe(channel) {
  const client = await connectWebSocket({ host: '127.0.0.1', port: Number(api.env.BACKEND_PORT), path: '/api/v1/ws', headers: { Authorization: `Bearer ${user.key}` }, timeout: 60000 });
  client.send(JSON.stringify({ op: 'subscribe', channel }));
  while (JSON.parse(await client.next(60000)).type !== 'subscribed');
  client.socket.removeAllListeners('data');
  sockets.push(client.socket);
}

/** Milliseconds to the last arrival; null when the hub looked by itself before it was told. */
async function round(commit, name) {
  let left = sockets.length, early = false, begun = false, last, done;
  const all = new Promise((resolve) => (done = resolve));
  for (const socket of sockets) {
    let arrived = false;
    socket.removeAllListeners('data').on('data', (data) => {
      if (arrived || data[0] !== 0x81) return;
      arrived = true;
      early ||= !begun;
      if (!--left) done((last = performance.now()));
    });
  }
  commit();
  await pause(15); // for what came early
  const from = performance.now();
  begun = true;
  redis.write(`PUBLISH ${name} look\r\n`);
  await all;
  return early ? null : last - from;
}

async function measure(channel, name, commit) {
  for (let i = 0; i < subscribers; i += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, subscribers - i) }, () => subscribe(channel)));
  const times = [];
  while (times.length < events) {
    const ms = await round(commit, name);
    if (ms !== null) times.push(ms);
  }
  report('hub_fanout', { unit: 'ms', what: `${channel.split(':')[0]}, p99 of the last arrival`, subscribers, ...spread(times) }, at(times, 0.99), { most: 50 });
  for (const socket of sockets.splice(0)) socket.destroy();
}

try {
  await measure(`thread:${thread.id}`, `replinet:thread:${thread.id}`, () => api.postgres.sql(`WITH t AS (UPDATE threads SET last_seq = last_seq + 1
    WHERE id = '${thread.id}' RETURNING id, last_seq) INSERT INTO thread_events (thread_id, seq, kind, message) SELECT id, last_seq, 'note', 'x' FROM t`));
  let n = 0;
  await measure('user', `replinet:feed:${user.id}`, () => api.postgres.sql(`UPDATE agents SET description = '${n++}' WHERE id = '${agent.id}'`));
} finally {
  redis.destroy();
  for (const socket of sockets) socket.destroy();
  await api.stop();
}
