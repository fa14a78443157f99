// Click, fill and extract steps of a script against the same in Playwright on the same Chromium started bare.
// Argument: steps of each kind (200).
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { startManager } from './lib/manager.mjs';
import { askPlaywright } from './lib/playwright.mjs';
import { count, report } from './lib/report.mjs';
import { timeLoops } from './lib/step_loops.mjs';

const steps = count(200), MOST = 1.3, ROUNDS = 3;
const html = `<!doctype html><title>Steps</title><button onclick="out.value = Number(out.value) + 1">Add</button><label>Name <input></label>
<output id="out">0</output><ul>${Array.from({ length: 100 }, (_, i) => `<li class="item" data-id="${i}"><h2>Item ${i}</h2><b>${i}.50</b></li>`).join('')}</ul>`;
const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end(html));
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: 1, EGRESS_ALLOW: `127.0.0.1:${server.address().port}` });
const folder = mkdtempSync('/tmp/replinet-bench-steps-');

const kinds = {
  click: [{ click: { role: 'button', name: 'Add' } }],
  fill: [{ fill: { label: 'Name', value: 'text {{loop.index}}' } }],
  extract: [{ extract: { as: 'items', list: { css: '.item', fields: { id: '@data-id', name: 'h2', price: { css: 'b', type: 'number' } } } } }],
};

try {
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push({ ours: await timeLoops(manager, folder, url, kinds, steps), theirs: await askPlaywright('playwright_steps.mjs', url, steps) });
  for (const kind of Object.keys(kinds)) {
    const best = side => Math.min(...rounds.map(round => round[side][kind]));
    report('steps', { what: kind, unit: 'ms per step', ours: best('ours'), playwright: best('theirs') }, best('ours') / best('theirs'), { most: MOST });
  }
} finally {
  await manager.stop();
  server.close();
  rmSync(folder, { recursive: true });
}
