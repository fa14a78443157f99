// Whole runs of models that only hold together over many turns: a person's consent by an agent's own rules, files in and out,
// codes of authenticators, providers that read less than was sent, answers that are none. They go on side by side in one
// instance; each run's model is named after it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { HubClient } from './lib/hub_client.mjs';
import { startInstance, traces, until } from './lib/instance.mjs';
import { PASSWORD, startLoginSite, TOTP_SECRET } from './lib/login_site.mjs';
import { startModel } from './lib/model_server.mjs';
import { click, done, fill, find, lastResults, lastWords, pageIn, taskIn } from './lib/model_talk.mjs';
import { countPixels } from './lib/png.mjs';

const REPORT = randomBytes(5000), PHOTO = randomBytes(120000);
const page = (title, body) => `<!doctype html><meta charset=utf-8><title>${title}</title><link rel=icon href="data:,"><body>${body}`;
const does = (what) => `onclick="fetch('/did/${what}')"`;
const lines = (n) => Array.from({ length: n }, (_, i) => `<p>Line ${i} of a long text about nothing in particular, ${'and more '.repeat(6)}</p>`).join('');
const PAGES = {
  '/rules': () => page('Rules', `<button ${does('sample')}>Buy sample</button><button ${does('prices')}>Show prices</button><a href="/private/plan">Plan</a>`),
  '/private': () => page('Private', '<a href="/rules">Back</a>'),
  '/private/plan': () => page('The plan', `<a href="/drafts">Drafts</a>`),
  '/drafts': () => page('Drafts', `<button ${does('deleted')}>Delete draft</button><a href="/letter">Letter</a>`),
  '/letter': () => page('Letter', `<label>Text <input></label><button ${does('sent')}>Send letter</button><button ${does('saved')}>Keep as draft</button>`),
  '/form': () => page('Form', `<form action="/did/paid"><button>Transfer 5 EUR</button></form><script>fetch('/hold').then(() => { document.forms[0].action = '/did/robbed'; fetch('/changed') })</script>`),
  '/names': () => page('Names', `<form action="/did/paid"><label>To <input name=to value="Bob"></label><button>Transfer 7 EUR</button></form><script>fetch('/hold').then(() => { document.querySelector('input').value = 'Mallory'; fetch('/renamed') })</script>`),
  '/files': () => page('Files', `<a href="/report.bin" download>Report</a><a href="http://localhost:${far.address().port}/taken" download>Elsewhere</a><a href="/huge" download>Huge</a>`),
  '/upload': () => page('Upload', `<form method=post action=/received enctype="multipart/form-data"><label>Paper <input type=file name=paper></label><input type=file name=note id=note multiple hidden>
    <button type=button onclick="note.click()">Attach a note</button><p id=told></p><button>Hand in</button></form><script>onchange = () => { told.textContent = [...document.querySelectorAll('input')].flatMap(one => [...one.files]).map(file => file.name + ' is chosen').join(', ') }</script>`),
  '/long': () => page('Long', `<h1>Long</h1>${lines(400)}${Array.from({ length: 150 }, (_, i) => `<button>Choice number ${i} of many others</button>`).join('')}`),
  '/count': (url) => page(`Count ${url.searchParams.get('n')}`, `<p>Step ${url.searchParams.get('n')}</p>${lines(12)}<a href="/count?n=${Number(url.searchParams.get('n')) + 1}">Next</a>`),
  '/leave': () => page('Leave', '<label>Name <input></label><button onclick="location.href=\'/left\'">Go away</button><button onclick="fetch(\'/did/late\')">Too late</button>'),
  '/left': () => page('Left', '<p>Gone</p>'),
};
const FILES = { '/report.bin': () => REPORT, '/huge': () => Buffer.alloc(3 << 20, 1) };

let site, far, login, model, replinet, admin;
const heard = [], received = [], farHeard = [], held = [], brains = new Map();
const at = (path) => `http://127.0.0.1:${site.address().port}${path}`;
const goto = (path) => ({ name: 'goto', arguments: { url: at(path) } });
const call = (name, args = {}) => ({ name, arguments: args });
const listen = (answer) => new Promise((resolve) => { const server = http.createServer(answer).listen(0, '127.0.0.1', () => resolve(server)); });

async function answer(request, response) {
  const url = new URL(request.url, 'http://site');
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  if (url.pathname === '/hold') return held.push(response);
  if (url.pathname === '/received') received.push(Buffer.concat(pieces));
  if (FILES[url.pathname]) return response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(FILES[url.pathname]());
  if (!PAGES[url.pathname]) heard.push(url.pathname);
  response.writeHead(200, { 'content-type': 'text/html' }).end(PAGES[url.pathname]?.(url) ?? page('Thanks', 'Received'));
}

const RUNS = ['rules', 'changes', 'fetches', 'brings', 'signs', 'short-openai', 'short-anthropic', 'least', 'counts', 'odd-openai', 'odd-anthropic'];
before(async () => {
  [site, far, login] = await Promise.all([listen(answer), listen((request, response) => { farHeard.push(request.url); response.end('x'); }), startLoginSite()]);
  model = await startModel({ key: 'sk-runs', solve: (conversation, tools, more) => brains.get(more.model)(conversation, tools, more) });
  const models = RUNS.map((name) => ({ name, context_tokens: name === 'counts' ? 9000 : 60000 }));
  replinet = await startInstance({
    SECRET_KEY: randomBytes(32).toString('hex'),
    MAX_BROWSERS: '4', WORKER_CONCURRENCY: '4', POOL_WARM: '2', RATE_LIMIT_WRITE: '0', RATE_LIMIT_READ: '0',
    QUOTAS: '{"pro_user":{"stored_mb":2}}',
    EGRESS_ALLOW: `127.0.0.1:${site.address().port},localhost:${far.address().port},${login.allow}`,
    MODEL_PROVIDERS: JSON.stringify(Object.fromEntries(['openai', 'anthropic'].map((kind) => [kind, { kind, base_url: model[kind], api_key: 'sk-runs', models }]))),
  });
  admin = replinet.makeUser('admin', { name: 'Anna' });
});
after(async () => {
  await replinet?.stop();
  if (replinet) assert.deepEqual(traces(replinet), []);
  replinet?.remove();
  await Promise.all([model?.stop(), login?.stop()]);
  for (const server of [site, far]) { server?.closeAllConnections(); server?.close(); }
});

async function send(who, method, path, body) {
  const response = await fetch(`${replinet.url}/api/v1${path}`, { method, headers: { authorization: `Bearer ${who.key}`, ...(body && { 'content-type': 'application/json' }) }, body: body && JSON.stringify(body) });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text && JSON.parse(text);
}

/** Starts a run: its model answers by `how(page, conversation, more)`: calls, or a whole answer. */
async function start(name, how, { kind = 'openai', who = admin, config, agent = {}, inputs, credential } = {}) {
  brains.set(name, (conversation, tools, more) => {
    const said = how(more.schema ? '' : pageIn(conversation), conversation, more);
    return Array.isArray(said) ? { calls: said } : said;
  });
  const preset = await send(who, 'POST', '/presets', { name, ai_model: `${kind}/${name}`, ...(config && { additional_config: config }) });
  const made = await send(who, 'POST', '/agents', { name, preset_id: preset.id, browser_config: { timeout_ms: 240000, ...agent.browser_config }, ...(agent.approvals && { approvals: agent.approvals }) });
  if (credential) await send(who, 'PUT', `/agents/${made.id}/credentials/${credential.id}`);
  return (await send(who, 'POST', `/agents/${made.id}/threads`, { task: `The task of ${name}`, ...(inputs && { inputs }) })).id;
}
const isOver = (thread) => ['completed', 'error', 'stopped'].includes(thread.status);
const ended = (id, who = admin) => until(`the end of ${id}`, async () => { const found = await send(who, 'GET', `/threads/${id}`); return isOver(found) && found; }, 300000);
const eventsOf = async (id, who = admin) => (await send(who, 'GET', `/threads/${id}/events?limit=1000`)).items;
/** The question that is open now; one whose run has ended before it asks is a failure. */
const asked = (id, who = admin) => until(`a question of ${id}`, async () => {
  const open = (await send(who, 'GET', `/threads/${id}/questions`)).items.find((one) => one.status === 'open');
  const thread = open ? null : await send(who, 'GET', `/threads/${id}`);
  assert.ok(open || !isOver(thread), `it ended instead: ${thread?.status} ${thread?.error_message}`);
  return open;
}, 120000);
const turnOf = (conversation) => conversation.filter((m) => m.role === 'assistant').length;
/** A model with one answer after the other, each made of the page that it sees then. */
const plan = (...steps) => (text, conversation, more) => steps[turnOf(conversation)](text, conversation, more);
const press = (wanted) => (text) => [click(find(text, wanted))];
const completed = (thread) => assert.equal(thread.status, 'completed', `${thread.reason}: ${thread.error_message}`);

describe('runs', { concurrency: 4 }, () => {
  test('over sixty turns with a small model: all that is sent fits, nothing that counts is lost', async () => {
    const LAST = 32, sizes = [];
    const id = await start('counts', (text, conversation, { body }) => {
      sizes.push(Buffer.byteLength(JSON.stringify(body)));
      const n = Number(/Page: Count (\d+)/.exec(text)?.[1] ?? 0), whole = conversation.filter((m) => JSON.stringify(m).includes('The page now'));
      assert.match(taskIn(conversation), /The task of counts/);
      assert.match(conversation[0].text, /You work in a real web browser/);
      if (n > 1) assert.match(lastWords(conversation), /Your notes:\n- the word is plum/);
      assert.equal(whole.length, Math.min(2, sizes.length), `turn ${sizes.length}`);
      if (n > 2) assert.ok(JSON.stringify(whole[0]).includes(`Page: Count ${lastResults(conversation)[0].text.startsWith('Part ') ? n : n - 1}\\n`), `turn ${sizes.length}: ${n}`);
      if (n >= LAST) return [done({ n, word: /the word is (\w+)/.exec(lastWords(conversation))[1] })];
      if (!n) return [call('note', { text: 'the word is plum' }), goto('/count?n=1')];
      const told = lastResults(conversation)[0].text;
      if (!told.startsWith('Part ')) return [call('read_page')];
      assert.match(told, new RegExp(`Step ${n}[^]*Line 11[^]*</page-`));
      return n % 2 ? [click(find(text, 'link "Next"'))] : [goto(`/count?n=${n + 1}`)];
    }, { kind: 'anthropic', config: { limits: { steps: 100 } } });
    const thread = await ended(id);
    completed(thread);
    assert.deepEqual([thread.results.n, thread.results.word], [LAST, 'plum']);
    assert.ok(thread.usage.turns > 60, `${thread.usage.turns} turns`);
    assert.ok(Math.max(...sizes) <= 9000 * 3, `${Math.max(...sizes)} bytes at most`);
  });

  test('the first rule that fits decides; consent by REST, /ws and link; who is declined goes another way', async () => {
    const told = [];
    const approvals = [{ text: 'buy sample', ask: false }, { text: 'buy', ask: true }, { text: 'Show prices', ask: true },
      { action: 'goto', url: '/private', ask: true }, { url: '/drafts', ask: false }, { url: '/private/', ask: true }];
    const id = await start('rules', plan(
      () => [goto('/rules')], press('button "Buy sample"'), press('button "Show prices"'), () => [goto('/private')], () => [goto('/rules')],
      press('link "Plan"'), press('link "Drafts"'), press('button "Delete draft"'), press('link "Letter"'), press('button "Send letter"'),
      (text, conversation) => (told.push(lastResults(conversation)[0]), [click(find(text, `button "${/keep it/.test(told[0].text) ? 'Keep' : 'Send'}`))]),
      () => [done({ ended: true })],
    ), { agent: { approvals } });
    const hub = await HubClient.connect(replinet, admin.key);
    const texts = [];
    const next = async (how) => {
      const open = await asked(id);
      texts.push(/wants to (\S+ .*?) on http/.exec(open.text)[1]);
      await how(open);
      await until('the answer', async () => (await send(admin, 'GET', `/threads/${id}/questions`)).items.find((one) => one.id === open.id).status === 'answered');
    };
    await next((open) => send(admin, 'POST', `/threads/${id}/questions/${open.id}/answer`, { approved: true }));
    await next((open) => hub.say('answer', { thread_id: id, question_id: open.id, answer: { approved: true } }));
    await next((open) => send({ key: '' }, 'POST', `/answers/${/answer\/([\w-]+)$/.exec(open.link)[1]}`, { approved: true }));
    await next((open) => hub.say('answer', { thread_id: id, question_id: open.id, answer: { approved: false, text: 'keep it as a draft' } }));
    const thread = await ended(id);
    hub.close();
    completed(thread);
    assert.deepEqual(texts, ['click button "Show prices"', 'goto the page', 'click link "Plan"', 'click button "Send letter"']);
    assert.equal(told[0].error, true);
    assert.match(told[0].text, /A person declined this: keep it as a draft/);
    await until('the last word of the page', () => heard.includes('/did/saved'));
    for (const what of ['sample', 'prices', 'deleted']) assert.ok(heard.includes(`/did/${what}`), what);
    assert.ok(!heard.includes('/did/sent'));
  });

  test('a form that leads elsewhere, or holds something else, by the time a person agrees is not sent', async () => {
    const told = [], hear = (call) => (text, conversation) => (told.push(lastResults(conversation)[0].text), [call]);
    const id = await start('changes', plan(() => [goto('/form')], press('button "Transfer'), hear(goto('/names')), press('button "Transfer'), hear(done())));
    for (const change of ['/changed', '/renamed']) {
      const open = await asked(id);
      await until('the page', () => held.length);
      held.splice(0).forEach((response) => response.end());
      await until('the change', () => heard.includes(change));
      await send(admin, 'POST', `/threads/${id}/questions/${open.id}/answer`, { approved: true });
      await until('the answer', async () => (await send(admin, 'GET', `/threads/${id}/questions`)).items.find((one) => one.id === open.id).status === 'answered');
    }
    completed(await ended(id));
    for (const text of told) assert.match(text, /agreed to changed meanwhile/);
    assert.ok(!heard.includes('/did/robbed') && !heard.includes('/did/paid'));
  });

  test('files: a download is told with name and size, is bounded by rules, domains and room, and is uploaded by another run', async () => {
    const who = replinet.makeUser('pro_user'), told = [];
    const remember = (conversation) => told.push(lastResults(conversation)[0].text);
    const download = (name) => (text, conversation) => (remember(conversation), [call('download', { click: find(text, `link "${name}"`), as: name.toLowerCase() })]);
    const id = await start('fetches', plan(() => [goto('/files')], press('link "Report"'), download('Report'), download('Elsewhere'), (text, conversation) => (remember(conversation), [goto('/files')]), download('Huge'), (text, conversation) => (remember(conversation), [done()])),
      { who, agent: { approvals: [{ action: 'download', text: 'report', ask: true }], browser_config: { allowed_domains: ['127.0.0.1'] } } });
    const open = await asked(id, who);
    assert.match(open.text, /wants to download link "Report"/);
    await send(who, 'POST', `/threads/${id}/questions/${open.id}/answer`, { approved: true });
    const thread = await ended(id, who);
    completed(thread);
    const [clicked, report, elsewhere, , huge] = told;
    assert.match(clicked, /began a download, which is not kept: the tool download keeps it/);
    assert.match(report, new RegExp(`name: report.bin, bytes: 5000, artifact: ${thread.results.report.artifact}`));
    assert.match(elsewhere, /could not be done/);
    assert.deepEqual(farHeard, []);
    assert.match(huge, /could not be done[^]*huge[^]*(stored_mb|room|quota)/i);
    const response = await fetch(`${replinet.url}/api/v1/artifacts/${thread.results.report.artifact}`, { headers: { authorization: `Bearer ${who.key}` } });
    assert.ok(REPORT.equals(Buffer.from(await response.arrayBuffer())));

    const brings = await start('brings', plan(
      () => [goto('/upload')],
      (text, conversation) => [call('upload', { element: find(text, /"Paper"/), file: { artifact: /"paper":"([0-9a-f-]+)"/.exec(taskIn(conversation))[1] } })],
      (text, conversation) => (assert.match(text, /report\.bin is chosen/), [call('upload', { element: find(text, 'button "Attach'), files: [{ name: 'note.txt', text: 'Here it is' }, { name: 'photo.jpg', base64: /\{\{inputs\.photo\}\}/.exec(taskIn(conversation))[0] }] })]),
      (text) => (assert.match(text, /note\.txt is chosen, photo\.jpg is chosen/), [click(find(text, 'button "Hand in"'))]),
      () => [done()],
    ), { who, kind: 'anthropic', inputs: { paper: thread.results.report.artifact, photo: PHOTO.toString('base64') }, agent: { approvals: [{ action: 'upload', ask: true }] } });
    for (const wanted of [/wants to upload .*Paper/, /wants to upload button "Attach a note"/]) {
      const question = await asked(brings, who);
      assert.match(question.text, wanted);
      await send(who, 'POST', `/threads/${brings}/questions/${question.id}/answer`, { approved: true });
      await until('the answer', async () => (await send(who, 'GET', `/threads/${brings}/questions`)).items.find((one) => one.id === question.id).status === 'answered');
    }
    completed(await ended(brings, who));
    const [body] = received;
    assert.ok(body.includes(REPORT) && body.includes('filename="report.bin"'), 'the paper came whole');
    assert.match(body.toString('latin1'), /filename="note\.txt"[^]*Here it is/);
    assert.ok(body.includes(PHOTO) && body.includes('filename="photo.jpg"'), 'the photo came whole');
    const script = JSON.stringify(await send(who, 'GET', `/threads/${brings}/script`)), events = JSON.stringify(await eventsOf(brings, who));
    assert.match(script, /"base64":"\{\{inputs\.photo\}\}"/);
    assert.ok(events.length < 100000, `${events.length} bytes of events`);
    const sent = model.requests.filter((request) => request.body.model === 'brings').map((request) => JSON.stringify(request.body));
    assert.ok(sent.every((text) => text.length < 60000), 'the photo is not told to the model');
  });

  test('codes of an authenticator: right, never the same twice, on their own site only, seen by nobody', async () => {
    const credential = await send(admin, 'POST', '/credentials', { name: 'Shop', username: 'olga', secret: PASSWORD, totp_secret: TOTP_SECRET, domains: [login.host] });
    const to = (url) => () => [call('goto', { url })];
    const part = (text, field, name) => call('fill', { element: find(text, `textbox "${field}"`), credential: 'Shop', part: name });
    const code = (text) => call('totp', { element: find(text, 'textbox "Code"'), credential: 'Shop' });
    let refused, fields = [];
    const id = await start('signs', plan(
      to(`${login.other}/field`), (text) => [call('totp', { element: find(text, 'textbox "Password"'), credential: 'Shop' })],
      (text, conversation) => ((refused = lastResults(conversation)[0]), [call('goto', { url: `${login.url}/login` })]),
      (text) => [part(text, 'User', 'username'), part(text, 'Password', 'password'), click(find(text, 'button "Sign in"'))],
      (text) => [code(text), call('screenshot', { as: 'first' }), call('read_page')],
      (text) => (fields.push(text), [click(find(text, 'button "Go"'))]),
      (text) => (assert.match(text, /Page: Welcome/), [call('goto', { url: `${login.url}/code` })]),
      (text) => [code(text)], press('button "Go"'), (text) => [done({ in: text.includes('Page: Welcome') })],
    ), { kind: 'anthropic', credential });
    const thread = await ended(id);
    completed(thread);
    assert.equal(thread.results.in, true);
    assert.deepEqual(login.logins.at(-1), { user: 'olga', password: PASSWORD });
    assert.equal(login.codes.length, 2);
    assert.equal(new Set(login.codes).size, 2, String(login.codes));
    assert.equal(refused.error, true);
    assert.match(refused.text, new RegExp(`is for ${login.host}, and the field belongs to ${login.other}`));
    assert.deepEqual(login.stolen, []);
    const events = JSON.stringify(await eventsOf(id));
    const trace = (await replinet.cli('thread', 'export', id)).stdout;
    const sent = JSON.stringify(model.requests.filter((request) => request.body.model === 'signs').map((request) => request.body));
    assert.match(fields[0], /\[\d+\]\*? textbox "Code"/);
    for (const secret of [...login.codes, TOTP_SECRET, 'Tr0ub4dor'])
      for (const [what, text] of [['events', events], ['trace', trace.replace(/base64,[^"]*/g, '')], ['log', replinet.log], ['model', sent]])
        assert.doesNotMatch(text.replace(/[0-9a-f-]{36}|\d\d:\d\d:\d\d\.\d+/g, ''), new RegExp(`\\b${secret}\\b`), `${what} has ${secret}`);
    const picture = (await send(admin, 'GET', `/threads/${id}/artifacts`)).items.find((one) => one.name === 'first.png');
    const content = Buffer.from(await (await fetch(`${replinet.url}${picture.url}`, { headers: { authorization: `Bearer ${admin.key}` } })).arrayBuffer());
    assert.ok(countPixels(content, (r, g, b) => r === 0x44 && g === 0x44 && b === 0x44) > 300, 'the code is covered');
  });

  const TOO_LONG = {
    openai: [{ status: 400, json: { error: { message: "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.", type: 'invalid_request_error', param: 'messages', code: 'context_length_exceeded' } } },
      { status: 400, json: [{ error: { code: 400, message: 'The input token count (9001) exceeds the maximum number of tokens allowed (8192).', status: 'INVALID_ARGUMENT' } }] },
      { status: 429, json: { error: { message: 'Request too large for gpt-4o on tokens per min (TPM): Limit 8192, Requested 9001.', type: 'tokens', code: 'rate_limit_exceeded' } } }],
    anthropic: [{ status: 400, json: { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 9001 tokens > 8192 maximum' } } },
      { status: 413, json: { type: 'error', error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } } }],
  };
  for (const kind of ['openai', 'anthropic'])
    test(`a provider that reads less than was thought (${kind}): asked again with less, the task is never dropped`, async () => {
      let most = 10500, refusals = 0, extracted = 0;
      const id = await start(`short-${kind}`, (text, conversation, { body, schema }) => {
        const size = JSON.stringify(body.messages).length;
        if (!schema) assert.match(taskIn(conversation), /The task of short/);
        if (size > most) return { refuse: TOO_LONG[kind][refusals++ % TOO_LONG[kind].length] };
        if (schema) return (extracted = size), { text: JSON.stringify({ first: /Line 0 of/.test(JSON.stringify(body)) }) };
        const turn = Number(/The page now \(turn (\d+)\)/.exec(lastWords(conversation))[1]) - 1;
        if (turn === 2) most = 8500;
        if (/What you did before, in short/.test(JSON.stringify(conversation))) assert.match(JSON.stringify(conversation), /Page: Long/);
        if (lastResults(conversation)[0]?.text.includes('Kept as the result data')) return [done({ told: lastResults(conversation)[0].text })];
        if (turn >= 3) return [call('extract', { as: 'data', schema: { type: 'object', properties: { first: { type: 'boolean' } }, required: ['first'] } })];
        return [turn % 2 ? call('reload') : goto(`/long?${turn}`)];
      }, { kind });
      const thread = await ended(id);
      completed(thread);
      assert.ok(refusals >= 2 && refusals < 12, `${refusals} refusals`);
      assert.ok(refusals >= TOO_LONG[kind].length && extracted > 2000, `${refusals}, ${extracted}`);
      assert.deepEqual(thread.results.data, { first: true });
      assert.match(thread.results.told, /out of its first \d+ of \d+ bytes/);
      assert.ok((await eventsOf(id)).some((event) => event.kind === 'model.shortened'));
    });

  test('when not even the least fits, the run ends as model_context, with few tries', async () => {
    const sizes = [];
    const id = await start('least', (text, conversation, { body }) => {
      if (text.includes('Page: Long')) sizes.push(JSON.stringify(body.messages).length);
      return text.includes('Page: Long') ? { refuse: TOO_LONG.openai[0] } : [goto('/long')];
    });
    const thread = await ended(id);
    assert.deepEqual([thread.status, thread.reason], ['error', 'model_context'], thread.error_message);
    assert.match(thread.error_message, /too long for least/);
    assert.ok(sizes.length >= 3 && sizes.length <= 10, `${sizes.length} tries`);
    assert.ok(sizes.every((size, i) => !i || size < sizes[i - 1]), String(sizes));
    assert.ok(sizes.at(-1) < 12000, `${sizes.at(-1)} bytes at last`);
  });

  for (const kind of ['openai', 'anthropic'])
    test(`answers that are none, and a page that changes amid several calls (${kind})`, async () => {
      const told = [];
      const hear = (make) => (text, conversation) => (told.push(lastResults(conversation).map((one) => one.text), lastWords(conversation)), make(text));
      const id = await start(`odd-${kind}`, plan(
        () => ({ text: '' }), hear(() => ({ text: ' \n ', calls: [{ name: 'functions.goto:0', arguments: {} }] })), hear(() => [{ name: 'goto', raw: '{"url": "http://' }]), hear(() => ({ text: 'Hm.', calls: [] })),
        hear(() => [goto('/leave')]), hear((text) => [fill(find(text, 'textbox "Name"'), 'Ada'), click(find(text, 'button "Go away"')), click(find(text, 'button "Too late"')), call('read_page')]),
        hear(() => [done()]),
      ), { kind });
      completed(await ended(id));
      assert.match(told[1], /The page now/);
      assert.match(told[2][0], /there is no tool functions_goto/);
      assert.match(told[4][0], /arguments of goto are no JSON object/);
      const results = told.at(-2);
      assert.equal(results.length, 4);
      assert.match(results[0], /^Done/);
      assert.match(results[1], /^Done/);
      assert.deepEqual(results.slice(2), Array(2).fill('Not carried out: the page changed.'));
      assert.ok(!heard.includes('/did/late'));
    });
});
