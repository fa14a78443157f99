// Numbers for people and machines: one JSON line per result. `load` is the machine's load average of the last minute: a
// number far above its cores says that wall times are not to be trusted.
import { readFileSync } from 'node:fs';
import { loadavg } from 'node:os';

export const at = (values, part) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
};
const round = value => Math.round(value * 100) / 100;

export const median = values => at(values, 0.5);
export const spread = values => ({ p50: round(median(values)), p95: round(at(values, 0.95)), n: values.length });

// `target` is {most} or {least}; the line says whether `value` meets it.
export function report(bench, fields, value, target) {
  const met = target && ('most' in target ? value <= target.most : value >= target.least);
  console.log(JSON.stringify({ bench, ...fields, ...(target && { value: round(value), target, met }), load: round(loadavg()[0]) }));
}

export async function timed(run) {
  const start = performance.now();
  const result = await run();
  return { ms: performance.now() - start, result };
}

/** Proportional set size of a process in MB. */
export const pssOf = pid => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))[1]) / 1024;

export const count = fallback => Number(process.argv[2] ?? fallback);
