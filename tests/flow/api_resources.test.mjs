// Agents, credentials, threads, users, statistics and schemas over HTTP, without browsers.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startApi } from './lib/api.mjs';

let api, user, stranger, admin;
before(async () => {
  api = await startApi({ QUOTAS: '{"pro_user":{"credentials":3}}' });
  user = api.makeUser('pro_user');
  stranger = api.makeUser('pro_user');
  admin = api.makeUser('admin');
});
after(() => api?.stop());

let counter = 0;
const post = (path, body, key = user.key, headers) => api.send('POST', path, body, key, headers);
const patch = (path, body, key = user.key, headers) => api.send('PATCH', path, body, key, headers);
const remove = (path, key = user.key, headers) => api.send('DELETE', path, undefined, key, headers);
const get = (path, key = user.key) => api.get(path, key);
const good = async (promise, status = 200) => {
  const answer = await promise;
  assert.equal(answer.status, status, answer.text);
  return answer.body;
};
const refused = async (promise, status, code, pattern) => {
  const { status: got, body, text } = await promise;
  assert.equal(got, status, text);
  if (code) assert.equal(body.code, code);
  if (pattern) assert.match(text, pattern);
};
const makePreset = (key) => good(post('/presets', { name: `preset ${++counter}` }, key), 201);
const makeAgent = async (more = {}, key) => {
  const preset = await makePreset(key);
  return good(post('/agents', { name: `agent ${++counter}`, preset_id: preset.id, script: [{ goto: 'https://example.com/' }], ...more }, key), 201);
};

describe('an agent', () => {
  test('is made, changed by revision, copied, restored and deleted', async () => {
    const agent = await makeAgent({ description: 'first' });
    assert.deepEqual([agent.status, agent.credential_ids, agent.threads_total], ['idle', [], 0]);
    assert.match(agent.preset_name, /^preset/);
    const path = `/agents/${agent.id}`;
    const changed = await good(patch(path, { description: 'second', is_active: false }, user.key, { 'If-Match': '"1"' }));
    assert.deepEqual([changed.description, changed.is_active, changed.name, changed.revision], ['second', false, agent.name, 2]);
    await refused(patch(path, { description: 'third' }, user.key, { 'If-Match': '"1"' }), 412, 'precondition_failed');
    const copy = await good(post(`${path}/duplicate`), 201);
    assert.equal(copy.name, `${agent.name} (copy)`);
    assert.deepEqual(copy.script, agent.script);
    assert.deepEqual((await good(get(`${path}/revisions/2`))).changes, { description: { from: 'first', to: 'second' }, is_active: { from: true, to: false } });
    assert.equal((await good(post(`${path}/revisions/1/restore`))).description, 'first');
    assert.equal((await good(get(`${path}/revisions`))).items.length, 3);
    assert.equal((await remove(path)).status, 204);
    await refused(get(path), 404, 'not_found');
  });

  test('a script that is wrong is refused with its place', async () => {
    const preset = await makePreset();
    await refused(post('/agents', { name: 'x', preset_id: preset.id, script: [{ clik: 'x' }] }), 422, null, /steps\[0\]/);
    await refused(post('/agents', { name: 'x', preset_id: preset.id, browser_config: { cpus: 'many' } }), 422);
    const placed = async (browser_config) => (await post('/agents', { name: 'x', preset_id: preset.id, browser_config })).body.detail[0].loc;
    assert.deepEqual(await placed({ geolocation: { latitude: 100, longitude: 0 } }), ['body', 'browser_config', 'geolocation', 'latitude']);
    assert.deepEqual(await placed({ blocked_resources: ['image', 'smell'] }), ['body', 'browser_config', 'blocked_resources', 1]);
    assert.deepEqual(await placed({ headers: { Cookie: 'a=b' } }), ['body', 'browser_config', 'headers', 'Cookie']);
  });

  test("another's preset is not there", async () => {
    const preset = await makePreset(stranger.key);
    await refused(post('/agents', { name: 'x', preset_id: preset.id }), 404, 'not_found');
  });

  test('lists: own by default, everybody\'s for administrators who ask, filtered', async () => {
    const agent = await makeAgent({ is_active: false });
    assert.equal((await good(get('/agents?is_active=false&search=' + encodeURIComponent(agent.name)))).items[0].id, agent.id);
    assert.equal((await good(get('/agents?status=running'))).total, 0);
    assert.equal((await good(get('/agents', admin.key))).total, 0);
    assert.ok((await good(get('/agents?all=true', admin.key))).total >= 1);
    assert.equal((await good(get('/agents?all=true', stranger.key))).items.some(({ id }) => id === agent.id), false);
  });
});

describe('a thread', () => {
  test('is started once per Idempotency-Key, stopped, retried, deleted', async () => {
    const agent = await makeAgent({ input_schema: { type: 'object', properties: { n: { type: 'integer', default: 3 } } } });
    const start = (key) => post(`/agents/${agent.id}/threads`, { task: 'do it', inputs: {} }, user.key, { 'Idempotency-Key': key });
    const thread = await good(start('t1'), 201);
    assert.deepEqual([thread.status, thread.inputs, thread.agent_name], ['queued', { n: 3 }, agent.name]);
    assert.equal((await good(start('t1'), 201)).id, thread.id);
    assert.equal((await good(get(`/agents/${agent.id}`))).status, 'running');
    await refused(remove(`/threads/${thread.id}`), 409, 'conflict');
    await refused(post(`/threads/${thread.id}/retry`), 409, 'conflict');
    assert.equal((await good(post(`/threads/${thread.id}/stop`))).status, 'stopped');
    const again = await good(post(`/threads/${thread.id}/retry`), 201);
    assert.deepEqual([again.retry_of, again.task, again.inputs], [thread.id, 'do it', { n: 3 }]);
    const events = await good(get(`/threads/${thread.id}/events`));
    assert.deepEqual(events.items.map(({ seq, kind }) => `${seq} ${kind}`), ['1 thread.queued', '2 thread.stopped']);
    assert.equal(events.next, null);
    const first = await good(get(`/threads/${thread.id}/events?limit=1`));
    assert.equal(first.next, '1');
    assert.equal((await good(get(`/threads/${thread.id}/events?kind=thread.stopped,other&after=1`))).items.length, 1);
    assert.equal((await good(get(`/threads/${thread.id}/events?level=error`))).items.length, 0);
    assert.equal((await good(get(`/agents/${agent.id}/threads?status=stopped`))).total, 1);
    assert.equal((await good(get(`/threads?agent_id=${agent.id}&status=queued,stopped`))).total, 2);
    assert.equal((await good(get(`/threads?agent_id=${agent.id}&from=2999-01-01T00:00:00Z`))).total, 0);
    assert.equal((await remove(`/threads/${thread.id}`)).status, 204);
    await refused(get(`/threads/${thread.id}`), 404);
    await good(post(`/threads/${again.id}/stop`));
  });

  test('is not started when switched off, when inputs do not fit, or by a stranger', async () => {
    const agent = await makeAgent({ is_active: false, input_schema: { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } } });
    const path = `/agents/${agent.id}/threads`;
    await refused(post(path, { inputs: { n: 'x' } }), 422);
    await refused(post(path, { inputs: { n: 1 } }), 409, 'conflict', /switched off/);
    await refused(post(path, {}, stranger.key), 404);
    await refused(post(path, {}, api.makeKey(user.id, 'read,write')), 403, 'forbidden', /scope run/);
  });

  test('gives its results as JSON and CSV', async () => {
    const agent = await makeAgent();
    const thread = await good(post(`/agents/${agent.id}/threads`, {}), 201);
    await good(post(`/threads/${thread.id}/stop`));
    const results = { rows: [{ name: 'a,"b"', n: 1.5 }, { name: '=1+1', tags: ['x'], n: null }] };
    api.postgres.sql(`UPDATE threads SET results = '${JSON.stringify(results)}' WHERE id = '${thread.id}'`);
    assert.deepEqual(await good(get(`/threads/${thread.id}/results`)), results);
    const csv = await get(`/threads/${thread.id}/results?format=csv`);
    assert.match(csv.headers.get('content-type'), /^text\/csv/);
    assert.match(csv.headers.get('content-disposition'), /^attachment/);
    // jsonb keeps members by their names' length
    assert.equal(csv.text, 'n,name,tags\r\n1.5,"a,""b""",\r\n,\'=1+1,"[""x""]"\r\n');
  });
});

describe('an artifact', () => {
  let path, thread, bytes;
  before(async () => {
    const agent = await makeAgent();
    thread = await good(post(`/agents/${agent.id}/threads`, {}), 201);
    bytes = randomBytes(700_000);
    path = `/artifacts/${await keep(bytes, 'download', 'отчёт "1".html', 'text/html')}`;
  });
  const keep = async (data, kind, name, type) => {
    const hash = createHash('sha256').update(data).digest('hex');
    const folder = `${api.env.STATE_DIR}/artifacts/${user.id}/${hash.slice(0, 2)}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${hash}`, data);
    api.postgres.sql(`INSERT INTO artifact_files (owner_id, sha256, size) VALUES ('${user.id}', decode('${hash}', 'hex'), ${data.length})`);
    return api.postgres.value(`INSERT INTO artifacts (thread_id, owner_id, sha256, kind, name, media_type, size)
      VALUES ('${thread.id}', '${user.id}', decode('${hash}', 'hex'), '${kind}', '${name}', '${type}', ${data.length}) RETURNING id`);
  };
  const fetchIt = (headers = {}, key = user.key) => fetch(`${api.url}/api/v1${path}`, { headers: { Authorization: `Bearer ${key}`, ...headers } });

  test('comes whole, for saving, and is never run', async () => {
    const answer = await fetchIt();
    assert.equal(answer.status, 200);
    assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes));
    assert.equal(answer.headers.get('content-type'), 'application/octet-stream');
    assert.match(answer.headers.get('content-disposition'), /^attachment; filename\*=UTF-8''%D0%BE/);
    assert.match(answer.headers.get('content-security-policy'), /sandbox/);
    assert.equal((await fetchIt({ 'If-None-Match': answer.headers.get('etag') })).status, 304);
    assert.equal((await fetchIt({}, stranger.key)).status, 404);
    const { items } = await good(get(`/threads/${thread.id}/artifacts`));
    assert.equal(items[0].url, `/api/v1${path}`);
  });

  for (const [range, from, to] of [['0-9', 0, 9], ['699990-', 699990, 699999], ['-5', 699995, 699999], ['5-9999999', 5, 699999]])
    test(`bytes=${range}`, async () => {
      const answer = await fetchIt({ Range: `bytes=${range}` });
      assert.equal(answer.status, 206);
      assert.equal(answer.headers.get('content-range'), `bytes ${from}-${to}/700000`);
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(bytes.subarray(from, to + 1)));
    });

  test('a range outside: 416; none that is understood: whole', async () => {
    const outside = await fetchIt({ Range: 'bytes=700000-' });
    assert.deepEqual([outside.status, outside.headers.get('content-range')], [416, 'bytes */700000']);
    assert.equal((await fetchIt({ Range: 'lines=1-2' })).status, 200);
  });

  test('a client that leaves in between leaves nothing behind', async () => {
    for (let i = 0; i < 5; i++) {
      const stop = new AbortController();
      const answer = await fetch(`${api.url}/api/v1${path}`, { headers: { Authorization: `Bearer ${user.key}` }, signal: stop.signal });
      await answer.body.getReader().read();
      stop.abort();
    }
    assert.equal((await fetchIt()).status, 200);
  });
});

describe('a credential', () => {
  const body = (more) => ({ name: `login ${++counter}`, domains: ['shop.example'], username: 'ann', secret: 'very-secret-value', ...more });

  test('never gives its secret back, and moves only with it', async () => {
    const made = await post('/credentials', body({ totp_secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }));
    assert.equal(made.status, 201, made.text);
    assert.doesNotMatch(made.text, /very-secret|GEZD/);
    assert.equal(made.body.has_totp, true);
    const path = `/credentials/${made.body.id}`;
    await refused(patch(path, { domains: ['evil.example'] }), 422, null, /together with the secret/);
    assert.deepEqual((await good(patch(path, { domains: ['new.example'], secret: 'another-secret' }))).domains, ['new.example']);
    await refused(patch(path, { secret: '' }), 422);
    await refused(post('/credentials', body({ domains: ['no domain'] })), 422);
    await refused(get(path, stranger.key), 404);
    const audit = api.postgres.value(`SELECT string_agg(e::text, ' ') FROM audit_events e WHERE object_id = '${made.body.id}'`);
    assert.doesNotMatch(audit, /very-secret|another-secret|GEZD/);
    assert.doesNotMatch(api.log, /very-secret|another-secret|GEZD/);
    assert.equal((await remove(path)).status, 204);
  });

  test('is linked to agents of its owner', async () => {
    const agent = await makeAgent();
    const credential = await good(post('/credentials', body()), 201);
    const path = `/agents/${agent.id}/credentials/${credential.id}`;
    assert.equal((await api.send('PUT', path, undefined, user.key)).status, 204);
    assert.equal((await api.send('PUT', path, undefined, user.key)).status, 204);
    assert.deepEqual((await good(get(`/agents/${agent.id}/credentials`))).items.map(({ id }) => id), [credential.id]);
    assert.deepEqual((await good(get(`/agents/${agent.id}`))).credential_ids, [credential.id]);
    await refused(api.send('PUT', path, undefined, stranger.key), 404);
    assert.equal((await remove(path)).status, 204);
    assert.deepEqual((await good(get(`/agents/${agent.id}/credentials`))).items, []);
  });

  test('past the quota: 403 that names limit and role', async () => {
    let answer;
    for (let i = 0; i < 5; i++) answer = await post('/credentials', body());
    assert.equal(answer.status, 403, answer.text);
    assert.equal(answer.body.code, 'quota_exceeded');
    assert.match(answer.body.detail, /a pro_user may have at most 3 credentials/);
  });
});

describe('users', () => {
  test('see themselves, with rights and limits', async () => {
    const me = await good(get('/users/me'));
    assert.equal(me.email, user.email);
    assert.ok(me.permissions.includes('agents.run') && !me.permissions.includes('users.manage'));
    assert.equal(me.quotas.credentials.limit, 3);
    assert.equal(me.quotas.agents.used, Number(api.postgres.value(`SELECT count(*) FROM agents WHERE owner_id = '${user.id}'`)));
  });

  test('of each role may have what QUOTAS and the table say', async () => {
    const { items } = await good(get('/roles', admin.key));
    const { quotas } = items.find(({ role }) => role === user.role);
    assert.deepEqual(quotas, Object.fromEntries(Object.entries((await good(get('/users/me'))).quotas).map(([name, { limit }]) => [name, limit])));
    assert.equal(items.length, 7);
    await refused(get('/roles'), 403, 'forbidden');
  });

  test('are managed by administrators, below their own role', async () => {
    const made = await good(post('/users', { email: 'New@Example.org', role: 'team_member' }, admin.key), 201);
    const path = `/users/${made.id}`;
    await refused(post('/users', { email: 'new@example.org' }, admin.key), 409, 'conflict');
    await refused(post('/users', { email: 'x@example.org', role: 'super_admin' }, admin.key), 403, 'forbidden');
    await refused(patch(path, { role: 'super_admin' }, admin.key), 403, 'forbidden');
    assert.equal((await good(patch(path, { role: 'pro_user', name: 'N' }, admin.key))).role, 'pro_user');
    const peer = api.makeUser('admin');
    await refused(patch(`/users/${peer.id}`, { is_active: false }, admin.key), 403, 'forbidden');
    await refused(remove(`/users/${peer.id}`, admin.key), 403, 'forbidden');
    await refused(get('/users'), 403, 'forbidden');
    await refused(get(path), 403, 'forbidden');
    assert.equal((await good(get('/users?search=new@example&role=pro_user', admin.key))).total, 1);
    assert.equal((await remove(path, admin.key)).status, 204);
    await refused(get(path, admin.key), 404);
  });

  test('switched off, they are refused at once', async () => {
    const victim = api.makeUser();
    await good(get('/users/me', victim.key));
    await good(patch(`/users/${victim.id}`, { is_active: false }, admin.key));
    await refused(get('/users/me', victim.key), 401);
  });

  test('the last super_admin stays', async () => {
    const boss = api.makeUser('super_admin');
    await refused(patch(`/users/${boss.id}`, { role: 'admin' }, boss.key), 409, 'conflict', /last active super_admin/);
    const second = api.makeUser('super_admin');
    await refused(patch(`/users/${second.id}`, { role: 'admin' }, boss.key), 403);
    assert.equal((await good(patch(`/users/${boss.id}`, { role: 'admin' }, boss.key))).role, 'admin');
    await refused(remove(`/users/${second.id}`, second.key), 409, 'conflict');
  });

  test('are deleted with what they own, once their threads have ended', async () => {
    const victim = api.makeUser('pro_user');
    const agent = await makeAgent({}, victim.key);
    const thread = await good(post(`/agents/${agent.id}/threads`, {}, victim.key), 201);
    await refused(remove(`/users/${victim.id}`, admin.key), 409, 'conflict', /not ended/);
    await good(post(`/threads/${thread.id}/stop`, undefined, admin.key));
    assert.equal((await remove(`/users/${victim.id}`, admin.key)).status, 204);
    for (const table of ['agents', 'presets', 'threads']) assert.equal(api.postgres.value(`SELECT count(*) FROM ${table} WHERE owner_id = '${victim.id}'`), '0');
    assert.equal(api.postgres.value(`SELECT count(*) FROM thread_events WHERE thread_id = '${thread.id}'`), '0');
  });
});

describe('the rest', () => {
  test('the dashboard counts', async () => {
    const seen = await good(get('/statistics/dashboard?days=7'));
    assert.equal(seen.series.length, 7);
    assert.equal(seen.browsers, null, 'no engine answers here');
    assert.ok(seen.threads.total >= 2 && seen.recent.length >= 2 && seen.top_agents.length >= 1);
    assert.ok((await good(get('/statistics/dashboard?all=true', admin.key))).threads.total >= seen.threads.total);
    assert.equal((await good(get('/statistics/dashboard?all=true', stranger.key))).threads.total, 0);
    await refused(get('/statistics/dashboard?days=91'), 422);
  });

  test('scripts, browser_config and additional_config have schemas', async () => {
    const script = await good(get('/schemas/script'));
    assert.ok(script.$defs.step.properties.click);
    const refs = new Set([...JSON.stringify(script).matchAll(/"#\/\$defs\/(\w+)"/g)].map(([, name]) => name));
    for (const name of refs) assert.ok(script.$defs[name], name);
    const config = await good(get('/schemas/browser_config'));
    assert.ok(config.properties.viewport && config.$defs.viewport);
    assert.ok((await good(get('/schemas/additional_config'))).properties.limits.properties.steps);
  });
});
