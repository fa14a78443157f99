// Models in the web app: an administrator sets a provider up, a preset chooses its model, a run asks and is answered: a
// part of web.test.mjs.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { AxeBuilder } from '@axe-core/playwright';
import { until } from './instance.mjs';

const serious = async (page) => {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.filter(({ impact }) => impact === 'serious' || impact === 'critical').map(({ id, nodes }) => `${id} ${nodes.map((node) => node.html).join(' ')}`);
};

/** Registers the tests; `world()` gives {web}, the account anna@example.com exists. */
export const describeModels = (world) =>
  describe('models', () => {
    let web, admin, page, request;
    before(async () => {
      ({ web } = world());
      const first = await web.open();
      await web.signUp(first, 'olga@example.com', 'Olga');
      await first.context().close();
      web.replinet.sql("UPDATE users SET role = 'admin' WHERE email = 'olga@example.com'");
      admin = await web.open();
      await admin.goto('/sign-in');
      await web.signIn(admin, 'olga@example.com');
      await admin.getByRole('heading', { name: 'Dashboard' }).waitFor();
      page = await web.open();
      await page.goto('/sign-in');
      await web.signIn(page, 'anna@example.com');
      await page.getByRole('heading', { name: 'Dashboard' }).waitFor();
      request = await web.api('anna@example.com');
    });
    after(async () => {
      await admin?.context().close();
      await page?.context().close();
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
      await dialog.getByLabel('Address').fill('http://127.0.0.1:9/v1');
      assert.deepEqual(await serious(admin), []);
      await dialog.getByRole('button', { name: 'Add a provider' }).click();
      await admin.getByRole('cell', { name: 'thinker-1' }).waitFor();
      await admin.getByRole('cell', { name: '1.25 / 10 / 1.25' }).waitFor();
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

    describe('a question of a run', () => {
      let thread;
      const ask = (kind, text, details = {}) => {
        const id = randomUUID();
        web.replinet.sql(`WITH t AS (UPDATE threads SET status = 'waiting', reason = '${kind}' WHERE id = '${thread.id}' RETURNING id, owner_id),
            j AS (SELECT j.id, j.attempt FROM jobs j JOIN t ON t.id = j.thread_id ORDER BY j.id DESC LIMIT 1)
          INSERT INTO thread_questions (id, thread_id, owner_id, job_id, attempt, kind, text, details, deadline_at)
          SELECT '${id}', t.id, t.owner_id, j.id, j.attempt, '${kind}', '${text}', '${JSON.stringify(details)}', now() + interval '1 hour' FROM t, j`);
        return id;
      };
      const answerOf = (id) => JSON.parse(web.replinet.sql(`SELECT answer FROM thread_questions WHERE id = '${id}'`) || 'null');
      const panel = () => page.getByRole('region', { name: 'The agent asks' });

      before(async () => {
        const preset = await request('POST', '/presets', { name: 'For questions', ai_model: 'script' });
        const agent = await request('POST', '/agents', { name: 'Curious', preset_id: preset.id, script: { steps: [{ repeat: { steps: [{ wait_for: { ms: 1000 } }], times: 1000 } }] } });
        thread = await request('POST', `/agents/${agent.id}/threads`, {});
        await until('a running thread', async () => (await request('GET', `/threads/${thread.id}`)).status === 'running', 60000);
      });
      after(() => request('POST', `/threads/${thread.id}/stop`));

      test('is counted in the navigation and approved on the page of the thread', async () => {
        await page.goto(`/threads/${thread.id}`);
        await page.getByRole('tab', { name: /Steps/ }).waitFor();
        const id = ask('approval', 'Order 3 books for 40?', { call: { name: 'click', arguments: { element: 7 } } });
        await panel().getByText('Order 3 books for 40?').waitFor();
        await panel().getByText('click {"element":7}').waitFor();
        await page.getByLabel('1 thread waits for you').waitFor();
        assert.deepEqual(await serious(page), []);
        await panel().getByLabel('A note (optional)').fill('only today');
        await panel().getByRole('button', { name: 'Approve' }).click();
        await panel().waitFor({ state: 'detached' });
        assert.deepEqual(answerOf(id), { text: 'only today', approved: true, by: 'Anna' });
      });

      test('has choices and fields', async () => {
        const choice = ask('question', 'Which size?', { choices: ['S', 'M'] });
        await page.reload();
        await panel().getByRole('button', { name: 'M', exact: true }).click();
        await panel().waitFor({ state: 'detached' });
        assert.equal(answerOf(choice).text, 'M');
        const code = ask('code', 'The code from the SMS, please', { fields: [{ name: 'code', label: 'Code' }] });
        await page.reload();
        await panel().getByLabel('Code').fill('123456');
        await panel().getByRole('button', { name: 'Answer', exact: true }).click();
        await panel().waitFor({ state: 'detached' });
        assert.deepEqual(answerOf(code).values, { code: '123456' });
      });

      test('is answered once by its link, without signing in', async () => {
        const id = ask('approval', '<img src=x onerror="window.pwned=1">Send it?');
        const { items } = await request('GET', `/threads/${thread.id}/questions`);
        const link = new URL(items.find((one) => one.id === id).link);
        const stranger = await web.open();
        await stranger.goto(link.pathname);
        await stranger.getByText('Send it?').waitFor();
        await stranger.getByText('From the agent “Curious”').waitFor();
        assert.equal(await stranger.evaluate(() => window.pwned), undefined);
        assert.deepEqual(await serious(stranger), []);
        await stranger.getByRole('button', { name: 'Decline' }).click();
        await stranger.getByText('Thank you').waitFor();
        assert.equal(answerOf(id).approved, false);
        await stranger.reload();
        await stranger.getByText('Nothing to answer any more').waitFor();
        await stranger.context().close();
      });
    });
  });
