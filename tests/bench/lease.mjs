// Warm lease to first CDP answer: POST /browsers, WebSocket, Browser.getVersion. Argument: number of leases (40).
import { startManager } from './lib/manager.mjs';
import { count, report, spread, timed } from './lib/report.mjs';

const manager = await startManager({ POOL_WARM: 1, MAX_BROWSERS: 3 });
const total = [], lease = [], connect = [], answer = [];
try {
  for (let i = 0; i < count(40) + 2; i++) {
    await manager.untilReady();
    const ticket = await manager.leaseTicket();
    const leased = await timed(() => manager.lease(ticket));
    const cdpTicket = await manager.cdpTicket(leased.result.id);
    const connected = await timed(() => manager.connect(leased.result.id, cdpTicket));
    const answered = await timed(() => connected.result.call('Browser.getVersion'));
    await manager.release(leased.result.id);
    if (i < 2) continue; // the client's own warming up
    lease.push(leased.ms); connect.push(connected.ms); answer.push(answered.ms);
    total.push(leased.ms + connected.ms + answered.ms);
  }
  const result = spread(total);
  report('lease', { unit: 'ms', ...result, lease: spread(lease), connect: spread(connect), answer: spread(answer) }, result.p50, { most: 10 });
} finally { await manager.stop(); }
