// A script whose page has changed is mended by a model: every action of an element, in loops and conditions, with people who
// are asked, agents that are edited meanwhile, and models that do not do it.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { click, done, find, lastResults, pageIn, taskIn } from './lib/model_talk.mjs';
import { startModelWorld, threadsOf } from './lib/model_world.mjs';

const PAGE = `<!doctype html><meta charset=utf-8><title>Changed</title><style>body{margin:8px;font:16px sans-serif}#dock,#parcel{width:160px;height:40px;background:#ddd;margin:4px}</style>
<label>Land <select id=land><option>France<option>Spain</select></label> <label><input type=checkbox id=terms> Terms</label>
<label><input type=checkbox id=mail checked> Mail</label> <label>Query <input id=query></label> <button id=menu>Menu</button>
<label>Item <input id=item></label> <button id=add>Add</button> <button id=gold>gold plan</button> <a id=file href=/file download=file.txt>Report</a>
<div id=parcel draggable=true role=button aria-label=Parcel>Parcel</div><div id=dock role=button aria-label=Dock>Dock</div>
<button id=pay>Pay 5 EUR</button> <button id=other>Something else</button>
<p id=state></p><div style="height:3000px"></div><a id=bottom href="#bottom">Bottom</a>
<script>const note = (word) => { state.textContent += word + ' '; };
land.onchange = () => note('land=' + land.value); terms.onchange = () => note('terms=' + terms.checked); mail.onchange = () => note('mail=' + mail.checked);
query.onkeydown = (event) => event.key === 'Enter' && note('query'); menu.onmouseover = () => note('menu'); add.onclick = () => note('item=' + item.value);
gold.onclick = () => note('gold'); pay.onclick = () => note('paid'); other.onclick = () => note('other');
parcel.ondragstart = (event) => event.dataTransfer.setData('text', 'x'); dock.ondragover = (event) => event.preventDefault(); dock.ondrop = (event) => { event.preventDefault(); note('docked'); };
onscroll = () => { onscroll = null; note('scrolled'); };</script>`;

let site, world, model, replinet, solve, admin;
const address = () => `http://127.0.0.1:${site.address().port}/`;

before(async () => {
  site = await new Promise((resolve) => {
    const server = http.createServer((request, response) => {
      response.writeHead(200, { 'content-type': request.url === '/file' ? 'text/plain' : 'text/html' });
      response.end(request.url === '/file' ? 'the report' : PAGE);
    });
    server.listen(0, '127.0.0.1', () => resolve(server));
  });
  world = await startModelWorld(site, (...given) => solve(...given), { MAX_BROWSERS: '3' });
  ({ model, replinet } = world);
  admin = replinet.makeUser('super_admin', { name: 'Anna' });
  await replinet.create('preset', { name: 'thinker', ai_model: 'one/seer' });
});
after(() => world?.stop());

const { isOver, when, ended } = threadsOf(() => replinet);
const start = async (agent, inputs = {}) => (await replinet.json('thread', 'start', agent, '--inputs', JSON.stringify(inputs))).id;
const eventsOf = (id, kind) => JSON.parse(replinet.sql(`SELECT coalesce(json_agg(json_build_object('message', message, 'data', data) ORDER BY seq), '[]') FROM thread_events WHERE thread_id = '${id}' AND kind = '${kind}'`));
const notes = (id) => eventsOf(id, 'note').map(({ message }) => message).join('\n');
const mends = (id) => eventsOf(id, 'script.mended').map(({ data }) => data.path);
const agent = (name, steps, more = {}) => replinet.create('agent', { name, preset_id: 'thinker', script: { steps, mend: true }, browser_config: { timeout_ms: 150000 }, ...more });

const api = async (method, path, body, headers = {}) => {
  const response = await fetch(`${replinet.url}/api/v1${path}`, { method, headers: { Authorization: `Bearer ${admin.key}`, 'Content-Type': 'application/json', ...headers }, body: body && JSON.stringify(body) });
  const answer = await response.json();
  assert.ok(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer;
};
const waiting = (id, reason) => when(id, `waiting (${reason})`, (thread) => (thread.status === 'waiting' && thread.reason === reason) || isOver(thread));
const reply = async (id, answer) => {
  const question = (await api('GET', `/threads/${id}/questions`)).items.at(-1);
  await api('POST', `/threads/${id}/questions/${question.id}/answer`, answer);
  return question;
};

/* What the script's words are called on the page as it is now. */
const NOW = {
  Country: 'combobox "Land"', Conditions: 'checkbox "Terms"', Newsletter: 'checkbox "Mail"', Search: 'textbox "Query"', Options: 'button "Menu"',
  Box: 'button "Parcel"', Truck: 'button "Dock"', End: 'link "Bottom"', 'Get file': 'link "Report"', Thing: 'textbox "Item"', Append: 'button "Add"',
  'gold tariff': 'button "gold plan"', '{{inputs.plan}} tariff': 'button "gold plan"', Submit: 'button "Pay 5 EUR"',
};
const stepIn = (conversation) => JSON.parse(/\nThe step: (\{.*\})\n/.exec(taskIn(conversation))[1]);
const wordIn = (target) => target.name ?? target.label ?? target.text;
const place = (text, target) => find(text, NOW[wordIn(target)]) ?? assert.fail(`no ${JSON.stringify(target)} in\n${text}`);

/** The one call that the step means, with the elements of the page. */
function callFor (text, step) {
  const [name, given] = Object.entries(step).find(([key]) => !['timeout_ms', 'name'].includes(key));
  const kept = Object.fromEntries(Object.entries(given).filter(([key]) => ['option', 'key', 'value', 'as'].includes(key)));
  if (name === 'download') return { name, arguments: { ...kept, click: place(text, given.click) } };
  return { name, arguments: { ...kept, element: place(text, given), ...(given.to && { to: place(text, given.to) }) } };
}
const mender = (conversation) => {
  const results = lastResults(conversation);
  if (results.length && !results.at(-1).error) return { calls: [done()] };
  assert.ok(!results.length, results.at(-1)?.text);
  return { calls: [callFor(pageIn(conversation), stepIn(conversation))] };
};

const soon = { timeout_ms: 1500 };
const STEPS = [
  { select: { label: 'Country', option: 'Spain' }, ...soon },
  { check: { label: 'Conditions' }, ...soon },
  { uncheck: { label: 'Newsletter' }, ...soon },
  { press: { label: 'Search', key: 'Enter' }, ...soon },
  { hover: { role: 'button', name: 'Options' }, ...soon },
  { drag: { role: 'button', name: 'Box', to: { role: 'button', name: 'Truck' } }, ...soon },
  { download: { click: { role: 'link', name: 'Get file' }, as: 'report' }, timeout_ms: 3000 },
  { for_each: { in: ['a', 'b'], steps: [
    { fill: { label: 'Thing', value: '{{loop.item}}' }, ...soon },
    { if: { text: 'Something else', then: [{ click: { role: 'button', name: 'Append' }, ...soon }] } },
  ] } },
  { click: { role: 'button', name: '{{inputs.plan}} tariff' }, ...soon },
  { scroll: { role: 'link', name: 'End' }, ...soon },
  { extract: { as: 'state', css: '#state' } },
];

test('every action of an element is mended, in loops and conditions as well', async () => {
  solve = mender;
  await agent('all', [{ goto: address() }, ...STEPS]);
  const first = await start('all', { plan: 'gold' });
  const thread = await ended(first);
  assert.equal(thread.status, 'completed', `${thread.error_message}\n${notes(first)}`);
  const state = 'land=Spain terms=true mail=false query menu docked item=a item=b gold scrolled';
  assert.equal([...new Set(thread.results.state.split(' '))].join(' '), state);
  assert.deepEqual(mends(first), [1, 2, 3, 4, 5, 6, 7].map((i) => `steps[${i}]`).concat('steps[8].for_each.steps[0]', 'steps[8].for_each.steps[1].if.then[0]', 'steps[10]'));
  assert.match(notes(first), /target in the script stays as it is written/);
  assert.match(notes(first), /mended script is the agent's now/);
  const { script } = await replinet.json('agent', 'show', 'all');
  const [, select, , , press, , drag, download, loop, plan] = script.steps;
  assert.deepEqual([select.select.option, select.select.name, press.press.key, press.press.name], ['Spain', 'Land', 'Enter', 'Query']);
  assert.deepEqual([drag.drag.name, drag.drag.to.name, download.download.as, download.download.click.name], ['Parcel', 'Dock', 'report', 'Report']);
  assert.deepEqual([loop.for_each.steps[0].fill.value, loop.for_each.steps[0].fill.name, plan.click.name], ['{{loop.item}}', 'Item', '{{inputs.plan}} tariff']);
  const asked = model.requests.length;
  const second = await ended(await start('all', { plan: 'gold' }));
  assert.equal(second.status, 'completed', second.error_message);
  assert.equal([...new Set(second.results.state.split(' '))].join(' '), state);
  assert.equal(model.requests.length, asked + 2, 'only the step with a template in its target is done by the model again');
});

test('people are asked during a mend; an agent that is edited meanwhile keeps its script, and that is told', async () => {
  solve = (conversation) => {
    const results = lastResults(conversation);
    if (!results.length) return { calls: [{ name: 'ask_user', arguments: { text: 'Which one?' } }] };
    return results.at(-1).text.includes('answered') ? { calls: [click(find(pageIn(conversation), 'button "Pay'))] } : { calls: [done()] };
  };
  const steps = [{ goto: address() }, { click: { role: 'button', name: 'Submit' }, ...soon }, { assert: { text: 'paid' } }];
  await agent('asks', steps);
  const ids = [await start('asks'), await start('asks')];
  for (const id of ids) await waiting(id, 'question');
  for (const id of ids) assert.equal((await reply(id, { text: 'the one that pays' })).text, 'Which one?');
  for (const id of ids) await waiting(id, 'approval');
  for (const id of ids) assert.match((await reply(id, { approved: true })).text, /click button "Pay 5 EUR"/);
  for (const id of ids) {
    const thread = await ended(id);
    assert.equal(thread.status, 'completed', thread.error_message);
    assert.match(notes(id), /mended script is the agent's now/, 'both have mended it in the same way');
  }
  assert.equal((await replinet.json('agent', 'show', 'asks')).revision, 2);
  const { id: agentId, revision } = await replinet.create('agent', { name: 'edited', preset_id: 'thinker', script: { steps, mend: true }, browser_config: { timeout_ms: 150000 } });
  const late = await start('edited');
  await waiting(late, 'question');
  await api('PATCH', `/agents/${agentId}`, { script: { steps: [...steps, { wait_for: { ms: 1 } }], mend: true } }, { 'If-Match': `"${revision}"` });
  await reply(late, { text: 'the one that pays' });
  await waiting(late, 'approval');
  await reply(late, { approved: true });
  assert.equal((await ended(late)).status, 'completed');
  assert.match(notes(late), /not saved: the agent's script was changed meanwhile/);
  const kept = await replinet.json('agent', 'show', 'edited');
  assert.deepEqual([kept.revision, kept.script.steps[1].click.name, kept.script.steps.length], [revision + 1, 'Submit', 4]);
});

test('a model that does something else, refuses or has no turn left does not mend: the step fails as it did', async () => {
  const steps = [{ goto: address() }, { check: { label: 'Conditions' }, ...soon }];
  const fails = async (name, how, words, more = {}) => {
    solve = how;
    await agent(name, steps, more);
    const thread = await ended(await start(name));
    assert.deepEqual([thread.status, thread.reason], ['error', 'step_failed'], thread.error_message);
    assert.match(thread.error_message, /steps\[1\].*nothing on the page fits/);
    assert.match(notes(thread.id), words);
    assert.deepEqual(mends(thread.id), []);
    assert.equal((await replinet.json('agent', 'show', name)).revision, 1);
  };
  await fails('strays', (conversation) => ({ calls: lastResults(conversation).length ? [done()] : [click(find(pageIn(conversation), 'button "Something'))] }), /without doing it/);
  await fails('refuses', () => ({ refuse: { status: 400, json: { error: { code: 'content_policy_violation', message: 'Your request was rejected' } } } }), /did not do the step either: .*reject/);
  await fails('wanders', (conversation) => ({ calls: [{ name: 'scroll', arguments: { down: 10 + lastResults(conversation).length } }] }), /has not done it in 4 turns/);
  await replinet.create('preset', { name: 'short', ai_model: 'one/seer', additional_config: { limits: { steps: 1 } } });
  await fails('limited', (conversation) => ({ calls: [{ name: 'scroll', arguments: { down: 5 } }] }), /limit of 1 answers/, { preset_id: 'short' });
});
