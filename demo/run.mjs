// The demo: a shop on loopback, a whole Replinet beside it, and one thread that works in the shop.
//
// `./dev demo` calls it with REPLINET_BIN, STATE_DIR and RUN_DIR set. Writes var/demo/result.json, the screenshot and the
// invoice; ends with status 1 when the thread did not complete, found too little, or a wall of its browser was down.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { readIsolation, weaknesses } from './isolation.mjs';
import { Replinet } from './replinet.mjs';
import { account, startShop } from './shop/server.mjs';

const checkout = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const output = process.env.DEMO_OUTPUT ?? path.join(checkout, 'var/demo');
const ITEMS_LEAST = 10;
const LOOK_EVERY_MS = 100;

const say = (text) => process.stderr.write(`${text}\n`);
const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/** Looks at the browser's processes again and again while the thread runs; the fullest picture counts. */
function watchIsolation() {
  let facts = null;
  let browserId = null;
  const timer = setInterval(() => {
    const seen = browserId && readIsolation(browserId);
    if (seen && seen.processes >= (facts?.processes ?? 0)) facts = seen;
  }, LOOK_EVERY_MS);
  return { leased: (id) => (browserId = id), stop: () => (clearInterval(timer), facts && { id: browserId, ...facts }) };
}

async function runThread(replinet, shop) {
  const watch = watchIsolation();
  try {
    const thread = await replinet.runThread({
      script: path.join(checkout, 'demo/shop.json'),
      inputs: { shop: shop.shop, ...account },
      output,
      onEvent: (event) => {
        if (event.kind === 'browser.leased') watch.leased(event.data.browser_id);
        if (event.kind === 'step.finished') say(`  ✓ ${event.message}`);
        if (event.kind === 'step.failed') say(`  ✗ ${event.message}`);
      },
    });
    return { thread, browser: watch.stop() };
  } finally {
    watch.stop();
  }
}

function complaints({ thread, browser, items }) {
  const list = browser ? weaknesses(browser) : ['the browser’s processes were not seen'];
  if (thread.status !== 'completed') list.unshift(`the thread is ${thread.status}: ${thread.error_message ?? thread.reason}`);
  if (items.length < ITEMS_LEAST) list.push(`only ${items.length} products were found`);
  return list;
}

function summary({ thread, browser, items, files }, began) {
  const total = items.reduce((sum, item) => sum + item.price, 0);
  const sandbox = browser.chromium_sandbox;
  return [
    '',
    `${items.length} products read from the shop, € ${total.toFixed(2)} in all, such as ${items[0].name} at € ${items[0].price.toFixed(2)}`,
    `thread ${thread.id}: ${thread.status} after ${(thread.execution_time_ms / 1000).toFixed(1)} s; the whole demo took ${seconds(began)}`,
    `browser: Chromium’s sandbox ${sandbox.on ? 'on' : 'OFF'} (${sandbox.renderer_seccomp_filters} filters, own ${sandbox.renderer_own_namespaces.join(', ')});`,
    `  host users ${browser.host_uids.join(', ')}; capabilities ${browser.capabilities}; network ${browser.network_interfaces.join(', ')}; debugging port ${browser.debugging_port ? 'YES' : 'none'}`,
    '',
    ...['result.json', ...files].map((name) => `  var/demo/${name}`),
    '',
    'To try next:',
    '  ./dev up                          everything, until Ctrl-C; then, in another terminal:',
    '  ./dev cli run my-script.json      a script of your own in a browser (docs/script.md is the language)',
    '  ./dev cli thread ls               threads; `thread logs ID`, `thread show ID`',
    '  ./dev cli browser ls              the browsers and what they use',
    '  ./dev test                        every test',
  ].join('\n');
}

async function main() {
  const began = Date.now();
  fs.rmSync(output, { recursive: true, force: true });
  fs.mkdirSync(output, { recursive: true });
  const shop = await startShop();
  const replinet = new Replinet(process.env);
  try {
    say(`The shop is at ${shop.shop}, its reviews at ${shop.reviews}`);
    await replinet.start({ EGRESS_ALLOW: [shop.shop, shop.reviews].map((origin) => new URL(origin).host).join(',') });
    say(`Replinet is up (${seconds(began)}); the thread works`);
    const { thread, browser } = await runThread(replinet, shop);
    const { items = [], ...rest } = thread.results ?? {};
    const files = fs.readdirSync(output);
    const result = { items, ...rest, thread: { ...thread, results: undefined, inputs: undefined }, browser, files };
    fs.writeFileSync(path.join(output, 'result.json'), `${JSON.stringify(result, null, 2)}\n`);
    const wrong = complaints(result);
    if (wrong.length) throw new Error(wrong.join('; '));
    console.log(summary(result, began));
  } finally {
    await replinet.stop();
    shop.close();
  }
}

await main().catch((error) => {
  say(`\nThe demo failed: ${error.message}`);
  process.exitCode = 1;
});
