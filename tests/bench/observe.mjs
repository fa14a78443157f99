// What a model's turn costs without the model: a look at the page and a click by number, on pages of 1,000 and 20,000
// interactive elements, beside Playwright's ariaSnapshot and click on the same pages and Chromium. Argument: rounds (30).
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { startManager } from './lib/manager.mjs';
import { askPlaywright } from './lib/playwright.mjs';
import { count, median, report, spread, timed } from './lib/report.mjs';
import { shopPage } from './lib/shop_page.mjs';

process.env.REPLINET_BUILD = fileURLToPath(new URL('../../build', import.meta.url));
const { startEyes } = await import('../flow/lib/observe_program.mjs');

// One look of the reference at the larger page takes many seconds.
const cases = [{ elements: 1000, rounds: count(30), theirRounds: count(30), most: 60 }, { elements: 20000, rounds: Math.ceil(count(30) / 4), theirRounds: 1, most: 400 }];
const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end(shopPage(Number(request.url.slice(1)))));
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address();
const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: 1, EGRESS_ALLOW: `127.0.0.1:${port}` });
const address = elements => `http://127.0.0.1:${port}/${elements}`;

async function ours({ elements, rounds }) {
  const eyes = await startEyes(manager);
  const looks = [], clicks = [];
  try {
    await eyes.step({ goto: address(elements) });
    for (let i = 0; i < rounds; i++) {
      const seen = await timed(() => eyes.look());
      if (seen.result.elements !== elements) throw new Error(`${seen.result.elements} elements were seen`);
      const number = seen.result.number(`"Add item ${i % 5}"`);
      const click = await timed(() => eyes.step({ click: { element: number } }));
      looks.push(seen.ms);
      clicks.push(click.ms);
    }
  } finally { await eyes.stop(); }
  return { looks, clicks, both: looks.map((ms, i) => ms + clicks[i]) };
}

try {
  for (const one of cases) {
    const reference = (await askPlaywright('playwright_observe.mjs', address(one.elements), one.theirRounds)).ms, own = await ours(one);
    report('observe', { elements: one.elements, unit: 'ms', look: spread(own.looks), click: spread(own.clicks), both: spread(own.both), playwright: spread(reference),
      least: Math.round(Math.min(...own.both)), ratio: Math.round(median(own.both) / median(reference) * 10000) / 10000 }, median(own.both), { most: one.most });
  }
} finally {
  await manager.stop();
  server.close();
}
