// Frames of the site and of others, shadow roots, windows of their own.
const frame = (url, more = '') => `<iframe src="${url}" width="400" height="200" ${more}></iframe>`
const pay = (id = 'pay') => `<h1>Inner</h1><button id="${id}">Pay</button><label>Card <input id="card"></label><script>hear(document, 'click'); $('#card').addEventListener('input', event => say(\`card \${$('#card').value} \${event.isTrusted}\`))</script>`
const paid = { script: () => expect(() => ({ log: [seen, ['click pay', 'card 42 true']] })), steps: [{ click: { role: 'button', name: 'Pay' } }, { fill: { label: 'Card', value: '42' } }] }
const inFrame = path => async page => {
  const inner = path.reduce((at, selector) => at.frameLocator(selector), page)
  await inner.getByRole('button', { name: 'Pay' }).click()
  await inner.getByLabel('Card').fill('42')
}
const shadow = (mode, html) => `<x-box></x-box><script>customElements.define('x-box', class extends HTMLElement { constructor () { super(); this.attachShadow({ mode: '${mode}' }).innerHTML = ${JSON.stringify(html)} } })</script>`

export default [
  { name: 'frame of the site', html: frame('{{SAME}}/pay.html'), files: { 'pay.html': pay() }, ...paid, playwright: inFrame(['iframe']) },
  { name: 'frame of another site', html: frame('{{OTHER}}/pay.html'), files: { 'pay.html': pay() }, ...paid, playwright: inFrame(['iframe']) },
  { name: 'frame by srcdoc', html: '<iframe width="400" height="200" srcdoc="<button onclick=&quot;parent.postMessage({ said: \'click pay\' })&quot;>Pay</button><label>Card <input oninput=&quot;parent.postMessage({ said: \'card \' + this.value + \' \' + event.isTrusted })&quot;></label>"></iframe>', ...paid, playwright: inFrame(['iframe']) },
  { name: 'sandboxed frame', html: frame('{{SAME}}/pay.html', 'sandbox="allow-scripts"'), files: { 'pay.html': pay() }, ...paid, playwright: inFrame(['iframe']) },
  { name: 'frame of another site in a frame of the site', html: frame('{{SAME}}/mid.html'), files: { 'mid.html': '<p style="height: 300px">Mid</p><iframe src="{{OTHER}}/pay.html"></iframe>', 'pay.html': pay() }, ...paid, playwright: inFrame(['iframe', 'iframe']) },
  { name: 'frame of the site in a frame of another site', html: frame('{{OTHER}}/mid.html'), files: { 'mid.html': '<p style="height: 300px">Mid</p><iframe src="{{SAME}}/pay.html"></iframe>', 'pay.html': pay() }, ...paid, playwright: inFrame(['iframe', 'iframe']) },
  { name: 'three frames deep, each of another site than the one around it', html: frame('{{OTHER}}/a.html'), files: { 'a.html': '<iframe src="{{SAME}}/b.html"></iframe>', 'b.html': '<iframe src="{{OTHER}}/pay.html"></iframe>', 'pay.html': pay() }, ...paid, playwright: inFrame(['iframe', 'iframe', 'iframe']) },
  { name: 'frame made late that navigates once', html: '<div id="place"></div>', files: { 'first.html': '<p>Wait</p><script>setTimeout(() => { location.href = "{{OTHER}}/pay.html" }, 300)</script>', 'pay.html': pay() },
    script: () => {
      setTimeout(() => { $('#place').innerHTML = `<iframe src="${location.pathname}/first.html" width="400" height="200"></iframe>` }, 200)
      expect(() => ({ log: [seen, ['click pay', 'card 42 true']] }))
    }, steps: paid.steps, playwright: inFrame(['iframe']) },
  { name: 'frame scaled and turned by its page', html: `<div style="transform: scale(.5) translate(200px, 100px); transform-origin: 0 0">${frame('{{SAME}}/pay.html', 'style="border: 20px solid red; padding: 15px"')}</div>`, files: { 'pay.html': pay() }, ...paid, playwright: inFrame(['iframe']) },
  { name: 'frame of another site far below, its button far below in it', html: `<div style="height: 2500px"></div>${frame('{{OTHER}}/pay.html')}<div style="height: 2500px"></div>`, files: { 'pay.html': `<div style="height: 1800px"></div>${pay()}` }, ...paid, playwright: inFrame(['iframe']) },
  { name: 'keys typed in a frame of another site stay there', html: `<input id="outer" aria-label="Outer">${frame('{{OTHER}}/in.html')}`, files: { 'in.html': '<input aria-label="Inner"><script>$("input").addEventListener("keydown", event => say(`inner ${event.key}`))</script>' },
    script: () => { $('#outer').addEventListener('keydown', event => say(`outer ${event.key}`)); expect(() => ({ log: [seen, ['inner a', 'inner Enter', 'outer b']] })) },
    steps: [{ press: { label: 'Inner', key: 'a' } }, { press: 'Enter' }, { press: { label: 'Outer', key: 'b' } }],
    playwright: async page => { const inner = page.frameLocator('iframe').getByLabel('Inner'); await inner.press('a'); await page.keyboard.press('Enter'); await page.getByLabel('Outer').press('b') } },
  { name: 'open shadow root', html: shadow('open', '<button id="pay">Pay</button><label>Card <input></label>'),
    script: () => {
      const root = $('x-box').shadowRoot
      hear(root, 'click input', event => event.target.value || event.target.id)
      expect(() => ({ log: [seen, ['click pay', 'input 42']] }))
    }, steps: paid.steps, playwright: async page => { await page.getByRole('button', { name: 'Pay' }).click(); await page.getByLabel('Card').fill('42') } },
  { name: 'shadow root in a shadow root, with what is slotted', html: '<x-outer><button id="slotted">Slotted</button></x-outer>',
    script: () => {
      const inner = $('x-outer').attachShadow({ mode: 'open' })
      inner.innerHTML = '<section><slot></slot><x-inner></x-inner></section>'
      const deep = inner.querySelector('x-inner').attachShadow({ mode: 'open' })
      deep.innerHTML = '<style>button { margin: 30px }</style><button id="deep">Deep</button>'
      hear(document, 'click', event => event.composedPath()[0].id)
      expect(() => ({ log: [seen, ['click deep', 'click slotted']] }))
    }, steps: [{ click: { role: 'button', name: 'Deep' } }, { click: { role: 'button', name: 'Slotted' } }],
    playwright: async page => { await page.getByRole('button', { name: 'Deep' }).click(); await page.getByText('Slotted').click() } },
  { name: 'declarative shadow root, host with display: contents', html: '<div style="display: contents" data-testid="host"><template shadowrootmode="open"><button id="go">Go</button></template></div>',
    script: () => { hear(document, 'click', event => event.composedPath()[0].id); expect(() => ({ log: [seen, ['click go']] })) },
    steps: [{ click: { text: 'Go', within: { test_id: 'host' } } }], playwright: page => page.getByTestId('host').getByText('Go').click() },
  { name: 'custom element that carries its form value', html: '<form><x-rate name="rate"></x-rate><button>Send</button></form>',
    script: () => {
      customElements.define('x-rate', class extends HTMLElement {
        static formAssociated = true
        constructor () {
          super()
          const inside = this.attachInternals()
          this.attachShadow({ mode: 'open' }).innerHTML = '<button type="button">★</button><button type="button">★★</button>'
          this.shadowRoot.querySelectorAll('button').forEach((star, i) => star.addEventListener('click', () => inside.setFormValue(String(i + 1))))
        }
      })
      $('form').addEventListener('submit', event => { event.preventDefault(); say(new URLSearchParams(new FormData($('form'))).toString()) })
      expect(() => ({ log: [seen, ['rate=2']] }))
    }, steps: [{ click: { text: '★★', exact: true } }, { click: 'Send' }], playwright: async page => { await page.getByText('★★', { exact: true }).click(); await page.getByText('Send').click() } },
  { name: 'frame inside a shadow root', html: shadow('open', '<iframe src="{{OTHER}}/pay.html"></iframe>'), files: { 'pay.html': pay() }, ...paid, playwright: inFrame(['iframe']) },
  { name: 'shadow root inside a frame of another site', html: frame('{{OTHER}}/in.html'), files: { 'in.html': `${shadow('open', '<button id="pay">Pay</button><label>Card <input id="card"></label>')}<script>const root = $('x-box').shadowRoot; hear(root, 'click'); root.addEventListener('input', event => say(\`card \${event.target.value} \${event.isTrusted}\`))</script>` }, ...paid, playwright: inFrame(['iframe']) },
  { name: 'focus in a shadow root is where keys go', html: shadow('open', '<input id="a"><input id="b">'),
    script: () => { const root = $('x-box').shadowRoot; hear(root, 'keydown', event => `${event.target.id} ${event.key}`); expect(() => ({ log: [seen, ['keydown a x', 'keydown a Tab', 'keydown b y']] })) },
    steps: [{ click: { css: '#a' } }, { press: 'x' }, { press: 'Tab' }, { press: 'y' }],
    playwright: async page => { await page.locator('#a').click(); for (const key of ['x', 'Tab', 'y']) await page.keyboard.press(key) } },
  { name: 'a popup tells its opener', alone: true, html: '<button onclick="window.open(location.pathname + \'/popup.html\', \'p\', \'width=300,height=200\')">Sign in</button>', files: { 'popup.html': '<p>Popup</p><script>opener.postMessage({ said: "signed in" }, "*"); setTimeout(close, 100)</script>' },
    script: () => expect(() => ({ log: [seen, ['signed in']] })), steps: [{ click: 'Sign in' }], playwright: page => page.getByText('Sign in').click() },
  { name: 'a popup that is closed leaves its opener usable', alone: true, html: '<button id="o" onclick="w = window.open(location.pathname + \'/popup.html\')">Open</button><button id="n">Next</button>', files: { 'popup.html': '<p>Popup</p><script>setTimeout(close, 300)</script>' },
    script: () => { hear(document, 'click'); setInterval(() => { if (window.w?.closed && !seen.includes('closed')) say('closed') }, 20); expect(() => ({ log: [[...seen].sort(), ['click n', 'click o', 'closed']] })) },
    steps: [{ click: 'Open' }, { wait_for: { ms: 800 } }, { click: 'Next' }],
    playwright: async page => { await page.getByText('Open').click(); await page.waitForTimeout(800); await page.getByText('Next').click() } },
  { name: 'postMessage between sites after a click in the page', html: `<button onclick="frames[0].postMessage('ping', '*')">Ping</button>${frame('{{OTHER}}/in.html')}`, files: { 'in.html': '<p id="p">idle</p><script>addEventListener("message", event => { if (event.data === "ping") { $("#p").textContent = "pinged"; say("pinged") } })</script>' },
    script: () => expect(() => ({ log: [seen, ['pinged']] })),
    steps: [{ wait_for: 'idle' }, { click: 'Ping' }, { assert: 'pinged' }],
    playwright: async page => { await page.frameLocator('iframe').getByText('idle').waitFor(); await page.getByText('Ping').click(); await page.frameLocator('iframe').getByText('pinged').waitFor() } }
]
