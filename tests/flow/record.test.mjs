// What a person does with the browser in hand is a script that does the same again: every kind of control, in shadow roots,
// frames and other tabs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from './lib/instance.mjs';
import { watchBrowser } from './lib/live_client.mjs';
import { click, done as finished, find, lastResults, pageIn } from './lib/model_talk.mjs';
import { startModelWorld, startPages, threadsOf } from './lib/model_world.mjs';

const at = (x, y, inner, more = '') => `<div style="position:absolute;left:${x}px;top:${y}px;${more}">${inner}</div>`;
const page = (title, body) => `<!doctype html><meta charset=utf-8><title>${title}</title><style>body{margin:0;font:16px sans-serif}
input,select,textarea,button{width:140px;height:30px;margin:0;box-sizing:border-box}[type=checkbox],[type=radio]{width:20px;height:20px}</style>${body}`;
const options = (...names) => names.map((name) => `<option>${name}</option>`).join('');

const fields = () => page('fields', `
${at(20, 20, `<input aria-label=First id=first>`)}
${at(20, 60, `<select aria-label=Country id=country>${options('France', 'Spain', 'Peru')}</select>`)}
${at(20, 100, `<select aria-label=Sizes id=sizes multiple style="height:80px">${options('Small', 'Medium', 'Large')}</select>`)}
${at(20, 200, `<label><input type=checkbox id=news checked> News</label>`)}
${at(20, 240, `<label><input type=radio name=ship value=sea> Sea</label><br><label><input type=radio name=ship value=air> Air</label>`)}
${at(20, 320, `<div contenteditable aria-label=Story role=textbox id=story style="width:140px;height:60px;border:1px solid"></div>`)}
${at(20, 400, `<textarea aria-label=Notes id=notes style="height:60px"></textarea>`)}
${at(20, 480, `<input type=range aria-label=Volume id=volume min=0 max=100 value=0>`)}
${at(20, 520, `<input type=date aria-label=Day id=day>`)}
${at(20, 560, `<input type=file aria-label=Papers id=papers>`)}
${at(20, 650, `<input type=color aria-label=Tint id=tint>`)}
${at(20, 600, `<textarea aria-label=Chat id=chat></textarea>`)}
${at(220, 20, '<open-box></open-box>')}
${at(220, 140, '<closed-box></closed-box>')}
${at(220, 260, '<iframe src="/inner?site=same" style="width:300px;height:100px;border:0"></iframe>')}
${at(220, 380, `<iframe src="http://localhost:${site.address().port}/inner?site=other" style="width:300px;height:100px;border:0"></iframe>`)}
${at(600, 20, '<div id=card draggable=true style="width:80px;height:40px;background:#cce">Card</div>')}
${at(600, 120, '<div id=bin style="width:200px;height:80px;background:#eec">Bin</div>')}
${at(600, 240, '<div id=knob style="width:40px;height:40px;background:#c66;touch-action:none;user-select:none;position:absolute">K</div>')}
${at(820, 20, '<button>Probe</button>')}
${at(820, 160, '<button>Ready</button>')}
${at(820, 60, '<button ondblclick="doubled++">Twice</button>')}
${at(820, 100, '<input role=combobox aria-label=Tea id=tea>')}
${at(600, 320, '<button id=open onclick="window.open(\'/second\')">Open</button>')}
${at(600, 360, '<button id=hand>Hand in</button>')}
<script>
const roots = {};
const box = (mode) => class extends HTMLElement { connectedCallback() {
  const root = roots[mode] = this.attachShadow({ mode });
  root.innerHTML = '<style>input,select{width:140px;height:30px;margin:0}</style><input aria-label="' + mode + ' name"><br><select aria-label="' + mode + ' list"><option>One<option>Two<option>Three</select><br><label><input type=checkbox style="width:20px"> ' + mode + ' tick</label>';
} };
customElements.define('open-box', box('open')); customElements.define('closed-box', box('closed'));
let said = '';
chat.onkeydown = (event) => { if (event.key === 'Enter') { event.preventDefault(); said += chat.value + '!'; chat.value = ''; } };
let dropped = '', moved = 0, doubled = 0, suggested = 0;
tea.onkeydown = (event) => { if (event.key === 'ArrowDown') { event.preventDefault(); suggested++; } else if (event.key === 'Enter' && suggested) { event.preventDefault(); tea.value = ['', 'Assam', 'Ceylon'][suggested]; suggested = 0; } };
const tell = (title) => { document.title = title; };
card.ondragstart = (event) => { event.dataTransfer.setData('text', 'card'); tell('dragging'); };
bin.ondragover = (event) => { event.preventDefault(); tell('over'); };
bin.ondrop = (event) => { event.preventDefault(); dropped += event.dataTransfer.getData('text'); tell('dropped'); };
card.ondragend = () => tell(dropped ? 'dropped' : 'fields');
knob.onpointerdown = (event) => { const from = event.clientX, begin = moved; knob.setPointerCapture(event.pointerId);
  knob.onpointermove = (move) => { moved = begin + Math.round(move.clientX - from); knob.style.left = moved + 'px'; };
  knob.onpointerup = () => { knob.onpointermove = null; }; };
hand.onclick = () => {
  const state = { first: first.value, country: country.value, sizes: [...sizes.selectedOptions].map((o) => o.value).join(), news: news.checked, ship: document.querySelector(':checked[name=ship]')?.value,
    story: story.innerText.trim(), notes: notes.value, volume: volume.value, day: day.value, tint: tint.value, tea: tea.value, said, dropped, moved, doubled };
  for (const mode of ['open', 'closed']) { const [name, tick] = roots[mode].querySelectorAll('input'); Object.assign(state, { [mode]: [name.value, roots[mode].querySelector('select').value, tick.checked].join() }); }
  location.href = '/sent?' + new URLSearchParams({ state: JSON.stringify(state) });
};
</script>`);

/* A page that makes what a person never did: clicks, a label that passes one on, letters that the browser takes for typed ones,
 * acts told to a binding, ways back in its history; and that makes a flood of letters out of one press. */
const forged = () => page('first', `${at(20, 20, '<button id=fake>Fake</button>')}${at(20, 60, '<label id=passes><input type=checkbox hidden>Fake too</label>')}
${at(20, 100, '<input aria-label="Fake field" id=field>')}${at(20, 140, '<input aria-label=Nick id=nick>')}${at(220, 20, '<button>Probe</button>')}
${at(220, 60, '<button id=flood>Flood</button>')}
<script>
const write = (into, text) => { into.focus(); document.execCommand('insertText', false, text); into.blur(); };
onload = () => setInterval(() => { fake.click(); passes.click(); fake.dispatchEvent(new MouseEvent('click', { bubbles: true }));
  if (document.activeElement !== nick) write(field, 'forged');
  window.replinetActed?.('{"action":"goto","url":"http://forged/"}'); }, 100);
flood.onclick = () => { for (let i = 0; i < 300; i++) write(nick, 'f'); document.title = 'flooded'; };
onpageshow = () => { if (sessionStorage.hopped) document.title = 'forged'; else setTimeout(() => { sessionStorage.hopped = 1; location.href = '/hop'; }, 300); };
</script>`);

/* Fields whose letters are secret although they do not always look so. */
const secrets = () => page('secrets', `${at(20, 20, '<input aria-label=Masked id=masked onfocus="type=\'password\'" onblur="type=\'text\'">')}
${at(20, 60, '<input aria-label=Discs id=discs style="-webkit-text-security:disc" oninput="style.webkitTextSecurity=\'none\'">')}
${at(20, 100, '<input aria-label="Number on it" id=number autocomplete="billing cc-number">')}${at(20, 140, '<input aria-label=Check id=cvc name=cvc>')}
${at(20, 180, '<input aria-label=Once id=once autocomplete=one-time-code>')}${at(20, 220, '<input aria-label=Reference id=reference>')}
${at(20, 260, '<input aria-label=Open id=plain>')}${at(220, 20, '<button>Probe</button>')}
${at(220, 60, '<button id=hand>Hand in</button>')}
<script>hand.onclick = () => { fetch('/sent?' + new URLSearchParams([...document.querySelectorAll('input')].map((one) => [one.id, one.value]))); document.title = 'over'; };</script>`);

const PAGES = {
  '/forged': forged,
  '/over': () => page('over', ''),
  '/hop': () => page('hop', '<script>onload = () => setTimeout(() => history.back(), 50)</script>'),
  '/secrets': secrets,
  '/fields': fields,
  '/inner': (url) => page('inner', `<form action=/sent>${at(0, 0, '<input aria-label="Inner name" name=inner>')}${at(0, 40, '<label><input type=checkbox name=tick> Inner tick</label>')}${at(120, 40, '<button type=button style="width:100px">Inner probe</button>')}<input type=hidden name=site value=${url.searchParams.get('site')}></form>`),
  '/second': () => page('second', `${at(20, 20, '<input aria-label=Second id=second oninput="if (value === \'last\') document.title=\'typed last\'">')}${at(20, 60, '<button onclick="fetch(\'/sent?second=\'+second.value);document.title=\'kept\'">Keep</button>')}${at(20, 100, '<button>Other</button>')}`),
  '/sent': (url) => (sent.push(Object.fromEntries(url.searchParams)), page('sent', '<button style="position:absolute;left:20px;top:20px" onclick="document.title=\'over\'">Finish</button>')),
};
const sent = [];
let site, world, model, replinet, door;
const address = (path) => `http://127.0.0.1:${site.address().port}${path}`;

/** A model that leaves a field to a person, and goes on with what they put there. */
function asker (conversation) {
  const text = pageIn(conversation);
  if (!text.includes('Page: second') && !text.includes('Page: kept')) return { calls: [{ name: 'goto', arguments: { url: address('/second') } }] };
  if (text.includes('Page: kept')) return { calls: [finished()] };
  if (lastResults(conversation).at(-1)?.text.includes('did it in the browser')) return { calls: [click(find(text, 'button "Keep"'))] };
  return { calls: [{ name: 'ask_user', arguments: { text: 'What goes into the field?' } }] };
}

before(async () => {
  site = await startPages(PAGES);
  world = await startModelWorld(site, asker, { MAX_BROWSERS: '2' });
  ({ model, replinet } = world);
  const sign = async (claims) => (await replinet.cli('ticket', JSON.stringify(claims), '600')).stdout.trim();
  door = { port: Number(replinet.env.DOOR_PORT), signer: { sign } };
  await replinet.create('preset', { name: 'plain', ai_model: 'script' });
});
after(() => world?.stop());

const { when, ended } = threadsOf(() => replinet);
const acts = (id) => JSON.parse(replinet.sql(`SELECT coalesce(json_agg(json_build_object('message', message, 'data', data) ORDER BY seq), '[]') FROM thread_events WHERE thread_id = '${id}' AND kind = 'person.acted'`));
const said = (id, wanted) => acts(id).some(({ message }) => message.includes(wanted));

/* Control is noticed between two steps. */
const untilOver = { repeat: { until: { title: 'over' }, max: 1000, steps: [{ wait_for: { ms: 200 } }] } };
async function begin (name, steps, title) {
  await replinet.create('agent', { name, preset_id: 'plain', browser_config: { timeout_ms: 180000 }, script: { steps: [...steps, untilOver] } });
  const { id } = await replinet.json('thread', 'start', name);
  const { browser_id: browser } = await when(id, 'a browser', (thread) => thread.status === 'running' && thread.browser_id);
  const viewer = await watchBrowser(door, browser, { sub: 'olga', name: 'Olga', control: true });
  await viewer.whenState((state) => state.title === title && state.run === 'running', 'the page of the run', 60000);
  await viewer.takeControl();
  await when(id, 'a waiting thread', (thread) => thread.status === 'waiting');
  return { id, viewer };
}
const type = (viewer, text) => { for (const letter of text) viewer.press(letter, /\d/.test(letter) ? `Digit${letter}` : `Key${letter.toUpperCase()}`, letter.toUpperCase().charCodeAt(0), letter); };
const KEYS = { Tab: 9, Enter: 13, Escape: 27, ArrowDown: 40, ArrowUp: 38, End: 35 };
const key = (viewer, name) => viewer.press(name, name, KEYS[name], name === 'Enter' ? '\r' : undefined);
const mouse = (viewer, event, x, y, buttons = 1) => viewer.say('mouse', { event, x, y, button: event === 'move' && !buttons ? 'none' : 'left', buttons, clicks: event === 'move' ? 0 : 1 });
/** Clicks something that changes nothing until that is heard. */
const heard = (id, viewer, x, y, words) => until(`${words} listened to`, () => { viewer.click(x, y); return said(id, words); });
/** The same in a tab, which is in front by then: tabs that come and go change that. */
const heardIn = (id, viewer, tab, x, y, words) => until(`${words} listened to in tab ${tab + 1}`, () => {
  const { id: target, active } = viewer.state.tabs[tab];
  if (active) viewer.click(x, y);
  else viewer.say('tab', { action: 'activate', id: target });
  return said(id, words);
});
/** What was done, without what only looked whether somebody listens. */
const done = (id) => acts(id).map(({ message }) => message.replace(/^Olga /, '')).filter((words) => !/"(?:Probe|Inner probe|Other|Ready|Finish)"/.test(words));
/** Waits until an act is told. */
const told = (id, words) => until(`the act "${words}"`, () => said(id, words));


/** Chromium sometimes loses the first drag of a page that the mouse moves on at once: a person would try again. */
async function dragCard (viewer) {
  const becomes = (title, x, y) => until(title, () => { mouse(viewer, 'move', x + Math.round(Math.random() * 8), y); return viewer.state.title === title; }, 4000).then(() => true, () => false);
  mouse(viewer, 'move', 640, 40, 0);
  mouse(viewer, 'down', 640, 40);
  const isOver = await becomes('dragging', 645, 45) && await becomes('over', 696, 160);
  mouse(viewer, 'up', 700, 160, 0);
  return isOver && until('the drop', () => viewer.state.title === 'dropped', 4000).catch(() => false);
}

test('every kind of control, in shadow roots, frames and another tab', async () => {
  const { id, viewer } = await begin('Fields', [{ goto: address('/fields') }], 'fields');
  const twice = (x, y) => { viewer.click(x, y); viewer.click(x, y, { clicks: 2 }); };
  await heard(id, viewer, 890, 35, 'clicked button "Probe"');
  viewer.click(100, 35); type(viewer, 'ada');
  key(viewer, 'Tab'); key(viewer, 'ArrowDown'); key(viewer, 'ArrowDown');
  viewer.click(60, 110); viewer.click(60, 145, { modifiers: ['Control'] });
  viewer.click(30, 210);
  viewer.click(30, 250); key(viewer, 'ArrowDown');
  viewer.click(100, 350); type(viewer, 'ab'); key(viewer, 'Enter'); type(viewer, 'cd');
  viewer.click(100, 430); type(viewer, 'ef'); key(viewer, 'Enter'); type(viewer, 'gh');
  viewer.click(100, 495);
  viewer.click(30, 535); type(viewer, '01022026');
  viewer.click(100, 615); type(viewer, 'hi'); key(viewer, 'Enter'); type(viewer, 'ho'); key(viewer, 'Enter');
  twice(890, 75);
  viewer.click(890, 115); type(viewer, 't'); key(viewer, 'ArrowDown'); key(viewer, 'ArrowDown'); key(viewer, 'Enter');
  viewer.click(290, 35); type(viewer, 'op'); key(viewer, 'Tab'); key(viewer, 'ArrowDown'); viewer.click(230, 95);
  viewer.click(290, 155); type(viewer, 'cl'); key(viewer, 'Tab'); key(viewer, 'ArrowDown'); viewer.click(230, 215);
  viewer.click(290, 275); type(viewer, 'same'); viewer.click(230, 315); viewer.click(290, 275); key(viewer, 'Enter');
  await told(id, 'pressed Enter in textbox "Inner name"');
  await heard(id, viewer, 350, 435, 'clicked button "Inner probe" in frame');
  viewer.click(290, 395); type(viewer, 'other'); viewer.click(230, 435); viewer.click(290, 395); key(viewer, 'Enter');
  await told(id, 'pressed Enter in textbox "Inner name" in frame');
  await until('the card in the bin', () => dragCard(viewer));
  mouse(viewer, 'move', 620, 260, 0); mouse(viewer, 'down', 620, 260); mouse(viewer, 'move', 640, 261); mouse(viewer, 'move', 690, 262); mouse(viewer, 'up', 690, 262, 0);
  viewer.click(100, 575);
  const { id: chooser } = await viewer.heard('chooser');
  viewer.say('files', { chooser, names: [] });
  viewer.click(670, 335);
  await viewer.whenState((state) => state.title === 'second', 'the second tab');
  await heard(id, viewer, 90, 115, 'clicked button "Other"');
  viewer.click(100, 35); type(viewer, 'two'); viewer.click(100, 75);
  await viewer.whenState((state) => state.title === 'kept', 'the second tab has done it');
  await told(id, 'clicked button "Keep"');
  await heardIn(id, viewer, 0, 890, 175, 'clicked button "Ready"');
  viewer.click(670, 375);
  await viewer.whenState((state) => state.title === 'sent', 'the fields handed in');
  await heard(id, viewer, 40, 30, 'clicked button "Finish"');
  viewer.say('return_control');
  assert.equal((await ended(id)).status, 'completed');
  assert.deepEqual(done(id), [
    'filled textbox "First"', 'pressed Tab in textbox "First"', 'chose Peru in combobox "Country"', 'chose Small, Large in listbox "Sizes"',
    'unticked checkbox "News"', 'ticked radio "Sea"', 'ticked radio "Air"', 'filled textbox "Story"', 'filled textbox "Notes"', 'filled slider "Volume"',
    'filled textbox "Day"', 'filled textbox "Chat"', 'pressed Enter in textbox "Chat"', 'filled textbox "Chat"', 'pressed Enter in textbox "Chat"',
    'clicked button "Twice"', 'filled combobox "Tea"', 'pressed ArrowDown in combobox "Tea"', 'pressed ArrowDown in combobox "Tea"',
    'pressed Enter in combobox "Tea"', 'filled textbox "open name"', 'pressed Tab in textbox "open name"', 'chose Two in combobox "open list"',
    'ticked checkbox "open tick"', 'filled textbox "closed name"', 'pressed Tab in textbox "closed name"', 'chose Two in combobox "closed list"',
    'ticked checkbox "closed tick"', 'filled textbox "Inner name"', 'ticked checkbox "Inner tick"', 'pressed Enter in textbox "Inner name"',
    ...['filled textbox "Inner name"', 'ticked checkbox "Inner tick"', 'pressed Enter in textbox "Inner name"'].map((words) => `${words} in frame "localhost:${site.address().port}/inner"`),
    'dragged text "Card"', 'dragged text "K"', 'clicked button "Open"', 'went to tab 2', 'filled textbox "Second"', 'clicked button "Keep"',
    'went to tab 1', 'clicked button "Hand in"',
  ]);
  assert.ok(acts(id).every(({ data }) => data.replay), 'each is a step');
  const mine = sent.splice(0);
  assert.equal(mine.length, 4);
  assert.deepEqual(JSON.parse(mine[3].state), {
    first: 'ada', country: 'Peru', sizes: 'Small,Large', news: false, ship: 'air', story: 'ab\ncd', notes: 'ef\ngh', volume: '58', day: '2026-01-02',
    tint: '#000000', tea: 'Ceylon', said: 'hi!ho!', dropped: 'card', moved: 70, doubled: 1, open: 'op,Two,true', closed: 'cl,Two,true',
  });
  const script = await replinet.json('thread', 'script', id);
  await replinet.create('agent', { name: 'Fields again', preset_id: 'plain', script, browser_config: { timeout_ms: 120000 } });
  const again = await ended((await replinet.json('thread', 'start', 'Fields again')).id);
  assert.equal(again.status, 'completed', again.error_message);
  assert.deepEqual(sent.splice(0), mine);
});

test('what pages make is no act of a person, and no flood; addresses and tabs are', async () => {
  const { id, viewer } = await begin('Forged', [{ goto: address('/second') }], 'second');
  await heard(id, viewer, 90, 115, 'clicked button "Other"');
  viewer.say('navigate', { url: address('/forged').replace('//', '//ada:hush@') });
  await viewer.whenState((state) => state.title === 'forged', 'the page that forges');
  await heard(id, viewer, 310, 35, 'clicked button "Probe"');
  viewer.click(100, 155);
  type(viewer, 'me');
  viewer.click(310, 75);
  await viewer.whenState((state) => state.title === 'flooded', 'the flood');
  viewer.say('tab', { action: 'new' });
  await viewer.whenState((state) => state.tabs.length === 2, 'a new tab');
  let asked = 0; // a tab that has just come may not take an address yet
  await until('the page in it', () => {
    const [, { id: target, active, title }] = viewer.state.tabs;
    if (!active) viewer.say('tab', { action: 'activate', id: target });
    else if (Date.now() - asked > 3000) viewer.say('navigate', { url: address('/second') });
    asked = active && Date.now() - asked > 3000 ? Date.now() : asked;
    return title === 'second';
  });
  await until('the address told', () => done(id).some((words) => words.startsWith('opened a new tab')));
  viewer.say('tab', { action: 'close', id: viewer.state.tabs[1].id });
  await viewer.whenState((state) => state.tabs.length === 1, 'the first tab alone');
  await until('the end', () => {
    const [{ id: target, active, title }] = viewer.state.tabs;
    if (!active) viewer.say('tab', { action: 'activate', id: target });
    else if (Date.now() - asked > 3000) viewer.say('navigate', { url: address('/over') });
    asked = active && Date.now() - asked > 3000 ? Date.now() : asked;
    return title === 'over';
  });
  await told(id, '/over');
  viewer.say('return_control');
  assert.equal((await ended(id)).status, 'completed');
  const list = done(id);
  const floods = list.filter((words) => words === 'filled textbox "Nick"').length;
  assert.ok(floods > 0 && floods <= 120, `${floods} of 300`);
  assert.match(replinet.sql(`SELECT string_agg(message, '|') FROM thread_events WHERE thread_id = '${id}' AND kind = 'note'`), /more than a person can do/);
  const forgedAddress = address('/forged'), second = address('/second');
  assert.deepEqual(list.filter((words) => !words.includes('Nick') && words !== `went to ${second}`), [`went to ${forgedAddress}`, 'clicked button "Flood"', `opened a new tab ${second}`, 'closed tab 2', 'went to tab 1', `went to ${address('/over')}`]);
  assert.doesNotMatch(JSON.stringify(acts(id)), /hush|Fake|forged\/"|hop/);
  const { steps } = await replinet.json('thread', 'script', id);
  const moves = steps.filter((step) => step.tab || step.goto).map((step) => step.tab ?? step.goto);
  assert.deepEqual(moves.filter((move, i) => !i || move !== second), [second, forgedAddress, { open: second }, { to: '2', close: true }, { to: '1' }, address('/over')]);
});

test('secrets are kept nowhere, whatever their fields look like', async () => {
  const { id, viewer } = await begin('Secrets', [{ goto: address('/secrets') }], 'secrets');
  const typed = { masked: 'hushone', discs: 'hushtwo', number: '4111111111111111', cvc: '987', once: '246810', reference: '5500005555555559', plain: 'openly' };
  await heard(id, viewer, 310, 35, 'clicked button "Probe"');
  Object.values(typed).forEach((text, i) => { viewer.click(100, 35 + 40 * i); type(viewer, text); });
  viewer.click(310, 75);
  await viewer.whenState((state) => state.title === 'over', 'the secrets handed in');
  viewer.say('return_control');
  assert.equal((await ended(id)).status, 'completed');
  assert.deepEqual(sent.splice(0), [typed]);
  const kept = replinet.sql(`SELECT string_agg(message || data::text, '') FROM thread_events WHERE thread_id = '${id}'`);
  for (const secret of Object.values(typed).slice(0, -1)) assert.ok(!kept.includes(secret), secret);
  const script = await replinet.json('thread', 'script', id);
  assert.deepEqual(script.steps.filter((step) => step.fill).map((step) => step.fill.value), ['password', 'password', 'card_number', 'card_code', 'code', 'card_number'].map((name) => `{{inputs.${name}}}`).concat('openly'));
  await replinet.create('agent', { name: 'Secrets again', preset_id: 'plain', script, browser_config: { timeout_ms: 60000 } });
  const inputs = { password: 'other', card_number: '4000000000000002', card_code: '123', code: '135790' };
  const again = await ended((await replinet.json('thread', 'start', 'Secrets again', '--inputs', JSON.stringify(inputs))).id);
  assert.equal(again.status, 'completed', again.error_message);
  assert.deepEqual(sent.splice(0), [{ masked: 'other', discs: 'other', number: '4000000000000002', cvc: '123', once: '135790', reference: '4000000000000002', plain: 'openly' }]);
});

test('what was typed last is kept when the run is stopped meanwhile', async () => {
  const { id, viewer } = await begin('Stopped', [{ goto: address('/second') }], 'second');
  await heard(id, viewer, 90, 115, 'clicked button "Other"');
  viewer.click(100, 35);
  type(viewer, 'last');
  await viewer.whenState((state) => state.title === 'typed last', 'the letters there');
  assert.equal((await replinet.cli('thread', 'stop', id)).code, 0);
  assert.equal((await ended(id)).status, 'stopped');
  const { steps } = await replinet.json('thread', 'script', id);
  assert.equal(steps.find((step) => step.fill)?.fill.value, 'last');
});

test('what a person does instead of an answer stands among the model\'s steps', async () => {
  await replinet.create('preset', { name: 'thinker', ai_model: 'one/seer' });
  await replinet.create('agent', { name: 'Asks', preset_id: 'thinker', browser_config: { timeout_ms: 120000 } });
  const { id } = await replinet.json('thread', 'start', 'Asks', '--task', 'Keep it');
  const { browser_id: browser } = await when(id, 'a question', (thread) => thread.reason === 'question');
  const viewer = await watchBrowser(door, browser, { sub: 'olga', name: 'Olga', control: true });
  await viewer.whenState((state) => state.title === 'second', 'the page of the run');
  await viewer.takeControl();
  await heard(id, viewer, 90, 115, 'clicked button "Other"');
  viewer.click(100, 35);
  type(viewer, 'mine');
  viewer.say('return_control');
  const thread = await ended(id);
  assert.equal(thread.status, 'completed', thread.error_message);
  const script = await replinet.json('thread', 'script', id);
  const names = script.steps.map((step) => Object.entries(step)[0]).map(([action, given]) => `${action} ${given.name ?? ''} ${given.value ?? ''}`.trim());
  assert.deepEqual(names.filter((name) => !name.includes('Other')).slice(0, 3), ['goto', 'fill Second mine', 'click Keep']);
  const asked = model.requests.length;
  await replinet.create('agent', { name: 'Asks no more', preset_id: 'plain', script, browser_config: { timeout_ms: 60000 } });
  const again = await ended((await replinet.json('thread', 'start', 'Asks no more')).id);
  assert.equal(again.status, 'completed', again.error_message);
  assert.deepEqual([sent.splice(0), model.requests.length], [[{ second: 'mine' }, { second: 'mine' }], asked]);
});
