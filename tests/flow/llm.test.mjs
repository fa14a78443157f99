// quick
// One call of a model, in both protocols, through everything that servers of models do wrong.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { makeFolder } from './lib/database.mjs';
import { findBinary, runBinary } from './lib/instance.mjs';
import { testProgram } from './lib/launcher.mjs';
import { startModel } from './lib/model_server.mjs';

const program = testProgram('llm_program');
const KEY = 'sk-test-8c1f0a5d2b7e4936';
const TOOLS = [
  { name: 'click', description: 'Clicks an element.', schema: { type: 'object', properties: { element: { type: 'integer' } }, required: ['element'] } },
  { name: 'done', description: 'Ends the task.', schema: { type: 'object', properties: { text: { type: 'string' } } } },
];
const TASK = [{ role: 'system', text: 'You work in a browser.' }, { role: 'user', parts: [{ text: 'Click «Войти» 🙂' }] }];
const SENTENCE = 'I click the button «Войти» 🙂 and then I am done with all of it.';
let model;

/** What came of each ask; nothing that is printed may hold the key. */
function run(kind, asks, { settings = {}, ...more } = {}) {
  const spec = { model: { provider: 'acme', kind, base_url: model[kind], api_key: KEY, name: 'm-1', vision: true, input_price: 3_000_000, output_price: 15_000_000, ...settings }, ...more };
  return new Promise((done, failed) => {
    const child = spawn(program, { stdio: ['pipe', 'pipe', 'pipe'], timeout: 120000 });
    let out = '', err = '';
    child.stdout.setEncoding('utf8').on('data', (text) => { out += text; });
    child.stderr.setEncoding('utf8').on('data', (text) => { err += text; });
    child.stdin.on('error', () => {});
    child.stdin.end(JSON.stringify({ ...spec, asks }));
    child.on('close', (code, signal) => {
      if (code || err) return failed(new Error(`${code ?? signal}: ${err}${out}`));
      if (!settings.api_key) assert.ok(!out.includes(KEY.slice(3)), 'the key was told');
      done(JSON.parse(out));
    });
  });
}
const ask = async (kind, more = {}, options) => (await run(kind, [{ messages: TASK, tools: TOOLS, ...more }], options))[0];
const failure = async (kind, ...rest) => {
  const { error, ...others } = await ask(kind, ...rest);
  assert.ok(error, `no error but ${JSON.stringify(others)}`);
  return { ...error, ...others };
};

before(async () => {
  const answers = [];
  model = await startModel({ key: KEY, solve: (conversation, tools, { schema }) => answers.shift() ?? (schema ? { text: '{"title":"Сарай","price":5}' } : { text: SENTENCE, calls: [{ name: 'click', arguments: { element: 7 } }] }) });
  model.answers = answers;
});
beforeEach(() => { model.fault(null); model.requests.length = 0; });
after(() => model?.stop());

for (const kind of ['openai', 'anthropic'])
  describe(kind, () => {
    const isWhole = (answer) => {
      assert.ok(!answer.error, answer.error?.text);
      assert.equal(answer.text, SENTENCE);
      assert.equal(answer.streamed, SENTENCE);
      assert.deepEqual(answer.calls.map(({ name, arguments: a }) => ({ name, a })), [{ name: 'click', a: { element: 7 } }]);
      assert.equal(answer.finish, 'calls');
    };

    test('an answer comes in pieces, with usage, cost and times', async () => {
      const answer = await ask(kind);
      isWhole(answer);
      const { input_tokens: input, output_tokens: output, estimated } = answer.usage;
      assert.ok(input > 10 && output > 10 && !estimated, JSON.stringify(answer.usage));
      assert.equal(answer.cost_micro, input * 3 + output * 15);
      assert.ok(answer.first_token_ms <= answer.duration_ms);
      assert.equal(answer.attempts, 1);
      assert.equal(model.requests[0].body.stream, true);
      assert.deepEqual(model.requests[0].conversation.map((m) => m.role), ['system', 'user']);
      assert.deepEqual(model.requests[0].tools, TOOLS);
    });

    test('a conversation goes on: calls, results, pictures, thoughts', async () => {
      const image = { media_type: 'image/png', data: 'iVBORw0KGgo=' };
      model.fault('thought');
      const results = [{ id: '@0', text: 'clicked', error: false, image }];
      const [first, second] = await run(kind, [
        { messages: TASK, tools: TOOLS },
        { messages: [...TASK, { role: 'previous' }, { role: 'tool', results }, { role: 'user', parts: [{ text: 'Go on' }] }], tools: TOOLS },
      ]);
      isWhole(first);
      isWhole(second);
      const sent = model.requests[1].conversation;
      assert.equal(sent.find((m) => m.role === 'assistant').text, SENTENCE);
      const [result] = sent.find((m) => m.role === 'tool').results;
      assert.equal(result.text, 'clicked');
      assert.ok(JSON.stringify(sent).includes(image.data));
      if (kind === 'anthropic') assert.deepEqual(sent.find((m) => m.role === 'assistant').thoughts, [{ type: 'thinking', thinking: 'First I look, then I click.', signature: 'signed:27' }]);
    });

    test('a structured answer is JSON of the schema', async () => {
      const response_schema = { type: 'object', properties: { title: { type: 'string' }, price: { type: 'integer' } }, required: ['title', 'price'] };
      const answer = await ask(kind, { response_schema, tools: undefined });
      assert.deepEqual(answer.structure, { title: 'Сарай', price: 5 });
      assert.deepEqual(answer.calls, []);
      assert.equal(answer.finish, 'stop');
    });

    for (const name of ['crlf', 'bytes', 'thought', 'think', 'no_stream', 'whole'])
      test(`${name}: the answer is the same`, async () => {
        model.fault(name, { times: name === 'no_stream' ? 2 : 1 });
        const answer = await ask(kind);
        isWhole(answer);
        assert.equal(answer.attempts, 1);
        assert.ok(!answer.usage.estimated);
      });

    test('a server that refuses streaming is not asked for it again', async () => {
      model.fault('no_stream', { times: Infinity });
      const answers = await run(kind, Array(3).fill({ messages: TASK, tools: TOOLS }));
      answers.forEach(isWhole);
      assert.deepEqual(model.requests.map((r) => !!r.body.stream), [true, false, false, false]);
    });

    test('a slow answer is waited for, and the caller is served meanwhile', async () => {
      model.fault('slow', { ms: 40 });
      const answer = await ask(kind);
      isWhole(answer);
      assert.ok(answer.served >= 5, `served ${answer.served} times in ${answer.duration_ms} ms`);
      assert.ok(answer.first_token_ms < answer.duration_ms);
    });

    const PASSING = { cut: 'model_unavailable', reset: 'model_unavailable', 500: 'model_unavailable', overloaded: 'model_unavailable', failure: 'model_unavailable', malformed: 'model_protocol', html: 'model_protocol', 429: 'model_rate' };
    for (const [name, code] of Object.entries(PASSING))
      test(`${name}: tried again`, async () => {
        model.fault(name);
        const answer = await ask(kind);
        isWhole(answer);
        assert.equal(answer.attempts, 2);
        assert.deepEqual(answer.retried.map((r) => [r.attempt, r.code]), [[1, code]]);
        assert.equal(answer.thrown_away, ['cut', 'failure', 'malformed'].includes(name) ? 1 : 0);
      });

    for (const [name, code, tries] of [['cut', 'model_unavailable', 5], [500, 'model_unavailable', 5], [429, 'model_rate', 6], ['malformed', 'model_protocol', 2], ['html', 'model_protocol', 2]])
      test(`${name} without end: given up after ${tries} tries`, async () => {
        model.fault(name, { times: Infinity });
        const error = await failure(kind);
        assert.equal(error.code, code, error.text);
        assert.match(error.text, new RegExp(`^after ${tries} tries: `));
        assert.ok(error.hint);
        assert.equal(model.requests.length, tries);
      });

    for (const date of [false, true])
      test(`429: Retry-After as ${date ? 'a date' : 'seconds'} is kept`, async () => {
        model.fault(429, { after: date ? 2 : 1, date });
        const answer = await ask(kind);
        isWhole(answer);
        assert.ok(answer.retried[0].pause_ms >= (date ? 500 : 1000), `${answer.retried[0].pause_ms} ms`);
      });

    test('429: a wait past the deadline is not begun', async () => {
      model.fault(429, { after: 60, times: Infinity });
      const error = await failure(kind, { deadline_ms: 20000 });
      assert.equal(error.code, 'model_rate');
      assert.match(error.hint, /asks to wait 60 s/);
      assert.equal(model.requests.length, 1);
    });

    for (const [name, code, text, hint] of [
      ['auth', 'model_auth', /does not accept the key \(HTTP 401\)/, /MODEL_PROVIDERS/],
      ['quota', 'model_auth', /exceeded your current quota/, /credit/],
      ['missing', 'model_missing', /has no model m-1 \(HTTP 404\)/, /base URL/],
      ['context', 'model_context', /too long for m-1/, /context_tokens/],
      ['policy', 'model_refused', /refuses to answer/, /task/],
      ['refused', 'model_refused', /I cannot help with that/, /task/]])
      test(`${name}: ${code}, at once`, async () => {
        model.fault(name, { times: Infinity });
        const error = await failure(kind);
        assert.equal(error.code, code, error.text);
        assert.match(error.text, text);
        assert.match(error.hint, hint);
        assert.equal(model.requests.length, 1);
      });

    test('a wrong key that the server repeats is not told', async () => {
      const wrong = 'sk-wrong-5e884898da28047151d0e56f8dc62927';
      const error = await failure(kind, {}, { settings: { api_key: wrong } });
      assert.equal(error.code, 'model_auth');
      assert.match(error.text, /Incorrect API key provided/);
      assert.ok(!JSON.stringify(error).includes(wrong.slice(0, 12)), error.text);
    });

    test('text without end is cut off', async () => {
      model.fault('endless', { times: Infinity });
      const error = await failure(kind);
      assert.equal(error.code, 'model_protocol');
      assert.match(error.text, /does not end: it was cut off at 1048576 bytes/);
      assert.equal(model.requests.length, 1);
    });

    test('a call of a tool that does not exist is the caller’s affair', async () => {
      model.fault('unknown_tool');
      const answer = await ask(kind);
      assert.deepEqual(answer.calls.map((c) => c.name), ['fly_to_the_moon']);
    });

    test('arguments that are no JSON are told as they are, and can be sent back', async () => {
      model.fault('bad_arguments');
      const results = [{ id: '@0', text: 'the arguments were no JSON', error: true }];
      const [first, second] = await run(kind, [
        { messages: TASK, tools: TOOLS },
        { messages: [...TASK, { role: 'previous' }, { role: 'tool', results }], tools: TOOLS },
      ]);
      assert.equal(first.calls[0].arguments, null);
      assert.equal(first.calls[0].malformed, '{"element": 1, oh');
      isWhole(second);
      assert.deepEqual(model.requests[1].conversation.at(-1).results[0].error, true);
    });

    test('names that no tool can have, and an answer of nothing, can be sent back', async () => {
      const user = { role: 'user', parts: [{ text: 'Go on' }] };
      for (const name of ['functions.click:0', 'нажать', '', 'x'.repeat(90)]) {
        model.answers.push({ text: ' \n', thought: 'Hm.', calls: [{ name, arguments: {} }] });
        const [first, second] = await run(kind, [{ messages: TASK, tools: TOOLS }, { messages: [...TASK, { role: 'previous' }, { role: 'tool', results: [{ id: '@0', text: 'no such tool', error: true }] }], tools: TOOLS }]);
        assert.match(first.calls[0].name, /^[\w-]{1,64}$/);
        isWhole(second);
      }
      for (const text of ['', ' \n\t']) {
        model.answers.push({ text });
        const [first, second] = await run(kind, [{ messages: TASK, tools: TOOLS }, { messages: [...TASK, { role: 'previous' }, user], tools: TOOLS }]);
        assert.deepEqual([first.calls, first.text.trim(), first.error], [[], '', undefined]);
        isWhole(second);
      }
    });

    test('an answer that was cut at max_tokens says so', async () => {
      model.fault('length');
      assert.equal((await ask(kind)).finish, 'length');
    });

    test('no answer in time', async () => {
      model.fault('hang', { times: Infinity });
      const error = await failure(kind, {}, { timeout_ms: 150 });
      assert.equal(error.code, 'timeout');
      assert.match(error.text, /^after 2 tries: acme did not answer in time: not one word came/);
      assert.equal(model.requests.length, 2);
    });

    test('the deadline is that of all tries', async () => {
      model.fault('hang', { times: Infinity });
      const error = await failure(kind, { deadline_ms: 300 });
      assert.equal(error.code, 'timeout');
      assert.equal(model.requests.length, 1);
    });

    for (const [where, name, options, settings] of [['before the first word', 'hang', {}, {}], ['in the middle', 'slow', { ms: 30000 }, {}], ['between two tries', 429, { after: 60, times: 9 }, {}]])
      test(`stopped ${where}: at once`, async () => {
        model.fault(name, options);
        const began = Date.now();
        const error = await failure(kind, { cancel_ms: 200 }, settings);
        assert.equal(error.code, 'cancelled');
        assert.ok(Date.now() - began < 15000, 'it took too long');
      });

    test('a browser that is gone ends the call', async () => {
      model.fault('hang');
      const error = await failure(kind, { serve_fails_ms: 150 });
      assert.equal(error.code, 'crash');
      assert.equal(error.text, 'the browser is gone');
    });

    test('nobody listens there', async () => {
      const closed = createServer();
      await new Promise((done) => closed.listen(0, '127.0.0.1', done));
      const base_url = `http://127.0.0.1:${closed.address().port}/v1`;
      await new Promise((done) => closed.close(done));
      const error = await failure(kind, {}, { settings: { base_url: base_url.replace('//', '//someone:s3cret@') } });
      assert.ok(!JSON.stringify(error).includes('s3cret'), JSON.stringify(error));
      assert.equal(error.code, 'model_unavailable');
      assert.match(error.text, /^after 5 tries: acme cannot be reached/);
      assert.ok(error.hint.includes(base_url));
    });
  });

describe('servers that speak chat completions in their own way', () => {
  const two = { text: '', calls: [{ name: 'click', arguments: { element: 1 } }, { name: 'done', arguments: { text: 'fertig' } }] };
  let other;
  before(async () => { other = await startModel({ solve: () => two }); });
  after(() => other?.stop());
  const askOther = async (more, options) => ask('openai', more, { ...options, settings: { base_url: other.openai, ...options?.settings } });

  for (const name of ['no_index', 'same_index', 'no_ids', 'objects'])
    test(`${name}: both calls are found`, async () => {
      other.fault(name);
      const { calls } = await askOther();
      assert.deepEqual(calls.map((c) => [c.name, c.arguments]), [['click', { element: 1 }], ['done', { text: 'fertig' }]]);
      assert.equal(new Set(calls.map((c) => c.id)).size, 2);
      assert.ok(calls.every((c) => c.id));
    });

  test('no_usage: it is estimated', async () => {
    other.fault('no_usage');
    const { usage, cost_micro } = await askOther();
    assert.ok(usage.estimated && usage.input_tokens > 20 && usage.output_tokens > 0, JSON.stringify(usage));
    assert.ok(cost_micro > 0);
  });

  test('other_tokens: max_completion_tokens is sent instead, and remembered', async () => {
    other.fault('other_tokens', { times: Infinity });
    other.requests.length = 0;
    const options = { settings: { base_url: other.openai, max_tokens: 500 } };
    const answers = await run('openai', Array(2).fill({ messages: TASK, tools: TOOLS }), options);
    other.fault(null);
    assert.ok(answers.every((a) => a.calls.length === 2 && a.attempts === 1));
    assert.deepEqual(other.requests.map((r) => [r.body.max_tokens, r.body.max_completion_tokens]), [[500, undefined], [undefined, 500], [undefined, 500]]);
  });

  test('no_schema: the schema is asked for in words', async () => {
    model.fault('no_schema', { times: Infinity });
    const answer = await ask('openai', { response_schema: { type: 'object' }, tools: undefined });
    assert.equal(model.requests.length, 2);
    assert.match(model.requests[1].conversation.at(-1).parts[0].text, /JSON Schema/);
    assert.equal(answer.text, SENTENCE);
    assert.equal(answer.structure, null);
  });
});

test('several calls of a run share one connection', async () => {
  let connections = 0;
  const proxy = createServer((request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify({ choices: [{ message: { content: 'ok' }, finish_reason: 'stop' }] })));
  }).on('connection', () => { connections++; });
  await new Promise((done) => proxy.listen(0, '127.0.0.1', done));
  const base_url = `http://127.0.0.1:${proxy.address().port}/v1`;
  const answers = await run('openai', Array(4).fill({ messages: TASK }), { settings: { base_url } });
  assert.deepEqual(answers.map((a) => a.text), ['ok', 'ok', 'ok', 'ok']);
  assert.equal(connections, 1);
  proxy.closeAllConnections();
  await new Promise((done) => proxy.close(done));
});

describe('replinet model test, and doctor', () => {
  let folder, env;
  const cli = (args, settings) => runBinary(findBinary(), args, { ...env, ...settings });
  before(() => {
    folder = makeFolder('llm');
    env = { PATH: process.env.PATH, REPLINET_ENV: '/nonexistent', STATE_DIR: `${folder.path}/state`, RUN_DIR: `${folder.path}/run`, LOG_FORMAT: 'text' };
    const models = [{ name: 'small', input_price: 1_000_000, output_price: 2_000_000 }];
    env.MODEL_PROVIDERS = JSON.stringify({ acme: { kind: 'openai', base_url: model.openai, api_key: KEY, models } });
  });
  after(() => folder?.remove());

  test('one word, its time, tokens and cost', async () => {
    const words = await cli(['model', 'test', 'acme/small']);
    assert.equal(words.code, 0, words.stderr);
    assert.match(words.stdout, /^acme\/small answered "I click .*" in \d+ ms \(first word after \d+ ms\)\n\d+ tokens in, \d+ out; cost 0\.\d{6}\n$/);
    const json = JSON.parse((await cli(['model', 'test', 'acme/small', '--json'])).stdout);
    assert.equal(json.cost_micro, json.input_tokens + 2 * json.output_tokens);
    assert.equal(model.requests.at(-1).body.model, 'small');
  });

  for (const kind of ['openai', 'anthropic'])
    test(`${kind} by its own settings; a wrong key is named by its setting, not told`, async () => {
      const name = kind.toUpperCase();
      const settings = { MODEL_PROVIDERS: '', [`${name}_BASE_URL`]: model[kind], [`${name}_API_KEY`]: KEY };
      assert.equal((await cli(['model', 'test', `${kind}/any`], settings)).code, 0);
      const wrong = await cli(['model', 'test', `${kind}/any`, '--json'], { ...settings, [`${name}_API_KEY`]: 'sk-wrong-123456789' });
      assert.equal(wrong.code, 1);
      const { error } = JSON.parse(wrong.stdout);
      assert.equal(error.code, 'model_auth');
      assert.match(error.hint, new RegExp(`${name}_API_KEY`));
      assert.ok(!(wrong.stdout + wrong.stderr).includes('sk-wrong-1'));
    });

  test('a provider that is called as a well-known one needs no more than its key', async () => {
    const { found } = JSON.parse((await cli(['doctor', '--json', 'models'], { MODEL_PROVIDERS: '{"lmstudio":{},"vllm":{"base_url":"http://127.0.0.1:9/v1"}}' })).stdout)[0];
    assert.match(found, /^lmstudio.*, vllm: /);
    const wrong = await cli(['doctor', '--json', 'models'], { MODEL_PROVIDERS: '{"mine":{}}' });
    assert.match(JSON.parse(wrong.stdout)[0].found, /mine.*kind/);
  });

  test('what is not set up is said', async () => {
    for (const [args, code, text] of [
      [['model', 'test', 'nobody/x'], 1, /no provider "nobody"/],
      [['model', 'test', 'acme/large'], 1, /does not offer the model large/],
      [['model', 'test'], 2, /Usage: replinet model test/],
      [['model', 'try', 'acme/small'], 2, /wrong or missing/]]) {
      const answer = await cli(args);
      assert.equal(answer.code, code, answer.stderr);
      assert.match(answer.stdout + answer.stderr, text);
    }
  });

  test('doctor tells which providers are reached', async () => {
    const of = async (settings) => JSON.parse((await cli(['doctor', '--json', 'models'], settings)).stdout)[0];
    assert.deepEqual([(await of()).verdict, (await of()).found], ['ok', 'acme is reached']);
    const gone = await of({ MODEL_PROVIDERS: JSON.stringify({ gone: { kind: 'openai', base_url: 'http://127.0.0.1:9/v1' } }) });
    assert.equal(gone.verdict, 'warn');
    assert.match(gone.found, /^gone: /);
    assert.equal((await of({ MODEL_PROVIDERS: '' })).verdict, 'ok');
    assert.equal((await of({ MODEL_PROVIDERS: '{"x": 1' })).verdict, 'fail');
  });
});
