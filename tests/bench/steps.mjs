// Click, fill and extract steps of a script against the same in Playwright on the same Chromium started bare.
// Argument: steps of each kind (200).
import { execFile, fork } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { promisify } from 'node:util';
import { BINARY, startManager } from './lib/manager.mjs';
import { count, report } from './lib/report.mjs';

const steps = count(200), MOST = 1.3, ROUNDS = 3;
const html = `<!doctype html><title>Steps</title><button onclick="out.value = Number(out.value) + 1">Add</button><label>Name <input></label>
<output id="out">0</output><ul>${Array.from({ length: 100 }, (_, i) => `<li class="item" data-id="${i}"><h2>Item ${i}</h2><b>${i}.50</b></li>`).join('')}</ul>`;
const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end(html));
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${server.address().port}/`;
const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: 1, EGRESS_ALLOW: `127.0.0.1:${server.address().port}` });
const folder = mkdtempSync('/tmp/replinet-bench-steps-');

const kinds = {
  click: { click: { role: 'button', name: 'Add' } },
  fill: { fill: { label: 'Name', value: 'text {{loop.index}}' } },
  extract: { extract: { as: 'items', list: { css: '.item', fields: { id: '@data-id', name: 'h2', price: { css: 'b', type: 'number' } } } } },
};

// Milliseconds per step of each kind, from the events of loops.
async function ours() {
  const loops = Object.values(kinds).map(step => ({ repeat: { times: steps, steps: [step] } }));
  writeFileSync(`${folder}/script.json`, JSON.stringify({ steps: [{ goto: url }, ...loops] }));
  await promisify(execFile)(BINARY, ['run', `${folder}/script.json`, '--events', `${folder}/events`, '--output', folder], { env: manager.env, maxBuffer: 1 << 28 });
  const events = readFileSync(`${folder}/events`, 'utf8').trim().split('\n').map(line => JSON.parse(line));
  const ms = i => events.find(event => event.kind === 'step.finished' && event.data.path === `steps[${i + 1}]`).data.duration_ms;
  return Object.fromEntries(Object.keys(kinds).map((kind, i) => [kind, ms(i) / steps]));
}

// In a process of its own, which becomes an unprivileged user so that Chromium's sandbox stays on.
function theirs() {
  const child = fork(new URL('./lib/playwright_steps.mjs', import.meta.url), [url, String(steps)]);
  return new Promise((resolve, reject) => {
    child.once('message', resolve);
    child.once('exit', code => reject(new Error(`Playwright's side ended with ${code}`)));
  });
}

try {
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push({ ours: await ours(), theirs: await theirs() });
  for (const kind of Object.keys(kinds)) {
    const best = side => Math.min(...rounds.map(round => round[side][kind]));
    report('steps', { what: kind, unit: 'ms per step', ours: best('ours'), playwright: best('theirs') }, best('ours') / best('theirs'), { most: MOST });
  }
} finally {
  await manager.stop();
  server.close();
  rmSync(folder, { recursive: true });
}
