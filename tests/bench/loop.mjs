// What a turn of a model's run costs besides the model, by how long its server waits for the next question: the act with its
// description for replay and its events, the look with its picture, and twice the time in which the page must stand still (the
// longer part: src/agent/think/think.c). Also the memory of the run's process. Beside it, Playwright's ariaSnapshot and click on
// the same page and Chromium, which wait for nothing, and the memory of its process. Argument: turns (30).
import { createServer } from 'node:http';
import { click, done, find, pageIn } from '../flow/lib/model_talk.mjs';
import { startManager } from './lib/manager.mjs';
import { modelRun } from './lib/model_run.mjs';
import { askPlaywright } from './lib/playwright.mjs';
import { count, median, report, spread } from './lib/report.mjs';
import { shopPage } from './lib/shop_page.mjs';

const turns = count(30), ELEMENTS = 1000, PSS_MOST = 15, STILL_MS = 2 * 120;
const server = createServer((request, response) => response.setHeader('content-type', 'text/html').end(shopPage(ELEMENTS)));
await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address(), url = `http://127.0.0.1:${port}/`;
const manager = await startManager({ POOL_WARM: 0, MAX_BROWSERS: 1, EGRESS_ALLOW: `127.0.0.1:${port}` });

// Each turn clicks the next button of the list.
function rules() {
  let next = 0;
  return conversation => {
    const page = pageIn(conversation);
    if (!page.includes('Page: Shop')) return { calls: [{ name: 'goto', arguments: { url } }] };
    return { calls: [next === turns ? done() : click(find(page, `button "Add item ${next++}"`))] };
  };
}

const durations = (events, kind, data = {}) =>
  events.filter(event => event.kind === kind && Object.entries(data).every(([name, value]) => event.data[name] === value)).map(event => event.data.duration_ms);

try {
  const reference = await askPlaywright('playwright_observe.mjs', url, turns), own = await modelRun(manager, rules());
  const whole = own.turns.slice(1); // the first one opens the page
  if (durations(own.events, 'step.finished', { action: 'click' }).length !== turns) throw new Error('the run did not click as often as it should');
  report('loop', { what: 'a turn besides the model', elements: ELEMENTS, unit: 'ms', turn: spread(whole), still: STILL_MS, look: spread(durations(own.events, 'model.observed')),
    act: spread(durations(own.events, 'step.finished', { action: 'click' })), playwright: spread(reference.ms), least: Math.round(Math.min(...whole)),
    ratio: Math.round((median(whole) - STILL_MS) / median(reference.ms) * 10000) / 10000 });
  report('loop', { what: 'memory of the run\'s process', unit: 'MB PSS', playwright: Math.round(reference.pss * 10) / 10 }, own.pss, { most: PSS_MOST });
} finally {
  await manager.stop();
  server.close();
}
