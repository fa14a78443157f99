// A thread's events as an event stream (text/event-stream): the past, the present, the end, and who is let go.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startApi } from './lib/api.mjs';
import { until } from './lib/instance.mjs';

let api, user, agent, idle;

before(async () => {
  api = await startApi();
  user = api.makeUser('pro_user');
  const preset = await made('/presets', { name: 'p' });
  agent = await made('/agents', { name: 'a', preset_id: preset.id, script: [] });
  idle = await Stream.open((await start()).id);
});
after(() => {
  if (api?.end) console.error(api.end, api.log);
  return api?.stop();
});

async function made(path, body) {
  const answer = await api.send('POST', path, body, user.key);
  assert.ok(answer.status < 300, answer.text);
  return answer.body;
}
const start = () => made(`/agents/${agent.id}/threads`, {});
const stop = (thread) => made(`/threads/${thread.id}/stop`);
const head = (thread) => Number(api.postgres.value(`SELECT last_seq FROM threads WHERE id = '${thread.id}'`));
/** Events as a run's job writes them. */
function note(thread, count, message = "'n' || last_seq") {
  api.postgres.sql(`DO $$ BEGIN FOR i IN 1..${count} LOOP
    WITH t AS (UPDATE threads SET last_seq = last_seq + 1 WHERE id = '${thread.id}' RETURNING id, last_seq)
    INSERT INTO thread_events (thread_id, seq, kind, message) SELECT id, last_seq, 'note', ${message} FROM t;
  END LOOP; END $$`);
  api.redisCli('PUBLISH', `replinet:thread:${thread.id}`, 'x');
}

class Stream {
  static async open(id, { key = user.key, query = '', headers = {} } = {}) {
    const abort = new AbortController();
    const answer = await fetch(`${api.url}/api/v1/threads/${id}/events/stream${query}`, { signal: abort.signal, headers: { ...(key && { Authorization: `Bearer ${key}` }), ...headers } });
    return new Stream(answer, abort);
  }

  constructor(answer, abort) {
    Object.assign(this, { answer, abort, status: answer.status, type: answer.headers.get('content-type'), text: '', ended: false });
    if (this.status === 200) this.reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Reads until `check` holds or the stream has ended. */
  async read(check = () => false) {
    while (!this.ended && !check(this)) {
      const { value, done } = await this.reader.read().catch(() => ({ done: true }));
      this.ended = done;
      this.text += value ?? '';
    }
    return this.events();
  }

  events() {
    return [...this.text.matchAll(/^id: (\d+)\ndata: (.*)\n\n/gm)].map(([, id, data]) => ({ id: Number(id), ...JSON.parse(data) }));
  }
}
const consecutive = (events, from, to) => assert.deepEqual(events.map(({ id }) => id), Array.from({ length: to - from + 1 }, (_, i) => from + i));

test('the past over many reads, what comes, and the end; then there is nothing to come for', { timeout: 120000 }, async () => {
  const thread = await start();
  note(thread, 450);
  const stream = await Stream.open(thread.id);
  assert.deepEqual([stream.status, stream.type], [200, 'text/event-stream']);
  await stream.read(() => stream.events().length === head(thread));
  note(thread, 3);
  await stream.read(() => stream.events().length === head(thread));
  await stop(thread);
  const events = await stream.read();
  consecutive(events, 1, head(thread));
  assert.deepEqual([events.at(-1).kind, events.at(-1).seq, events.at(-2).message], ['thread.stopped', head(thread), `n${head(thread) - 1}`]);

  const again = await Stream.open(thread.id, { query: '?after=3', headers: { 'Last-Event-ID': String(head(thread) - 2) } });
  consecutive(await again.read(), head(thread) - 1, head(thread));
  assert.equal((await Stream.open(thread.id, { query: `?after=${head(thread)}` })).status, 204);
});

test('who may not is told; a ticket opens one', async () => {
  const thread = await start();
  assert.equal((await Stream.open(thread.id, { key: api.makeUser().key })).status, 404);
  assert.equal((await Stream.open('nonsense')).status, 404);
  assert.equal((await Stream.open(thread.id, { key: null })).status, 401);
  assert.equal((await Stream.open(thread.id, { query: '?after=1000' })).status, 422);
  assert.equal((await Stream.open(thread.id, { headers: { 'Last-Event-ID': 'x' } })).status, 422);
  const { ticket } = await made('/auth/ticket', { purpose: 'ws' });
  const stream = await Stream.open(thread.id, { key: null, query: `?ticket=${ticket}` });
  await stream.read(() => stream.events().length === 1);
  stream.abort.abort();
});

test('a thread that ended and whose events are gone ends it at once', async () => {
  const thread = await start();
  await stop(thread);
  api.postgres.sql(`DELETE FROM thread_events WHERE thread_id = '${thread.id}'`);
  assert.deepEqual(await (await Stream.open(thread.id)).read(), []);
});

test('who is switched off hears no more', async () => {
  const victim = api.makeUser('admin');
  const thread = await start();
  const stream = await Stream.open(thread.id, { key: victim.key });
  await stream.read(() => stream.events().length === 1);
  const boss = api.makeUser('super_admin');
  assert.equal((await api.send('PATCH', `/users/${victim.id}`, { is_active: false }, boss.key)).status, 200);
  await stream.read();
  assert.ok(stream.ended);
});

test('who does not read is let go, and goes on behind the last event', { timeout: 120000 }, async () => {
  const thread = await start();
  const count = async () => Number((await (await fetch(api.metrics)).text()).match(/replinet_websockets\{kind="stream"\} (\d+)/)?.[1]);
  await until('the streams of before to be gone', async () => (await count()) === 1);
  const slow = await Stream.open(thread.id);
  note(thread, 60, "repeat('x', 200000)");
  await until('the api to give up', async () => (await count()) === 1, 60000);
  const events = await slow.read();
  assert.ok(events.length < head(thread), String(events.length));
  const rest = await Stream.open(thread.id, { headers: { 'Last-Event-ID': String(events.at(-1)?.id ?? 0) } });
  await rest.read(() => rest.text.endsWith('\n\n') && rest.events().at(-1)?.id === head(thread));
  consecutive([...events, ...rest.events()], 1, head(thread));
  rest.abort.abort();
});

test('an idle one is kept alive; SIGTERM ends it', { timeout: 60000 }, async () => {
  await idle.read(() => idle.text.includes('\n:\n\n'));
  assert.ok(!idle.ended);
  assert.deepEqual(await api.finish(), { code: 0, signal: null }, api.log);
  await idle.read();
  assert.ok(idle.ended);
});
