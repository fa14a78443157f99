// The reference of steps.mjs: playwright_steps.mjs URL STEPS; sends {click, fill, extract} in ms per step to its parent.
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { chromium } from 'playwright-core';

const NOBODY = 65534;
const [url, steps] = [process.argv[2], Number(process.argv[3])];
const home = mkdtempSync('/dev/shm/replinet-bench-');
chownSync(home, NOBODY, NOBODY);
process.setgroups([]);
process.setgid(NOBODY);
process.setuid(NOBODY);
Object.assign(process.env, { HOME: home, TMPDIR: home });

const read = items => items.map(item => ({ id: item.dataset.id, name: item.querySelector('h2').innerText, price: Number(item.querySelector('b').innerText) }));
const kinds = {
  click: page => page.getByRole('button', { name: 'Add' }).click(),
  fill: (page, i) => page.getByLabel('Name').fill(`text ${i}`),
  extract: page => page.locator('.item').evaluateAll(read),
};

const browser = await chromium.launch({ executablePath: '/usr/lib/chromium/chromium', chromiumSandbox: true, args: ['--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
await page.goto(url);
const result = {};
for (const [kind, step] of Object.entries(kinds)) {
  const start = performance.now();
  for (let i = 0; i < steps; i++) await step(page, i);
  result[kind] = (performance.now() - start) / steps;
}
await browser.close();
rmSync(home, { recursive: true, force: true });
process.send(result, () => process.exit());
