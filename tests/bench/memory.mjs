// PSS of the Browser Manager's own processes (not of Chromium) with 5 browsers leased, a page and a client each.
import { readFileSync } from 'node:fs';
import { BINARY, descendants, startManager } from './lib/manager.mjs';
import { report } from './lib/report.mjs';
import { realpathSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const BROWSERS = 5;
const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: BROWSERS });

const kilobytes = (text, name) => Number(text.match(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm'))[1]);

try {
  for (let i = 0; i < BROWSERS; i++) {
    const { id } = await manager.lease(await manager.leaseTicket());
    const cdp = await manager.connect(id, await manager.cdpTicket(id));
    const session = await cdp.page();
    await cdp.call('Runtime.evaluate', { expression: 'document.title' }, session);
    await cdp.raw('Page.captureScreenshot', {}, session);
  }
  await sleep(1000);
  const own = descendants(manager.pid).filter(({ exe }) => exe.replace(/ \(deleted\)$/, '') === realpathSync(BINARY));
  let total = 0;
  for (const { pid, command } of own) {
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
    const pss = kilobytes(rollup, 'Pss') / 1024;
    total += pss;
    report('memory', { process: command.slice(1).join(' ').slice(0, 40), pid, unit: 'MB', pss: Math.round(pss * 100) / 100,
      private_dirty: kilobytes(rollup, 'Private_Dirty') / 1024, rss: kilobytes(rollup, 'Rss') / 1024 });
  }
  report('memory', { unit: 'MB', browsers: BROWSERS, processes: own.length }, total, { most: 40 });
} finally { await manager.stop(); }
