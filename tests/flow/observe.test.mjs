// What a model sees of a page, and what it can do with the numbers: many small pages in one real browser.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, test } from 'node:test'
import { startBrowserManager } from './lib/browser_manager.mjs'
import { startEyes } from './lib/observe_program.mjs'

let manager, eyes, server, port
const pages = new Map()

before(async () => {
  server = http.createServer((request, response) => {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(pages.get(new URL(request.url, 'http://site').pathname) ?? '<title>None</title>')
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  port = server.address().port
  manager = await startBrowserManager({ EGRESS_ALLOW: `127.0.0.1:${port},localhost:${port}`, POOL_WARM: '0', MAX_BROWSERS: '1' })
  eyes = await startEyes(manager)
})
after(async () => {
  await eyes?.stop()
  await manager?.stop()
  server?.closeAllConnections()
  server?.close()
})

let last = 0
/** Opens a page with this body and looks at it. {{OTHER}} is another site's address, {{SAME}} this one's. */
async function see (html, options) {
  const path = `/${++last}`
  pages.set(path, (html.startsWith('<!doctype') ? html : `<!doctype html><title>Test</title>${html}`)
    .replaceAll('{{OTHER}}', `http://localhost:${port}`).replaceAll('{{SAME}}', `http://127.0.0.1:${port}`))
  await eyes.step({ goto: `http://127.0.0.1:${port}${path}` })
  return eyes.look(options)
}
const run = script => eyes.step({ evaluate: { script } })
const shows = async (html, expected) => assert.deepEqual((await see(html)).plain, expected)

test('the header says where the page is', async () => {
  const seen = await see('<!doctype html><title>A  shop</title><div style="height:3000px">Hello</div>')
  assert.match(seen.text, new RegExp(`^Page: A shop\nURL: http://127\\.0\\.0\\.1:${port}/\\d+\nTab 1 of 1\nScroll: 0 of \\d+ px; the view shows 0-\\d+\n`))
  assert.equal(seen.lines[4], '  text: Hello')
})

test('controls of forms: role, name, value and state', () => shows(`
  <label>E-mail <input type=email value="a@b.c" required></label>
  <input aria-label="Password" type=password value="hunter2">
  <label><input type=checkbox checked> Agree</label>
  <fieldset><legend>Size</legend><label><input type=radio name=s> Small</label><label><input type=radio name=s checked> Large</label></fieldset>
  <label>Country <select><option>France<option selected>Spain<option disabled>Atlantis</select></label>
  <label>Notes <textarea readonly>old</textarea></label>
  <label>Volume <input type=range min=0 max=10 value=3></label>
  <input type=submit value="Send" disabled>
  <button aria-pressed=true>Bold</button><button aria-expanded=false>Menu</button>
  <details open><summary>More</summary>text</details>
  <input placeholder="Search here" type=search>
  <a href="/x" aria-current=page>Home</a>`, [
  'textbox "E-mail" type="email" value="a@b.c" required',
  'textbox "Password" type="password" filled',
  'checkbox "Agree" checked',
  'radio "Small"',
  'radio "Large" checked',
  'combobox "Country" value="Spain" options: France | Spain | Atlantis (disabled)',
  'textbox "Notes" value="old" readonly',
  'slider "Volume" value="3" from="0" to="10"',
  'button "Send" disabled',
  'button "Bold" pressed',
  'button "Menu" collapsed',
  'button "More" expanded',
  'searchbox "Search here"',
  'link "Home" current'
]))

test('a number is good for every action on an element', async () => {
  const seen = await see(`<button onclick="this.textContent='Clicked'">Click</button><label>Name <input></label>
    <label>Colour <select><option>Red<option>Blue</select></label><label><input type=checkbox> Terms</label><p id=p>Price 5</p>`)
  await eyes.step({ click: { element: seen.number('button "Click"') } })
  await eyes.step({ fill: { element: seen.number('textbox "Name"'), value: 'Ann' } })
  await eyes.step({ select: { element: seen.number('combobox'), option: 'Blue' } })
  await eyes.step({ check: { element: seen.number('checkbox') } })
  await eyes.step({ hover: { element: seen.number('checkbox') } })
  await eyes.step({ press: { element: seen.number('textbox'), key: 'End' } })
  await eyes.step({ screenshot: { as: 'one', element: seen.number('textbox') } })
  const { results } = await eyes.step({ extract: { as: 'name', element: seen.number('textbox'), read: 'value' } })
  assert.equal(results.name, 'Ann')
  const after = await eyes.look()
  assert.deepEqual(after.plain, ['button "Clicked"', 'textbox "Name" value="Ann" focused', 'combobox "Colour" value="Blue" options: Red | Blue', 'checkbox "Terms" checked'])
  assert.equal(after.number('checkbox'), seen.number('checkbox'))
})

test('numbers stay while the page changes around them; what is new is marked', async () => {
  const seen = await see('<div id=list><button>One</button><button>Two</button></div>')
  await run('list.prepend(list.lastElementChild); list.insertAdjacentHTML("afterbegin", "<button>New</button>")')
  const after = await eyes.look()
  assert.deepEqual(after.plain, ['button "New"', 'button "Two"', 'button "One"'])
  for (const name of ['One', 'Two']) assert.equal(after.number(`"${name}"`), seen.number(`"${name}"`))
  assert.match(after.line('"New"'), /^\[\d+\]\* /)
  assert.match(after.line('"Two"'), /^\[\d+\] /)
  assert.ok(after.changed)
  const third = await eyes.look()
  assert.match(third.line('"New"'), /^\[\d+\] /)
  assert.ok(!third.changed, 'the mark alone is no change')
})

test('a number of what is gone says so at once', async () => {
  const seen = await see('<button id=b>One</button>')
  await run('b.remove()')
  const began = Date.now()
  const { error } = await eyes.tryStep({ click: { element: seen.number('"One"') } })
  assert.match(error, /element \d+ is gone: look at the page again/)
  const again = await see('<button>One</button>')
  assert.match((await eyes.tryStep({ click: { element: seen.number('"One"') } })).error, /element \d+ is gone: look at the page again/)
  assert.notEqual(again.number('"One"'), seen.number('"One"'))
  assert.match((await eyes.tryStep({ click: { element: 999999 } })).error, /there is no element 999999: look at the page again/)
  assert.ok(Date.now() - began < 8000, 'nothing is waited for')
})
