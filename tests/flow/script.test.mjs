// Script agents: what steps do to real pages in real, walled-off browsers, and how they fail.
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
/** Every target in one browser: after each click or fill the page's log must say what is expected. */
async function logsAfter (page, cases) {
  const steps = [go(page)]
  cases.forEach(([step], i) => steps.push(step, { extract: { as: `log${i}`, css: '#log' } }))
  const run = await passes(steps)
  return cases.map(([, expected], i) => [run.results[`log${i}`], expected])
}

describe('targets', () => {
  const cases = {
    'visible text, innermost element, any case': [{ click: 'pay NOW' }, ''],
    'text of a button, first of two': [{ click: 'Save' }, 'first trusted'],
    'nth of several': [{ click: { text: 'Save', nth: 2 } }, 'second trusted'],
    'nth from the end': [{ click: { text: 'Save', nth: -1 } }, 'second trusted'],
    css: [{ click: { css: 'button.second' } }, 'second trusted'],
    'css and text together': [{ click: { css: '.second', text: 'save' } }, 'second trusted'],
    'role and aria-label': [{ click: { role: 'button', name: 'Close' } }, 'close trusted'],
    'role and aria-labelledby': [{ click: { role: 'button', name: 'pay now' } }, 'pay trusted'],
    'link named by an image': [{ click: { role: 'link', name: 'Company logo', exact: true } }, 'image trusted'],
    'input button named by its value': [{ click: { role: 'button', name: 'Send it' } }, 'send trusted'],
    'text of an input button': [{ click: 'Send it' }, 'send trusted'],
    'label with for': [{ fill: { label: 'E-mail', value: 'a@b.c' } }, 'mail a@b.c trusted'],
    'label around the field': [{ fill: { label: 'phone', value: '12' } }, 'phone 12 trusted'],
    placeholder: [{ fill: { placeholder: 'search the', value: 'x' } }, 'search x trusted'],
    'test id': [{ click: { test_id: 'checkout' } }, 'checkout trusted'],
    'within a row found by its text': [{ click: { text: 'Edit', within: { css: 'tr', text: 'Bob' } } }, 'edit Bob trusted'],
    'the first of the fallbacks that something fits': [{ click: { role: 'button', name: 'No such', fallback: [{ css: '#none' }, { text: 'Edit', within: { css: 'tr', text: 'Bob' } }, 'pay now'] } }, 'edit Bob trusted'],
    'a fallback that is not needed': [{ click: { test_id: 'checkout', fallback: ['pay now'] } }, 'checkout trusted'],
    'inside a form that shadows DOM properties': [{ click: 'Clobbered' }, 'clobbered trusted']
  }
  let seen
  before(async () => { seen = await logsAfter('/locators.html', Object.values(cases)) })
  Object.keys(cases).forEach((name, i) => test(name, () => assert.equal(...seen[i])))

  test('open shadow roots, nested', async () => {
    const run = await passes([go('/shadow.html'), { click: '5 stars' }, log, { fill: { label: 'Comment', value: 'good' } }, { assert: 'echo good' }])
    assert.equal(run.results.log, '5 trusted')
  })
  test('a same-origin iframe with border, padding and margin', () =>
    passes([go('/frames.html'), { click: 'Pay same' }, { assert: 'same paid trusted' }, { fill: { label: 'Card same', value: '42' } }, { assert: 'same card 42' }]))
  test('an iframe of another site, scrolled into view', () =>
    passes([go('/frames.html'), { click: { role: 'button', name: 'Pay other' } }, { assert: 'other paid trusted' }, { fill: { label: 'Card other', value: '漢字 43' } }, { assert: 'other card 漢字 43' }]))
  test('an iframe of the site inside one of another site', () =>
    passes([go('/frames.html'), { click: { role: 'button', name: 'Pay deep' } }, { assert: 'deep paid trusted' }]))
  test('an iframe of another site inside one of the site', () =>
    passes([go('/frames.html'), { click: { role: 'button', name: 'Pay mixed' } }, { assert: 'mixed paid trusted' }]))
  test('a sandboxed iframe', () => passes([go('/frames.html'), { click: 'Pay boxed' }, { assert: 'Boxed paid true' }]))
  test('the first match in document order, frames of other sites counted', async () => {
    const run = await passes([go('/frames.html'), { click: { css: 'button' } }, { assert: 'same paid trusted' }, { extract: { as: 'all', list: { css: 'button' } } }])
    assert.equal(run.results.all[0], 'Pay same')
  })
  test('strict refuses several matches at once', async () => {
    const run = await fails([go('/locators.html'), { click: { text: 'Save', strict: true } }], /2 elements fit/)
    assert.ok(run.failed.data.duration_ms < 8000, String(run.failed.data.duration_ms)) // not the 10 s of a step
  })
  test('several matches are told in the step', async () => {
    const run = await passes([go('/locators.html'), { click: 'Save' }])
    assert.equal(run.events.filter(e => e.kind === 'step.finished')[1].data.count, 2)
  })
  test('a wrong selector fails at once', async () => {
    const run = await fails([go('/locators.html'), { click: { css: 'a >> b[' } }], /not a valid CSS selector/)
    assert.ok(run.failed.data.duration_ms < 8000, String(run.failed.data.duration_ms))
  })
})

/* Chromium's own accessibility tree is the judge of roles and names. It has names of its own for a few roles. */
const chromiumRoles = { image: 'img', DescriptionListTerm: 'term', Details: 'group', LayoutTable: 'table', DisclosureTriangle: 'button', ImageButton: 'button', PopUpButton: 'button', HeaderAsNonLandmark: '', generic: '', LabelText: '', ComboBoxGrouping: 'combobox', InputTime: 'textbox', Date: 'textbox', SearchBox: 'searchbox', ListBox: 'listbox', ListMarker: '', TextField: 'textbox', none: '' }

let named
test('roles and accessible names are those of Chromium', async () => {
  const run = await passes([go('/names.html'), { extract: { as: 'names', list: { css: '[data-case]', hidden: true, fields: { name: { read: 'name' }, role: { read: 'role' } } } } }])
  named = run.results.names.filter(({ name, role }) => name && role)
  const lease = await manager.lease({})
  const cdp = await manager.connect(lease.id)
  try {
    const { targetId } = await cdp.call('Target.createTarget', { url: `${site.url}/names.html` })
    const { sessionId } = await cdp.call('Target.attachToTarget', { targetId, flatten: true })
    const ask = (method, params) => cdp.call(method, params, sessionId)
    await waitFor(async () => (await ask('Runtime.evaluate', { expression: 'location.pathname + document.readyState' })).result.value === '/names.htmlcomplete')
    const { root } = await ask('DOM.getDocument', { depth: 1 })
    const { nodeIds } = await ask('DOM.querySelectorAll', { nodeId: root.nodeId, selector: '[data-case]' })
    const theirs = []
    for (const nodeId of nodeIds) {
      const { nodes: [node] } = await ask('Accessibility.getPartialAXTree', { nodeId, fetchRelatives: false })
      theirs.push({ name: node.name?.value.replace(/\s+/g, ' ').trim() ?? '', role: chromiumRoles[node.role.value] ?? node.role.value })
    }
    assert.equal(theirs.length, run.results.names.length)
    /* A row is named by its cells here, so that scripts can find it by them; Chromium names none. */
    assert.deepEqual(run.results.names.map(({ name, role }) => ({ name: role === 'row' ? '' : name, role })), theirs)
  } finally {
    cdp.close()
    await manager.release(lease.id)
  }
})

test('what has a role and a name is found by them', async () => {
  assert.ok(named.length > 40, String(named.length))
  await passes([go('/names.html'), ...named.map(({ role, name }) => ({ assert: { role, name, exact: true, state: 'attached' }, timeout_ms: 3000 }))])
})

describe('waiting until an element can be acted on', () => {
  const scene = (name, label, expected = `clicked ${label};`) => async () => {
    const run = await passes([go(`/actionable.html#${name}`), { click: label }, log])
    assert.equal(run.results.log, expected)
    return run
  }
  test('appears late', scene('late', 'Late'))
  test('is shown late', scene('shown', 'Shown'))
  test('moves', scene('moving', 'Moving'))
  test('is covered, then uncovered', scene('covered', 'Covered'))
  test('is disabled, then enabled', scene('disabled', 'Disabled'))
  test('is created again and again', scene('recreated', 'Recreated'))
  test('moves away as the mouse arrives: the press meets no neighbour', scene('jumps', 'Jumps'))
  test('is replaced as the mouse arrives', scene('swapped', 'Swapped'))
  test('is far below', scene('far', 'Far'))
  test('lies under a fixed header when scrolled to the middle', scene('header', 'Below header'))
  test('is in a scrolling box', scene('scroller', 'In scroller'))
  test('double click', async () => {
    const run = await passes([go('/actionable.html#double'), { click: { text: 'Twice', times: 2 } }, log])
    assert.equal(run.results.log, 'clicked Twice;clicked Twice;double;')
  })
  test('right click with Shift', async () => {
    const run = await passes([go('/actionable.html#right'), { click: { text: 'Menu', button: 'right', modifiers: ['Shift'] } }, log])
    assert.equal(run.results.log, 'context true;')
  })
  test('the page leaves between press and release', () =>
    passes([go('/actionable.html#leaving'), { click: 'Leave' }, { assert: { css: 'h1', contains: 'Arrived' } }]))
  test('stays covered: says by what', async () => {
    const run = await fails([go('/actionable.html#always'), { click: 'Always covered', timeout_ms: 1500 }], /stayed covered: .*veil/)
    assert.equal(run.failed.data.state, 'covered')
  })
  test('stays disabled by its fieldset', () =>
    fails([go('/actionable.html#fieldset'), { click: 'In fieldset', timeout_ms: 800 }], /stayed disabled/))
  test('is hidden', () => fails([go('/locators.html'), { click: { css: 'button[hidden]' }, timeout_ms: 500 }], /cannot be seen/))
})

describe('fields and keys', () => {
  const field = (label, value) => [{ fill: { label, value } }, { extract: { as: label, label, read: 'value' } }]
  test('text, textarea, number, date, time, colour, slider, password, editor', async () => {
    const wanted = { Name: 'new ж', Story: 'two\nlines', Amount: '12.5', Day: '2026-11-23', Hour: '18:30', Colour: '#ff8800', Volume: '7', Password: 'hunter2', Controlled: 'LOUD' }
    const run = await passes([go('/fields.html'), ...Object.entries({ ...wanted, Controlled: 'loud' }).flatMap(([k, v]) => field(k, v)),
      { fill: { label: 'Editor', value: 'plain' } }, { extract: { as: 'Editor', css: '#editor' } }, log])
    const { log: said, Editor, ...values } = run.results
    assert.deepEqual(values, wanted)
    assert.equal(Editor, 'plain')
    assert.match(said, /set day;change day;/)
    assert.match(said, /change name;/)
    assert.ok(!JSON.stringify(run.events).includes('hunter2'), 'a password went into the events')
  })
  test('filling with nothing empties the field', async () => {
    const run = await passes([go('/fields.html'), ...field('Name', '')])
    assert.equal(run.results.Name, '')
  })
  test('a read-only field', () => fails([go('/fields.html'), { fill: { label: 'Fixed', value: 'x' }, timeout_ms: 500 }], /read-only/))
  test('a date that is none', () => fails([go('/fields.html'), { fill: { label: 'Day', value: 'tomorrow' } }], /does not take "tomorrow"/))
  test('a text into a number', () => fails([go('/fields.html'), { fill: { label: 'Amount', value: 'many' } }], /does not take "many"/))
  test('a checkbox takes no text', () => fails([go('/fields.html'), { fill: { label: 'Agree', value: 'x' } }], /no field/))
  test('keys, chords and where they go', async () => {
    const run = await passes([go('/fields.html'), { click: { css: '#keys' } }, { press: 'a' }, { press: 'Control+Shift+K' }, { press: { key: 'ArrowDown', times: 2 } }, { press: 'ж' }, log])
    assert.match(run.results.log, /;?a\+KeyA;Control\+Control.*Control\+Shift\+K\+KeyK;ArrowDown\+ArrowDown;ArrowDown\+ArrowDown;ж\+;/)
  })
  test('Enter submits, Control+A selects, typing replaces', async () => {
    const run = await passes([go('/fields.html'), { press: { label: 'Name', key: 'Control+a' } }, { press: 'z' }, { extract: { as: 'name', label: 'Name', read: 'value' } }, { press: 'Enter' }, log])
    assert.equal(run.results.name, 'z')
    assert.match(run.results.log, /submit/)
  })
  test('an unknown key', () => fails([go('/fields.html'), { press: 'Entr' }], /Entr is no key/))
})

describe('reading', () => {
  let results
  before(async () => {
    const extract = (as, reading) => ({ extract: { as, ...reading } })
    const run = await passes([go('/data.html'),
      extract('text', { css: 'h1' }), extract('attribute', { css: 'h1', attribute: 'title' }), extract('link', { css: '.item a', attribute: 'href' }),
      extract('list', { list: { css: '.item a' } }), extract('limited', { list: { css: '.item', limit: 1, attribute: 'data-sku' } }),
      extract('nested', { list: { css: '.group', fields: { name: 'h2', items: { list: { css: '.item', fields: { sku: '@data-sku', name: 'a', url: 'a@href', price: { css: '.price', type: 'number' }, sale: { css: '.sale' }, on_sale: { css: '.sale', read: 'visible', default: 'no' } } } } } } }),
      extract('plain', { table: { css: '#plain' } }), extract('headed', { table: { css: '#headed' } }),
      extract('lines', { css: '#lines', read: 'lines' }), extract('match', { css: '#order', match: '([A-Z]-\\d+)' }),
      extract('box', { css: '#box', read: 'checked' }), extract('field', { css: '#field', read: 'value' }),
      extract('object', { fields: { title: 'h1', first: { css: '.price', type: 'integer' } } }),
      extract('none', { css: '.nothing', optional: true }), extract('fallback', { css: '.nothing', optional: true, default: 'x' }), extract('empty', { list: { css: '.nothing', optional: true } }),
      extract('later', { css: '#later', text: 'it came' })])
    results = run.results
  })
  test('text is normalised', () => assert.equal(results.text, 'Big heading'))
  test('attribute', () => assert.equal(results.attribute, 'the title'))
  test('href comes as a whole address', () => assert.equal(results.link, `${site.url}/p/1`))
  test('list of texts, hidden ones left out', () => assert.deepEqual(results.list, ['Green tea', 'Black tea', 'Cup']))
  test('limit', () => assert.deepEqual(results.limited, ['t1']))
  test('nested lists of objects with numbers', () => assert.deepEqual(results.nested, [
    { name: 'Tea', items: [{ sku: 't1', name: 'Green tea', url: `${site.url}/p/1`, price: 1299.5, sale: null, on_sale: 'no' }, { sku: 't2', name: 'Black tea', url: `${site.url}/p/2`, price: 12, sale: 'sale', on_sale: true }] },
    { name: 'Cups', items: [{ sku: 'c1', name: 'Cup', url: `${site.url}/p/3`, price: -3, sale: null, on_sale: 'no' }] }]))
  test('table without header', () => assert.deepEqual(results.plain, [['a', 'b'], ['c', 'd']]))
  test('table with header', () => assert.deepEqual(results.headed, [{ Name: 'Tea', Count: '2' }, { Name: 'wide', Count: 'wide' }]))
  test('lines', () => assert.equal(results.lines, 'one\ntwo'))
  test('match', () => assert.equal(results.match, 'A-1042'))
  test('checked and value', () => assert.deepEqual([results.box, results.field], [true, 'typed']))
  test('object', () => assert.deepEqual(results.object, { title: 'Big heading', first: 1299 }))
  test('optional, default, empty list', () => assert.deepEqual([results.none, results.fallback, results.empty], [null, 'x', []]))
  test('waits for what comes late', () => assert.equal(results.later, 'it came'))

  test('over pages with repeat', async () => {
    const next = { role: 'link', name: 'Next' }
    const run = await passes([go('/catalogue'), { repeat: { steps: [{ extract: { as: 'items', append: true, list: { css: '.product', fields: { name: 'h2', page: { default: '{{loop.index}}', css: '.none' } } } } }], until: { ...next, state: 'hidden' }, between: [{ click: next }] } }])
    assert.deepEqual(run.results.items.map(item => item.name), Array.from({ length: 12 }, (_, i) => `Product ${i + 1}`))
    assert.equal(run.results.items[11].page, 4)
  })
  test('repeat: times, while and nested loops', async () => {
    const run = await passes([go('/catalogue'),
      { repeat: { while: { role: 'link', name: 'Next' }, steps: [{ click: 'Next' }] } }, { assert: { url: '*page=4' } },
      { repeat: { times: 2, steps: [{ repeat: { times: 3, steps: [{ extract: { as: 'n', append: true, css: 'h2' } }] } }] } }])
    assert.equal(run.results.n.length, 6)
  })
  test('a loop that does not end', () => fails([go('/catalogue'), { repeat: { while: 'Product', max: 3, steps: [] } }], /did not end within 3 passes/))
  test('templates carry values from inputs and results', async () => {
    const run = await passes([{ goto: '{{inputs.site}}/form' }, { fill: { label: 'Text', value: 'for {{inputs.who}} and {{inputs.n}}' } }, { click: 'Send' }, { extract: { as: 'h', css: 'h1' } }, { assert: '{{results.h}}' }],
      { inputs: { site: site.url, who: 'Ann', n: 7 } })
    assert.equal(run.results.h, 'for Ann and 7')
  })
  test('a missing input', () => fails([{ goto: '{{inputs.nothing}}' }], /no value for \{\{inputs.nothing\}\}/))
})

describe('pages, files, pictures', () => {
  test('goto tells address, title and status', async () => {
    const run = await passes([go('/missing'), go('/redirect')])
    const [first, second] = run.events.filter(event => event.kind === 'step.finished').map(event => event.data)
    assert.equal(first.status, 404)
    assert.deepEqual([second.url, second.title], [`${site.url}/data.html`, 'Data'])
  })
  test('a page whose end comes late is read whole', async () => {
    const run = await passes([{ goto: { url: `${site.url}/half`, until: 'commit' } }, { extract: { as: 'all' } }])
    assert.match(run.results.all, /the rest/)
  })
  test('wait_for: page, pause, text', async () => {
    const run = await passes([go('/data.html'), { wait_for: { page: 'quiet' } }, { wait_for: { ms: 300 } }, { wait_for: 'it came' }, { assert: { text: 'never here', state: 'hidden' } }, { assert: { css: '.item', count: 3 } }, { assert: { title: 'da*a' } }])
    assert.ok(run.events.filter(e => e.kind === 'step.finished')[2].data.duration_ms >= 300)
  })
  test('an address that does not answer', () => fails([{ goto: `${site.url}/hang`, timeout_ms: 1500 }], /did not answer in time/))
  test('an address that the egress gate refuses is explained', async () => {
    const run = await fails([{ goto: 'http://127.0.0.1:8081/' }], /egress gate refused 127.0.0.1:8081/)
    assert.ok(run.event('egress.refused').data.setting)
  })
  test('file:// is no address for a browser', () => fails([{ goto: 'file:///etc/passwd' }], /no http/))
  test('download: content, name, result', async () => {
    const run = await passes([go('/files'), { download: { click: 'Invoice', as: 'invoice' } }, { download: { click: { role: 'link', name: 'Report' }, as: 'report' } }, { download: { click: 'By script', as: 'third' } }])
    const files = run.artifacts.filter(artifact => artifact.kind === 'download')
    assert.equal(files[0].content.toString(), 'sku;price\n' + 'tea;1\n'.repeat(1000))
    assert.equal(files[1].content.toString(), 'report text')
    assert.equal(files[2].bytes, files[0].bytes)
    assert.equal(run.results.invoice.bytes, files[0].bytes)
    assert.doesNotMatch(run.results.invoice.name, /\//)
    assert.equal(run.results.report.name, 'report 2026.txt')
  })
  test('a click that begins no download', () => fails([go('/files'), { download: { click: 'No file', as: 'x' }, timeout_ms: 1500 }], /began no download/))
  test('screenshots of view, whole page and element', async () => {
    const run = await passes([go('/frames.html'), { screenshot: 'view' }, { screenshot: { as: 'whole', full_page: true } }, { screenshot: { as: 'frame', css: '#same', format: 'jpeg' } }])
    const [view, whole, frame] = run.artifacts
    const height = png => png.content.readUInt32BE(20)
    assert.deepEqual(view.content.subarray(1, 4).toString(), 'PNG')
    assert.ok(height(whole) > 2000 && height(view) < 1500, `${height(whole)} ${height(view)}`)
    assert.equal(frame.content.readUInt16BE(0), 0xffd8)
    assert.equal(frame.media_type, 'image/jpeg')
  })
})

describe('failing', () => {
  test('says what was looked for, what is like it, and has a picture', async () => {
    const run = await fails([go('/locators.html'), { name: 'Press the big button', click: { role: 'button', name: 'Close windows' }, timeout_ms: 700 }], /^steps\[1\] \(Press the big button\).*nothing on the page fits button "Close windows"/)
    assert.deepEqual(run.failed.data.looked_for, { role: 'button', name: 'Close windows' })
    assert.match(run.failed.data.candidates[0], /button "Close window"/)
    assert.match(run.error.hint, /Close window/)
    assert.ok(run.artifacts.some(artifact => artifact.id === run.failed.data.screenshot && artifact.bytes > 1000))
    assert.equal(run.reason, 'step_failed')
    assert.equal(run.exit, 1)
  })
  test('an assertion tells what it found', async () => {
    const run = await fails([go('/data.html'), { assert: { css: '.price', contains: '100', message: 'wrong price' }, timeout_ms: 500 }], /wrong price: .*1\.299,50/)
    assert.match(run.failed.data.found, /3 visible/)
  })
  test('results so far are kept', async () => {
    const run = await fails([go('/data.html'), { extract: { as: 'h', css: 'h1' } }, { click: 'no such thing', timeout_ms: 300 }], /no such thing/)
    assert.equal(run.results.h, 'Big heading')
  })
  test('an optional step that fails is noted', async () => {
    const run = await passes([go('/data.html'), { click: 'Accept cookies', optional: true, timeout_ms: 300 }, { extract: { as: 'h', css: 'h1' } }])
    assert.equal(run.failed.level, 'warn')
  })
  test('a step inside a loop is named by its path', async () => {
    await fails([go('/data.html'), { repeat: { times: 2, steps: [{ click: 'absent', timeout_ms: 200 }] } }], /^steps\[1\]\.repeat\.steps\[0\]/)
  })
})

describe('dialogs', () => {
  test('alert, confirm and prompt are answered and told', async () => {
    const run = await passes([go('/dialogs.html'), { click: 'Alert' }, { click: 'Confirm' }, { click: 'Prompt' }, log])
    assert.equal(run.results.log, 'after alert;confirm false;prompt null;')
    assert.deepEqual(run.events.filter(e => e.kind === 'page.dialog').map(e => e.data.type), ['alert', 'confirm', 'prompt'])
  })
  test('beforeunload does not keep the page', () =>
    passes([go('/dialogs.html'), { click: 'Arm' }, { click: 'Leave' }, { assert: { title: 'Data' } }, go('/dialogs.html'), { click: 'Arm' }, go('/data.html'), { assert: { title: 'Data' } }]))
  test('a storm of alerts passes', async () => {
    const run = await passes([go('/dialogs.html'), { click: 'Storm' }, { assert: 'storm over' }])
    assert.ok(run.events.filter(e => e.kind === 'page.dialog').length <= 50)
  })
})

describe('hostile pages', () => {
  const press = [{ click: 'Press' }, { assert: { css: 'button', contains: 'pressed' } }]
  test('prototypes redefined, document methods throwing', async () => {
    const run = await passes([go('/hostile.html#prototypes'), ...press, { fill: { label: 'Word', value: 'x' } }, { extract: { as: 'list', list: { css: '.i' } } }])
    assert.deepEqual(run.results.list, ['one', 'two'])
  })
  test('elements named like DOM properties', () => passes([go('/hostile.html#clobber'), ...press]))
  test('megabytes of text', () => passes([go('/hostile.html#text'), ...press]))
  test('20,000 nodes', async () => {
    const run = await passes([go('/hostile.html#nodes'), ...press, { extract: { as: 'nodes', list: { css: '.n' } } }])
    assert.equal(run.results.nodes.length, 20000)
  })
  test('500 levels deep', () => passes([go('/hostile.html#deep'), ...press]))
  test('a console that never stops', async () => {
    const run = await passes([go('/hostile.html#console'), ...press, { wait_for: { ms: 500 } }])
    assert.ok(run.events.filter(e => e.kind === 'page.console').length <= 200)
  })
  test('a page that keeps loading itself again', () => passes([go('/hostile.html#reload'), ...press]))
  test('a window that opens is told', async () => {
    const run = await passes([go('/hostile.html#popups'), ...press])
    assert.ok(run.events.some(e => e.message.includes('opened a window')))
  })
  test('a page in an endless loop fails its step in time', async () => {
    const run = await fails([go('/hostile.html#busy'), { wait_for: { ms: 600 } }, { click: 'Nothing', timeout_ms: 2000 }], /did not answer in time/)
    assert.ok(run.failed.data.duration_ms < 20000, String(run.failed.data.duration_ms))
  })
})

describe('ends', () => {
  test('stop in the middle of a wait', async () => {
    const run = await runScript(manager, [go('/data.html'), { wait_for: 'never', timeout_ms: 50000 }], { stopAfter: 3000 })
    assert.deepEqual([run.status, run.reason, run.exit], ['stopped', 'stopped', 130])
    assert.ok(run.ms < 30000, String(run.ms))
    assert.ok(run.event('browser.ended'))
  })
  test('the time of the whole run', async () => {
    const run = await runScript(manager, [go('/data.html'), { wait_for: 'never', timeout_ms: 50000 }], { timeout: 5 })
    assert.deepEqual([run.status, run.reason], ['failed', 'timeout'])
    assert.ok(run.ms < 30000, String(run.ms))
  })
  test('a page that eats all memory', async () => {
    const run = await runScript(manager, [go('/hostile.html#memory'), { wait_for: 'never', timeout_ms: 40000 }], { timeout: 50, memory: 400 })
    assert.equal(run.status, 'failed')
    assert.match(run.reason, /^(oom|crash|unresponsive)$/)
    assert.ok(run.ms < 48000, String(run.ms))
  })
  test('Chromium killed in the middle of a wait', async () => {
    const running = runScript(manager, [go('/data.html'), { wait_for: 'never', timeout_ms: 40000 }], { timeout: 50 })
    const busy = await waitFor(async () => (await manager.list()).find(one => one.state === 'leased' && one.clients > 0))
    await new Promise(resolve => setTimeout(resolve, 1500))
    await manager.release(busy.id, 'killed')
    const run = await running
    assert.deepEqual([run.status, run.reason], ['failed', 'killed'])
    assert.ok(run.ms < 25000, String(run.ms))
  })
  /** Runs steps, attaches to the page whose address ends so meanwhile, and does something to it. */
  async function whileShown (ending, steps, act) {
    const running = runScript(manager, steps, { timeout: 50 })
    const busy = await waitFor(async () => (await manager.list()).find(one => one.state === 'leased' && one.clients > 0))
    const cdp = await manager.connect(busy.id)
    const page = await waitFor(async () => (await cdp.call('Target.getTargets')).targetInfos.find(one => one.type === 'page' && one.url.endsWith(ending)))
    const { sessionId } = await cdp.call('Target.attachToTarget', { targetId: page.targetId, flatten: true })
    act(method => { cdp.call(method, {}, sessionId).catch(() => {}) })
    const run = await running
    cdp.close()
    return run
  }
  test('the page crashes in the middle of a wait', async () => {
    const run = await whileShown('/data.html', [go('/data.html'), { wait_for: 'never', timeout_ms: 40000 }], send => send('Page.crash'))
    assert.deepEqual([run.status, run.reason], ['failed', 'crash'])
    assert.ok(run.ms < 25000, String(run.ms))
  })
  test('a tab whose process dies and that closes then has closed, not crashed', async () => {
    const steps = [go('/tabs.html'), { tab: { open: `${site.url}/data.html` } }, { evaluate: 'location.hash = "open"' }, { assert: { title: 'Tabs' }, timeout_ms: 30000 }]
    const run = await whileShown('#open', steps, send => { send('Page.crash'); send('Page.close') })
    assert.equal(run.status, 'completed', `${run.reason}: ${run.error?.detail}`)
  })
  const leasedBrowser = () => waitFor(async () => (await manager.list().catch(() => [])).find(one => one.state === 'leased' && one.clients > 0))
  test('the engine killed in the middle of a run: nobody notices', async () => {
    const running = runScript(manager, [go('/data.html'), { wait_for: { ms: 3000 } }, { extract: { as: 'h', css: 'h1' } }])
    await leasedBrowser()
    await manager.kill(manager.pidOf('engine'))
    const run = await running
    assert.deepEqual([run.status, run.results], ['completed', { h: 'Big heading' }])
    await leasedBrowserGone()
  })
  test('the keeper killed in the middle of a run', async () => {
    const running = runScript(manager, [go('/data.html'), { wait_for: 'never', timeout_ms: 30000 }])
    const browser = await leasedBrowser()
    await manager.kill(manager.pidOf('keeper', browser.id))
    const run = await running
    assert.deepEqual([run.status, run.reason], ['failed', 'keeper_crash'])
  })
  test('a document that never ends is worked with all the same', () =>
    passes([{ goto: { url: `${site.url}/endless`, until: 'commit' } }, { click: 'Press' }, { assert: 'pressed' }, { assert: 'pressed' }]))
  const leasedBrowserGone = () => waitFor(async () => !(await manager.list()).some(one => one.state === 'leased'))
  test('every browser was given back', leasedBrowserGone)
})

async function waitFor (check) {
  for (let i = 0; i < 400; i++) {
    const value = await check()
    if (value) return value
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error('it did not come true')
}
