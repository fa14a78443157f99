// Models in the web app: an administrator sets a provider up, a preset chooses its model, a run asks and is answered: a
// part of web.test.mjs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { until } from './instance.mjs';
import { startModel } from './model_server.mjs';

const HOSTILE = '<img src=x onerror="window.pwned=1">';
const BOOKS = `<!doctype html><meta charset=utf-8><title>Books</title><h1>Books</h1><p id=state>Nothing ordered</p>
  <label>Reader <input name=reader></label> <button onclick="document.getElementById('state').textContent = 'Ordered: number 7'">Order now</button>`;

/** A site with one button that commits whoever presses it. */
export async function startBooks() {
  const server = http.createServer((request, response) => response.setHeader('Content-Type', 'text/html').end(BOOKS));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${server.address().port}`;
  return { host, url: `http://${host}/`, stop: () => server.close() };
}

const textOf = (message) => (message.parts ?? []).map((part) => part.text ?? '').join('\n');
const call = (name, args) => ({ calls: [{ name, arguments: args }] });
const elementIn = (page, wanted) => Number(page.match(new RegExp(`\\[(\\d+)\\]\\*? ${wanted}`))[1]);

/** Does what a model would, by what it is told: opens the shop of the task, asks what it does not know, orders, ends. */
export const solve = (conversation, tools) => {
  if (!tools.length) return { text: 'ok' }; // the administrator's test
  const told = conversation.filter(({ role }) => role === 'user').map(textOf);
  const page = told.at(-1);
  const answers = conversation.filter(({ role }) => role === 'tool').flatMap(({ results }) => results.map(({ text }) => text));
  const url = told.join('\n').match(/http:\/\/127\.0\.0\.1:\d+\//)[0];
  if (!page.includes('Page: Books')) return { text: `I open the shop. ${HOSTILE}`, ...call('goto', { url }) };
  if (/Ordered: number (\d+)/.test(page)) return call('done', { success: true, text: 'It is ordered', result: { number: Number(page.match(/Ordered: number (\d+)/)[1]) } });
  if (!answers.some((text) => /hardcover/.test(text))) return call('ask_user', { text: `Which edition? ${HOSTILE}`, choices: ['hardcover', 'paperback'] });
  const order = { name: 'click', arguments: { element: elementIn(page, 'button "Order now"') } };
  const reader = { name: 'fill', arguments: { element: elementIn(page, 'textbox "Reader"'), value: 'Ada' } };
  return { text: 'I order it.', calls: [reader, order] };
};

/** Messages fade in and out, half seen for a moment: they are looked at elsewhere. */
const serious = async (page) => {
  // What fades in or out has no contrast of its own meanwhile.
  await page.locator('[class*="-enter-active"], [class*="-leave-active"]').first().waitFor({ state: 'detached' });
  const { violations } = await new AxeBuilder({ page }).exclude('.toasts').analyze();
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id} ${nodes.map((node) => node.html).join(' ')}`);
};

/** In the page: notifications are kept, with whether the browser showed them. */
const keepNotices = () => {
  window.notices = [];
  window.Notification = class extends window.Notification {
    constructor(title, options) {
      super(title, options);
      this.addEventListener('show', () => (this.shown = true));
      window.notices.push(this);
    }
  };
};
/** Headless browsers show every tab; this one says that it is in the background. */
const putBehind = () => Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => 'hidden' });

/** Registers the tests; `world()` gives {web, books}, the account anna@example.com exists. */
export const describeModels = (world) =>
  describe('models', () => {
    let web, books, model, admin, page, request;
    before(async () => {
      ({ web, books } = world());
      model = await startModel({ solve });
      const first = await web.open();
      await web.signUp(first, 'olga@example.com', 'Olga');
      await first.context().close();
      web.replinet.sql("UPDATE users SET role = 'admin' WHERE email = 'olga@example.com'");
      admin = await web.open();
      await admin.goto('/sign-in');
      await web.signIn(admin, 'olga@example.com');
      await admin.getByRole('heading', { name: 'Dashboard' }).waitFor();
      page = await web.open();
      await page.context().grantPermissions(['notifications']);
      await page.addInitScript(keepNotices);
      await page.goto('/sign-in');
      await web.signIn(page, 'anna@example.com');
      await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
      request = await web.api('anna@example.com');
    });
    after(async () => {
      await admin?.context().close();
      await page?.context().close();
      await model?.stop();
    });

    test('an administrator sets a provider up; its key never comes back', async () => {
      await admin.goto('/models');
      await admin.getByText('No providers yet').waitFor();
      await admin.getByRole('button', { name: 'Add a provider' }).first().click();
      const dialog = admin.getByRole('dialog', { name: 'Add a provider' });
      await dialog.getByLabel('Name', { exact: true }).fill('Not a name');
      await dialog.getByRole('button', { name: 'Add a provider' }).click();
      await dialog.getByText('a–z, 0–9, _ and - only').waitFor();
      await dialog.getByLabel('Name', { exact: true }).fill('work');
      await dialog.getByLabel('Address').fill('ftp://nowhere');
      await dialog.getByLabel('Key').fill('sk-hush-0123456789');
      await dialog.getByRole('button', { name: 'Add a model' }).click();
      await dialog.getByLabel('Name at the provider').fill('thinker-1');
      await dialog.getByLabel('Price of input').fill('1.25');
      await dialog.getByLabel('Price of answers').fill('10');
      await dialog.getByLabel('Sees pictures').check();
      await dialog.getByRole('button', { name: 'Add a provider' }).click();
      await dialog.getByText(/https?:\/\//).waitFor(); // the server's word about the address
      await dialog.getByLabel('Address').fill(model.openai);
      assert.deepEqual(await serious(admin), []);
      await dialog.getByRole('button', { name: 'Add a provider' }).click();
      await admin.getByRole('cell', { name: 'thinker-1' }).waitFor();
      await admin.getByRole('cell', { name: '1.25 / 10 / 1.25' }).waitFor();
      await admin.getByRole('button', { name: 'Test work' }).click();
      await admin.getByText(/thinker-1 answered in/).waitFor();
      await admin.getByRole('button', { name: 'Edit work' }).click();
      const edit = admin.getByRole('dialog', { name: 'Change the provider' });
      assert.equal(await edit.getByLabel('Key').inputValue(), '');
      await edit.getByLabel('Address').fill('http://127.0.0.1:10/v1');
      await edit.getByRole('button', { name: 'Save' }).click();
      await edit.getByText('At a new address the key is needed again').waitFor();
      await edit.getByRole('button', { name: 'Cancel' }).click();
      assert.deepEqual(await serious(admin), []);
    });

    test('is nothing for others', async () => {
      await page.goto('/models');
      await page.getByText('No access').waitFor();
      assert.equal(await page.getByRole('link', { name: 'Models' }).count(), 0);
    });

    test('a preset chooses a model and limits', async () => {
      await page.goto('/presets/new');
      await page.getByLabel('Name').fill('Thinks');
      await page.getByLabel('Model', { exact: true }).fill('work');
      await page.getByRole('option', { name: 'work/thinker-1' }).click();
      await page.getByText('Sees pictures · 1.25 / 10 per million tokens').first().waitFor();
      const limits = page.getByRole('group', { name: 'Limits of a run' });
      await limits.getByLabel('Steps').fill('0');
      await page.getByRole('button', { name: 'Create preset' }).click();
      await limits.getByText('At least 1').waitFor();
      await limits.getByLabel('Steps').fill('30');
      await limits.getByLabel('Cost').fill('0.25');
      assert.deepEqual(await serious(page), []);
      await page.getByRole('button', { name: 'Create preset' }).click();
      await page.waitForURL(/\/presets\/[0-9a-f-]{36}/);
      const { ai_model: model, additional_config: config } = await request('GET', `/presets/${page.url().split('/').at(-1)}`);
      assert.deepEqual([model, config], ['work/thinker-1', { limits: { steps: 30, cost_micro: 250000 } }]);
    });

    test('what models may cost somebody in a day is set in place of the limit of the role', async () => {
      await admin.goto('/users?search=anna@example.com');
      const edit = admin.getByRole('button', { name: 'Edit anna@example.com' });
      const dialog = admin.getByRole('dialog', { name: 'Edit user' });
      const cost = dialog.getByLabel('Cost of models per day');
      await edit.click();
      await dialog.getByPlaceholder('1.00').waitFor(); // what a free user's may cost
      await cost.fill('-1');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.getByText('0 or more').waitFor();
      await cost.fill('2.5');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'detached' });
      const limit = async () => (await request('GET', '/usage')).today.cost_limit;
      assert.equal(await limit(), 2500000);
      await edit.click();
      assert.equal(await cost.inputValue(), '2.5');
      assert.deepEqual(await serious(admin), []);
      await cost.fill('');
      await dialog.getByRole('button', { name: 'Save' }).click();
      await dialog.waitFor({ state: 'detached' });
      assert.equal(await limit(), 1000000);
    });

    describe('a run in plain words', () => {
      let link;
      const panel = () => page.getByRole('region', { name: 'The agent asks' });
      const steps = () => page.getByRole('list', { name: 'Steps' });

      test('is started from an agent that has no script', async () => {
        await page.goto('/agents/new');
        await page.getByRole('button', { name: /In plain words/ }).click();
        await page.getByLabel('Name').fill('Buyer');
        await page.getByLabel('Instructions').fill('Buy what you are told, nothing else.');
        await page.getByRole('button', { name: 'Create agent' }).click();
        await page.getByRole('heading', { level: 1, name: 'Buyer' }).waitFor();
        await page.getByRole('button', { name: 'Run', exact: true }).first().click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText('In plain words: what is to be done').waitFor();
        await dialog.getByLabel('Task').fill(`Order the book at ${books.url}`);
        await dialog.getByRole('button', { name: 'Start' }).click();
        await page.waitForURL(/\/threads\/[0-9a-f-]{36}/);
      });

      test('asks, is counted in the navigation and answered on the page of the thread', async () => {
        await panel().getByText('Which edition?').waitFor({ timeout: 90000 });
        await page.getByLabel('1 thread waits for you').waitFor();
        assert.match(await page.title(), /^\(1\) Buyer/);
        assert.equal(await page.evaluate(() => window.pwned), undefined);
        assert.deepEqual(await serious(page), []);
      });

      test('offers to notify, and does so while the tab is in the background; a click leads to the thread', async () => {
        await panel().getByRole('button', { name: 'Notify me' }).click();
        await panel().getByText('tell you at once').waitFor({ state: 'detached' });
        const thread = page.url();
        await page.evaluate(putBehind);
        await panel().getByRole('button', { name: 'hardcover' }).click();
        await page.getByRole('link', { name: 'Agents', exact: true }).click();
        const shown = await page.waitForFunction(() => window.notices.find((notice) => notice.shown), null, { timeout: 60000 });
        assert.equal(await shown.evaluate((notice) => notice.title), 'The agent asks for approval');
        await page.waitForFunction(() => document.title.startsWith('(1) Agents'));
        await shown.evaluate((notice) => {
          delete document.visibilityState;
          notice.dispatchEvent(new Event('click'));
        });
        await page.waitForURL(thread);
      });

      test('waits for approval, given once by link and without signing in', async () => {
        await panel().getByRole('button', { name: 'Approve' }).waitFor({ timeout: 60000 });
        const thread = page.url().split('/').at(-1);
        const { items } = await request('GET', `/threads/${thread}/questions`);
        link = new URL(items.find(({ status }) => status === 'open').link).pathname;
        const stranger = await web.open();
        await stranger.goto(link);
        await stranger.getByText('From the agent “Buyer”').waitFor();
        await stranger.getByRole('img', { name: 'What the page looked like' }).waitFor();
        assert.deepEqual(await serious(stranger), []);
        await stranger.getByRole('button', { name: 'Approve' }).click();
        await stranger.getByText('Thank you').waitFor();
        await stranger.reload();
        await stranger.getByText('Nothing to answer any more').waitFor();
        await stranger.context().close();
      });

      test('tells each turn: what was seen, said and used', async () => {
        await page.locator('header .status', { hasText: 'Completed' }).waitFor({ timeout: 60000 });
        await page.getByText('"number": 7').or(page.getByText('number')).first().waitFor();
        assert.equal(await page.getByLabel('1 thread waits for you').count(), 0);
        await page.getByRole('tab', { name: /Steps/ }).click();
        await steps().getByText('Turn 1').waitFor();
        await steps().getByText('I order it.').waitFor();
        await steps().getByText('Click button “Order now”').waitFor();
        await steps().getByText(/tokens read, .* written · cost/).first().waitFor();
        await steps().locator('img').first().waitFor();
        await steps().getByRole('button', { name: /Saw \d+ element/ }).last().click();
        await page.getByRole('dialog', { name: 'What the model saw' }).getByText(/button "Order now"/).waitFor();
        await page.keyboard.press('Escape');
        await page.getByRole('tab', { name: 'Details' }).click();
        const coming = page.waitForEvent('download');
        await page.getByRole('button', { name: 'Export as one HTML file' }).click();
        assert.match(fs.readFileSync(await (await coming).path(), 'utf8'), /I order it\./);
        assert.equal(await page.evaluate(() => window.pwned), undefined);
        assert.deepEqual(await serious(page), []);
      });

      test('becomes a script with inputs, whose agent does it again without the model', async () => {
        await page.getByRole('button', { name: 'Make a script of this run' }).click();
        const dialog = page.getByRole('dialog', { name: 'The run as a script' });
        const lines = dialog.getByRole('list', { name: 'Steps' });
        await lines.getByText(`Open ${books.url}`).waitFor();
        await lines.getByText('Fill field “Reader” with “Ada”').waitFor();
        await lines.getByText('Click button “Order now”').waitFor();
        await lines.getByRole('button', { name: /other ways? to find it/ }).last().click();
        await lines.getByText(/^the element /).first().waitFor();
        await dialog.getByText('A script asks nobody.').waitFor();
        await dialog.getByLabel('Ada', { exact: true }).check();
        const name = dialog.getByLabel('Name of the input for “Ada”');
        await name.fill('two words');
        await dialog.getByText('Each needs a name of its own').waitFor();
        await name.fill('who');
        await lines.getByText('Fill field “Reader” with the input “who”').waitFor();
        const coming = page.waitForEvent('download');
        await dialog.getByRole('button', { name: 'Download' }).click();
        assert.equal(JSON.parse(fs.readFileSync(await (await coming).path(), 'utf8')).steps[1].fill.value, '{{inputs.who}}');
        assert.deepEqual(await serious(page), []);
        await dialog.getByLabel('Mend with the model').check();
        await dialog.getByText('Thinks · work/thinker-1').waitFor();
        await dialog.getByLabel('Name of the agent').fill('Buyer again');
        await dialog.getByRole('button', { name: 'Create agent' }).click();
        await page.getByRole('heading', { level: 1, name: 'Buyer again' }).waitFor();
        assert.ok(await page.getByLabel('Mend with the model').isChecked());
        const asked = model.requests.length;
        await page.getByRole('button', { name: 'Run', exact: true }).first().click();
        const start = page.getByRole('dialog', { name: /^Run / });
        assert.equal(await start.getByLabel('Reader').inputValue(), 'Ada');
        await start.getByRole('button', { name: 'Start' }).click();
        await page.waitForURL(/\/threads\/[0-9a-f-]{36}/);
        await page.locator('header .status', { hasText: 'Completed' }).waitFor({ timeout: 60000 });
        assert.equal(model.requests.length, asked);
      });

      test('is in the usage of the administrators; one switch pauses all models', async () => {
        await admin.goto('/models');
        await admin.getByRole('cell', { name: 'anna@example.com' }).waitFor();
        await admin.getByRole('cell', { name: 'work/thinker-1' }).waitFor();
        await admin.getByRole('button', { name: 'Pause all models' }).click();
        await admin.getByRole('alertdialog').getByRole('button', { name: 'Pause all models' }).click();
        await admin.getByText('All models are paused.').waitFor();
        assert.equal((await request('GET', '/models/pause')).paused, true);
        assert.deepEqual(await serious(admin), []);
        await admin.getByRole('button', { name: 'Let them go on' }).click();
        await admin.getByRole('button', { name: 'Pause all models' }).waitFor();
        await page.goto('/');
        await page.getByText(/Models in 30 days: .* tokens/).waitFor();
        await page.goto('/profile/limits');
        await page.getByText('What models used for you').waitFor();
        await page.getByRole('img', { name: /: [\d,]+ tokens, cost / }).waitFor();
        await page.getByRole('cell', { name: 'work/thinker-1' }).waitFor();
        assert.deepEqual(await serious(page), []);
      });
    });
  });
