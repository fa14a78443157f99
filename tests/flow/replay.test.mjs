// A model's run becomes a script that does the same without one, with other inputs and on a page that changed a little.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { click, done, fill, find, giveUp, lastResults, pageIn, taskIn } from './lib/model_talk.mjs';
import { startModelWorld, startPages, threadsOf } from './lib/model_world.mjs';

const page = (title, body) => `<!doctype html><meta charset=utf-8><title>${title}</title><body>${body}`;
const orders = [], codes = [];
const SOLD = [[['Green', '4.50', '/green'], ['Black', '3.90', '/black']], [['White', '7', '/white'], ['Oolong', '8.20', '/oolong'], ['Mint', '2', '/mint']]];
let reports = 0;
let buy = 'Order now';

const PAGES = {
  '/shop': () => page('Shop', '<h1>Tea</h1><ul><li>Green <a href="/cart?tea=green">Choose</a><li>Black <a href="/cart?tea=black">Choose</a></ul>'),
  '/cart': () => page('Cart', `<form action="/paid"><label>Name <input name=name></label><input id=input-58213 placeholder="Street" name=street>
    <label>Country <select name=country><option>France<option>Spain</select></label><label><input type=checkbox name=terms> I agree</label>
    <label>Note <input name=note></label><label>PIN <input type=password name=pin></label><p><button type=button>Help</button><button>${buy}</button></p></form>`),
  '/framed': () => page('Framed', `<label>Code <input name=outer></label><iframe src="http://localhost:${site.address().port}/inner?visit=${Math.random()}"></iframe>`),
  '/inner': () => page('Inner', '<form action="/sent"><label>Code <input name=code></label><button>Hand in</button></form>'),
  '/contract': () => page('Contract', '<p>Contract 5</p><a href="/terms" target=_blank rel=opener>Terms</a><a href="/help" target=_blank>Help</a><label>Name <input></label><button onclick="signed.textContent = sessionStorage.agreed + \' \' + document.querySelector(\'input\').value">Sign</button><p id=signed></p>'),
  '/terms': () => page('Terms', '<label>Initials <input></label><button onclick="opener.sessionStorage.agreed = document.querySelector(\'input\').value; window.close()">Agree</button>'),
  '/help': () => page('Help', '<h1>Help</h1>'),
  // Each visit tells of other sales.
  '/report': () => {
    const visit = ++reports, sold = SOLD[visit % 2];
    return page(`Report ${visit}`, `<h1>Sales</h1><p>Report number: R-${4711 + visit}</p><table id=sales><tr><th>Kind<th>Price<th>
      ${sold.map(([kind, price, link]) => `<tr><td>${kind}<td><b>${price}</b> EUR<td><a href="${link}">more</a>`).join('')}</table>
      <table><tr><td>Net<td>${visit * 10},50<tr><td>Total<td>${visit * 12},75</table><dl><dt>Clerk<dd class="person">${['Ada', 'Grace'][visit % 2]}</dl>
      <ul>${sold.map(([kind]) => `<li class="tag">${kind.toLowerCase()}`).join('')}</ul><div class="note"><span>Sold on</span><input aria-label="Day" value="2026-11-${10 + visit}"></div>`);
  },
  '/sent': (url) => (codes.push(url.searchParams.get('code')), page('Sent', '<p>Thank you</p>')),
  '/paid': (url) => (orders.push(Object.fromEntries(url.searchParams)), page('Thank you', `<p>Order ${orders.length}</p>`)),
};

let site, world, model, replinet, solve, id, script, proposal;
const at = (path) => `http://127.0.0.1:${site.address().port}${path}`;

before(async () => {
  site = await startPages(PAGES);
  world = await startModelWorld(site, (...given) => solve(...given), { MAX_BROWSERS: '2' });
  ({ model, replinet } = world);
  for (const [name, ai_model] of Object.entries({ thinker: 'one/seer', plain: 'script' })) await replinet.create('preset', { name, ai_model });
});
after(() => world?.stop());

const { ended } = threadsOf(() => replinet);
const start = async (agent, inputs) => (await replinet.json('thread', 'start', agent, '--task', 'Buy black tea', '--inputs', JSON.stringify(inputs))).id;
const line = (text, wanted) => find(text, wanted) ?? assert.fail(`no ${wanted} in\n${text}`);

const purchase = (text) => {
  if (/Page: Thank you/.test(text)) return [done({ bought: true })];
  if (/Page: Shop/.test(text)) return [click(text.split('\n').map((one) => /^\s*\[(\d+)\]\*? link "Choose"/.exec(one)).filter(Boolean).map((one) => Number(one[1]))[1])];
  if (!/Page: Cart/.test(text)) return [{ name: 'goto', arguments: { url: at('/shop') } }];
  if (!text.includes('value="Ada"')) return [
    fill(line(text, 'textbox "Name"'), 'Ada'), fill(line(text, 'textbox "Street"'), 'Mill Lane 1'), fill(line(text, 'textbox "Note"'), 'thanks'), fill(line(text, 'textbox "PIN"'), 'hush'),
    { name: 'select', arguments: { element: line(text, 'combobox "Country"'), option: 'Spain' } }, { name: 'check', arguments: { element: line(text, 'checkbox "I agree"') } },
  ];
  return text.includes('value="as {{it}} is"') ? [click(line(text, 'button "Order now"'))] : [fill(line(text, 'textbox "Note"'), 'as {{it}} is')];
};

test('a model buys; what it did is a script', async () => {
  solve = (conversation) => ({ calls: purchase(pageIn(conversation)) });
  await replinet.create('agent', { name: 'buyer', preset_id: 'thinker', browser_config: { timeout_ms: 120000 }, approvals: [{ ask: false }] });
  id = await start('buyer', { customer: 'Ada' });
  const thread = await ended(id);
  assert.equal(thread.status, 'completed', thread.error_message);
  script = await replinet.json('thread', 'script', id, '--parameters', '{"street":"Mill Lane 1"}');
  assert.deepEqual(script.steps.map((step) => Object.keys(step)[0]), ['goto', 'click', 'fill', 'fill', 'fill', 'fill', 'select', 'check', 'fill', 'click', 'wait_for'], JSON.stringify(script));
  assert.ok(!JSON.stringify(script).includes('"element"'));
  const { value, role, name, exact } = script.steps[2].fill;
  assert.deepEqual({ value, role, name, exact }, { value: '{{inputs.customer}}', role: 'textbox', name: 'Name', exact: true });
  assert.equal(script.steps[3].fill.value, '{{inputs.street}}');
  assert.deepEqual([4, 5, 8].map((i) => script.steps[i].fill.value), ['thanks', '{{inputs.password}}', "as {{'{{'}}it}} is"]);
  assert.ok(!replinet.sql(`SELECT string_agg(data::text, '') FROM thread_events WHERE kind = 'step.finished'`).includes('hush'));
  assert.ok(!JSON.stringify(script.steps[3]).includes('58213'), 'an id that is another at the next visit');
  const answer = await replinet.json('thread', 'script', id, '--parameters', '{"street":"Mill Lane 1"}', '--whole');
  assert.deepEqual(answer.steps, script.steps);
  assert.deepEqual(answer.left_out.map(({ action, url }) => [action, url.split('?')[0]]), [['done', at('/paid')]]);
  assert.match(answer.left_out[0].why, /result bought: no part of the page/);
  assert.deepEqual(answer.proposals, [{ text: 'thanks', name: 'note' }, { text: 'as {{it}} is', name: 'note_2' }]);
  assert.equal(answer.credentials, undefined);
  const properties = {
    customer: { type: 'string', title: 'Name', default: 'Ada' }, street: { type: 'string', title: 'Street', default: 'Mill Lane 1' },
    password: { type: 'string', title: 'Password', format: 'password', writeOnly: true },
  };
  assert.deepEqual(answer.input_schema, { type: 'object', properties, required: ['customer', 'street', 'password'] });
  const bought = script.steps.at(-2).click;
  assert.deepEqual([bought.role, bought.name], ['button', 'Order now']);
  assert.ok(bought.fallback.some(({ css }) => css), JSON.stringify(bought));
});

test('an agent without a model does the same with other inputs', async () => {
  const asked = model.requests.length;
  proposal = await replinet.json('thread', 'script', id, '--parameters', '{"street":"Mill Lane 1"}', '--preset', 'plain', '--name', 'again');
  await replinet.create('agent', proposal);
  const refused = await replinet.cli('thread', 'start', 'again', '--inputs', '{"street":"Harbour 5"}');
  assert.match(refused.stderr, /password/, 'a secret has no default');
  const thread = await ended(await start('again', { customer: 'Grace', street: 'Harbour 5', password: 'quiet' }));
  assert.equal(thread.status, 'completed', thread.error_message);
  const common = { country: 'Spain', terms: 'on', note: 'as {{it}} is' };
  assert.deepEqual(orders, [{ name: 'Ada', street: 'Mill Lane 1', pin: 'hush', ...common }, { name: 'Grace', street: 'Harbour 5', pin: 'quiet', ...common }]);
  assert.equal(model.requests.length, asked);
  const same = await ended(await start('again', { password: 'hush' }));
  assert.equal(same.status, 'completed', same.error_message);
  assert.deepEqual(orders.at(-1), orders[0], 'what is not given is as it was in the run');
});

test('a button that is called something else now is still found', async () => {
  const asked = model.requests.length;
  buy = 'Complete the purchase';
  const thread = await ended(await start('again', { customer: 'Edsger', street: 'Canal 3', password: 'still' }));
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.equal(orders.at(-1).name, 'Edsger');
  assert.equal(model.requests.length, asked);
});

// What of the conversation says that it is about one step.
const mending = (conversation) => /exactly this one step/.test(taskIn(conversation));

test('a step whose element is gone is done by the model once, and mended', async () => {
  const wanted = { steps: [
    { goto: at('/cart') },
    { fill: { label: 'Full name', value: '{{inputs.customer}}' }, name: 'Who buys' },
    { if: { text: 'Country', then: [{ click: { role: 'button', name: 'Buy it', exact: true, fallback: [{ test_id: 'buy' }] } }] } },
    { wait_for: 'Order' },
  ], mend: true };
  const told = [];
  solve = (conversation) => {
    const text = pageIn(conversation);
    assert.ok(mending(conversation));
    told.push(taskIn(conversation));
    if (told.length === 1) return { calls: [fill(line(text, 'textbox "Name"'), '{{inputs.customer}}'), done()] };
    return { calls: /Page: Thank you/.test(text) ? [done()] : [click(line(text, 'button "Complete the purchase"'))] };
  };
  await replinet.create('agent', { name: 'mended', preset_id: 'thinker', script: wanted, browser_config: { timeout_ms: 120000 }, approvals: [{ ask: false }] });
  const thread = await ended(await start('mended', { customer: 'Barbara' }));
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.equal(orders.at(-1).name, 'Barbara');
  assert.equal(thread.usage.turns, 3, JSON.stringify(thread.usage));
  assert.ok(!told.join().includes('Barbara'), 'what is typed is not told');
  const agent = await replinet.json('agent', 'show', 'mended');
  assert.equal(agent.revision, 2);
  const [, who, branch] = agent.script.steps;
  assert.deepEqual([who.name, who.fill.role, who.fill.name, who.fill.value, who.fill.label], ['Who buys', 'textbox', 'Name', '{{inputs.customer}}', undefined]);
  assert.deepEqual([branch.if.then[0].click.name, agent.script.mend], ['Complete the purchase', true]);
  const events = replinet.sql(`SELECT data->>'path' FROM thread_events WHERE thread_id = '${thread.id}' AND kind = 'script.mended' ORDER BY seq`);
  assert.deepEqual(events.trim().split('\n'), ['steps[1]', 'steps[2].if.then[0]']);
  assert.deepEqual((await replinet.json('thread', 'script', thread.id)).steps.slice(0, -1), agent.script.steps, 'its script is the mended one');
  const asked = model.requests.length;
  const again = await ended(await start('mended', { customer: 'Leslie' }));
  assert.equal(again.status, 'completed', again.error_message);
  assert.deepEqual([orders.at(-1).name, model.requests.length, again.usage.turns], ['Leslie', asked, undefined]);
});

test('what the model cannot do either fails as the step did', async () => {
  const bought = orders.length;
  solve = () => ({ calls: [giveUp('there is no such thing')] });
  await replinet.create('agent', { name: 'hopeless', preset_id: 'thinker', script: { mend: true, steps: [{ goto: at('/cart') }, { click: { role: 'button', name: 'Rent it' } }] }, browser_config: { timeout_ms: 120000 } });
  const asked = model.requests.length;
  const thread = await ended(await start('hopeless', {}));
  assert.deepEqual([thread.status, thread.reason, model.requests.length, orders.length], ['error', 'step_failed', asked + 1, bought]);
  assert.match(thread.error_message, /steps\[1\].*nothing on the page fits/);
  assert.equal((await replinet.json('agent', 'show', 'hopeless')).revision, 1);
});

test('fields of the same name on the page and in a frame of another site stay apart', async () => {
  solve = (conversation) => {
    const text = pageIn(conversation);
    if (text.includes('Thank you')) return { calls: [done()] };
    if (!text.includes('Page: Framed')) return { calls: [{ name: 'goto', arguments: { url: at('/framed') } }] };
    const [outer, inner] = [...text.matchAll(/\[(\d+)\]\*? textbox "Code"/g)].map((found) => Number(found[1]));
    return { calls: inner ? [fill(outer, 'first'), fill(inner, 'second'), click(line(text, 'button "Hand in"'))] : [{ name: 'wait', arguments: { ms: 300 } }] };
  };
  const thread = await ended(await start('buyer', {}));
  assert.equal(thread.status, 'completed', thread.error_message);
  const framed = await replinet.json('thread', 'script', thread.id);
  const fields = framed.steps.filter((step) => step.fill).map((step) => step.fill);
  assert.deepEqual([fields[0].frame, fields[1].frame?.named], [undefined, `localhost:${site.address().port}/inner`], JSON.stringify(framed));
  await replinet.create('agent', { name: 'framed', preset_id: 'plain', script: framed, browser_config: { timeout_ms: 120000 } });
  const again = await ended(await start('framed', {}));
  assert.equal(again.status, 'completed', again.error_message);
  assert.deepEqual(codes, ['second', 'second']);
});

test('what a model extracted and concluded comes again, as the page is then', async () => {
  const sales = () => SOLD[reports % 2].map(([kind, price, link]) => ({ kind, price: Number(price), link: at(link) }));
  const report = () => ({ number: `R-${4711 + reports}`, total: reports * 12 + 0.75, clerk: ['Ada', 'Grace'][reports % 2] });
  const expected = () => ({
    sales: sales(), report: report(), tags: SOLD[reports % 2].map(([kind]) => kind.toLowerCase()), total: report().total, bill: report(),
    day: `2026-11-${10 + reports}`, title: `Report ${reports}`, address: at('/report'),
  });
  solve = (conversation, tools, { schema }) => {
    if (schema) return { text: JSON.stringify(schema.type === 'array' ? sales() : report()) };
    if (!pageIn(conversation).includes('Page: Report')) return { calls: [{ name: 'goto', arguments: { url: at('/report') } }] };
    if (!lastResults(conversation).some(({ text }) => text.includes('Kept as')))
      return { calls: [{ name: 'extract', arguments: { as: 'sales', schema: { type: 'array' } } }, { name: 'extract', arguments: { as: 'report', schema: { type: 'object' } } }] };
    const { sales: found, report: same, ...concluded } = expected();
    return { calls: [done({ ...concluded, sales: found, cheap: true, gone: 'nowhere to be read' })] };
  };
  const result_schema = { type: 'object', required: ['sales', 'total'], properties: { total: { type: 'number' } } };
  await replinet.create('agent', { name: 'reporter', preset_id: 'thinker', browser_config: { timeout_ms: 120000 }, result_schema });
  const thread = await ended(await start('reporter', {}));
  assert.equal(thread.status, 'completed', thread.error_message);
  const answer = await replinet.json('thread', 'script', thread.id, '--whole');
  const as = answer.steps.map((step) => { const [[action, given]] = Object.entries(step); return given.as ? `${action} ${given.as}` : action; });
  assert.deepEqual(as, ['goto', 'wait_for', 'extract sales', 'extract report', 'extract tags', 'evaluate total', 'evaluate bill', 'extract day', 'evaluate title', 'evaluate address'], JSON.stringify(answer, null, 1));
  const { total } = answer.steps[3].extract.fields;
  assert.deepEqual([total.css, total.within, total.type], ['td:nth-of-type(2)', { css: 'tr', text: 'Total' }, 'number'], 'a row by its head');
  assert.ok(!/R-4712|Ada|Grace|White/.test(JSON.stringify(answer.steps)), 'nothing is looked for by what it was');
  assert.deepEqual(answer.left_out.map(({ action, why }) => [action, why.split(':')[0]]), [['done', 'result cheap'], ['done', 'result gone']]);
  assert.deepEqual(answer.result_schema, result_schema);
  await replinet.create('agent', await replinet.json('thread', 'script', thread.id, '--preset', 'plain', '--name', 'reporter again'));
  const again = await ended(await start('reporter again', {}));
  assert.equal(again.status, 'completed', again.error_message);
  assert.deepEqual(again.results, expected());
  assert.equal(reports, 2);
});

test('a script goes to the tabs that the model went to', async () => {
  const calls = [];
  solve = (conversation) => {
    const text = pageIn(conversation), tabs = /^Tab (\d+) of (\d+)/m.exec(text)?.slice(1).join('/') ?? '1/1', title = /Page: (.*)/.exec(text)?.[1];
    const step = () => {
      if (title === 'Terms') return text.includes('value="AL"') ? click(line(text, 'button "Agree"')) : fill(line(text, 'textbox "Initials"'), 'AL');
      if (title === 'Help') return { name: 'tab', arguments: { close: true } };
      if (title !== 'Contract') return { name: 'goto', arguments: { url: at('/contract') } };
      if (/AL Ada/.test(text)) return done({ signed: 'AL Ada' });
      if (calls.at(-1) === 'click Terms') return { name: 'tab', arguments: { to: 2 } };
      if (calls.at(-1) === 'click Help') return fill(line(text, 'textbox "Name"'), 'Ada');
      if (tabs === '1/2') return { name: 'tab', arguments: { to: 'Help' } };
      if (text.includes('value="Ada"')) return click(line(text, 'button "Sign"'));
      return click(line(text, `link "${calls.includes('click Terms') ? 'Help' : 'Terms'}"`));
    };
    const call = step();
    calls.push(call.name === 'click' ? `click ${new RegExp(`\\[${call.arguments.element}\\]\\*? \\w+ "(.*?)"`).exec(text)[1]}` : call.name);
    return { calls: [call] };
  };
  await replinet.create('agent', { name: 'signer', preset_id: 'thinker', browser_config: { timeout_ms: 120000 }, approvals: [{ ask: false }] });
  const thread = await ended(await start('signer', {}));
  assert.equal(thread.status, 'completed', `${thread.error_message} ${calls}`);
  const { steps } = await replinet.json('thread', 'script', thread.id);
  assert.deepEqual(steps.map((step) => Object.keys(step)[0]), ['goto', 'click', 'fill', 'click', 'click', 'fill', 'tab', 'tab', 'click', 'wait_for', 'extract'], JSON.stringify(steps));
  assert.deepEqual([steps[1].click.name, steps[1].click.follow, steps[4].click.name, steps[4].click.follow], ['Terms', true, 'Help', undefined]);
  assert.deepEqual([steps[6].tab, steps[7].tab], [{ to: 'Help' }, { close: true }]);
  await replinet.create('agent', await replinet.json('thread', 'script', thread.id, '--preset', 'plain', '--name', 'signer again'));
  const again = await ended(await start('signer again', {}));
  assert.equal(again.status, 'completed', again.error_message);
  assert.equal(again.results.signed, 'AL Ada');
});

test('the agent\'s own steps before the model are in the script as they are written', async () => {
  const steps = [
    { goto: at('/shop') }, { extract: { as: 'kind', css: 'h1' } }, { click: { text: 'No such thing' }, optional: true, timeout_ms: 300 },
    { for_each: { in: [1, 2], steps: [{ call: 'look' }, { wait_for: '{{results.kind}}' }] }, name: 'Look around' }, { if: { text: 'Black', then: [{ stop: 'seen' }] } }, { fail: 'too far' },
  ];
  const own = { steps, scripts: { look: [{ wait_for: 'Tea' }], begin: [{ fail: 'never' }] } };
  solve = (conversation) => {
    const text = pageIn(conversation);
    if (/Page: Shop/.test(text)) return { calls: [click(line(text, 'link "Choose"'))] };
    return { calls: [/value="1"/.test(text) ? done({ kind: 'Tea' }) : fill(line(text, 'textbox "Note"'), '1')] };
  };
  await replinet.create('agent', { name: 'starter', preset_id: 'thinker', script: own, browser_config: { timeout_ms: 120000 } });
  const thread = await ended(await start('starter', {}));
  assert.equal(thread.status, 'completed', thread.error_message);
  const made = await replinet.json('thread', 'script', thread.id);
  assert.deepEqual(made.steps.map((step) => Object.keys(step)[0]), ['call', 'click', 'fill', 'wait_for'], JSON.stringify(made));
  assert.deepEqual([made.steps[0].call, made.scripts], ['begin 2', { ...own.scripts, 'begin 2': steps.slice(0, 5) }], 'a stop in it ends it alone');
  await replinet.create('agent', { name: 'starter again', preset_id: 'plain', script: made, browser_config: { timeout_ms: 120000 } });
  const again = await ended(await start('starter again', {}));
  assert.equal(again.status, 'completed', again.error_message);
  assert.deepEqual(again.results, { kind: 'Tea' });
});

test('what is no script is said', async () => {
  const plain = (await replinet.json('thread', 'ls', '--agent', 'again')).items[0].id;
  assert.match((await replinet.cli('thread', 'script', id)).stderr, /^left out: done at http.*: result bought: no part/);
  const refused = async (pattern, ...args) => {
    const run = await replinet.cli('thread', 'script', ...args);
    assert.notEqual(run.code, 0);
    assert.match(run.stderr, pattern);
  };
  await refused(/nothing that a model or a person did in this thread/, plain);
  await refused(/parameters: a.b must be a name/, id, '--parameters', '{"a.b":"x"}');
  await refused(/must be an object/, id, '--parameters', '[]');
});
