// quick
// The demo, as `./dev demo` runs it: the main job from start to end, and nothing is left of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { weaknesses } from '../../demo/isolation.mjs';
import { products } from '../../demo/shop/products.mjs';
import { checkout, findBinary, makeFolder, runBinary, traces } from './lib/instance.mjs';

describe('the demo', () => {
  const folder = makeFolder('demo');
  let run, result;
  before(async () => {
    const env = { PATH: process.env.PATH, LANG: 'C.UTF-8', REPLINET_BIN: findBinary(), STATE_DIR: `${folder}/state`, RUN_DIR: `${folder}/run`, DEMO_OUTPUT: `${folder}/out` };
    run = await runBinary(process.execPath, [`${checkout}/demo/run.mjs`], env);
    result = run.code === 0 && JSON.parse(fs.readFileSync(`${folder}/out/result.json`, 'utf8'));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  test('completes', () => {
    assert.equal(run.code, 0, run.stderr);
    assert.equal(result.thread.status, 'completed');
  });

  test('reads every product as the shop has it', () => {
    const expected = products.map(({ sku, name, department, price, rating }) => ({ sku, name, department, price, rating }));
    assert.deepEqual(result.items, expected);
    assert.deepEqual(result.stock.map((row) => Number(row['In stock'])), products.map((p) => p.stock));
  });

  test('reads what is late, in the shadow root and in the other site’s iframe', () => {
    assert.match(result.offer, /garden/);
    assert.equal(result.usd_rate, 1.0842);
    assert.deepEqual(result.reviews.map((review) => review.author), ['Marta K.', 'Жанна П.', '健一', 'Tom B.']);
  });

  test('keeps the invoice and the screenshot', () => {
    assert.equal(fs.readFileSync(`${folder}/out/${result.invoice.name}`).subarray(0, 5).toString(), '%PDF-');
    const png = fs.readFileSync(`${folder}/out/catalogue.png`);
    assert.deepEqual([...png.subarray(1, 4)], [...Buffer.from('PNG')]);
    assert.ok(png.readUInt32BE(16) >= 800 && png.length > 20000);
  });

  test('its browser was walled in, and a wall that is down would be noticed', () => {
    assert.deepEqual(weaknesses(result.browser), []);
    assert.ok(result.browser.processes >= 5);
    const breaches = [
      { host_root: true },
      { capabilities: 'some' },
      { debugging_port: true },
      { no_new_privileges: false },
      { listening: ['127.0.0.1:1080', '127.0.0.1:9222'] },
      { network_interfaces: ['lo', 'eth0'] },
      { root_read_only: false },
      { namespaces_not_of_the_host: ['user', 'pid'] },
      { chromium_sandbox: { ...result.browser.chromium_sandbox, on: false } },
    ];
    for (const breach of breaches) assert.equal(weaknesses({ ...result.browser, ...breach }).length, 1, JSON.stringify(breach));
  });

  test('says what to try next', () => {
    assert.match(run.stdout, /15 products/);
    assert.match(run.stdout, /\.\/dev up/);
  });

  test('leaves nothing running', () => assert.deepEqual(traces({ folder }), []));
});
