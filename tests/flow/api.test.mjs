// quick
// The API's machinery, shown on presets: who may come in, what is refused and how, ETags, Idempotency-Key, lists, and what
// a lost Redis or PostgreSQL does to it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApi } from './lib/api.mjs';
import { until } from './lib/instance.mjs';

let api, user;
before(async () => {
  api = await startApi();
  user = api.makeUser('pro_user');
});
after(async () => {
  const end = await api?.stop();
  assert.deepEqual(end, { code: 0, signal: null }, api.log);
});

const types = (answer) => answer.body.detail.map(({ loc, type }) => `${type}@${loc.join('.')}`);
const make = (name, more) => api.send('POST', '/presets', { name, ...more }, user.key);

describe('coming in', () => {
  test('health needs no token', async () => {
    const { status, body } = await api.get('//health');
    assert.equal(status, 200);
    assert.equal(body.status, 'ok');
  });

  for (const [what, token] of [['no token', null], ['an unknown key', `rpl_${'x'.repeat(43)}`], ['a malformed key', 'rpl_x'], ['nonsense', 'a.b.c']])
    test(`${what}: 401`, async () => {
      const { status, body, headers } = await api.get('/presets', token);
      assert.equal(status, 401);
      assert.equal(body.code, 'unauthenticated');
      assert.equal(headers.get('www-authenticate'), 'Bearer');
      assert.equal(headers.get('x-request-id'), body.request_id);
    });

  test('a key without the scope: 403 with its name', async () => {
    const { status, body } = await api.send('POST', '/presets', { name: 'x' }, api.makeKey(user.id, 'read'));
    assert.equal(status, 403);
    assert.match(body.detail, /scope write/);
  });

  test('a key that expires, a user who is switched off: at once', async () => {
    const other = api.makeUser();
    assert.equal((await api.get('/presets', other.key)).status, 200);
    api.postgres.sql(`UPDATE users SET is_active = false WHERE id = '${other.id}'`);
    api.redisCli('PUBLISH', 'replinet:users', other.id);
    await until('the refusal', async () => (await api.get('/presets', other.key)).status === 401);
  });
});

describe('a preset', () => {
  test('is made, read, listed, deleted', async () => {
    const made = await make('Life', { temperature: 1.5 });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.headers.get('etag'), '"1"');
    assert.equal(made.body.temperature, 1.5);
    const read = await api.get(`/presets/${made.body.id}`, user.key);
    assert.equal(read.body.name, 'Life');
    const list = await api.get('/presets?size=1', user.key);
    assert.deepEqual({ ...list.body, items: list.body.items.length }, { items: 1, total: 1, page: 1, size: 1, pages: 1 });
    assert.equal((await api.send('DELETE', `/presets/${made.body.id}`, undefined, user.key)).status, 204);
    assert.equal((await api.get(`/presets/${made.body.id}`, user.key)).status, 404);
  });

  test('a known ETag is answered with 304', async () => {
    const { body } = await make('Known');
    const again = await api.get(`/presets/${body.id}`, user.key, { 'If-None-Match': '"1"' });
    assert.equal(again.status, 304);
    assert.equal(again.text, '');
    assert.equal((await api.get(`/presets/${body.id}`, user.key, { 'If-None-Match': '"2"' })).status, 200);
  });

  test('is changed by revision, and can be what it was', async () => {
    const { body } = await make('First');
    const path = `/presets/${body.id}`;
    const change = (more, tag) => api.send('PATCH', path, more, user.key, tag && { 'If-Match': tag });
    const changed = await change({ name: 'Second', max_tokens: 7 }, '"1"');
    assert.equal(changed.status, 200, changed.text);
    assert.deepEqual([changed.body.name, changed.body.max_tokens, changed.headers.get('etag')], ['Second', 7, '"2"']);
    const stale = await change({ name: 'Third' }, '"1"');
    assert.equal(stale.status, 412);
    assert.equal(stale.body.code, 'precondition_failed');
    assert.equal((await change({ name: 'Third' }, 'nonsense')).status, 412);
    assert.equal((await change({ name: null })).status, 422);
    const { body: history } = await api.get(`${path}/revisions`, user.key);
    assert.deepEqual(history.items.map(({ revision }) => revision), [2, 1]);
    const { body: second } = await api.get(`${path}/revisions/2`, user.key);
    assert.deepEqual([second.previous, second.is_current, second.body.name, second.changes.name], [1, true, 'Second', { from: 'First', to: 'Second' }]);
    assert.equal((await api.get(`${path}/revisions/9`, user.key)).status, 404);
    assert.equal((await api.send('POST', `${path}/revisions/1/restore`, undefined, user.key, { 'If-Match': '"1"' })).status, 412);
    const restored = await api.send('POST', `${path}/revisions/1/restore`, undefined, user.key, { 'If-Match': '"2"' });
    assert.deepEqual([restored.status, restored.body.name, restored.body.revision], [200, 'First', 3], restored.text);
    assert.equal((await api.send('POST', `${path}/revisions/99/restore`, undefined, user.key)).status, 404);
    assert.equal((await api.send('POST', `${path}/revisions/x/restore`, undefined, user.key)).status, 404);
    assert.equal((await api.send('DELETE', path, undefined, user.key, { 'If-Match': '"1"' })).status, 412);
    const trail = api.postgres.sql(`SELECT action FROM audit_events WHERE object_id = '${body.id}' ORDER BY id`).flat();
    assert.deepEqual(trail, ['preset.create', 'preset.change', 'preset.restore']);
  });

  test('is found by search and sorted', async () => {
    for (const name of ['Zebra fish', 'Angel fish']) await make(name);
    const { body } = await api.get('/presets?search=FISH&sort=name', user.key);
    assert.deepEqual(body.items.map(({ name }) => name), ['Angel fish', 'Zebra fish']);
  });

  test("a stranger's is not there", async () => {
    const { body } = await make('Private');
    const stranger = api.makeUser();
    assert.equal((await api.get(`/presets/${body.id}`, stranger.key)).status, 404);
    assert.equal((await api.get('/presets', stranger.key)).body.total, 0);
    assert.equal((await api.get(`/presets/${body.id}`, api.makeUser('admin').key)).status, 200);
  });

  test('a name that is taken: 409', async () => {
    await make('Taken');
    const { status, body } = await make('taken');
    assert.equal(status, 409);
    assert.equal(body.code, 'conflict');
  });
});

describe('Idempotency-Key', () => {
  const send = (key, body) => api.send('POST', '/presets', body, user.key, { 'Idempotency-Key': key });

  test('the same request again gets the same answer and does nothing', async () => {
    const first = await send('k1', { name: 'Once' });
    const second = await send('k1', { name: 'Once' });
    assert.equal(first.status, 201);
    assert.equal(first.headers.get('idempotency-replayed'), null);
    assert.equal(second.status, 201);
    assert.equal(second.headers.get('idempotency-replayed'), 'true');
    assert.deepEqual(second.body, first.body);
    assert.equal(second.headers.get('etag'), '"1"');
  });

  test('another request with it: 409', async () => {
    await send('k2', { name: 'One' });
    assert.equal((await send('k2', { name: 'Two' })).status, 409);
    assert.equal((await send('k2', { name: 'One' })).status, 201);
  });

  test('a refused request may be mended and sent again', async () => {
    assert.equal((await send('k3', { name: 'Once' })).status, 409);
    assert.equal((await send('k3', { name: 'Another' })).status, 201);
  });

  test('ten at once make one', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => send('k4', { name: 'Tenfold' })));
    assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([201]));
    assert.equal(new Set(all.map(({ body }) => body.id)).size, 1);
    assert.equal(all.filter(({ headers }) => !headers.get('idempotency-replayed')).length, 1);
  });

  test('each POST that makes something takes one', async () => {
    const { paths } = (await api.get('//openapi.json')).body;
    const without = Object.entries(paths)
      .filter(([, { post }]) => post?.responses['201'] && !post.parameters?.some(({ name }) => name === 'Idempotency-Key'))
      .map(([path]) => path);
    assert.deepEqual(without, ['/api/v1/auth/register']); // nobody is signed in; an address registers once
  });

  test("another user's same key is another", async () => {
    const other = api.makeUser();
    const { status } = await api.send('POST', '/presets', { name: 'Other' }, other.key, { 'Idempotency-Key': 'k1' });
    assert.equal(status, 201);
  });
});

describe('wrong input', () => {
  test('every wrong field is named', async () => {
    const answer = await api.send('POST', '/presets', { nmae: 'x', temperature: 3, max_tokens: 'many', ai_model: '' }, user.key);
    assert.equal(answer.status, 422);
    assert.deepEqual(types(answer), ['extra_forbidden@body.nmae', 'less_than_equal@body.temperature', 'int_type@body.max_tokens', 'string_too_short@body.ai_model', 'missing@body.name']);
    assert.match(answer.body.detail[0].msg, /did you mean 'name'/);
  });

  for (const [what, body] of [
    ['no body', ''], ['bad JSON', '{"name":'], ['two values', '{} {}'], ['no object', '[1]'], ['deep nesting', '['.repeat(200000)],
    ['a huge number', `{"name":"x","max_tokens":${'9'.repeat(400)}}`], ['a huge real', '{"name":"x","temperature":1e400}'],
    ['NUL', '{"name":"a\\u0000"}'], ['a raw NUL', '{"name":"a\0"}'], ['invalid UTF-8', Buffer.from('{"name":"\xff\xfe"}', 'latin1')],
    ['half a surrogate', '{"name":"\\ud800"}'], ['a key twice', '{"name":"a","name":"b"}'],
  ])
    test(`${what}: 422 with where`, async () => {
      const answer = await api.send('POST', '/presets', body, user.key);
      assert.equal(answer.status, 422, answer.text);
      assert.equal(answer.body.detail[0].loc[0], 'body');
    });

  for (const name of ["'; DROP TABLE presets; --", '<script>alert(1)</script>', '${7*7}', '../../etc/passwd', '%00', '\\', '"', '😀'])
    test(`a name like ${name} is only a name`, async () => {
      const { status, body } = await make(name);
      assert.equal(status, 201);
      assert.equal(body.name, name);
    });

  for (const query of ['page=0', 'page=x', 'size=101', 'sort=password', 'nonsense=1', 'page=1&page=2', 'search=%ff', 'search=%00'])
    test(`?${query}: 422`, async () => {
      const answer = await api.get(`/presets?${query}`, user.key);
      assert.equal(answer.status, 422);
      assert.equal(answer.body.detail[0].loc[0], 'query');
    });

  for (const id of ['1', '%2e%2e', 'x'.repeat(500), '%00', "'"])
    test(`/presets/${id.slice(0, 20)}: 404`, async () => assert.equal((await api.get(`/presets/${id}`, user.key)).status, 404));

  test('a body over the limit: 413; a head over it: 431; another method: 405', async () => {
    assert.equal((await api.send('POST', '/presets', 'x'.repeat((1 << 20) + 1), user.key)).status, 413);
    assert.equal((await api.get('/presets', user.key, { 'X-Long': 'x'.repeat(40000) })).status, 431);
    const wrong = await api.send('PUT', '/presets', {}, user.key);
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get('allow'), 'GET, POST');
  });
});

describe('when something else is down', () => {
  test('without Redis requests go on', async () => {
    await api.redis.stop();
    assert.equal((await make('No Redis')).status, 201);
    assert.equal((await api.get('/presets', user.key)).status, 200);
    await api.redis.start();
  });

  test('without PostgreSQL: 503 with Retry-After, and again 200 without a restart', async () => {
    await api.postgres.stop('SIGQUIT');
    const { status, headers, body } = await api.get('/presets', user.key);
    assert.equal(status, 503);
    assert.ok(headers.get('retry-after'));
    assert.doesNotMatch(body.detail, /socket|connection/);
    assert.equal((await api.get('//health')).status, 200);
    await api.postgres.start();
    await until('an answer', async () => (await api.get('/presets', user.key)).status === 200);
  });
});

test('kill -9 under load: what was acknowledged is there, once, and a repeated key gets the first answer', async () => {
  const writer = api.makeUser('admin');
  const sent = [];
  let going = true;
  const send = async (i) => {
    const key = `load-${i}`;
    const record = { key, name: `load ${i}` };
    sent.push(record);
    try {
      const answer = await api.send('POST', '/presets', { name: record.name }, writer.key, { 'Idempotency-Key': key });
      if (answer.status === 201) record.id = answer.body.id;
    } catch {
      // killed before its answer
    }
  };
  const clients = Array.from({ length: 8 }, async (_, client) => {
    for (let i = 0; going; i++) await send(`${client}-${i}`);
  });
  await until('some answers', () => sent.filter(({ id }) => id).length > 30);
  going = false;
  api.child.kill('SIGKILL');
  await Promise.all([...clients, api.ended]);
  await api.start();
  for (const record of sent) {
    const again = await api.send('POST', '/presets', { name: record.name }, writer.key, { 'Idempotency-Key': record.key });
    assert.equal(again.status, 201, again.text);
    if (record.id) assert.equal(again.body.id, record.id, 'what was acknowledged');
  }
  assert.equal((await api.get('/presets?size=1', writer.key)).body.total, sent.length);
});
