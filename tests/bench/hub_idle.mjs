// What WebSockets on /ws cost that nobody speaks on: growth of the api's memory (PSS) with all of them open, and with each of
// them subscribed to the feed of its user. Argument: sockets (5000). Needs as many open files in this process and in the api.
import fs from 'node:fs';
import { startApi } from '../flow/lib/api.mjs';
import { connectWebSocket } from '../flow/lib/raw_cdp.mjs';
import { count, report } from './lib/report.mjs';

const sockets = count(5000), AT_ONCE = 50, USERS = 100;
const api = await startApi({ LOG_LEVEL: 'warn' });
const users = Array.from({ length: USERS }, () => api.makeUser('pro_user'));
const clients = [];

function memory() {
  const text = fs.readFileSync(`/proc/${api.child.pid}/smaps_rollup`, 'utf8');
  return Object.fromEntries(['Pss', 'Rss'].map((name) => [name, Number(text.match(new RegExp(`^${name}:\\s+(\\d+)`, 'm'))[1]) / 1024]));
}
async function open() {
  const { key } = users[clients.length % USERS];
  const client = await connectWebSocket({ host: '127.0.0.1', port: Number(api.env.BACKEND_PORT), path: '/api/v1/ws', headers: { Authorization: `Bearer ${key}` }, timeout: 60000 });
  if (client.status !== 101) throw new Error(`${client.status} ${client.body}`);
  await client.next(60000); // hello
  clients.push(client);
}
async function subscribe(client) {
  client.send(JSON.stringify({ op: 'subscribe', channel: 'user' }));
  const answer = JSON.parse(await client.next(60000));
  if (answer.type !== 'subscribed') throw new Error(JSON.stringify(answer));
}
async function inGroups(total, one) {
  for (let from = 0; from < total; from += AT_ONCE) await Promise.all(Array.from({ length: Math.min(AT_ONCE, total - from) }, (_, i) => one(from + i)));
}
function tell(what, before) {
  const now = memory();
  report('hub_idle', { unit: 'MB', what, sockets: clients.length, rss: Math.round(now.Rss - before.Rss), kb_each: Math.round(((now.Pss - before.Pss) * 1024 * 10) / clients.length) / 10 }, now.Pss - before.Pss, { most: 100 });
}

try {
  for (const { key } of users) await api.get('/users/me', key); // what is kept of users is not the sockets'
  const before = memory();
  await inGroups(sockets, open);
  tell('PSS growth, open', before);
  await inGroups(sockets, (i) => subscribe(clients[i]));
  tell('PSS growth, open and subscribed', before);
} finally {
  for (const client of clients) client.socket.destroy();
  await api.stop();
}
