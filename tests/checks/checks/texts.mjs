// Texts of every kind, typed, looked for and read.
const typed = (name, value) => ({
  name: `typed: ${name}`,
  html: `<label>Text <input id="a" data-wanted="${value}"></label>`,
  script: () => {
    let trusted = false
    $('#a').addEventListener('input', event => { trusted = event.isTrusted })
    expect(() => ({ value: [$('#a').value, $('#a').dataset.wanted], trusted: [trusted, true] }))
  },
  steps: [{ fill: { label: 'Text', value } }],
  playwright: page => page.getByLabel('Text').fill(value)
})
const clicked = (name, text, decoy, wanted = text) => ({
  name: `found: ${name}`,
  html: `<button id="no">${decoy}</button><button id="yes">${text}</button>`,
  script: () => { hear(document, 'click', event => event.target.closest('button').id); expect(() => ({ log: [seen, ['click yes']] })) },
  steps: [{ click: { role: 'button', name: wanted } }],
  playwright: page => page.getByRole('button', { name: wanted }).click()
})
const texts = (page, selector) => page.locator(selector).evaluateAll(all => all.map(one => one.innerText.trim().replace(/\s+/g, ' ')))

export default [
  typed('Chinese, Japanese, Korean', '中文 日本語 한국어'),
  typed('emoji with joins, flags and skin', '👩‍👩‍👧‍👦🏳️‍🌈👋🏽🇯🇵'),
  typed('right to left', 'שלום עולם مرحبا'),
  typed('combining marks and ligatures', 'e\u0301 ﬁ a\u0308\u0323 ก็'),
  typed('letters outside the first plane', '𝒜𝓑 𠮷野家 🜁'),
  typed('Cyrillic, Greek, Vietnamese', 'Съешь ещё Ωμέγα Tiếng Việt'),
  clicked('Chinese', '提交订单', '提交'),
  clicked('right to left', 'إرسال الطلب', 'إلغاء'),
  clicked('emoji alone', '🛒', '🚗'),
  clicked('whatever the case, beyond ASCII', 'ОТПРАВИТЬ ÄRGER', 'ОТМЕНА', 'отправить ärger'),
  clicked('non-breaking and other blanks', 'Pay&nbsp;10&thinsp;000&nbsp;₽', 'Pay 10', 'Pay 10 000 ₽'),
  clicked('words broken by soft hyphens', 'Ship&shy;ping', 'Ship', 'Shipping'),
  {
    name: 'found: text in several elements',
    html: '<p id="no">Total</p><p id="yes">Total: <b>10</b> <i>euro</i></p>',
    script: () => { hear(document, 'click', event => event.target.closest('p').id); expect(() => ({ log: [seen, ['click yes']] })) },
    steps: [{ click: 'Total: 10 euro' }],
    playwright: page => page.getByText('Total: 10 euro').click()
  },
  {
    name: 'read: text of many kinds',
    html: '<p class="t">中文 and 👩‍👧</p><p class="t" dir="rtl">שלום</p><p class="t">a<br>b   c</p><p class="t" style="text-transform: uppercase">shout</p><p class="t">x<span hidden>no</span><script>0</script>y</p>',
    reads: { kinds: ['中文 and 👩‍👧', 'שלום', 'a b c', 'SHOUT', 'xy'] },
    steps: [{ extract: { as: 'kinds', list: { css: '.t' } } }],
    playwright: async page => ({ kinds: await texts(page, '.t') })
  },
  {
    name: 'read: a table with heads, spans and nested markup',
    html: '<table><thead><tr><th>Name<th>Price<th>In stock</thead><tbody><tr><td><b>Tea</b><td>1,50<td>yes<tr><td>Milk<td colspan="2">sold out</tbody></table>',
    reads: { table: [{ Name: 'Tea', Price: '1,50', 'In stock': 'yes' }, { Name: 'Milk', Price: 'sold out', 'In stock': 'sold out' }] },
    steps: [{ extract: { as: 'table', table: { css: 'table' } } }],
    playwright: async page => ({
      table: await page.locator('tbody tr').evaluateAll(rows => {
        const names = [...document.querySelectorAll('th')].map(one => one.innerText)
        return rows.map(row => {
          const cells = [...row.cells].flatMap(cell => Array(cell.colSpan).fill(cell.innerText))
          return Object.fromEntries(names.map((name, i) => [name, cells[i]]))
        })
      })
    })
  },
  {
    name: 'read: cards of floating children, some without a member',
    html: ['Tea|3', 'Milk|', 'Salt|1'].map(card => card.split('|')).map(([name, price]) => `<div class="card"><h3 style="float: left">${name}</h3>${price ? `<b style="float: left">$${price}.00</b>` : ''}</div>`).join('<br clear="all">'),
    reads: { cards: [{ name: 'Tea', price: 3 }, { name: 'Milk', price: null }, { name: 'Salt', price: 1 }] },
    steps: [{ extract: { as: 'cards', list: { css: '.card', fields: { name: 'h3', price: { css: 'b', type: 'number' } } } } }],
    playwright: async page => ({ cards: await page.locator('.card').evaluateAll(all => all.map(one => ({ name: one.querySelector('h3').innerText, price: one.querySelector('b') ? Number(one.querySelector('b').innerText.slice(1)) : null }))) })
  },
  {
    name: 'read: values of fields, not their attributes',
    html: '<input id="a" value="old"><select id="s"><option value="1">One<option value="2" selected>Two</select><textarea id="t">x</textarea><input type="checkbox" id="c">',
    script: () => { $('#a').value = 'new'; $('#s').value = '1'; $('#t').value = 'a\nb'; $('#c').checked = true },
    reads: { field: 'new', choice: '1', area: 'a\nb', box: true },
    steps: [{ extract: { as: 'field', css: '#a', read: 'value' } }, { extract: { as: 'choice', css: '#s', read: 'value' } }, { extract: { as: 'area', css: '#t', read: 'value' } }, { extract: { as: 'box', css: '#c', read: 'checked' } }],
    playwright: async page => ({ field: await page.locator('#a').inputValue(), choice: await page.locator('#s').inputValue(), area: await page.locator('#t').inputValue(), box: await page.locator('#c').isChecked() })
  },
  {
    name: 'read: whole addresses of links and pictures',
    html: '<a href="a?b=1#c">x</a><img src="/p.png" alt="P">',
    reads: { href: 'PAGE/a?b=1#c', src: 'SITE/p.png' },
    steps: [{ evaluate: { script: 'const a = document.querySelector("a"); a.setAttribute("href", a.href.replace(/.*\\/a\\?/, "http://site.example/PAGE/a?"))' } },
      { extract: { as: 'href', css: 'a', attribute: 'href', match: '(PAGE.*)' } },
      { extract: { as: 'src', css: 'img', attribute: 'src', match: '^http://127.0.0.1:\\d+(/p.png)$' } },
      { evaluate: { script: '"SITE" + results.src', as: 'src' } }],
    playwright: async page => ({
      href: await page.locator('a').evaluate(one => one.href.replace(/.*\/a\?/, 'PAGE/a?')),
      src: await page.locator('img').evaluate(one => `SITE${new URL(one.src).pathname}`)
    })
  },
  {
    name: 'read: text in a frame of another site and in shadow roots',
    html: '<iframe src="{{OTHER}}/in.html"></iframe><div id="h"><template shadowrootmode="open"><p class="deep">From the shadow</p></template></div>',
    files: { 'in.html': '<p class="far">From afar</p>' },
    reads: { far: 'From afar', deep: 'From the shadow' },
    steps: [{ extract: { as: 'far', css: '.far' } }, { extract: { as: 'deep', css: '.deep' } }],
    playwright: async page => ({ far: await page.frameLocator('iframe').locator('.far').innerText(), deep: await page.locator('.deep').innerText() })
  },
  {
    name: 'read: numbers as people write them',
    html: ['1 299,50 ₽', '$1,299.00', '−5', '0,5 kg', 'about 12 of 40'].map(text => `<p class="n">${text}</p>`).join(''),
    reads: { numbers: [1299.5, 1299, -5, 0.5, 12] },
    steps: [{ extract: { as: 'numbers', list: { css: '.n', type: 'number' } } }],
    playwright: async page => ({
      numbers: (await texts(page, '.n')).map(text => {
        const digits = text.replace('−', '-').replace('about ', '').replace(/ of.*/, '').replace(/[^\d.,-]/g, '')
        return Number(/,\d{1,2}$/.test(digits) ? digits.replace(',', '.') : digits.replace(',', ''))
      })
    })
  },
  {
    name: 'read: what comes only after a while',
    html: '<p id="slow">Loading…</p>',
    script: () => { setTimeout(() => { $('#slow').outerHTML = '<ul><li class="late">1<li class="late">2</ul>' }, 500) },
    reads: { late: ['1', '2'] },
    steps: [{ extract: { as: 'late', list: { css: '.late' } } }],
    playwright: async page => { await page.locator('.late').first().waitFor(); return { late: await texts(page, '.late') } }
  },
  {
    name: 'read: accessible names',
    html: '<button class="b" aria-label="Close">×</button><label>E-mail <input class="b"></label><a class="b" href="#"><img alt="Home" width="9" height="9"></a>',
    reads: { names: ['Close', 'E-mail', 'Home'] },
    steps: [{ extract: { as: 'names', list: { css: '.b', read: 'name' } } }],
    playwright: async page => {
      const snapshot = await Promise.all((await page.locator('.b').all()).map(one => one.ariaSnapshot()))
      return { names: snapshot.map(text => /"([^"]*)"/.exec(text)[1]) }
    }
  }
]
