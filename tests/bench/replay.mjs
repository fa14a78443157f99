// Steps of a script that came of a model's run (targets by role and name, with their fallbacks) against the same in
// Playwright on the same Chromium. A run of rules does each kind once; what it did is replayed. Argument: steps of each kind (100).
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { find, done, pageIn } from '../flow/lib/model_talk.mjs';
import { startManager } from './lib/manager.mjs';
import { modelRun } from './lib/model_run.mjs';
import { askPlaywright } from './lib/playwright.mjs';
import { count, median, report } from './lib/report.mjs';
import { timeLoops } from './lib/step_loops.mjs';

const steps = count(100), MOST = 1.3, ROUNDS = 5;
const others = Array.from({ length: 50 }, (_, i) => `<li><a href="#${i}">Details ${i}</a> <button>Add item ${i}</button></li>`).join('');
const html = `<!doctype html><title>Replay</title><button onclick="out.value = Number(out.value) + 1">Count</button><output id=out>0</output>
<label>Name <input></label><label>Country <select><option>France<option>Spain</select></label><label><input type=checkbox> Gift</label><ul>${others}</ul>`;
const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end(html));
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address(), url = `http://127.0.0.1:${port}/`;
const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: 1, EGRESS_ALLOW: `127.0.0.1:${port}` });
const folder = mkdtempSync('/tmp/replinet-bench-replay-');

// What the run does on the page, and what a kind of step is made of.
const acts = {
  click: ['button "Count"', {}], fill: ['textbox "Name"', { value: 'Ada' }], select: ['combobox "Country"', { option: 'Spain' }],
  check: ['checkbox "Gift"', {}], uncheck: ['checkbox "Gift"', {}], press: ['textbox "Name"', { key: 'ArrowLeft' }],
};
const kinds = { click: ['click'], fill: ['fill'], select: ['select'], check: ['check', 'uncheck'], press: ['press'] };

const solve = conversation => {
  const page = pageIn(conversation);
  if (!page.includes('Page: Replay')) return { calls: [{ name: 'goto', arguments: { url } }] };
  if (page.includes('value="Ada"')) return { calls: [done()] };
  return { calls: Object.entries(acts).map(([name, [line, given]]) => ({ name, arguments: { element: find(page, line), ...given } })) };
};

// The steps that the run became, by kind: {click: {role, name, exact, fallback}, ...}.
async function record() {
  const { events } = await modelRun(manager, solve);
  const replayed = events.filter(event => event.kind === 'step.finished' && event.data.replay).map(event => event.data.replay);
  const recorded = Object.fromEntries(Object.keys(acts).map(kind => [kind, replayed.find(step => step[kind])]));
  for (const [kind, step] of Object.entries(recorded)) if (!step?.[kind].fallback) throw new Error(`the run gave no targets for ${kind}: ${JSON.stringify(step)}`);
  return recorded;
}

try {
  const recorded = await record(), rounds = [];
  const loops = Object.fromEntries(Object.entries(kinds).map(([kind, names]) => [kind, names.map(name => recorded[name])]));
  for (let i = 0; i < ROUNDS; i++) rounds.push({ ours: await timeLoops(manager, folder, url, loops, steps), theirs: await askPlaywright('playwright_replay.mjs', url, steps) });
  const round = value => Math.round(value * 100) / 100;
  for (const kind of Object.keys(kinds)) {
    const [own, reference] = ['ours', 'theirs'].map(side => rounds.map(one => one[side][kind]));
    report('replay', { what: kind, unit: 'ms per step', ours: round(median(own)), playwright: round(median(reference)), least: [own, reference].map(all => round(Math.min(...all))) },
      median(own) / median(reference), { most: MOST });
  }
} finally {
  await manager.stop();
  server.close();
  rmSync(folder, { recursive: true });
}
