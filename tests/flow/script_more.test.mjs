// Script agents, second half: choosing, dragging, scrolling, code, branches, tabs, dialogs, files.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startBrowserManager } from './lib/browser_manager.mjs'
import { runScript } from './lib/script_run.mjs'
import { startSite } from './lib/script_site.mjs'

let site, manager
before(async () => {
  site = await startSite()
  manager = await startBrowserManager({
    EGRESS_ALLOW: `127.0.0.1:${site.port},localhost:${site.port}`, POOL_WARM: '1', MAX_BROWSERS: '3'
  })
})
after(async () => {
  await manager?.stop()
  await site?.stop()
})

const log = { extract: { as: 'log', css: '#log' } }
const go = page => ({ goto: `${site.url}${page}` })

async function passes (steps, options) {
  const run = await runScript(manager, steps, options)
  assert.equal(run.status, 'completed', `${run.reason}: ${run.error?.detail} ${run.error?.hint}\n${run.stderr}`)
  return run
}
async function fails (steps, pattern, options) {
  const run = await runScript(manager, steps, options)
  assert.equal(run.status, 'failed', run.stderr)
  assert.match(run.error.detail, pattern)
  return run
}
const logs = async (page, steps, expected) => assert.equal((await passes([go(page), ...steps, log])).results.log, expected)

describe('choosing', () => {
  const choose = (name, steps, expected) => test(name, () => logs('/choose.html', steps, expected))
  choose('an option by text', [{ select: { label: 'Country', option: 'France' } }], 'input;fr;')
  choose('an option by a part of its text', [{ select: { css: '#country', option: 'germ' } }], 'input;de;')
  choose('an option by value', [{ select: { css: '#country', value: 'fr' } }], 'input;fr;')
  choose('an option by number', [{ select: { css: '#country', index: 2 } }], 'input;de;')
  choose('several options', [{ select: { css: '#colours', options: ['red', 'blue'] } }], 'red+blue;')
  choose('an option of a list made of elements', [{ select: { role: 'combobox', name: 'City', option: 'Lyon' } }], 'city Lyon true;')
  choose('a checkbox by the text beside it, twice', [{ check: 'agree' }, { check: 'agree' }, { uncheck: 'agree' }], 'terms true true;terms false true;')
  choose('a checkbox that its label draws', [{ check: { label: 'Newsletter' } }], 'news true true;')
  choose('a radio button', [{ check: { label: 'Large' } }], 'l;')
  choose('a switch that answers late', [{ check: { role: 'switch', name: 'Wi-Fi' } }, { uncheck: { role: 'switch', name: 'Wi-Fi' } }], 'wifi true;wifi false;')
  test('an option that is not there: says which are', () => fails([go('/choose.html'), { select: { css: '#country', option: 'Spain' }, timeout_ms: 700 }], /no option "Spain" among: —, Germany, France/))
  test('a disabled option', () => fails([go('/choose.html'), { select: { css: '#country', value: 'gf' }, timeout_ms: 700 }], /"French Guiana" is disabled/))
  test('a checkbox that stays as it is', () => fails([go('/choose.html'), { check: { label: 'Stubborn' } }], /did not turn it on/))
  test('what is no checkbox', () => fails([go('/choose.html'), { check: 'hover me' }], /is no checkbox, radio button or switch/))
  test('a radio button is not turned off', () => fails([go('/choose.html'), { check: { label: 'Large' } }, { uncheck: { label: 'Large' } }], /by turning another one on/))
})

describe('mouse', () => {
  test('hover opens a menu', () => passes([go('/choose.html'), { hover: 'hover me' }, { assert: 'menu item' }]))
  test('HTML drag and drop', () => logs('/drag.html', [{ drag: { css: '#card', to: { css: '#bin' } } }], 'start;enter;bin got the card true;end;'))
  test('HTML drag and drop to a place out of view', () => logs('/drag.html', [{ drag: { css: '#card', to: 'Far bin' } }], 'start;enter;far got the card true;end;'))
  test('a drag that the page does by itself', () => logs('/drag.html', [{ drag: { css: '#free', right: 200, down: 40 } }], 'box 220 340;'))
  test('scrolls until something appears', () => passes([go('/endless.html'), { scroll: { until: 'Row 95' } }, { assert: 'Row 95' }]))
  test('gives up scrolling', () => fails([go('/endless.html'), { scroll: { until: 'Row 500', max: 4 } }], /within 4 scrolls/))
  test('inside an area, to an element, by an amount', async () => {
    const top = { extract: { as: 'top', css: '#box', read: 'html' } }
    const run = await passes([go('/endless.html'), { scroll: { inside: { css: '#box' }, down: 300 } },
      { evaluate: { script: '[box.scrollTop, scrollY]', as: 'one' } }, { scroll: 'deep inside' }, { evaluate: { script: 'box.scrollTop > 1000', as: 'two' } },
      { scroll: { inside: { css: '#canvas' }, down: 120, to: undefined } }, top])
    assert.equal(run.results.one[0], 300)
    assert.equal(run.results.two, true)
  })
})

describe('evaluate', () => {
  const value = (name, script, expected, more) => test(name, async () => {
    const run = await passes([go('/choose.html'), { set: { factor: 3 } }, { evaluate: { script, as: 'value', ...more } }], { inputs: { a: 'x "quoted" </script>' } })
    assert.deepEqual(run.results.value, expected)
  })
  value('an expression', 'document.title', 'Choose')
  value('statements with a promise', 'const n = await Promise.resolve(7); return { n: n * vars.factor }', { n: 21 })
  value('inputs are data, never code', 'inputs.a', 'x "quoted" </script>')
  test('braces in code are code, also in a bare text', () => passes([go('/choose.html'), { evaluate: '"{{inputs.a}}".length === 12 || replaced()' }], { inputs: { a: 'x' } }))
  value('the target as element', 'element.id', 'wifi', { role: 'switch' })
  value('the target in the isolated world', '[element.id, typeof say]', ['wifi', 'undefined'], { role: 'switch', world: 'isolated' })
  value('the page\'s own functions', 'typeof say', 'function')
  value('nothing', 'undefined', null)
  test('an error of the script', () => fails([go('/choose.html'), { evaluate: 'nothing.at.all' }], /ReferenceError: nothing is not defined/))
  test('what is no JavaScript', () => fails([go('/choose.html'), { evaluate: 'let let' }], /no JavaScript/))
  test('an endless loop', () => fails([go('/choose.html'), { evaluate: 'for (;;) {}', timeout_ms: 1000 }], /did not end in time|terminated/))
  test('too much', () => fails([go('/choose.html'), { evaluate: '"x".repeat(5e6)' }], /more than 4194304/))
})

describe('branches', () => {
  const results = async (steps, options) => (await passes(steps, options)).results
  const keep = (name, value) => ({ evaluate: { script: JSON.stringify(value), as: name } })
  test('if: then, else, and values', async () => {
    const got = await results([go('/choose.html'), { set: { n: 5 } },
      { if: { text: 'Newsletter', then: [keep('a', 'then')], else: [keep('a', 'else')] } },
      { if: { css: '.nothing', then: [keep('b', 'then')], else: [keep('b', 'else')] } },
      { if: { given: '{{vars.n}}', more_than: 4, then: [keep('c', 'more')] } },
      { if: { given: '{{results.none?}}', is_empty: true, then: [keep('d', 'empty')] } },
      { if: { all: [{ given: '{{inputs.x}}', equals: 7 }, { not: { css: '.nothing' } }, { any: ['Nope', 'agree'] }], then: [keep('e', 'all')] } }
    ], { inputs: { x: '7' } })
    assert.deepEqual(got, { a: 'then', b: 'else', c: 'more', d: 'empty', e: 'all' })
  })
  test('for_each over a list and over elements, nested', async () => {
    const got = await results([go('/choose.html'),
      { for_each: { in: '{{inputs.names}}', steps: [{ for_each: { css: '#colours option', steps: [{ evaluate: { script: 'loop.outer.item + element.value', css: '#colours option', nth: '{{loop.index}}', as: 'x' } }, { set: { last: '{{results.x}}' } }] } }] } },
      { for_each: { css: 'label', steps: [{ extract: { within: '{{loop.target}}', css: 'input', as: 'ids', attribute: 'type', append: true, optional: true } }] } }
    ], { inputs: { names: ['a', 'b'] } })
    assert.equal(got.x, 'bblue')
    assert.deepEqual(got.ids.filter(Boolean), ['checkbox', 'checkbox', 'radio', 'radio'])
  })
  test('stop ends with success, within loops too', async () => {
    const run = await passes([{ repeat: { times: 5, steps: [{ if: { given: '{{loop.index}}', equals: 3, then: [{ stop: 'enough' }] } }, { set: { n: '{{loop.index}}' } }] } }, { fail: 'not here' }])
    assert.equal(run.status, 'completed')
  })
  test('fail says its message', () => fails([{ fail: 'No such customer {{inputs.x}}' }], /No such customer 7/, { inputs: { x: 7 } }))
})

describe('history and cookies', () => {
  test('back, forward, reload', async () => {
    const run = await passes([go('/choose.html'), go('/drag.html'), { back: {} }, { assert: { title: 'Choose' } }, { forward: {} }, { assert: { title: 'Drag' } }, { evaluate: 'window.mark = 1' }, { reload: {} }, { evaluate: { script: 'typeof window.mark', as: 'mark' } }])
    assert.equal(run.results.mark, 'undefined')
  })
  test('nothing to go forward to', () => fails([go('/choose.html'), { forward: {} }], /no page to go forward/))
  test('cookies', async () => {
    const run = await passes([go('/choose.html'), { cookies: { set: [{ name: 'a', value: '1' }, { name: 'b', value: '2', http_only: true }] } }, { evaluate: { script: 'document.cookie', as: 'seen' } }, { cookies: { as: 'all' } }, { cookies: { clear: true, as: 'none' } }])
    assert.equal(run.results.seen, 'a=1')
    assert.deepEqual(run.results.all.map(one => [one.name, one.value, one.http_only]).sort(), [['a', '1', false], ['b', '2', true]])
    assert.deepEqual(run.results.none, [])
  })
})

describe('tabs and windows', () => {
  const opens = (name, steps, expected) => test(name, () => logs('/tabs.html', steps, expected))
  test('a link to a new tab is followed, and the list says what is open', async () => {
    const run = await passes([go('/tabs.html'), { click: { text: 'Plain', follow: true } }, { assert: { title: 'Data' } }, { tab: { to: '1', as: 'tabs' } }, { assert: { title: 'Tabs' } }])
    assert.deepEqual(run.results.tabs, [{ number: 1, title: 'Tabs', url: `${site.url}/tabs.html`, current: true }, { number: 2, title: 'Data', url: `${site.url}/data.html`, current: false }])
  })
  test('a link without opener is followed', () => passes([go('/tabs.html'), { click: { text: 'No opener', follow: true } }, { assert: { title: 'Data' } }]))
  opens('a window tells its opener', [{ click: { text: 'Window', follow: true } }, { click: 'Tell' }, { fill: { label: 'Word', value: 'x' } }, { tab: 'Tabs' }], 'told;')
  opens('a window that closes itself: the script goes on in its opener', [{ click: { text: 'Window', follow: true } }, { click: 'Close' }], 'closing;')
  opens('a window that closes itself in the middle of a wait', [{ click: { text: 'Window', follow: true } }, { click: 'Close later' }, { assert: { css: '#log', contains: 'later;' } }], 'later;')
  opens('a window that comes late, by its title and by its address', [{ click: 'Late' }, { tab: { title: 'Child' } }, { click: 'Tell' }, { tab: '1' }, { tab: { url: '*/child.html' } }, { tab: { close: true } }], 'told;')
  opens('a window that its opener writes', [{ click: { text: 'Write', follow: true } }, { click: 'Written here' }, { tab: { to: '-2' } }], '1;')
  opens('a dialog of a window that nobody looks at', [{ click: 'Asking' }, { wait_for: { css: '#log', contains: 'asked' } }], 'asked false;')
  opens('a dialog of a window is answered as asked', [{ dialog: 'accept' }, { click: 'Asking' }, { wait_for: { css: '#log', contains: 'asked' } }], 'asked true;')
  test('opened by the script, and closed by number', async () => {
    const run = await passes([go('/tabs.html'), { tab: { open: `${site.url}/data.html` } }, { extract: { as: 'h', css: 'h1' } }, { tab: { to: '1', close: true, as: 'left' } }, { assert: { title: 'Data' } }])
    assert.deepEqual([run.results.h, run.results.left.length], ['Big heading', 1])
  })
  test('tabs opened one after another all come: a page may be there before its new process was listened to', () => {
    const steps = [{ tab: { open: `${site.url}/data.html?{{loop.index}}` } }, { tab: { close: true } }]
    return passes([go('/tabs.html'), { repeat: { times: 25, steps } }])
  })
  test('a tab that the script opened: closing it leads back to where it was opened, not to the last one', () =>
    passes([go('/tabs.html'), { click: 'Window' }, { tab: { title: 'Child' } }, { tab: '1' }, { tab: { open: `${site.url}/data.html` } }, { tab: { close: true } }, { assert: { title: 'Tabs' } }]))
  test('the last tab closed: an empty one takes its place', async () => {
    const run = await passes([go('/tabs.html'), { tab: { close: true, as: 'left' } }, go('/data.html'), { assert: { title: 'Data' } }])
    assert.deepEqual(run.results.left.map(tab => tab.url), ['about:blank'])
  })
  test('no such tab: says which there are', async () => {
    const run = await fails([go('/tabs.html'), { tab: { to: 'Nothing' }, timeout_ms: 700 }], /no tab fits/)
    assert.match(run.error.hint, /1 "Tabs"/)
  })
  test('a click that opens none', () => fails([go('/tabs.html'), { click: { text: 'Nothing', follow: true }, timeout_ms: 700 }], /no tab or window was opened/))
  test('too many windows are closed again', async () => {
    const run = await passes([go('/tabs.html'), { click: 'Many' }, { wait_for: { ms: 1500 } }, { tab: { as: 'tabs' } }])
    assert.ok(run.results.tabs.length <= 24, String(run.results.tabs.length))
  })
})

describe('dialogs as asked', () => {
  test('a confirm accepted, a prompt answered, both read', async () => {
    const run = await passes([go('/dialogs.html'), { dialog: { answer: 'accept', on: 'confirm' } }, { dialog: { text: 'Ann' } }, { click: 'Alert' }, { dialog: { as: 'first' } }, { click: 'Confirm' }, { click: 'Prompt' }, { dialog: { as: 'last' } }, log])
    assert.equal(run.results.log, 'after alert;confirm true;prompt Ann;')
    assert.equal(run.results.first.type, 'alert')
    assert.deepEqual([run.results.last.type, run.results.last.accepted, run.results.last.text], ['prompt', true, 'Ann'])
  })
  test('a page that shall not be left stays', () =>
    passes([go('/dialogs.html'), { click: 'Arm' }, { dialog: { answer: 'dismiss', on: 'beforeunload' } }, { click: 'Leave' }, { dialog: { as: 'said' } }, { assert: { title: 'Dialogs' } }, { click: 'Leave' }, { assert: { title: 'Data' } }]))
  test('none is shown', () => fails([go('/dialogs.html'), { dialog: { as: 'x' }, timeout_ms: 300 }], /no dialog was shown/))
})

describe('uploads', () => {
  const file = { name: 'a.txt', text: 'alpha' }
  const uploads = (name, steps, expected, options) => test(name, async () => {
    const run = await passes([go('/upload.html'), ...steps, log], options)
    assert.equal(run.results.log, expected)
  })
  uploads('text into an input', [{ upload: { label: 'One', file } }, { wait_for: { css: '#log', contains: 'alpha' } }], 'one: a.txt alpha trusted;')
  uploads('several, from base64 of the inputs', [{ upload: { css: '#several', files: [file, { name: 'имя b.bin', base64: '{{inputs.b}}' }] } }, { wait_for: { css: '#log', contains: 'beta' } }],
    'several: a.txt alpha, имя b.bin beta trusted;', { inputs: { b: Buffer.from('beta').toString('base64') } })
  uploads('a hidden input behind a button that opens a chooser', [{ upload: { text: 'Choose', file } }, { wait_for: { css: '#log', contains: 'alpha' } }], 'hidden: a.txt alpha trusted;')
  uploads('an input that a script makes', [{ upload: { text: 'Made', file } }, { wait_for: { css: '#log', contains: 'alpha' } }], 'made: a.txt alpha trusted;')
  uploads('dropped', [{ upload: { text: 'Drop here', drop: true, files: [file, { name: 'b.txt', text: 'beta' }] } }, { wait_for: { css: '#log', contains: 'beta' } }], 'over;dropped: a.txt alpha, b.txt beta trusted;')
  uploads('in an iframe of another site, the same file again', [{ upload: { label: 'One', file } }, { upload: { label: 'Inner', file } }, { wait_for: 'inner got a.txt' }, { wait_for: { css: '#log', contains: 'alpha' } }], 'one: a.txt alpha trusted;')
  test('what was downloaded before', async () => {
    const run = await passes([go('/files'), { download: { click: 'Report', as: 'report' } }, go('/upload.html'), { upload: { label: 'One', file: '{{results.report.artifact}}' } }, { wait_for: { css: '#log', contains: 'report text' } }, log])
    assert.equal(run.results.log, 'one: report 2026.txt report text trusted;')
  })
  test('several into an input for one', () => fails([go('/upload.html'), { upload: { label: 'One', files: [file, { name: 'b', text: '' }] } }], /takes one file only/))
  test('an element that asks for no file', () => fails([go('/upload.html'), { upload: { text: 'Nothing', file }, timeout_ms: 800 }], /asked for no file/))
  test('another file of the same name', () => fails([go('/upload.html'), { upload: { label: 'One', file } }, { upload: { label: 'One', file: { name: 'a.txt', text: 'other' } } }], /another file named a.txt already/))
  test('a name that is a path', () => fails([go('/upload.html'), { upload: { label: 'One', file: { name: '../a', text: '' } } }], /no name for a file/))
  test('an artifact that there is not', () => fails([go('/upload.html'), { upload: { label: 'One', file: '00000000-0000-7000-8000-000000000000' } }], /no file with the id/))
})
