// Pictures of every page of the web app on a private instance, for people to look at: var/screenshots/SET/PAGE.png.
// Called by `./dev screenshots [PAGE...]`.
import fs from 'node:fs';
import path from 'node:path';
import { checkout, until } from './flow/lib/instance.mjs';
import { startModel } from './flow/lib/model_server.mjs';
import { startWebApp } from './flow/lib/web_app.mjs';
import { solve, startBooks } from './flow/lib/web_models.mjs';

const SETS = [
  { name: 'desktop-en', locale: 'en-US', viewport: { width: 1440, height: 900 } },
  { name: 'desktop-ru-dark', locale: 'ru-RU', viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  { name: 'phone-ru', locale: 'ru-RU', viewport: { width: 390, height: 844 }, hasTouch: true },
  { name: 'phone-en-dark', locale: 'en-US', viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: 'dark' },
];
const EMAIL = 'anna@example.com';
const wanted = process.argv.slice(2);
const folder = path.join(checkout, 'var/screenshots');

const ENDED = ['completed', 'error', 'stopped'];

/** What an account looks like after some work. */
async function seed(web, books, model) {
  const request = await web.api(EMAIL);
  const preset = await request('POST', '/presets', { name: 'Scripts', description: 'Exact steps, no model', ai_model: 'script' });
  const agent = (name, steps, more) => request('POST', '/agents', { name, preset_id: preset.id, script: { steps }, ...more });
  const inputs = { input_schema: { type: 'object', required: ['url'], properties: { url: { type: 'string', format: 'uri', title: 'Shop' }, pages: { type: 'integer', minimum: 1, maximum: 20, default: 3, title: 'Pages' } } } };
  const list = { extract: { as: 'items', list: { css: '.product', fields: { name: 'h2', price: { css: '.price', type: 'number' }, link: 'a@href' } } } };
  const catalogue = await agent('Catalogue of the shop', [{ name: 'Open the shop', goto: '{{inputs.url}}' }, { name: 'Read the products', ...list }, { screenshot: 'catalogue' }], { description: 'Reads every product with its price', ...inputs });
  const failing = await agent('Price watcher', [{ goto: `${web.shop.url}/` }, { click: { role: 'button', name: 'Sign in' }, timeout_ms: 1500 }]);
  const slow = await agent('Watch the shop', [{ goto: `${web.shop.url}/` }, { repeat: { steps: [{ wait_for: { ms: 1000 } }], times: 10000 } }]);
  await request('PATCH', `/agents/${catalogue.id}`, { description: 'Reads every product with its price and link', script: { steps: [{ goto: '{{inputs.url}}' }, list, { screenshot: 'catalogue' }] } });
  await request('POST', '/model-providers', {
    name: 'work', kind: 'openai', api_key: 'not a key', models: [
      { name: 'gpt-5', label: 'GPT-5', vision: true, context_tokens: 400000, min_role: 'pro_user', input_price: 1250000, output_price: 10000000, cached_price: 125000 },
      { name: 'gpt-5-mini', context_tokens: 400000, input_price: 250000, output_price: 2000000, cached_price: 25000 },
    ],
  });
  await request('POST', '/model-providers', { name: 'local', kind: 'openai', base_url: 'http://127.0.0.1:11434/v1' });
  await request('POST', '/model-providers', { name: 'here', kind: 'openai', base_url: model.openai, models: [{ name: 'thinker', vision: true, input_price: 1250000, output_price: 10000000 }] });
  const here = await request('POST', '/presets', { name: 'Buys', ai_model: 'here/thinker' });
  const buyer = await request('POST', '/agents', { name: 'Buyer', preset_id: here.id, personal_instructions: 'Buy what you are told, nothing else.', approvals: [{ action: 'click', text: 'Order', ask: true }] });
  const thinking = await request('POST', '/presets', { name: 'Careful', description: 'Asks before it buys', ai_model: 'work/gpt-5', system_prompt: 'Be brief.', additional_config: { vision: true, limits: { steps: 40, cost_micro: 500000 } } });
  await request('POST', '/users', { email: 'boris@example.com', name: 'Boris', role: 'pro_user' });
  await request('POST', '/credentials', { name: 'Shop account', username: 'anna', secret: 'not so secret', domains: ['shop.example.com'] });
  await request('POST', '/auth/api-keys', { name: 'Nightly job', scopes: ['read', 'run'] });
  const run = (agent, body = {}) => request('POST', `/agents/${agent.id}/threads`, body);
  const ended = async (thread) => until('the thread', async () => ENDED.includes((await request('GET', `/threads/${thread.id}`)).status), 120000);
  const done = await run(catalogue, { task: 'Compare the spring prices with last week', inputs: { url: `${web.shop.url}/`, pages: 3 } });
  await ended(done);
  const failed = await run(failing);
  await ended(failed);
  const order = () => run(buyer, { task: `Order the book at ${books.url}` });
  const asked = async (thread) => until('a question', async () => (await request('GET', `/threads/${thread.id}/questions`)).items.find(({ status }) => status === 'open'), 120000);
  const answer = (thread, { id }, body) => request('POST', `/threads/${thread.id}/questions/${id}/answer`, body);
  const bought = await order();
  await answer(bought, await asked(bought), { text: 'hardcover' });
  await answer(bought, await asked(bought), { approved: true });
  await ended(bought);
  const asking = await order();
  await answer(asking, await asked(asking), { text: 'hardcover' });
  const { link } = await asked(asking);
  const live = await run(slow, { task: 'Tell me when something changes' });
  return { preset, thinking, buyer, bought, asking, link, catalogue, done, failed, live };
}

const pagesOf = ({ preset, thinking, buyer, bought, asking, link, catalogue, done, failed, live }) => ({
  dashboard: '/',
  threads: '/threads',
  'thread-live': `/threads/${live.id}`,
  'thread-done': `/threads/${done.id}`,
  'thread-failed': `/threads/${failed.id}`,
  'thread-asks': `/threads/${asking.id}`,
  'thread-turns': [`/threads/${bought.id}`, (page) => page.locator('#tab-steps').click()],
  'thread-script': [`/threads/${bought.id}`, async (page) => {
    await page.locator('.outcome .v-btn').click();
    await page.locator('.v-dialog input[type=checkbox]').first().check();
    await page.locator('.v-dialog ol [aria-expanded]').last().click();
  }],
  answer: new URL(link).pathname,
  'agent-approvals': `/agents/${buyer.id}/settings`,
  agents: '/agents',
  'agent-new': '/agents/new',
  agent: `/agents/${catalogue.id}`,
  'agent-script': `/agents/${catalogue.id}/script`,
  'agent-mend': `/agents/${buyer.id}/script`,
  'agent-schemas': `/agents/${catalogue.id}/schemas`,
  'agent-browser': `/agents/${catalogue.id}/browser`,
  'agent-credentials': `/agents/${catalogue.id}/credentials`,
  'agent-settings': `/agents/${catalogue.id}/settings`,
  'agent-revisions': [`/agents/${catalogue.id}/revisions`, (page) => page.locator('li [aria-expanded]').first().click()],
  presets: '/presets',
  preset: `/presets/${preset.id}`,
  'preset-model': `/presets/${thinking.id}`,
  'preset-new': '/presets/new',
  browsers: '/browsers',
  credentials: '/credentials',
  models: '/models',
  'models-edit': ['/models', (page) => page.locator('.v-card .v-btn--icon').first().click()],
  users: '/users',
  'users-edit': ['/users', (page) => page.locator('tbody .v-btn--icon').first().click()],
  profile: '/profile',
  'profile-security': '/profile/security',
  'profile-keys': '/profile/keys',
  'profile-limits': '/profile/limits',
  'not-found': '/nowhere',
  forbidden: '/forbidden',
});
const OPEN = { 'sign-in': '/sign-in', 'sign-up': '/sign-up', reset: '/reset-password', welcome: '/welcome?token=x' };

const settled = async (page) => {
  await page.locator('h1, h2').first().waitFor();
  await page.locator('.bones, .bone').first().waitFor({ state: 'detached' });
  await page.waitForTimeout(700); // charts, pictures and transitions come to rest
};

async function take(page, set, pages) {
  fs.mkdirSync(path.join(folder, set.name), { recursive: true });
  for (const [name, found] of Object.entries(pages)) {
    if (wanted.length && !wanted.includes(name)) continue;
    const [address, act] = [found].flat();
    await page.goto(address);
    await settled(page);
    if (act) {
      await act(page);
      await settled(page);
    }
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (wide > 0) console.log(`${set.name}/${name}: ${wide} px wider than the window`);
    await page.screenshot({ path: path.join(folder, set.name, `${name}.png`), fullPage: true });
  }
}

const [books, model] = await Promise.all([startBooks(), startModel({ solve })]);
const web = await startWebApp({}, [books.host]);
try {
  const first = await web.open();
  await web.signUp(first, EMAIL, 'Anna Petrova');
  web.replinet.sql(`UPDATE users SET role = 'super_admin' WHERE email = '${EMAIL}'`);
  const pages = pagesOf(await seed(web, books, model));
  for (const { name, ...options } of SETS) {
    const page = await web.open(options);
    await take(page, { name }, OPEN);
    await page.goto('/sign-in');
    await page.locator('input[type=email]').fill(EMAIL);
    await page.locator('input[name=password]').fill('correct horse battery');
    await page.keyboard.press('Enter');
    await page.waitForURL('/');
    await take(page, { name }, pages);
    await page.context().close();
    console.log(`${name}: done`);
  }
  if (web.problems.length) console.log(web.problems.join('\n'));
} finally {
  await web.stop();
  await model.stop();
  books.stop();
}
