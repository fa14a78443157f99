// Round trips and a 10 MB answer through door and keeper, against the same Chromium on a bare pipe, in turn.
// Argument: round trips per side (1000).
import { commandOfContainer, startBare } from './lib/chromium.mjs';
import { startManager } from './lib/manager.mjs';
import { count, median, report, spread, timed } from './lib/report.mjs';

const LARGE = 10 * 1024 * 1024, trips = count(1000), larges = 12, BATCH = 50;
const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: 1 });
let bare;

async function measure(side, name, calls, expression) {
  for (let i = 0; i < calls; i++) {
    const { ms, result } = await timed(() => side.cdp.raw('Runtime.evaluate', { expression, returnByValue: true }, side.session));
    if (name === 'large' && result.length < LARGE) throw new Error(`only ${result.length} bytes came`);
    side[name].push(ms);
  }
}

try {
  const { id } = await manager.lease(await manager.leaseTicket());
  const door = { cdp: await manager.connect(id, await manager.cdpTicket(id)), small: [], large: [] };
  bare = startBare(commandOfContainer(manager));
  const pipe = { cdp: bare.cdp, small: [], large: [] };
  for (const side of [door, pipe]) side.session = await side.cdp.page();
  for (let done = 0; done < trips; done += BATCH)
    for (const side of [door, pipe]) await measure(side, 'small', BATCH, '1 + 1');
  for (let i = 0; i < larges; i++)
    for (const side of [door, pipe]) await measure(side, 'large', 1, `'x'.repeat(${LARGE})`);
  for (const name of ['small', 'large'])
    report('cdp', { what: name === 'small' ? 'round trip' : '10 MB answer', unit: 'ms', door: spread(door[name]), pipe: spread(pipe[name]),
      ratio: Math.round(median(door[name]) / median(pipe[name]) * 100) / 100,
      added_ms: Math.round((median(door[name]) - median(pipe[name])) * 1000) / 1000 });
} finally {
  await bare?.stop();
  await manager.stop();
}
