// A cold container (launcher, keeper, gate, crun, Chromium) to its first CDP answer through the door, against the same
// Chromium with the same flags started bare over a pipe, in turn. Argument: number of pairs (10).
import { commandOfContainer, startBare } from './lib/chromium.mjs';
import { startManager } from './lib/manager.mjs';
import { count, median, report, spread, timed } from './lib/report.mjs';

const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: 2 });
const cold = [], bare = [];
let command;

async function container() {
  const ticket = await manager.leaseTicket();
  let id;
  const { ms, result } = await timed(async () => {
    id = (await manager.lease(ticket)).id;
    const cdp = await manager.connect(id, await manager.cdpTicket(id));
    await cdp.call('Browser.getVersion');
    return cdp;
  });
  command ??= commandOfContainer(manager);
  result.close();
  await manager.release(id);
  return ms;
}

async function reference() {
  let browser;
  const { ms } = await timed(async () => {
    browser = startBare(command);
    await browser.cdp.call('Browser.getVersion');
  });
  await browser.stop();
  return ms;
}

try {
  for (let i = 0; i < count(10) + 1; i++) {
    const first = await container(), second = await reference();
    if (!i) continue; // files come into the page cache
    cold.push(first); bare.push(second);
  }
  report('cold', { unit: 'ms', container: spread(cold), bare: spread(bare) }, median(cold) / median(bare), { most: 1.6 });
} finally { await manager.stop(); }
