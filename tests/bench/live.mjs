// From a change in the page to its picture at a viewer: through the keeper's live view, and as a CDP client of the same
// browser gets it from Page.startScreencast. Also what watching costs while nothing changes. Argument: changes (60).
import { connectWebSocket } from '../flow/lib/raw_cdp.mjs';
import { LiveClient } from '../flow/lib/live_client.mjs';
import { cpuOf, descendants, startManager } from './lib/manager.mjs';
import { count, median, report, spread } from './lib/report.mjs';
import { setTimeout as sleep } from 'node:timers/promises';

const QUIET_MS = 3000;
const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: 1 });
const colour = (i) => `document.documentElement.style.background = 'hsl(${(i * 67) % 360} 80% 50%)'`;

async function watch(browser) {
  const path = `/browsers/${browser}/live?ticket=${await manager.viewTicket(browser)}`;
  const viewer = new LiveClient(await connectWebSocket({ host: '127.0.0.1', port: manager.port, path }));
  while (!viewer.frames.length) await sleep(10);
  return viewer;
}

/** Changes the page and waits for a picture that `pictures()` counts; milliseconds each. */
async function measure(change, pictures) {
  const times = [];
  for (let i = 0; i < count(60) + 3; i++) {
    await sleep(120); // the picture before is through
    const before = pictures(), began = performance.now();
    await change(i);
    while (pictures() === before) await sleep(1);
    if (i >= 3) times.push(performance.now() - began);
  }
  return times;
}

try {
  const browser = await manager.lease(await manager.leaseTicket({ linger_ms: 60000 }));
  const cdp = await manager.connect(browser.id, await manager.cdpTicket(browser.id));
  const { targetInfos } = await cdp.call('Target.getTargets');
  const { targetId } = targetInfos.find((one) => one.type === 'page');
  const { sessionId } = await cdp.call('Target.attachToTarget', { targetId, flatten: true });
  const change = (i) => cdp.call('Runtime.evaluate', { expression: colour(i) }, sessionId);

  const viewer = await watch(browser.id);
  const live = await measure(change, () => viewer.frames.length);
  const keeper = descendants(manager.pid).find(({ command }) => command[1] === 'keeper').pid;
  const before = cpuOf(keeper);
  await sleep(QUIET_MS);
  const quiet = (cpuOf(keeper) - before) / (QUIET_MS / 1000);
  viewer.websocket.close();
  await viewer.websocket.closed;

  let seen = 0;
  cdp.socket.on('message', (data) => {
    const { method, params } = JSON.parse(data);
    if (method !== 'Page.screencastFrame') return;
    seen++;
    cdp.call('Page.screencastFrameAck', { sessionId: params.sessionId }, sessionId);
  });
  await cdp.call('Page.startScreencast', { format: 'jpeg', quality: 60, maxWidth: 1280, maxHeight: 1280 }, sessionId);
  const direct = await measure(change, () => seen);
  report('live', { unit: 'ms', live: spread(live), cdp_screencast: spread(direct), ratio: Math.round((100 * median(live)) / median(direct)) / 100,
    keeper_cpu_ms_per_s_while_quiet: quiet }, spread(live).p95, { most: 250 });
} finally {
  await manager.stop();
}
