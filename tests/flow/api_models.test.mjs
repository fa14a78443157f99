// Models over HTTP, without browsers: providers of the database and of the environment, who may use which model, presets
// that name one.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApi } from './lib/api.mjs';

const KEY = 'sk-hush-0123456789';
let api, user, free, admin;
before(async () => {
  api = await startApi({
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
