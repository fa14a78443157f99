// The live channels: who may listen, what is heard, and that nothing is lost or doubled whatever dies.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApi } from './lib/api.mjs';
import { HubClient } from './lib/hub_client.mjs';
import { until } from './lib/instance.mjs';

let api, user, agent, thread;
const post = (path, body, key = user.key) => api.send('POST', path, body, key);
const made = async (...args) => {
  const answer = await post(...args);
  assert.ok(answer.status < 300, answer.text);
  return answer.body;
};
/** Events as a run's job writes them. */
const note = (count = 1, id = thread.id) => api.postgres.sql(`
  DO $$ BEGIN FOR i IN 1..${count} LOOP
    WITH t AS (UPDATE threads SET last_seq = last_seq + 1 WHERE id = '${id}' RETURNING id, last_seq)
    INSERT INTO thread_events (thread_id, seq, kind, message) SELECT id, last_seq, 'note', 'n' || last_seq FROM t;
  END LOOP; END $$`);
const ring = (id = thread.id) => api.redisCli('PUBLISH', `replinet:thread:${id}`, 'x');
const head = () => Number(api.postgres.value(`SELECT last_seq FROM threads WHERE id = '${thread.id}'`));
const consecutive = (seqs, from, to) => assert.deepEqual(seqs, Array.from({ length: to - from + 1 }, (_, i) => from + i));

before(async () => {
  api = await startApi();
  user = api.makeUser('pro_user');
  const preset = await made('/presets', { name: 'p' });
  agent = await made('/agents', { name: 'a', preset_id: preset.id, script: [] });
  thread = await made(`/agents/${agent.id}/threads`, {});
});
after(() => {
  if (api?.end) console.error(api.end, api.log);
  return api?.stop();
});

describe('who may listen', () => {
  test('a ticket opens one socket, once', async () => {
    const { ticket } = await made('/auth/ticket', { purpose: 'ws' });
    const client = await HubClient.connect(api, null, { ticket });
    assert.equal(client.status, 101);
    await client.heard(({ type }) => type === 'hello');
    const again = await HubClient.connect(api, null, { ticket });
    assert.equal(again.status, 401);
    assert.equal((await HubClient.connect(api, null, { ticket: 'nonsense' })).status, 401);
    assert.equal((await api.get('/ws', user.key)).status, 426);
    client.close();
  });

  test("a stranger's thread is not there; nonsense is told", async () => {
    const client = await HubClient.connect(api, api.makeUser().key);
    assert.equal((await client.subscribe(`thread:${thread.id}`)).code, 'not_found');
    client.say('subscribe', { channel: 'everything' });
    await client.heard(({ code }) => code === 'bad_input');
    client.say('ping');
    await client.heard(({ type }) => type === 'pong');
    client.websocket.send('no json');
    await client.until('the goodbye', () => client.websocket.closeCode === 1008);
  });

  test('who is switched off is disconnected', async () => {
    const victim = api.makeUser();
    const admin = api.makeUser('admin');
    const client = await HubClient.connect(api, victim.key);
    await client.subscribe('user');
    const { status } = await api.send('PATCH', `/users/${victim.id}`, { is_active: false }, admin.key);
    assert.equal(status, 200);
    await client.until('the goodbye', () => client.websocket.closeCode === 1008);
  });
});

describe('what is heard', () => {
  test("one's own feed, of other sessions too, and nobody else's", async () => {
    const [first, second, other] = await Promise.all([HubClient.connect(api, user.key), HubClient.connect(api, user.key), HubClient.connect(api, api.makeUser().key)]);
    const { seq } = await first.subscribe('user');
    await second.subscribe('user');
    await other.subscribe('user');
    const preset = await made('/presets', { name: 'heard' });
    const one = await made(`/agents/${agent.id}/threads`, { task: 'live' });
    await made(`/threads/${one.id}/stop`);
    for (const client of [first, second]) {
      await client.until('three events', () => client.seqs('user').length >= 3);
      consecutive(client.seqs('user'), seq + 1, seq + 3);
    }
    const [a, b, c] = first.messages.filter(({ type }) => type === 'event').map(({ data }) => data);
    assert.deepEqual([a.kind, a.object_id, b.kind, b.data.task, c.kind, c.data.status], ['preset.created', preset.id, 'thread.created', 'live', 'thread.status', 'stopped']);
    assert.deepEqual(other.seqs('user'), []);
    for (const client of [first, second, other]) client.close();
  });

  test("a thread's events from a number on, then live, over many reads", async () => {
    note(450);
    const client = await HubClient.connect(api, user.key);
    const channel = `thread:${thread.id}`;
    assert.equal((await client.subscribe(channel, 0)).type, 'subscribed');
    await client.until('the past', () => client.seqs(channel).length === head());
    note(3);
    ring();
    await client.until('the present', () => client.seqs(channel).length === head());
    consecutive(client.seqs(channel), 1, head());
    assert.equal(client.messages.at(-1).data.message, `n${head()}`);
    client.say('unsubscribe', { channel });
    assert.equal((await client.subscribe(channel, 10 ** 9)).type, 'reset');
    client.close();
  });

  test('a feed that was trimmed meanwhile says reset', async () => {
    api.postgres.sql(`DELETE FROM user_feed WHERE user_id = '${user.id}' AND seq <= 3`);
    const client = await HubClient.connect(api, user.key);
    assert.equal((await client.subscribe('user', 1)).type, 'reset');
    assert.equal((await client.subscribe('user', 3)).type, 'subscribed');
    await client.until('the rest', () => client.seqs('user')[0] === 4);
    client.close();
  });

  test('without a word from Redis it is heard all the same', async () => {
    const client = await HubClient.connect(api, user.key);
    const channel = `thread:${thread.id}`;
    await client.subscribe(channel);
    note();
    await client.until('the event', () => client.seqs(channel).includes(head()));
    client.close();
  });
});

describe('whatever dies', () => {
  test('Redis: events go on, before, while and after', async () => {
    const client = await HubClient.connect(api, user.key);
    const channel = `thread:${thread.id}`;
    const { seq } = await client.subscribe(channel);
    await api.redis.stop();
    note(2);
    await client.until('events without Redis', () => client.seqs(channel).length === 2);
    await api.redis.start();
    note(2);
    await client.until('events after it', () => client.seqs(channel).length === 4);
    consecutive(client.seqs(channel), seq + 1, seq + 4);
    client.close();
  });

  test('the api, with kill -9, again and again: a client that resumes has each event once', async () => {
    const channel = `thread:${thread.id}`;
    const all = [];
    const start = head();
    let stop = false;
    const writer = (async () => {
      while (!stop) {
        note(5);
        await new Promise((done) => setTimeout(done, 30));
      }
    })();
    for (let round = 0; round < 3; round++) {
      const client = await HubClient.connect(api, user.key);
      await client.subscribe(channel, all.at(-1) ?? start);
      await client.until('some events', () => client.seqs(channel).length > 20);
      await api.finish('SIGKILL');
      await client.ended;
      all.push(...client.seqs(channel));
      await api.start();
    }
    stop = true;
    await writer;
    const client = await HubClient.connect(api, user.key);
    await client.subscribe(channel, all.at(-1));
    await until('the rest', () => (all.at(-1) === head() && !client.seqs(channel).length) || client.seqs(channel).at(-1) === head());
    consecutive([...all, ...client.seqs(channel)], start + 1, head());
    client.close();
  });

  test('a consumer that does not read is closed with 1013 and may go on behind its last event', async () => {
    const slow = await HubClient.connect(api, user.key);
    const channel = `thread:${thread.id}`;
    await slow.subscribe(channel);
    slow.websocket.socket.pause();
    const big = api.postgres.sql(`
      DO $$ BEGIN FOR i IN 1..60 LOOP
        WITH t AS (UPDATE threads SET last_seq = last_seq + 1 WHERE id = '${thread.id}' RETURNING id, last_seq)
        INSERT INTO thread_events (thread_id, seq, kind, message) SELECT id, last_seq, 'note', repeat('x', 200000) FROM t;
      END LOOP; END $$`);
    ring();
    await until('the api to give up', async () => Number((await (await fetch(api.metrics)).text()).match(/replinet_websockets\{kind="hub"\} (\d+)/)?.[1]) === 0);
    slow.websocket.socket.resume();
    await slow.ended;
    const seqs = slow.seqs(channel);
    consecutive(seqs, seqs[0], seqs.at(-1));
    const client = await HubClient.connect(api, user.key);
    await client.subscribe(channel, seqs.at(-1));
    await client.until('the rest', () => client.seqs(channel).at(-1) === head());
    client.close();
  });

  test('SIGTERM says goodbye', async () => {
    const client = await HubClient.connect(api, user.key);
    await client.subscribe('user');
    assert.deepEqual(await api.finish(), { code: 0, signal: null }, api.log);
    assert.equal(client.websocket.closeCode, 1001);
    await api.start();
  });
});
