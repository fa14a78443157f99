// Models over HTTP, without browsers: providers of the database and of the environment, who may use which model, presets
// that name one; questions that runs ask (their rows are written here, as a job writes them).
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { chromium } from 'playwright-core';
import { after, before, describe, test } from 'node:test';
import { startApi } from './lib/api.mjs';
import { HubClient } from './lib/hub_client.mjs';
import { sleep, until } from './lib/instance.mjs';
import { startModel } from './lib/model_server.mjs';

const KEY = 'sk-hush-0123456789';
let api, user, free, admin;
before(async () => {
  api = await startApi({
    ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? 'abort_on_error=0'}:quarantine_size_mb=4`, // memory is measured below
    OPENAI_API_KEY: KEY, OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    MODEL_PROVIDERS: JSON.stringify({ local: { kind: 'openai', base_url: 'http://127.0.0.1:9/v1', models: [{ name: 'qwen', vision: true, input_price: 5 }] } }),
  });
  user = api.makeUser('pro_user');
  free = api.makeUser('free_user');
  admin = api.makeUser('admin');
});
after(() => api?.stop());

let counter = 0;
const good = async (promise, status = 200) => {
  const answer = await promise;
  assert.equal(answer.status, status, answer.text);
  assert.doesNotMatch(answer.text, /hush/);
  return answer.body;
};
const refused = async (promise, status, code, pattern) => {
  const { status: got, body, text } = await promise;
  assert.equal(got, status, text);
  assert.doesNotMatch(text, /hush/);
  if (code) assert.equal(body.code, code);
  if (pattern) assert.match(text, pattern);
};
const provide = (more, status = 201) => good(api.send('POST', '/model-providers', { name: `p${++counter}`, kind: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: KEY, ...more }, admin.key), status);
const change = (provider, body, headers) => api.send('PATCH', `/model-providers/${provider.id ?? provider.name}`, body, admin.key, headers);
const preset = (ai_model, key = user.key, more = {}) => api.send('POST', '/presets', { name: `preset ${++counter}`, ai_model, ...more }, key);
const models = async (key) => (await good(api.get('/models', key))).items.map(({ id }) => id);

describe('a provider', () => {
  test('is set up, changed by revision and deleted by an administrator; its key never comes back', async () => {
    const made = await provide({ models: [{ name: 'm', label: 'Em', context_tokens: 128000, vision: true, input_price: 3000000, output_price: 15000000, cached_price: 300000 }] });
    assert.deepEqual([made.has_key, made.is_active, made.source, made.revision, 'api_key' in made], [true, true, 'database', 1, false]);
    const path = `/model-providers/${made.id}`;
    assert.equal((await good(api.get(`/model-providers/${made.name}`, admin.key))).id, made.id);
    const off = await good(change(made, { is_active: false }, { 'If-Match': '"1"' }));
    assert.deepEqual([off.is_active, off.has_key, off.revision], [false, true, 2]);
    await refused(change(made, { is_active: true }, { 'If-Match': '"1"' }), 412, 'precondition_failed');
    await refused(api.send('DELETE', path, undefined, admin.key, { 'If-Match': '"1"' }), 412);
    assert.equal((await api.send('DELETE', path, undefined, admin.key)).status, 204);
    await refused(api.get(path, admin.key), 404, 'not_found');
    const audit = api.postgres.value("SELECT string_agg(action || ' ' || coalesce(after::text, ''), '; ' ORDER BY id) FROM audit_events WHERE action LIKE 'model_provider.%'");
    assert.match(audit, /model_provider.create .*model_provider.change .*model_provider.delete/s);
    assert.doesNotMatch(audit, /hush/);
  });

  test('is made once per Idempotency-Key', async () => {
    const body = { name: `p${++counter}`, kind: 'anthropic', api_key: KEY };
    const send = () => good(api.send('POST', '/model-providers', body, admin.key, { 'Idempotency-Key': 'p' }), 201);
    assert.equal((await send()).id, (await send()).id);
  });

  test('keeps its key sealed, bound to it', async () => {
    const [one, two] = [await provide(), await provide()];
    const sealed = ({ id }) => api.postgres.value(`SELECT sealed FROM model_providers WHERE id = '${id}'`);
    assert.match(sealed(one), /^1\./);
    assert.notEqual(sealed(one), sealed(two));
    assert.doesNotMatch(sealed(one), /hush/);
    const without = await good(change(one, { api_key: null }));
    assert.equal(without.has_key, false);
    assert.equal(api.postgres.value(`SELECT sealed IS NULL FROM model_providers WHERE id = '${one.id}'`), 't');
  });

  test('its key is not sent elsewhere by who does not know it', async () => {
    const provider = await provide();
    await refused(change(provider, { base_url: 'https://thief.example/v1' }), 422, 'bad_input', /together with the key/);
    await refused(change(provider, { kind: 'anthropic' }), 422, 'bad_input', /together with the key/);
    assert.equal((await good(change(provider, { base_url: 'https://other.example/v1', api_key: KEY }))).base_url, 'https://other.example/v1');
  });

  test('what is wrong with it is named', async () => {
    await refused(api.send('POST', '/model-providers', { name: 'Big Name', kind: 'openai' }, admin.key), 422, null, /a-z, 0-9/);
    await refused(api.send('POST', '/model-providers', { name: 'x', kind: 'gopher' }, admin.key), 422);
    await refused(api.send('POST', '/model-providers', { name: 'x', kind: 'openai', base_url: 'file:///etc/passwd' }, admin.key), 422, null, /https:\/\//);
    await refused(api.send('POST', '/model-providers', { name: 'x', kind: 'openai', models: [{ name: 'a' }, { name: 'a' }] }, admin.key), 422, null, /twice/);
    await refused(api.send('POST', '/model-providers', { name: 'x', kind: 'openai', models: [{ name: 'a', price: 1 }] }, admin.key), 422);
    const { name } = await provide();
    await refused(api.send('POST', '/model-providers', { name, kind: 'openai' }, admin.key), 409, 'conflict', /of this name/);
  });

  test('of the environment is shown, read-only, until the database has one of its name', async () => {
    const list = async () => (await good(api.get('/model-providers', admin.key))).items;
    const seen = (await list()).filter(({ source }) => source === 'environment');
    assert.deepEqual(seen.map(({ name, has_key, id }) => [name, has_key, id]), [['local', false, null], ['openai', true, null]]);
    await refused(change({ name: 'local' }, { is_active: false }), 409, 'conflict', /comes from the environment/);
    await refused(api.send('DELETE', '/model-providers/local', undefined, admin.key), 409, 'conflict');
    const mine = await provide({ name: 'local', is_active: false });
    assert.deepEqual((await list()).filter(({ name }) => name === 'local').map(({ source }) => source), ['database']);
    await refused(preset('local/qwen'), 422, null, /no provider/);
    await api.send('DELETE', `/model-providers/${mine.id}`, undefined, admin.key);
    await good(preset('local/qwen'), 201);
  });

  test('is tested by a real call; what is wrong is said, the key never', async () => {
    const model = await startModel({ solve: () => ({ text: 'ready' }) });
    try {
      const provider = await provide({ base_url: model.openai, models: [{ name: 'm', input_price: 1000000, output_price: 1000000 }] });
      const ask = (body) => good(api.send('POST', `/model-providers/${provider.name}/test`, body, admin.key));
      const fine = await ask();
      assert.deepEqual([fine.ok, fine.model, fine.text, fine.error], [true, `${provider.name}/m`, 'ready', null]);
      assert.ok(fine.cost_micro > 0);
      const other = await ask({ model: 'other' });
      assert.deepEqual([other.ok, other.error.code], [false, 'bad_input']);
      model.fault('auth');
      const denied = await ask();
      assert.deepEqual([denied.ok, denied.error.code], [false, 'model_auth']);
      await refused(api.send('POST', '/model-providers/openai/test', {}, admin.key), 422, null, /say which one/);
    } finally {
      await model.stop();
    }
  });

  test('is set up on the command line, too', async () => {
    const file = `${api.folder.path}/provider.json`;
    writeFileSync(file, JSON.stringify({ name: 'shelf', kind: 'anthropic', api_key: KEY }));
    const made = await api.cli('model-provider', 'create', file, '--json');
    assert.deepEqual([made.code, JSON.parse(made.stdout).has_key, /hush/.test(made.stdout)], [0, true, false], made.stderr);
    assert.match((await api.cli('model-provider', 'ls')).stdout, /shelf +anthropic +true +true +database/);
    assert.equal((await api.cli('model-provider', 'export', 'shelf')).code, 2);
    assert.equal((await api.cli('model-provider', 'delete', 'shelf')).code, 0);
    assert.equal((await api.cli('model-provider', 'show', 'shelf')).code, 1);
  });

  test('is nothing for others', async () => {
    await refused(api.get('/model-providers', user.key), 403, 'forbidden');
    await refused(api.get('/model-providers', api.makeKey(admin.id, 'read,write')), 403, 'forbidden', /scope admin/);
  });
});

describe('a model', () => {
  test('is listed for those whose role may use it, with prices', async () => {
    const { name } = await provide({ models: [{ name: 'small' }, { name: 'big', min_role: 'pro_user', vision: true, input_price: 7 }] });
    assert.ok((await models(free.key)).includes(`${name}/small`));
    assert.ok(!(await models(free.key)).includes(`${name}/big`));
    const big = (await good(api.get('/models', user.key))).items.find(({ id }) => id === `${name}/big`);
    assert.deepEqual([big.vision, big.input_price, big.cached_price, big.output_price, big.label, big.any], [true, 7, 7, 0, 'big', false]);
    assert.ok((await good(api.get('/models', user.key))).items.some(({ id, any }) => id === 'openai/*' && any));
  });

  test('of a preset must be there and allowed, when it is saved', async () => {
    const { name } = await provide({ models: [{ name: 'small' }, { name: 'big', min_role: 'pro_user' }] });
    await refused(preset('nowhere/m'), 422, 'bad_input', /no provider \\"nowhere\\" is set up.*there are: /);
    await refused(preset(`${name}/other`), 422, 'bad_input', /does not offer the model other.*small, big/);
    await refused(preset(`${name}/big`, free.key), 422, 'bad_input', /for the role pro_user and above, not for a free_user/);
    const made = await good(preset(`${name}/big`), 201);
    await good(preset('openai/anything-at-all'), 201);
    const patch = (body) => api.send('PATCH', `/presets/${made.id}`, body, user.key);
    await refused(patch({ ai_model: `${name}/other` }), 422);
    api.postgres.sql(`DELETE FROM model_providers WHERE name = '${name}'`);
    await good(patch({ description: 'its model is gone, the rest may be changed' }));
    await refused(patch({ ai_model: `${name}/big` }), 422);
  });

  test("how it works is a preset's additional_config, checked", async () => {
    const config = { vision: true, limits: { steps: 10, seconds: 60, tokens: 10000, cost_micro: 5000 }, observation_bytes: 20000, context_tokens: 32000, question_minutes: 5, calls_per_turn: 3 };
    assert.deepEqual((await good(preset('script', user.key, { additional_config: config }), 201)).additional_config, config);
    await refused(preset('script', user.key, { additional_config: { limits: { steps: 0 } } }), 422, null, /additional_config\.limits\.steps/);
    await refused(preset('script', user.key, { additional_config: { visoin: true } }), 422, null, /visoin/);
  });

  test('pages learn whether there is any', async () => {
    assert.equal((await good(api.get('/config'))).script_only, false);
  });
});

describe('a question', () => {
  let thread;
  before(async () => {
    const { id } = await good(preset('script'), 201);
    const agent = await good(api.send('POST', '/agents', { name: 'asker', preset_id: id, script: [] }, user.key), 201);
    thread = await good(api.send('POST', `/agents/${agent.id}/threads`, {}, user.key), 201);
    api.postgres.sql(`UPDATE threads SET status = 'waiting', reason = 'question' WHERE id = '${thread.id}'`);
  });

  const ask = ({ kind = 'question', details = { choices: ['a', 'b'] }, ms = 60000, screenshot } = {}) => {
    const id = randomUUID();
    api.postgres.sql(`INSERT INTO thread_questions (id, thread_id, owner_id, job_id, attempt, kind, text, details, screenshot, deadline_at)
      VALUES ('${id}', '${thread.id}', '${user.id}', '${randomUUID()}', 1, '${kind}', 'Which <b>one</b>?', '${JSON.stringify(details)}', ${screenshot ? `'${screenshot}'` : 'NULL'}, now() + ${ms} * interval '1 ms')`);
    return id;
  };
  const keepScreenshot = (bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    const folder = `${api.env.STATE_DIR}/artifacts/${user.id}/${hash.slice(0, 2)}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${hash}`, bytes);
    api.postgres.sql(`INSERT INTO artifact_files (owner_id, sha256, size) VALUES ('${user.id}', decode('${hash}', 'hex'), ${bytes.length})`);
    return api.postgres.value(`INSERT INTO artifacts (thread_id, owner_id, sha256, kind, name, media_type, size) VALUES ('${thread.id}', '${user.id}', decode('${hash}', 'hex'), 'screenshot', 'question.jpg', 'image/jpeg', ${bytes.length}) RETURNING id`);
  };
  const list = async (key = user.key) => (await good(api.get(`/threads/${thread.id}/questions`, key))).items;
  const find = async (id, key) => (await list(key)).find((question) => question.id === id);
  const answer = (id, body, key = user.key) => api.send('POST', `/threads/${thread.id}/questions/${id}/answer`, body, key);
  const token = async (id) => (await find(id)).link.split('/').at(-1);

  test('is listed, answered once by its owner or an administrator, and by nobody else', async () => {
    const id = ask();
    const open = await find(id);
    assert.deepEqual([open.kind, open.status, open.choices, open.answer, open.text], ['question', 'open', ['a', 'b'], null, 'Which <b>one</b>?']);
    await refused(answer(id, { text: 'a' }, free.key), 404, 'not_found');
    await refused(answer(id, { text: 'a' }, api.makeKey(user.id, 'read,write')), 403, 'forbidden', /scope run/);
    await refused(answer(id, {}), 422, 'bad_input', /text is needed/);
    const done = await good(answer(id, { text: 'a' }));
    assert.deepEqual([done.status, done.answer], ['answered', { text: 'a', by: 'Test' }]);
    await refused(answer(id, { text: 'b' }), 409, 'conflict', /was answered/);
    assert.equal((await find(id)).link, undefined);
    await good(answer(ask({ kind: 'captcha' }), { handled: true }, admin.key));
    assert.equal(api.postgres.value("SELECT count(*) FROM audit_events WHERE action = 'question.answer'"), '2');
  });

  test('shows its link only to callers who may answer', async () => {
    const id = ask();
    assert.match((await find(id)).link, /\/answer\/[\w-]{80,}$/);
    assert.equal((await find(id, api.makeKey(user.id, 'read'))).link, undefined);
    await answer(id, { text: 'a' });
  });

  test('by its link: what is asked with its picture, one answer, and no more', async () => {
    const picture = Buffer.from('a picture');
    const id = ask({ screenshot: keepScreenshot(picture) });
    const path = `/answers/${await token(id)}`;
    const seen = await good(api.get(path));
    assert.deepEqual([seen.kind, seen.agent_name, seen.screenshot], ['question', 'asker', `data:image/jpeg;base64,${picture.toString('base64')}`]);
    assert.ok(!JSON.stringify(seen).includes(thread.id));
    await refused(api.send('POST', path, { approved: 1 }), 422);
    const done = await good(api.send('POST', path, { text: 'b' }));
    assert.deepEqual(done, { id, status: 'answered' });
    await refused(api.send('POST', path, { text: 'a' }), 404, 'not_found', /of no use any more/);
    await refused(api.get(path), 404, 'not_found');
    assert.deepEqual((await find(id)).answer, { text: 'b', by: 'Somebody with the link' });
  });

  test('a link that was guessed, changed, or whose time is up, is nothing', async () => {
    const link = await token(ask());
    for (const bad of ['x', 'A'.repeat(91), link.slice(1), `${link}AAAA`, `B${link.slice(1)}`]) await refused(api.get(`/answers/${bad}`), 404, 'not_found');
    const id = ask({ ms: 60000 });
    const late = await token(id);
    api.postgres.sql(`UPDATE thread_questions SET deadline_at = now() - interval '1 ms' WHERE id = '${id}'`);
    await refused(api.get(`/answers/${late}`), 404);
    await refused(api.send('POST', `/answers/${late}`, { text: 'a' }), 404);
    await refused(answer(id, { text: 'a' }), 409, 'conflict', /time is up/);
    for (let i = 0, status = 0; status !== 429; i++) {
      assert.ok(i < 200, 'guessing goes on for ever');
      ({ status } = await api.get(`/answers/${'A'.repeat(91)}`));
    }
    api.redisCli('FLUSHDB');
  });

  test('is heard of and answered over the WebSocket', async () => {
    const client = await HubClient.connect(api, user.key);
    const stranger = await HubClient.connect(api, free.key);
    const reader = await HubClient.connect(api, api.makeKey(user.id, 'read'));
    await client.subscribe('user');
    const id = ask({ kind: 'approval' });
    api.redisCli('PUBLISH', `replinet:feed:${user.id}`, 'look');
    const { data: event } = await client.heard((m) => m.type === 'event' && m.data.object_id === id);
    assert.equal(event.kind, 'question.asked');
    assert.deepEqual([event.object_id, event.data.thread_id, event.data.kind], [id, thread.id, 'approval']);
    const say = async (who, more) => {
      const from = who.messages.length;
      who.say('answer', { thread_id: thread.id, question_id: id, ...more });
      return who.heard((m) => m.question_id === id, from);
    };
    assert.equal((await say(stranger, { answer: { approved: true } })).code, 'not_found');
    assert.equal((await say(reader, { answer: { approved: true } })).code, 'forbidden');
    assert.equal((await say(client, { answer: { text: 'yes' } })).code, 'bad_input');
    assert.equal((await say(client)).code, 'bad_input');
    assert.equal((await say(client, { answer: { approved: true } })).type, 'answered');
    assert.equal((await say(client, { answer: { approved: false } })).code, 'conflict');
    await client.heard((m) => m.data?.object_id === id && m.data.kind === 'question.answered');
    assert.equal((await find(id)).answer.approved, true);
    for (const one of [client, stranger, reader]) one.close();
  });

  test('is listed and answered on the command line', async () => {
    const id = ask({ kind: 'approval' });
    const { stdout } = await api.cli('thread', 'questions', thread.id, '--json');
    assert.equal(JSON.parse(stdout).items.find((question) => question.id === id).status, 'open');
    assert.equal((await api.cli('thread', 'answer', thread.id, id, '--text', 'yes', '--json')).code, 1);
    const run = await api.cli('thread', 'answer', thread.id, id, '--yes', '--json');
    assert.equal(run.code, 0, run.stderr);
    assert.equal(JSON.parse(run.stdout).answer.approved, true);
  });

  test('ends with its thread', async () => {
    const id = ask();
    await good(api.send('POST', `/threads/${thread.id}/stop`, undefined, user.key));
    assert.deepEqual([(await find(id)).status, (await find(id)).why], ['withdrawn', 'stopped']);
  });
});

describe('an agent', () => {
  test('has rules of approval, checked, kept by revision and restored', async () => {
    const { id } = await good(preset('script'), 201);
    const send = (body) => api.send('POST', '/agents', { name: `agent ${++counter}`, preset_id: id, ...body }, user.key);
    await refused(send({ approvals: [{ text: 'Pay' }] }), 422, 'bad_input', /approvals\[0\]/);
    await refused(send({ approvals: [{ txt: 'Pay', ask: true }] }), 422, 'bad_input', /txt/);
    const rules = [{ action: 'click', text: 'Add to cart', ask: false }, { url: 'https://shop.example/', ask: true }];
    const agent = await good(send({ approvals: rules }), 201);
    assert.deepEqual([agent.approvals, agent.revision], [rules, 1]);
    const changed = await good(api.send('PATCH', `/agents/${agent.id}`, { approvals: [] }, user.key));
    assert.deepEqual([changed.approvals, changed.revision], [[], 2]);
    assert.deepEqual((await good(api.send('POST', `/agents/${agent.id}/revisions/1/restore`, undefined, user.key))).approvals, rules);
    assert.deepEqual((await good(api.send('POST', `/agents/${agent.id}/duplicate`, undefined, user.key), 201)).approvals, rules);
  });
});

describe('a thread of a model', () => {
  test('needs a script, instructions, a task or inputs', async () => {
    const { id } = await good(preset('openai/m'), 201);
    const make = (more) => good(api.send('POST', '/agents', { name: `agent ${++counter}`, preset_id: id, ...more }, user.key), 201);
    const start = (agent, body) => api.send('POST', `/agents/${agent.id}/threads`, body, user.key);
    const bare = await make();
    await refused(start(bare, {}), 422, 'bad_input', /its model needs a task or inputs/);
    assert.equal((await good(start(bare, { task: 'Find the price' }), 201)).task, 'Find the price');
    await good(start(bare, { inputs: { what: 'price' } }), 201);
    await good(start(await make({ personal_instructions: 'Find the price' }), {}), 201);
    await good(start(await make({ script: [{ goto: 'about:blank' }] }), {}), 201);
  });
});

describe('what models use', () => {
  const spend = (who, model, tokens, cost, day = 0) => api.postgres.sql(`INSERT INTO model_usage (user_id, day, provider, model, calls, input_tokens, output_tokens, cost_micro)
    VALUES ('${who.id}', (now() AT TIME ZONE 'UTC')::date - ${day}, 'local', '${model}', 1, ${tokens}, 10, ${cost})`);

  test('is told by day and model to its user, and of all to administrators who ask', async () => {
    spend(user, 'qwen', 100, 7);
    spend(user, 'qwen', 200, 8, 1);
    spend(user, 'llama', 50, 1, 40);
    spend(free, 'qwen', 1000, 100);
    const own = await good(api.get('/usage', user.key));
    assert.deepEqual(own.total, { calls: 2, input_tokens: 300, output_tokens: 20, cached_tokens: 0, cost_micro: 15 });
    assert.deepEqual(own.by_day.map(({ cost_micro }) => cost_micro), [8, 7]);
    assert.deepEqual(own.by_model.map(({ model, calls }) => [model, calls]), [['local/qwen', 2]]);
    assert.deepEqual(own.by_user.map(({ user_id }) => user_id), [user.id]);
    assert.deepEqual(own.today, { tokens: 110, tokens_limit: 20000000, cost_micro: 7, cost_limit: 20000000 });
    assert.equal((await good(api.get('/usage?days=60', user.key))).total.calls, 3);
    assert.equal((await good(api.get('/usage?all=true', user.key))).total.calls, 2);
    const all = await good(api.get('/usage?all=true', admin.key));
    assert.deepEqual(all.by_user.map(({ user_id, cost_micro }) => [user_id, cost_micro]), [[free.id, 100], [user.id, 15]]);
    const { models: shown } = await good(api.get('/statistics/dashboard?days=7', user.key));
    assert.deepEqual([shown.tokens, shown.cost_micro, shown.series.length, shown.series.at(-1).cost_micro], [320, 15, 7, 7]);
    assert.equal((await good(api.get('/users/me', user.key))).quotas.model_cost_day.used, 7);
  });

  test('outlives its user in the sums of its day', async () => {
    const who = await good(api.send('POST', '/users', { email: 'spender@x.test', role: 'free_user' }, admin.key), 201);
    spend(who, 'qwen', 70, 9);
    const before = await good(api.get('/usage?all=true&days=1', admin.key));
    await good(api.send('DELETE', `/users/${who.id}`, undefined, admin.key), 204);
    const after = await good(api.get('/usage?all=true&days=1', admin.key));
    assert.deepEqual(after.total, before.total);
    assert.deepEqual(after.by_user.filter(({ email }) => email === null).map(({ user_id, cost_micro }) => [user_id, cost_micro]), [[null, 9]]);
  });

  test('has a limit of its own for a user, set by an administrator', async () => {
    const path = `/users/${free.id}`;
    assert.equal((await good(api.get(path, admin.key))).model_cost_day, null);
    const changed = await good(api.send('PATCH', path, { model_cost_day: 5000000 }, admin.key));
    assert.deepEqual([changed.model_cost_day, changed.revision], [5000000, 2]);
    assert.equal((await good(api.get('/usage', free.key))).today.cost_limit, 5000000);
    await refused(api.send('PATCH', path, { model_cost_day: -1 }, admin.key), 422);
    await refused(api.send('PATCH', '/users/me', { model_cost_day: 9 }, free.key), 422);
    assert.equal((await good(api.send('PATCH', path, { model_cost_day: null }, admin.key))).model_cost_day, null);
  });

  test('is paused and let go on by administrators, for all to see', async () => {
    const pause = (paused, key = admin.key) => api.send('PUT', '/models/pause', { paused }, key);
    assert.equal((await good(api.get('/models/pause', user.key))).paused, false);
    await refused(pause(true, user.key), 403, 'forbidden');
    assert.deepEqual([(await good(pause(true))).paused, (await good(api.get('/models/pause', user.key))).changed_by], [true, 'Test']);
    assert.equal((await good(pause(false))).paused, false);
    assert.equal(api.postgres.value("SELECT count(*) FROM audit_events WHERE action = 'models.pause'"), '2');
  });
});

describe('a trace', () => {
  const HOSTILE = '</pre></title><script>window.bad = 1</script><img src="https://evil.example/x" onerror="window.bad = 2">\'"&';
  let thread;
  const keep = (name, type, bytes) => {
    const hash = createHash('sha256').update(bytes).digest('hex');
    const folder = `${api.env.STATE_DIR}/artifacts/${user.id}/${hash.slice(0, 2)}`;
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${hash}`, bytes);
    api.postgres.sql(`INSERT INTO artifact_files (owner_id, sha256, size) VALUES ('${user.id}', decode('${hash}', 'hex'), ${bytes.length}) ON CONFLICT DO NOTHING`);
    return api.postgres.value(`INSERT INTO artifacts (thread_id, owner_id, sha256, kind, name, media_type, size) VALUES ('${thread.id}', '${user.id}', decode('${hash}', 'hex'), 'other', '${name}', '${type}', ${bytes.length}) RETURNING id`);
  };
  const note = (kind, message, data = {}) => api.postgres.sql(`WITH t AS (UPDATE threads SET last_seq = last_seq + 1 WHERE id = '${thread.id}' RETURNING id, last_seq)
    INSERT INTO thread_events (thread_id, seq, kind, message, data) SELECT id, last_seq, '${kind}', $m$${message}$m$, $j$${JSON.stringify(data)}$j$ FROM t`);
  const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');

  before(async () => {
    const { id } = await good(preset('openai/m'), 201);
    const agent = await good(api.send('POST', '/agents', { name: `tracer ${HOSTILE}`.slice(0, 190), preset_id: id }, user.key), 201);
    thread = await good(api.send('POST', `/agents/${agent.id}/threads`, { task: `Find it. ${HOSTILE}` }, user.key), 201);
    for (let turn = 1; turn <= 3; turn++) {
      note('model.observed', 'Sees', {
        turn, title: `Page ${turn} ${HOSTILE}`, url: 'https://shop.example/', elements: 12, hidden: 1, bytes: 300,
        observation: keep(`turn-${turn}.txt`, 'text/plain', Buffer.from(`[${turn}] button "Buy" ${HOSTILE}`)), screenshot: keep(`turn-${turn}.png`, 'image/png', Buffer.concat([PNG, Buffer.from([turn])])),
      });
      note('model.answered', 'The model answered', { turn, text: `I click it. ${HOSTILE}`, calls: [{ name: 'click', arguments: { target: { element: turn }, why: HOSTILE } }], usage: { input_tokens: 1000, output_tokens: 20, cached_tokens: 500 }, cost_micro: 1234, duration_ms: 1500 });
      note('step.finished', `Clicked ${HOSTILE}`, { duration_ms: 40, path: `turn[${turn}].calls[0]`, note: HOSTILE });
    }
    api.postgres.sql(`INSERT INTO thread_events (thread_id, seq, kind, message) SELECT id, last_seq + n, 'step.finished', 'step ' || n FROM threads, generate_series(1, 450) n WHERE id = '${thread.id}';
      UPDATE threads SET last_seq = last_seq + 450 WHERE id = '${thread.id}'`);
    keep('nobody-names-it.txt', 'text/plain', Buffer.from('left over'));
    keep('gone.txt', 'text/plain', Buffer.from('its bytes'));
    api.postgres.sql(`UPDATE threads SET status = 'completed', end_time = now(), execution_time_ms = 9000, cost_micro = 3702, results = $j$${JSON.stringify({ found: HOSTILE })}$j$ WHERE id = '${thread.id}'`);
  });

  test('is one file that opens offline, shows every turn, and runs nothing', async () => {
    const answer = await api.get(`/threads/${thread.id}/trace.html`, user.key);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get('content-disposition'), /^attachment; filename="thread-.*\.html"$/);
    assert.match(answer.headers.get('content-security-policy'), /default-src 'none'/);
    const file = `${api.folder.path}/trace.html`;
    writeFileSync(file, answer.text);
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', chromiumSandbox: false });
    try {
      const context = await browser.newContext({ offline: true });
      const page = await context.newPage();
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(`file://${file}`);
      assert.deepEqual(asked.filter((url) => !url.startsWith('data:')), [`file://${file}`]);
      const seen = await page.evaluate(() => ({
        bad: window.bad, scripts: document.scripts.length, turns: [...document.querySelectorAll('section h2')].map((h) => h.textContent.slice(0, 14)),
        pictures: [...document.images].map((image) => image.naturalWidth), text: document.body.innerText, whole: document.body.textContent, last: document.body.lastElementChild.tagName,
      }));
      assert.deepEqual([seen.bad, seen.scripts, seen.turns], [undefined, 0, ['Turn 1: Page 1', 'Turn 2: Page 2', 'Turn 3: Page 3']]);
      assert.deepEqual(seen.pictures, [1, 1, 1]);
      for (const word of ['completed', '9.00 s', 'cost 0.003702', '1000 tokens in (500 cached), 20 out', 'I click it.', 'step 450']) assert.ok(seen.text.includes(word), word);
      for (const word of ['[2] button "Buy"', 'left over', HOSTILE]) assert.ok(seen.whole.includes(word), word);
    } finally {
      await browser.close();
    }
  });

  describe('of a long run', () => {
    const TURNS = 120, PICTURE = 400 << 10, LEAST = 60e6;
    let long;
    const memory = () => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${api.child.pid}/smaps_rollup`, 'utf8'))[1]) / 1024;
    /** Sizes of the files without a name that the api has open. */
    const written = () => readdirSync(`/proc/${api.child.pid}/fd`).map((fd) => `/proc/${api.child.pid}/fd/${fd}`).flatMap((fd) => {
      try { return /^\/tmp\/#/.test(readlinkSync(fd)) ? [statSync(fd).size] : []; } catch { return []; }
    });
    const ask = () => new Promise((done) => {
      const socket = connect(new URL(api.url).port, '127.0.0.1', () => socket.write(`GET /api/v1/threads/${long}/trace.html HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${user.key}\r\n\r\n`));
      socket.on('error', () => {});
      done(socket.pause());
    });
    async function read() {
      const answer = await fetch(`${api.url}/api/v1/threads/${long}/trace.html`, { headers: { Authorization: `Bearer ${user.key}` } });
      let length = 0;
      for await (const piece of answer.body) length += piece.length;
      assert.equal(length, Number(answer.headers.get('content-length')));
      return length;
    }

    before(() => {
      const files = [];
      for (let turn = 1; turn <= TURNS; turn++)
        for (const [type, bytes] of [['image/jpeg', randomBytes(PICTURE)], ['text/plain', Buffer.from(randomBytes(10000).toString('hex'))]]) {
          const hash = createHash('sha256').update(bytes).digest('hex');
          const folder = `${api.env.STATE_DIR}/artifacts/${user.id}/${hash.slice(0, 2)}`;
          mkdirSync(folder, { recursive: true });
          writeFileSync(`${folder}/${hash}`, bytes);
          files.push({ turn, hash, type, size: bytes.length });
        }
      [[long]] = api.postgres.sql(`CREATE TABLE made AS SELECT uuid_v7() AS id, x.* FROM jsonb_to_recordset('${JSON.stringify(files)}') AS x (turn int, hash text, type text, size int);
        INSERT INTO artifact_files (owner_id, sha256, size) SELECT '${user.id}', decode(hash, 'hex'), size FROM made;
        INSERT INTO threads (id, owner_id, agent_id, agent_revision, preset_revision, status, end_time, last_seq) SELECT uuid_v7(), owner_id, agent_id, 1, 1, 'completed', now(), ${3 * TURNS} FROM threads WHERE id = '${thread.id}';
        CREATE TABLE long AS SELECT max(id::text)::uuid AS id FROM threads WHERE owner_id = '${user.id}';
        INSERT INTO artifacts (id, thread_id, owner_id, sha256, kind, name, media_type, size) SELECT made.id, long.id, '${user.id}', decode(hash, 'hex'), 'other', 'x', type, size FROM made, long;
        INSERT INTO thread_events (thread_id, seq, kind, data) SELECT long.id, n * 3 + k, (ARRAY['model.observed', 'model.answered', 'step.finished'])[k], CASE k
          WHEN 1 THEN (SELECT jsonb_object_agg(CASE type WHEN 'text/plain' THEN 'observation' ELSE 'screenshot' END, id) || jsonb_build_object('turn', n + 1) FROM made WHERE turn = n + 1)
          ELSE jsonb_build_object('text', repeat('word ', 2000)) END FROM long, generate_series(0, ${TURNS - 1}) n, generate_series(1, 3) k;
        SELECT id FROM long`);
    });

    test('passes through a small piece of memory', async (t) => {
      await api.get(`/threads/${thread.id}/trace.html`, user.key);
      const before = memory();
      let most = before, over = false;
      const look = (async () => { for (; !over; await sleep(5)) most = Math.max(most, memory()); })();
      const length = await read();
      over = true;
      await look;
      t.diagnostic(`${(length / 1e6).toFixed(0)} MB: ${(most - before).toFixed(1)} MB more (PSS, with a sanitizer when it is built with one)`);
      assert.ok(length > LEAST, String(length));
      assert.ok(most - before < 20, `${most - before} MB`);
    });

    test('waits in a file for a reader who takes his time, and goes with one who leaves, at once', async () => {
      const slow = await ask();
      await until('the whole trace', () => written()[0] > LEAST, 60000);
      const before = memory();
      await sleep(500);
      assert.ok(memory() - before < 5, 'what nobody reads stays where it is');
      slow.destroy();
      await until('the file to go', () => !written().length, 30000);
      const hasty = await ask();
      let seen = 0;
      await until('its beginning', () => written()[0] > 0, 60000);
      hasty.destroy();
      await until('the file to go', () => { const [size] = written(); seen = size ?? seen; return size === undefined; }, 60000);
      assert.ok(seen < LEAST, `${seen} bytes were written for nobody`);
      assert.ok(await read() > LEAST);
    });
  });

  test('is its own only, and comes from the command line too', async () => {
    await refused(api.get(`/threads/${thread.id}/trace.html`, free.key), 404, 'not_found');
    const file = `${api.folder.path}/exported.html`;
    const run = await api.cli('thread', 'export', thread.id, file);
    assert.equal(run.code, 0, run.stderr);
    assert.equal(readFileSync(file, 'utf8'), (await api.get(`/threads/${thread.id}/trace.html`, user.key)).text);
    const missing = await api.cli('thread', 'export', randomUUID(), `${file}.none`);
    assert.equal(missing.code, 1);
    assert.ok(!existsSync(`${file}.none`));
  });
});
