// Create + page + delete at concurrency 4, against the same with bare Chromiums, in turn. Arguments: cycles per round
// (24), rounds (2).
import { commandOfContainer, startBare } from './lib/chromium.mjs';
import { cpuOf, descendants, startManager } from './lib/manager.mjs';
import { count, median, report, timed } from './lib/report.mjs';

const CONCURRENCY = 4, cycles = count(24), rounds = Number(process.argv[3] ?? 2);
const manager = await startManager({ POOL_WARM: 1, MAX_BROWSERS: 8 });
const ours = [], bare = [];
const launcher = descendants(manager.pid).find(({ command }) => command[1] === 'launcher').pid;
let command, cpu = 0;

async function usePage(cdp) {
  const session = await cdp.page();
  const { result } = await cdp.call('Runtime.evaluate', { expression: '6 * 7' }, session);
  if (result.value !== 42) throw new Error('the page does not compute');
}

async function ourCycle() {
  const { id } = await manager.lease(await manager.leaseTicket());
  const cdp = await manager.connect(id, await manager.cdpTicket(id));
  await usePage(cdp);
  command ??= commandOfContainer(manager);
  await manager.release(id);
}

async function bareCycle() {
  const browser = startBare(command);
  await usePage(browser.cdp);
  await browser.stop();
}

async function rate(cycle) {
  let left = cycles;
  const worker = async () => { while (left-- > 0) await cycle(); };
  const { ms } = await timed(() => Promise.all(Array.from({ length: CONCURRENCY }, worker)));
  return cycles / ms * 1000;
}

try {
  await ourCycle();
  for (let i = 0; i < rounds; i++) {
    const before = cpuOf(launcher); // every browser and keeper is its child in the end
    ours.push(await rate(ourCycle));
    cpu += cpuOf(launcher) - before;
    bare.push(await rate(bareCycle));
  }
  const value = median(ours);
  report('cycles', { unit: 'cycles/s', concurrency: CONCURRENCY, cycles, rounds: ours, bare, ratio_to_bare: value / median(bare), cpu_ms_per_cycle: Math.round(cpu / cycles / rounds) }, value, { least: 2.5 });
} finally { await manager.stop(); }
