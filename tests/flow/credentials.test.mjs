// Agents sign in with credentials: the parts go into the right fields of the right site, and nothing that is kept or told
// of a run has a secret in it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startInstance, traces, until } from './lib/instance.mjs';
import { PASSWORD, startLoginSite, TOTP_SECRET } from './lib/login_site.mjs';
import { startModel } from './lib/model_server.mjs';
import { countPixels } from './lib/png.mjs';

let site, replinet, user, preset, credential, model;
const call = async (method, where, body, expected) => {
  const response = await fetch(`${replinet.url}/api/v1${where}`, {
    method, headers: { authorization: `Bearer ${user.key}`, 'content-type': 'application/json' }, body: body && JSON.stringify(body),
  });
  const text = await response.text();
  assert.equal(response.status, expected ?? { POST: 201, PUT: 204 }[method] ?? 200, `${method} ${where}: ${text}`);
  return text && JSON.parse(text);
};

before(async () => {
  site = await startLoginSite();
  model = await startModel({ solve: signIn, key: 'sk-test' });
  const providers = { test: { kind: 'openai', base_url: model.openai, api_key: 'sk-test', models: [{ name: 'thinker', context_tokens: 64000 }] } };
  replinet = await startInstance({ SECRET_KEY: randomBytes(32).toString('hex'), MAX_BROWSERS: '2', POOL_WARM: '1', EGRESS_ALLOW: site.allow, MODEL_PROVIDERS: JSON.stringify(providers) });
  user = replinet.makeUser('pro_user', { name: 'Olga' });
  preset = await call('POST', '/presets', { name: 'No model', ai_model: 'script' });
  credential = await call('POST', '/credentials', { name: 'Shop', username: 'olga', secret: PASSWORD, totp_secret: TOTP_SECRET, domains: [site.host] });
  assert.deepEqual(credential.domains, [site.host]);
});
after(async () => {
  await replinet?.stop();
  assert.deepEqual(traces(replinet), []);
  replinet.remove();
  await model.stop();
  await site.stop();
});

/** The model: signs in by what it is shown, tries to see the password, and to give it to another site. */
function signIn(conversation) {
  const texts = conversation.filter((message) => message.role === 'user').map((message) => message.parts.map((part) => part.text ?? '').join('\n'));
  const page = texts.filter((text) => text.includes('Page: ') || text.includes('URL: ')).at(-1);
  const number = (wanted) => Number(new RegExp(`\\[(\\d+)\\][*]? ${wanted}`).exec(page)?.[1]);
  const fill = (element, part) => ({ name: 'fill', arguments: { element, credential: 'Shop', part } });
  const calls = conversation.filter((message) => message.role === 'assistant').flatMap((message) => message.calls ?? []);
  if (!calls.length) return { calls: [{ name: 'goto', arguments: { url: `${site.other}/field` } }] };
  if (page.includes(`${site.other}/field`) && calls.length === 1) return { calls: [fill(number('textbox "Password"'), 'password')] };
  if (page.includes(`${site.other}/field`)) return { calls: [{ name: 'goto', arguments: { url: `${site.url}/login` } }] };
  if (page.includes('Page: Code')) return { calls: [{ name: 'totp', arguments: { element: number('textbox "Code"'), credential: 'Shop' } }, { name: 'click', arguments: { element: number('button "Go"') } }] };
  if (page.includes('Page: Welcome')) return { calls: [{ name: 'done', arguments: { success: true, text: 'in' } }] };
  if (!calls.some((call) => call.name === 'check')) return { calls: [fill(number('textbox "User"'), 'username'), fill(number('textbox "Password"'), 'password'), { name: 'check', arguments: { element: number('checkbox "Show it"') } }] };
  if (!calls.some((call) => call.name === 'screenshot')) return { calls: [{ name: 'read_page', arguments: {} }, { name: 'screenshot', arguments: { as: 'seen' } }] };
  return { calls: [{ name: 'click', arguments: { element: number('button "Sign in"') } }] };
}

let number = 0;
/** Runs steps as a thread: {status, error_message, results, events, failed, artifacts: [{name, content}]}. */
async function run(steps, { linked = true, inputs } = {}) {
  const agent = await call('POST', '/agents', { name: `Agent ${++number}`, preset_id: preset.id, script: { steps }, browser_config: { timeout_ms: 120000 } });
  if (linked) await call('PUT', `/agents/${agent.id}/credentials/${credential.id}`);
  const { id } = await call('POST', `/agents/${agent.id}/threads`, { inputs });
  const thread = await until('the end of the run', async () => {
    const one = await call('GET', `/threads/${id}`);
    return ['completed', 'error', 'stopped'].includes(one.status) && one;
  }, 150000);
  const events = (await call('GET', `/threads/${id}/events?limit=1000`)).items;
  const artifacts = [];
  for (const artifact of (await call('GET', `/threads/${id}/artifacts`)).items) {
    const response = await fetch(`${replinet.url}${artifact.url}`, { headers: { authorization: `Bearer ${user.key}` } });
    artifacts.push({ ...artifact, content: Buffer.from(await response.arrayBuffer()) });
  }
  return { ...thread, events, artifacts, failed: events.filter((event) => event.kind === 'step.failed') };
}
const goto = (page) => ({ goto: `${site.url}${page}` });
const fill = (label, part, more) => ({ fill: { label, credential: 'Shop', part, ...more } });

test('a login with user, password and code', async () => {
  const thread = await run([
    goto('/login'), { fill: { label: 'User', credential: '{{inputs.which}}', part: 'username' } }, fill('Password', 'password'), { click: 'Sign in' },
    { assert: { title: 'Code' } }, fill('Code', 'totp'), { click: 'Go' }, { assert: 'Welcome' },
  ], { inputs: { which: 'Shop' } });
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.deepEqual(site.logins.at(-1), { user: 'olga', password: PASSWORD });
  const filled = thread.events.find((event) => event.kind === 'step.finished' && event.data.part === 'password');
  assert.equal(filled.data.credential, 'Shop');
  assert.equal(filled.data.origin, site.url);
});

test('a code is never used twice: the next one is waited for', async () => {
  const again = [fill('Code', 'totp'), { click: 'Go' }, { assert: 'Welcome' }];
  const before = site.codes.length;
  site.used.clear(); // by the test before, of another run
  const thread = await run([goto('/code'), ...again, goto('/code'), ...again]);
  assert.equal(thread.status, 'completed', thread.error_message);
  const codes = site.codes.slice(before);
  assert.equal(new Set(codes).size, 2, String(codes));
});

test('a page that tells everybody: events, results, files and pictures have no secret', async () => {
  const thread = await run([
    goto('/echo'), fill('Password', 'password'), { wait_for: { ms: 300 } }, { screenshot: 'view' }, { screenshot: { as: 'all', full_page: true } },
    { extract: { as: 'whole', css: '#whole' } }, { extract: { as: 'value', css: '#shown', read: 'value' } }, { extract: { as: 'field', css: '#p', read: 'value' } },
    { evaluate: { script: 'return { title: document.title, [p.value]: location.href, all: document.documentElement.outerHTML }', as: 'run' } }, { cookies: { as: 'cookies' } },
    { dialog: { as: 'dialog' } }, { tab: { as: 'tabs' } }, { extract: { as: 'number', css: '#area', read: 'value', default: 1 } },
    { evaluate: { script: `const a = document.body.appendChild(document.createElement('a')); a.href = '/file'; a.textContent = 'File'` } }, { download: { click: 'File', as: 'file' } },
    { assert: { css: '#shown', value: 'another' }, timeout_ms: 500, optional: true }, { click: { text: 'Nowhere' }, timeout_ms: 500, optional: true }, { fail: 'at {{results.whole}}' },
  ]);
  assert.equal(thread.status, 'error');
  assert.match(thread.error_message, /at It is \[secret\]/);
  assert.match(thread.results.whole, /\[secret\]/);
  assert.equal(thread.results.field, '[secret]');
  assert.match(thread.results.run.title, /Typed \[secret\]/);
  const console = thread.events.filter((event) => event.kind === 'page.console').map((event) => event.message);
  assert.ok(console.some((line) => line.startsWith('typed [secret]')), String(console));
  assert.ok(thread.events.some((event) => event.kind === 'page.dialog' && event.message.includes('You typed [secret]')));
  assert.equal(thread.artifacts.find((one) => one.name === 'mine.txt').content.toString(), 'it is [secret]\n');
  const pictures = thread.artifacts.filter((one) => one.media_type === 'image/png');
  assert.ok(pictures.length >= 3, 'view, all, failures');
  for (const { name, content } of pictures) {
    if (process.env.KEEP_PICTURES) fs.writeFileSync(path.join(process.env.KEEP_PICTURES, name), content);
    assert.ok(countPixels(content, (r, g, b) => g > 120 && r < 90 && b < 90) > 20, `${name}: what is public is there`);
    assert.ok(countPixels(content, (r, g, b) => r > 200 && g < 90 && b < 90) < 10, `${name}: a secret is seen`);
  }
});

test('a password that is shown on the page is no more on a picture', async () => {
  const picture = async (steps) => {
    const thread = await run([goto('/login'), ...steps, { screenshot: 'it' }]);
    assert.equal(thread.status, 'completed', thread.error_message);
    return thread.artifacts.find((one) => one.name === 'it.png').content;
  };
  const covered = (content) => countPixels(content, (r, g, b) => r === 0x44 && g === 0x44 && b === 0x44);
  const discs = await picture([fill('Password', 'password')]);
  const shown = await picture([fill('Password', 'password'), { check: 'Show it' }]);
  assert.equal(covered(discs) > 500, false);
  assert.ok(covered(shown) > 500, 'the field is covered');
});

test('only fields of its own site get it', async () => {
  const frame = (named) => fill('Password', 'password', { frame: named });
  const optional = (step) => ({ ...step, optional: true });
  const thread = await run([
    goto('/framed'), ...['far', 'near', 'boxed'].map((name) => optional(frame(name))), frame('inside'), frame('blank'),
    { goto: `${site.other}/field` }, optional(fill('Password', 'password')), { goto: `${site.near}/field` }, optional(fill('Password', 'password')),
  ]);
  assert.equal(thread.status, 'completed', thread.error_message);
  const said = thread.failed.map((event) => event.data.error.text);
  assert.equal(said.filter((text) => text.includes(`"Shop" is for ${site.host}, and the field belongs to ${site.other}`)).length, 2, said.join('\n'));
  assert.equal(said.filter((text) => text.includes(`and the field belongs to ${site.near}`)).length, 2, said.join('\n'));
  assert.equal(said.filter((text) => text.includes('not filled into a sandboxed or data: document')).length, 1, said.join('\n'));
  assert.deepEqual(site.stolen, []);
});

test('a page that leads away, or moves the focus, while it is typed gives it to nobody else', async () => {
  for (const page of ['/leaves', '/steals']) {
    const thread = await run([goto(page), { ...fill('Password', 'password'), optional: true, timeout_ms: 4000 }, { wait_for: { ms: 800 } }, { extract: { as: 'note', css: 'textarea', read: 'value', optional: true } }]);
    assert.equal(thread.status, 'completed', thread.error_message);
    assert.ok(!thread.results.note, 'the note got nothing');
  }
  assert.deepEqual(site.stolen, []);
});

test('a part goes into its kind of field only', async () => {
  const wrong = [['Chat', 'password'], ['Editor', 'password'], ['Name', 'password'], ['Chat', 'username'], ['Editor', 'totp'], ['Short', 'password'], ['Short', 'username'], ['Chat', 'totp']];
  const thread = await run([goto('/fields'), ...wrong.map(([label, part]) => ({ ...(label === 'Editor' ? { fill: { role: 'textbox', name: label, credential: 'Shop', part } } : fill(label, part)), optional: true })), fill('Discs', 'password'), fill('Name', 'username')]);
  assert.equal(thread.status, 'completed', thread.error_message);
  const said = thread.failed.map((event) => event.data.error.text);
  assert.equal(said.length, wrong.length, said.join('\n'));
  assert.equal(said.filter((text) => /goes into a .*field.* only/.test(text)).length, wrong.length - 1, said.join('\n'));
  assert.ok(said.some((text) => /did not keep the password/.test(text)), said.join('\n'));
});

test('what is not there is said, with what is', async () => {
  const wrong = await run([goto('/login'), { fill: { label: 'Password', credential: 'Shp', part: 'password' } }]);
  assert.match(wrong.error_message, /no credential "Shp"/);
  assert.match(JSON.stringify(wrong.failed), /It may use: Shop/);
  const unlinked = await run([goto('/login'), fill('Password', 'password')], { linked: false });
  assert.match(unlinked.error_message, /no credential "Shop"/);
});

test('a model signs in and never meets a secret; other sites get nothing of it', async () => {
  site.used.clear();
  const thinker = await call('POST', '/presets', { name: 'Thinker', ai_model: 'test/thinker' });
  const agent = await call('POST', '/agents', { name: 'Model', preset_id: thinker.id, browser_config: { timeout_ms: 120000 } });
  await call('PUT', `/agents/${agent.id}/credentials/${credential.id}`);
  const { id } = await call('POST', `/agents/${agent.id}/threads`, { task: 'Sign in to the shop.' });
  const thread = await until('the end of the run', async () => {
    const one = await call('GET', `/threads/${id}`);
    return ['completed', 'error', 'stopped'].includes(one.status) && one;
  }, 150000);
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.deepEqual(site.logins.at(-1), { user: 'olga', password: PASSWORD });
  assert.deepEqual(site.stolen, []);
  const told = JSON.stringify(model.requests);
  assert.match(told, /"Shop\\*" is for/, 'the refusal was told');
  assert.match(told, /checkbox \\*"Show it\\*" checked/, 'the page showed the password meanwhile');
  for (const secret of ['Tr0ub4dor', TOTP_SECRET]) assert.ok(!told.includes(secret), `the model was told ${secret}`);
  assert.doesNotMatch(told, new RegExp(`\\b${site.codes.at(-1)}\\b`));
});

test('afterwards: neither the database, nor files, nor logs hold a secret', () => {
  const { RUN_DIR, STATE_DIR } = replinet.env;
  const dump = execFileSync('pg_dump', ['-h', `${RUN_DIR}/postgres`, '-U', 'replinet', 'replinet'], { cwd: '/', maxBuffer: 256 << 20 }).toString();
  const files = fs.readdirSync(STATE_DIR, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => fs.readFileSync(path.join(one.parentPath ?? one.path, one.name)).toString('latin1'));
  assert.ok(dump.includes('step.finished') && files.length > 3);
  const forms = [PASSWORD, JSON.stringify(PASSWORD).slice(1, -1), encodeURIComponent(PASSWORD), 'Tr0ub4dor', TOTP_SECRET];
  for (const form of forms) for (const [what, text] of [['dump', dump], ['log', replinet.log], ...files.map((text) => ['file', text])]) assert.ok(!text.includes(form), `${what} holds ${form}`);
  for (const code of site.codes) assert.ok(!new RegExp(`\\b${code}\\b`).test(dump.replace(/[0-9a-f-]{36}|\d\d:\d\d:\d\d\.\d+/g, '')), `the code ${code} is in the database`);
});
