// The reference of replay.mjs: playwright_replay.mjs URL STEPS; sends {click, fill, select, check, press} in ms per step to its
// parent.
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

const by = (role, name) => page => page.getByRole(role, { name, exact: true });
const [count, field, country, gift] = [by('button', 'Count'), by('textbox', 'Name'), by('combobox', 'Country'), by('checkbox', 'Gift')];
const kinds = {
  click: page => count(page).click(),
  fill: page => field(page).fill('Ada'),
  select: page => country(page).selectOption({ label: 'Spain' }),
  check: (page, i) => gift(page).setChecked(i % 2 === 0),
  press: page => field(page).press('ArrowLeft'),
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
