// Times steps of a script by the events of loops over them.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { BINARY } from './manager.mjs';

/** Milliseconds per step of each kind in `kinds`, {name: [steps that take turns]}, `steps` of each on the page at `url`. */
export async function timeLoops(manager, folder, url, kinds, steps) {
  const loops = Object.values(kinds).map(turns => ({ repeat: { times: steps / turns.length, steps: turns } }));
  writeFileSync(`${folder}/script.json`, JSON.stringify({ steps: [{ goto: url }, ...loops] }));
  await promisify(execFile)(BINARY, ['run', `${folder}/script.json`, '--events', `${folder}/events`, '--output', folder], { env: manager.env, maxBuffer: 1 << 28 });
  const events = readFileSync(`${folder}/events`, 'utf8').trim().split('\n').map(line => JSON.parse(line));
  const ms = i => events.find(event => event.kind === 'step.finished' && event.data.path === `steps[${i + 1}]`).data.duration_ms;
  return Object.fromEntries(Object.keys(kinds).map((kind, i) => [kind, ms(i) / steps]));
}
