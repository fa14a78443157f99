// Playwright's side of a benchmark, in a process of its own (playwright.mjs starts it): it becomes an unprivileged user, so that
// Chromium's sandbox stays on, and sends what `work` gives to its parent.
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { chromium } from 'playwright-core';

const NOBODY = 65534;

/** `work` gets a page at `url`. */
export async function measureOn(url, work) {
  const home = mkdtempSync('/dev/shm/replinet-bench-');
  chownSync(home, NOBODY, NOBODY);
  process.setgroups([]);
  process.setgid(NOBODY);
  process.setuid(NOBODY);
  Object.assign(process.env, { HOME: home, TMPDIR: home });
  const browser = await chromium.launch({ executablePath: '/usr/lib/chromium/chromium', chromiumSandbox: true, args: ['--disable-gpu'] });
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.goto(url, { timeout: 0 });
  const result = await work(page);
  await browser.close();
  rmSync(home, { recursive: true, force: true });
  process.send(result, () => process.exit());
}

/** Milliseconds per step of each kind: {name: (page, number of the step) => ...}. */
export const timeKinds = (kinds, steps) => async page => {
  const result = {};
  for (const [kind, step] of Object.entries(kinds)) {
    const start = performance.now();
    for (let i = 0; i < steps; i++) await step(page, i);
    result[kind] = (performance.now() - start) / steps;
  }
  return result;
};
