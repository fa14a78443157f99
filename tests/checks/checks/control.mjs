// Branches, loops, variables and JavaScript of a script, on pages that make them needed.
export default [
  {
    name: 'if: a banner that may be there is closed',
    html: '<div id="banner">We use cookies <button>Accept</button></div><button id="go">Go</button>',
    script: () => { $('#banner button').addEventListener('click', () => { $('#banner').remove(); say('accepted') }); $('#go').addEventListener('click', () => say('go')); expect(() => ({ log: [seen, ['accepted', 'go']] })) },
    steps: [{ if: { text: 'We use cookies', then: [{ click: 'Accept' }], else: [{ fail: 'no banner' }] } }, { if: { text: 'Sign in to go on', then: [{ fail: 'there is none' }] } }, { click: 'Go' }],
    playwright: async page => { if (await page.getByText('We use cookies').isVisible()) await page.getByText('Accept').click(); await page.getByText('Go').click() }
  },
  {
    name: 'if: what comes late is given its time',
    html: '<div id="place"></div>',
    script: () => { setTimeout(() => { $('#place').innerHTML = '<button>Not now</button>' }, 600); document.addEventListener('click', event => say(event.target.textContent)); expect(() => ({ log: [seen, ['Not now']] })) },
    steps: [{ if: { text: 'Not now', wait_ms: 3000, then: [{ click: 'Not now' }] } }],
    playwright: async page => { await page.getByText('Not now').waitFor({ timeout: 3000 }); await page.getByText('Not now').click() }
  },
  {
    name: 'for_each: every item of a list from the page',
    html: '<ul>' + ['Tea', 'Milk', 'Salt'].map(name => `<li>${name} <button>Buy</button>`).join('') + '</ul>',
    script: () => { document.addEventListener('click', event => say(event.target.parentNode.firstChild.data.trim())); expect(() => ({ log: [seen, ['Tea', 'Milk', 'Salt']] })) },
    steps: [{ for_each: { css: 'li', steps: [{ click: { text: 'Buy', within: '{{loop.target}}' } }] } }],
    playwright: async page => { for (const item of await page.locator('li').all()) await item.getByText('Buy').click() }
  },
  {
    name: 'for_each: values that were read before',
    html: '<ul id="wanted"><li>red<li>blue</ul>' + ['red', 'green', 'blue'].map(name => `<label><input type="checkbox"> Colour ${name}</label>`).join(''),
    script: () => expect(() => ({ checked: [$$('input').map(one => one.checked), [true, false, true]] })),
    steps: [{ extract: { as: 'wanted', list: { css: '#wanted li' } } }, { for_each: { in: '{{results.wanted}}', steps: [{ check: { label: 'Colour {{loop.item}}' } }] } }],
    playwright: async page => { for (const text of await page.locator('#wanted li').allInnerTexts()) await page.getByLabel(`Colour ${text}`).check() }
  },
  {
    name: 'set and templates carry a value from one place to another',
    html: '<p id="code">Your code is 4711.</p><label>Code <input id="a"></label>',
    script: () => expect(() => ({ value: [$('#a').value, '4711-x'] })),
    steps: [{ extract: { as: 'code', css: '#code', match: '(\\d+)' } }, { set: { full: '{{results.code}}-x' } }, { fill: { label: 'Code', value: '{{vars.full}}' } }],
    playwright: async page => { const [code] = /\d+/.exec(await page.locator('#code').innerText()); await page.getByLabel('Code').fill(`${code}-x`) }
  },
  {
    name: 'evaluate in the page, with its own variables',
    html: '<p>Page</p>',
    script: () => { window.cart = { add: (name, n) => { say(`${name} ${n}`); return Promise.resolve(n * 2) } }; expect(() => ({ log: [seen, ['tea 3', 'milk 6']] })) },
    steps: [{ evaluate: { script: 'cart.add("tea", 3)', as: 'twice' } }, { evaluate: 'return await cart.add("milk", results.twice)' }],
    playwright: async page => { const twice = await page.evaluate('cart.add("tea", 3)'); await page.evaluate(n => window.cart.add('milk', n), twice) }
  },
  {
    name: 'evaluate with an element of a shadow root',
    html: '<div id="h"><template shadowrootmode="open"><b data-n="7">Seven</b></template></div><input aria-label="N" id="n">',
    script: () => expect(() => ({ value: [$('#n').value, '8'] })),
    steps: [{ evaluate: { text: 'Seven', script: 'Number(element.dataset.n) + 1', as: 'n8' } }, { fill: { label: 'N', exact: true, value: '{{results.n8}}' } }],
    playwright: async page => { await page.getByLabel('N', { exact: true }).fill(String(await page.getByText('Seven').evaluate(one => Number(one.dataset.n) + 1))) }
  },
  {
    name: 'repeat until the last page, over elements that are drawn anew',
    html: '<ul></ul><button id="next">Next</button>',
    script: () => {
      let at = 0
      const draw = () => { $('ul').innerHTML = [1, 2].map(i => `<li><button>Take ${at * 2 + i}</button>`).join('') }
      document.addEventListener('click', event => { if (event.target.id !== 'next') say(event.target.textContent) })
      $('#next').addEventListener('click', () => { at++; $('#next').disabled = true; setTimeout(() => { draw(); $('#next').disabled = false; if (at === 2) $('#next').remove() }, 250) })
      draw()
      expect(() => ({ log: [seen, [1, 2, 3, 4, 5, 6].map(n => `Take ${n}`)] }))
    },
    steps: [{ repeat: { steps: [{ for_each: { css: 'li', steps: [{ click: { role: 'button', within: '{{loop.target}}' } }] } }], until: { text: 'Next', state: 'hidden' }, between: [{ click: 'Next' }, { wait_for: { css: '#next:disabled', state: 'detached' } }] } }],
    playwright: async page => {
      for (;;) {
        for (const item of await page.locator('li').all()) await item.getByRole('button').click()
        if (!(await page.getByText('Next').count())) return
        await page.getByText('Next').click()
        await page.locator('#next:disabled').waitFor({ state: 'detached' })
      }
    }
  },
  {
    name: 'conditions over values choose the cheaper offer',
    html: '<p id="a">Tea 4,90</p><p id="b">Tea 3.50</p><button>First</button><button>Second</button>',
    script: () => { document.addEventListener('click', event => say(event.target.textContent)); expect(() => ({ log: [seen, ['Second']] })) },
    steps: [{ extract: { as: 'first', css: '#a', type: 'number' } }, { extract: { as: 'second', css: '#b', type: 'number' } }, { if: { given: '{{results.first}}', less_than: '{{results.second}}', then: [{ click: 'First' }], else: [{ click: 'Second' }] } }],
    playwright: async page => {
      const price = async id => Number((await page.locator(id).innerText()).replace(',', '.').replace(/[^\d.]/g, ''))
      await page.getByText(await price('#a') < await price('#b') ? 'First' : 'Second').click()
    }
  },
  {
    name: 'without a frame, the first in document order',
    html: `<div style="height: 20px"></div><iframe src="{{OTHER}}/in.html?first"></iframe><iframe src="{{SAME}}/in.html?second"></iframe><button>Buy</button>`,
    files: { 'in.html': '<button>Buy</button><script>document.addEventListener("click", () => say(location.search))</script>' },
    script: () => { document.addEventListener('click', () => say('page')); expect(() => ({ log: [seen, ['?first']] })) },
    steps: [{ wait_for: { css: 'iframe', count: 2 } }, { wait_for: { page: 'load' } }, { click: 'Buy' }],
    playwright: page => page.frameLocator('iframe >> nth=0').getByText('Buy').click()
  }
]
