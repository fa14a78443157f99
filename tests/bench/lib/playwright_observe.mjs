// The reference of observe.mjs and loop.mjs: playwright_observe.mjs URL ROUNDS; sends {ms: of each round (ariaSnapshot of the
// page and a click by role and name), pss: MB of its process} to its parent.
import { measureOn } from './playwright_page.mjs';
import { pssOf } from './report.mjs';

const [url, rounds] = [process.argv[2], Number(process.argv[3])];

await measureOn(url, async page => {
  const ms = [];
  page.setDefaultTimeout(0);
  for (let i = 0; i < rounds; i++) {
    const start = performance.now();
    await page.locator('body').ariaSnapshot();
    await page.getByRole('button', { name: `Add item ${i % 5}`, exact: true }).click();
    ms.push(performance.now() - start);
  }
  return { ms, pss: pssOf('self') };
});
