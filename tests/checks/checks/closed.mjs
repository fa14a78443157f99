// Closed shadow roots, and iframes named by what their element is. Pages keep their roots in `roots` for Playwright, which
// does not look into closed ones.
const within = (page, index, selector) => page.evaluateHandle(([i, css]) => window.roots[i].querySelector(css), [index, selector]).then(handle => handle.asElement())
const host = () => {
  window.roots = []
  window.close_off = (element, html) => { const root = element.attachShadow({ mode: 'closed' }); root.innerHTML = html; window.roots.push(root); return root }
}
const row = (name, html, script, steps, playwright, more) => ({ name, html: `${html}<script>(${host})()</script>`, script, steps, playwright, ...more })
const frames = { 'a.html': '<button onclick="say(`clicked ${location.search}`)">Press</button>', 'around.html': '<iframe id="inner" src="{{SAME}}/a.html?deep"></iframe>' }

export default [
  row('a button in a closed shadow root', '<div id="h"></div>', () => {
    close_off($('#h'), '<button>Secret</button>').querySelector('button').onclick = event => say(`pressed ${event.isTrusted}`)
    expect(() => ({ log: [seen, ['pressed true']] }))
  }, [{ click: 'Secret' }], async page => (await within(page, 0, 'button')).click()),
  row('a field in a closed shadow root, found by its label', '<div id="h"></div>', () => {
    const root = close_off($('#h'), '<label>Pin <input></label>')
    expect(() => ({ value: [root.querySelector('input').value, '1234'] }))
  }, [{ fill: { label: 'Pin', value: '1234' } }], async page => (await within(page, 0, 'input')).fill('1234')),
  row('closed in open in closed', '<div id="h"></div>', () => {
    const outer = close_off($('#h'), '<div id="o"></div>')
    const open = outer.querySelector('#o').attachShadow({ mode: 'open' })
    open.innerHTML = '<div id="i"></div>'
    close_off(open.querySelector('#i'), '<button>Deepest</button>').querySelector('button').onclick = () => say('deepest')
    expect(() => ({ log: [seen, ['deepest']] }))
  }, [{ click: 'Deepest' }], async page => (await within(page, 1, 'button')).click()),
  row('a closed shadow root that comes late', '<div id="h"></div>', () => {
    setTimeout(() => { close_off($('#h'), '<button>Late one</button>').querySelector('button').onclick = () => say('late') }, 700)
    expect(() => ({ log: [seen, ['late']] }))
  }, [{ click: 'Late one' }], async page => { await page.waitForFunction(() => window.roots.length); await (await within(page, 0, 'button')).click() }),
  row('a check box in a closed shadow root beside an open one', '<div id="a"></div><div id="h"></div>', () => {
    $('#a').attachShadow({ mode: 'open' }).innerHTML = '<label><input type="checkbox"> Open terms</label>'
    const root = close_off($('#h'), '<label><input type="checkbox"> Closed terms</label>')
    expect(() => ({ open: [$('#a').shadowRoot.querySelector('input').checked, false], closed: [root.querySelector('input').checked, true] }))
  }, [{ check: { label: 'Closed terms' } }], async page => (await within(page, 0, 'input')).check()),
  {
    name: 'a text in a declarative closed shadow root is read',
    html: '<div><template shadowrootmode="closed"><p class="price">42 EUR</p></template></div>',
    steps: [{ extract: { as: 'closed_price', css: '.price' } }],
    reads: { closed_price: '42 EUR' },
    playwright: async page => {
      const cdp = await page.context().newCDPSession(page)
      const { root } = await cdp.send('DOM.getDocument', { depth: -1, pierce: true })
      const texts = []
      const walk = node => { if (node.nodeName === '#text') texts.push(node.nodeValue); for (const one of [...(node.children ?? []), ...(node.shadowRoots ?? [])]) walk(one) }
      walk(root)
      return { closed_price: texts.find(text => text.includes('EUR')) }
    }
  },
  row('closed in a frame of another site', '<iframe src="{{OTHER}}/inner.html"></iframe>', () => expect(() => ({ log: [seen, ['inner pressed']] })),
    [{ click: 'Inner secret' }], async page => {
      const frame = page.frames().find(one => one.url().endsWith('inner.html'))
      await (await frame.evaluateHandle(() => window.root.querySelector('button'))).asElement().click()
    }, { files: { 'inner.html': '<div id="h"></div><script>window.root = $("#h").attachShadow({ mode: "closed" }); root.innerHTML = "<button>Inner secret</button>"; root.querySelector("button").onclick = () => say("inner pressed")</script>' } }),
  {
    name: 'an iframe of two by its selector',
    html: '<iframe class="one" src="{{SAME}}/a.html?1"></iframe><iframe class="two" src="{{SAME}}/a.html?2"></iframe>',
    files: frames,
    script: () => expect(() => ({ log: [seen, ['clicked ?2']] })),
    steps: [{ click: { text: 'Press', frame: { css: '.two' } } }],
    playwright: page => page.frameLocator('.two').getByText('Press').click()
  },
  {
    name: 'an iframe of another site by its selector, its name, its address',
    html: '<iframe name="left" src="{{OTHER}}/a.html?1"></iframe><iframe id="right" src="{{OTHER}}/a.html?2"></iframe>',
    files: frames,
    script: () => expect(() => ({ log: [seen, ['clicked ?2', 'clicked ?1', 'clicked ?2']] })),
    steps: [{ click: { text: 'Press', frame: { css: '#right' } } }, { click: { text: 'Press', frame: 'left' } }, { click: { role: 'button', frame: 'a.html?2' } }],
    playwright: async page => { for (const one of ['#right', '[name=left]', '#right']) await page.frameLocator(one).getByText('Press').click() }
  },
  {
    name: 'an iframe in an iframe, both named',
    html: '<iframe id="inner" src="{{SAME}}/a.html?shallow"></iframe><section><iframe id="outer" src="{{OTHER}}/around.html"></iframe></section>',
    files: frames,
    script: () => expect(() => ({ log: [seen, ['clicked ?deep', 'clicked ?deep']] })),
    steps: [{ click: { text: 'Press', frame: { css: '#inner', frame: { css: '#outer' } } } }, { click: { text: 'Press', within: { css: 'section' } } }],
    playwright: async page => { for (let i = 0; i < 2; i++) await page.frameLocator('#outer').frameLocator('#inner').getByText('Press').click() }
  }
]
