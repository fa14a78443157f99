// The reference of observe.mjs and loop.mjs: playwright_observe.mjs URL ROUNDS; sends {ms: of each round (ariaSnapshot of the
// page and a click by role and name), pss: MB of its process} to its parent.
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { pssOf } from './report.mjs';

const NOBODY = 65534;
const [url, rounds] = [process.argv[2], Number(process.argv[3])];
const home = mkdtempSync('/dev/shm/replinet-bench-');
chownSync(home, NOBODY, NOBODY);
process.setgroups([]);
process.setgid(NOBODY);
process.setuid(NOBODY);
Object.assign(process.env, { HOME: home, TMPDIR: home });

const browser = await chromium.launch({ executablePath: '/usr/lib/chromium/chromium', chromiumSandbox: true, args: ['--disable-gpu'] });
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
page.setDefaultTimeout(0);
await page.goto(url);
const result = [];
for (let i = 0; i < rounds; i++) {
  const start = performance.now();
  await page.locator('body').ariaSnapshot();
  await page.getByRole('button', { name: `Add item ${i % 5}`, exact: true }).click();
  result.push(performance.now() - start);
}
const pss = pssOf('self');
await browser.close();
rmSync(home, { recursive: true, force: true });
process.send({ ms: result, pss }, () => process.exit());
