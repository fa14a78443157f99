// The web app through the real stack: sign up, make an agent, run and watch it, stop, take over, download; two users side
// by side; an expired token, a restarted server; hostile names; what a screen reader would stumble over.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { until } from './lib/instance.mjs';
import { HOSTILE, PASSWORD, startWebApp } from './lib/web_app.mjs';
import { describeLiveView, startDesk } from './lib/web_live.mjs';
import { describeModels, startBooks } from './lib/web_models.mjs';

let web, page, shop, desk, books;
before(async () => {
  desk = await startDesk();
  books = await startBooks();
  web = await startWebApp({}, [desk.host, books.host]);
  shop = `${web.shop.url}/`;
  page = await web.open();
});
after(async () => {
  await web?.stop();
  desk?.stop();
  books?.stop();
});

const status = (where, text) => where.locator('header .status', { hasText: text });
const inEditor = async (where, text) => {
  const editor = where.locator('.cm-content').first();
  await editor.click();
  await where.keyboard.press('Control+A');
  await where.keyboard.insertText(text);
};
const makeAgent = async (where, name, script) => {
  await where.goto('/agents/new');
  await where.getByRole('button', { name: /Empty script/ }).click();
  await where.getByLabel('Name').fill(name);
  await inEditor(where, JSON.stringify(script));
  await where.getByRole('button', { name: 'Create agent' }).click();
  await where.getByRole('heading', { level: 1, name }).waitFor();
};
const run = async (where) => {
  await where.getByRole('button', { name: 'Run', exact: true }).first().click();
  await where.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await where.waitForURL(/\/threads\/[0-9a-f-]{36}/);
};
const reading = (url) => ({ steps: [{ goto: url }, { extract: { as: 'items', list: { css: '.product', fields: { name: 'h2', price: { css: '.price', type: 'number' } } } } }, { extract: { as: 'title', css: 'h1' } }, { screenshot: 'end' }] });

describe('signing up', () => {
  test('what is wrong is said at the field', async () => {
    await page.goto('/sign-up');
    await page.getByLabel('E-mail').fill('nobody');
    await page.getByLabel('Password', { exact: true }).fill('short');
    await page.getByRole('button', { name: 'Create an account' }).click();
    await page.getByText('This is no e-mail address').waitFor();
    assert.equal(await page.getByText('At least 10 characters').count(), 1);
  });

  test('leads to the dashboard, and a reload stays there', async () => {
    await web.signUp(page, 'anna@example.com', 'Anna');
    await page.getByText('Three steps to your first result').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
  });

  test('a taken address is refused in words', async () => {
    const other = await web.open();
    await other.goto('/sign-up');
    await other.getByLabel('E-mail').fill('anna@example.com');
    await other.getByLabel('Password', { exact: true }).fill(PASSWORD);
    await other.getByRole('button', { name: 'Create an account' }).click();
    await other.locator('.v-messages__message, .v-alert').first().waitFor();
    assert.match(other.url(), /sign-up/);
    await other.context().close();
  });
});

describe('an agent', () => {
  test('is made from a template, run, watched and read', async () => {
    await makeAgent(page, HOSTILE, reading(shop));
    await run(page);
    await status(page, 'Completed').waitFor({ timeout: 120000 });
    await page.getByRole('tab', { name: 'Results' }).click();
    await page.getByRole('cell', { name: 'Item 12' }).waitFor();
    await page.getByRole('tab', { name: /Steps/ }).click();
    await page.locator('.steps img').first().waitFor();
  });

  test('its results are downloaded', async () => {
    await page.getByRole('tab', { name: 'Results' }).click();
    const coming = page.waitForEvent('download');
    await page.getByRole('button', { name: 'JSON' }).last().click();
    const results = JSON.parse(fs.readFileSync(await (await coming).path(), 'utf8'));
    assert.equal(results.items.length, 12);
  });

  test('hostile names, titles and logs stay text', async () => {
    await page.getByRole('tab', { name: /Log/ }).click();
    await page.getByRole('log').getByText('run.finished').waitFor();
    for (const path of ['/threads', '/agents', '/']) {
      await page.goto(path);
      await page.getByText(HOSTILE).first().waitFor();
    }
    assert.equal(await page.evaluate(() => window.pwned), undefined);
  });

  test('a run is watched live, taken over, given back and stopped', async () => {
    await makeAgent(page, 'Slow', { steps: [{ goto: shop }, { repeat: { steps: [{ wait_for: { ms: 500 } }], times: 1000 } }] });
    await run(page);
    const live = page.getByRole('region', { name: 'Live view of the browser' });
    await live.getByRole('img', { name: /The browser shows/ }).waitFor({ timeout: 120000 });
    await live.locator('.overlay').waitFor({ state: 'detached', timeout: 60000 });
    await live.getByRole('button', { name: 'Take control' }).click();
    await live.getByText('You have control; the run waits').waitFor();
    const steps = page.getByRole('list', { name: 'Steps' });
    await steps.getByText('Anna has the browser in hand; the run waits').waitFor();
    await live.getByLabel('Address').fill(shop.replace('http://', ''));
    await live.getByLabel('Address').press('Enter');
    await steps.getByText(`Anna: Open ${shop}`).waitFor();
    await live.getByRole('button', { name: 'Give back' }).click();
    await live.getByRole('button', { name: 'Take control' }).waitFor();
    await steps.getByText('The browser was given back; the run goes on').waitFor();
    await page.getByRole('button', { name: 'Stop' }).click();
    await status(page, 'Stopped').waitFor({ timeout: 60000 });
    await page.getByRole('button', { name: 'Make a script of this run' }).click();
    const made = page.getByRole('dialog', { name: 'The run as a script' });
    await made.getByRole('list', { name: 'Steps' }).getByText(`Open ${shop}`).waitFor();
    await made.getByRole('button', { name: 'Cancel' }).click();
  });
});

describe("the agent's browser", () => {
  test('has a field for every member of its schema; what is wrong is said at it', async () => {
    const request = await web.api('anna@example.com');
    const preset = await request('POST', '/presets', { name: 'For browsers', ai_model: 'script' });
    const agent = await request('POST', '/agents', { name: 'Far away', preset_id: preset.id, script: [{ goto: shop }] });
    await page.goto(`/agents/${agent.id}/browser`);
    const spot = page.getByRole('group', { name: 'Where it is' });
    await spot.getByLabel('Latitude').fill('95');
    await page.getByRole('button', { name: 'Save' }).click();
    await spot.getByText('At most 90').waitFor();
    await spot.getByText('This is needed').waitFor();
    await spot.getByLabel('Latitude').fill('59.9');
    await spot.getByLabel('Longitude').fill('30.3');
    await page.getByLabel('Headers').fill('X-From: test\nCookie: a=b');
    const choose = (label) => page.locator('.v-select', { hasText: label }).locator('.v-field').click();
    await choose('Colours');
    await page.getByRole('option', { name: 'dark' }).click();
    await choose('Left out');
    await page.getByRole('option', { name: 'image' }).click();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('cannot be set: use the step cookies').waitFor(); // the server's word, at the field
    await page.getByLabel('Headers').fill('X-From: test');
    await page.getByRole('button', { name: 'Save' }).click();
    const saved = await until('the saved agent', async () => {
      const { browser_config: config } = await request('GET', `/agents/${agent.id}`);
      return config.headers && config;
    });
    assert.deepEqual(saved, { geolocation: { latitude: 59.9, longitude: 30.3 }, headers: { 'X-From': 'test' }, color_scheme: 'dark', blocked_resources: ['image'] });
    const { properties } = await request('GET', '/schemas/browser_config');
    const labels = await page.locator('main').innerText();
    // Made by hand: their labels are their own. All others are there by themselves.
    const byHand = ['allowed_domains', 'blocked_domains', 'proxy', 'profile', 'memory_mb', 'cpus', 'timeout_ms', 'idle_ms', 'user_agent', 'locale', 'timezone'];
    assert.ok(Object.keys(properties).length > byHand.length);
    const { browserConfig: texts } = JSON.parse(fs.readFileSync('web/src/shared/i18n/locales/en.json', 'utf8'));
    for (const name of Object.keys(properties).filter((one) => !byHand.includes(one)))
      assert.ok(labels.includes(texts[name]?.title ?? name.charAt(0).toUpperCase() + name.slice(1).replaceAll('_', ' ')), name);
  });
});

describe('a long log', () => {
  const LINES = 10000;
  // On a machine that does other things as well a task of the page may take long; a list that draws every line blocks
  // for seconds, and at each scroll again.
  const STEPS = 100;
  const LONG_MS = 100;
  const MOST_LONG = 30;
  const MOST_ROWS = 120;

  test(`${LINES} lines are there at once and scroll smoothly`, async (t) => {
    const request = await web.api('anna@example.com');
    const { items: [thread] } = await request('GET', '/threads?status=completed&size=1');
    web.replinet.sql(`INSERT INTO thread_events (thread_id, seq, kind, message)
        SELECT t.id, t.last_seq + n, 'note', 'line ' || n || ' ' || repeat('words of a log ', 1 + n % 9) FROM threads t, generate_series(1, ${LINES}) n WHERE t.id = '${thread.id}';
      UPDATE threads SET last_seq = last_seq + ${LINES} WHERE id = '${thread.id}'`);
    await page.goto(`/threads/${thread.id}`);
    await page.getByRole('tab', { name: /Log/ }).click();
    const log = page.getByRole('log');
    await log.getByText(`line ${LINES} `).waitFor({ timeout: 60000 });
    const seen = await log.evaluate(async (box, { steps, ms }) => {
      let long = 0;
      let rows = 0;
      const watch = new PerformanceObserver((list) => (long += list.getEntries().filter((task) => task.duration > ms).length));
      watch.observe({ type: 'longtask' });
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const began = performance.now();
      for (let n = 0; n <= steps; n++) {
        box.scrollTop = ((box.scrollHeight - box.clientHeight) * (n % 2 ? n : steps - n)) / steps; // far jumps and near ones
        await frame();
        rows = Math.max(rows, box.querySelectorAll('button').length);
      }
      const took = performance.now() - began;
      await new Promise((resolve) => setTimeout(resolve)); // the observer has its turn
      return { long, rows, took, first: box.querySelector('button').textContent };
    }, { steps: STEPS, ms: LONG_MS });
    t.diagnostic(`${STEPS} jumps in ${Math.round(seen.took)} ms, ${seen.long} tasks over ${LONG_MS} ms, at most ${seen.rows} rows`);
    assert.ok(seen.rows > 10 && seen.rows <= MOST_ROWS, `${seen.rows} rows were drawn`);
    assert.ok(seen.long <= MOST_LONG, `${seen.long} of ${STEPS} jumps took longer than ${LONG_MS} ms`);
    await page.getByLabel('Find in the log', { exact: true }).fill('line 5001 ');
    await log.getByText('line 5001 ').waitFor();
  });
});

describe('revisions', () => {
  test('show what each edit changed, and one is restored unless somebody else was faster', async () => {
    const request = await web.api('anna@example.com');
    const preset = await request('POST', '/presets', { name: 'Of many minds', description: 'first', ai_model: 'script', additional_config: {} });
    await request('PATCH', `/presets/${preset.id}`, { description: 'second\nline' });
    await page.goto(`/presets/${preset.id}?tab=revisions`);
    await page.getByRole('button', { name: 'Show revision 2' }).click();
    const difference = page.getByRole('group', { name: 'Description' });
    assert.equal(await difference.locator('del').innerText(), 'first');
    assert.deepEqual(await difference.locator('ins').allInnerTexts(), ['second', 'line']);
    await page.getByRole('button', { name: 'Whole content' }).click();
    await page.getByText('"ai_model": "script"').waitFor();
    // The page does not know of this edit yet when the button is pressed.
    await page.route(`**/presets/${preset.id}/revisions/1/restore`, async (route) => {
      await request('PATCH', `/presets/${preset.id}`, { description: 'third' });
      await route.continue();
    }, { times: 1 });
    const restore = page.getByRole('button', { name: 'Restore revision 1' });
    await restore.click();
    await page.getByRole('button', { name: 'Show revision 3' }).waitFor();
    assert.equal((await request('GET', `/presets/${preset.id}`)).description, 'third');
    await restore.click();
    await page.getByRole('button', { name: 'Show revision 4' }).waitFor();
    assert.equal((await request('GET', `/presets/${preset.id}`)).description, 'first');
  });
});

describeLiveView(() => ({ web, desk }));
describeModels(() => ({ web, books }));

describe('two users', () => {
  test('see only their own', async () => {
    const other = await web.open();
    await web.signUp(other, 'boris@example.com');
    await page.goto('/threads');
    await page.getByText('Slow').first().click();
    await page.waitForURL(/\/threads\//);
    await other.goto(new URL(page.url()).pathname);
    await other.getByText('Not found').waitFor();
    await other.goto('/agents');
    await other.getByText('No agents yet').waitFor();
    await other.goto('/users');
    await other.getByText('No access').waitFor();
    assert.equal(await other.getByRole('link', { name: 'Users' }).count(), 0);
    await other.context().close();
  });
});

describe('a session', () => {
  test('is renewed by the cookie when the token runs out', async () => {
    const other = await web.open();
    await other.clock.install();
    await web.signUp(other, 'vera@example.com');
    const renewed = other.waitForResponse((response) => response.url().endsWith('/auth/refresh') && response.ok());
    await other.clock.fastForward('02:00:00');
    await other.getByRole('link', { name: 'Agents', exact: true }).click();
    await renewed;
    await other.getByText('No agents yet').waitFor();
    await other.context().close();
  });

  test('that is over leads to the sign-in and back', async () => {
    const other = await web.open();
    await web.signUp(other, 'gleb@example.com');
    await other.context().clearCookies();
    await other.goto('/presets');
    await other.waitForURL(/\/sign-in\?next=\/presets/);
    await web.signIn(other, 'gleb@example.com');
    await other.getByRole('heading', { name: 'Presets', exact: true }).waitFor();
    await other.context().close();
  });

  test('survives the API: it dies, a banner says so, everything goes on', async () => {
    await page.goto('/agents');
    await page.getByText('Slow').first().waitFor();
    const { pid } = web.replinet.children().api;
    process.kill(pid, 'SIGKILL');
    await until('another api', async () => web.replinet.children().api?.pid !== pid && (await fetch(`${web.url}/health`)).ok, 30000);
    await page.getByRole('link', { name: 'Threads', exact: true }).click();
    await page.getByText('Slow').first().waitFor();
    const request = await web.api('anna@example.com');
    await request('POST', '/presets', { name: 'Made elsewhere' });
    await page.getByRole('link', { name: 'Presets', exact: true }).click();
    await page.getByText('Made elsewhere').waitFor();
    // The feed is back as well: what is made now comes by itself.
    await until('news by the feed', async () => {
      await request('POST', '/presets', { name: `News ${Date.now()}` });
      return page.getByText(/^News /).first().waitFor({ timeout: 3000 }).then(() => true);
    }, 60000);
  });
});

describe('for everybody', () => {
  test('Russian is complete and kept', async () => {
    await page.goto('/profile');
    await page.getByRole('button', { name: /^Account:/ }).click();
    await page.getByRole('button', { name: 'Русский' }).click();
    await page.getByRole('heading', { name: 'Профиль' }).waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Профиль' }).waitFor();
    await page.getByRole('button', { name: /^Учётная запись:/ }).click();
    await page.getByRole('button', { name: 'English' }).click();
    await page.getByRole('heading', { name: 'Profile' }).waitFor();
  });

  for (const theme of ['light', 'dark'])
    test(`axe finds nothing serious in the ${theme} theme`, async () => {
      const looks = await web.open({ colorScheme: theme });
      await looks.goto('/sign-in');
      await web.signIn(looks, 'anna@example.com');
      await looks.getByRole('heading', { name: 'Dashboard' }).waitFor();
      const found = [];
      for (const path of ['/', '/threads', '/agents', '/agents/new', '/presets/new', '/browsers', '/credentials', '/profile/security', '/profile/keys', '/nowhere']) {
        await looks.goto(path);
        await looks.getByRole('main').locator('h1, h2').first().waitFor();
        await looks.locator('.bones, .bone').first().waitFor({ state: 'detached' });
        await looks.locator('[class*="-enter-active"], [class*="-leave-active"]').first().waitFor({ state: 'detached' }); // what fades has no contrast of its own
        const { violations } = await new AxeBuilder({ page: looks }).analyze();
        found.push(...violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${path}: ${id} ${nodes.map((node) => node.html).join(' ')}`));
      }
      assert.deepEqual(found, []);
      await looks.context().close();
    });

  test('the types of the app are those of the API', async () => {
    const { typesOf } = await import('../../web/scripts/api_types.mjs');
    const types = await typesOf(await (await fetch(`${web.url}/openapi.json`)).json());
    assert.ok(fs.readFileSync('web/src/shared/api/schema.d.ts', 'utf8') === types, 'run `npm run api -- URL/openapi.json` in web/ and mend what no longer fits');
  });

  test('the page of /docs shows the API and meets the content security policy', async () => {
    await page.goto('/docs');
    await page.locator('.opblock').first().waitFor();
  });

  test('no page broke and nothing met the content security policy', () => {
    assert.deepEqual(web.problems, []);
  });
});
