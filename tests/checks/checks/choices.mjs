// select, check and uncheck: lists, boxes and switches of the browser's own and of pages.
const fruits = (more = '') => `<label>Fruit <select id="fruit" ${more}><option value="">Choose<option value="a">Apple<option value="b">Banana<optgroup label="Red"><option value="c">Cherry<option value="c2">Cherry tomato</optgroup><option value="d" disabled>Durian</select></label>`
const chosen = (name, html, select, wanted, playwright) => ({
  name,
  html: html.replace('<select', `<select data-wanted='${JSON.stringify(wanted)}'`),
  script: () => {
    const list = $('select')
    let heard = []
    for (const type of ['input', 'change']) list.addEventListener(type, () => heard.push(type))
    expect(() => ({ chosen: [[...list.selectedOptions].map(one => one.value), JSON.parse(list.dataset.wanted)], events: [heard.slice(-2), ['input', 'change']] }))
  },
  steps: [{ select }],
  playwright
})
const box = (name, html, steps, playwright, wanted, heard) => ({
  name,
  html: `${html}<i data-wanted='${JSON.stringify([wanted, heard])}'></i>`,
  script: () => {
    const [wanted, heard] = JSON.parse($('[data-wanted]').dataset.wanted)
    const state = one => one.checked ?? (one.ariaChecked === 'true')
    hear(document, 'change click', event => (event.type === 'click' && event.target.matches('input') ? 'skip' : event.target.id))
    expect(() => ({ state: [$$('input, [aria-checked]').map(state), wanted], log: [seen.filter(line => line.startsWith('change')).length, heard] }))
  },
  steps,
  playwright
})
const lazy = { // a list of the page's own whose options are drawn when it opens
  html: '<div id="box"><button role="combobox" aria-expanded="false" aria-controls="list" aria-label="Size">Pick</button><ul id="list" role="listbox" hidden></ul></div>',
  script: () => {
    const [button, list] = [$('button'), $('ul')]
    button.addEventListener('click', event => {
      if (!event.isTrusted) return
      setTimeout(() => {
        list.innerHTML = ['Small', 'Medium', 'Large', 'Extra large'].map(size => `<li role="option">${size}</li>`).join('')
        list.hidden = false
        button.ariaExpanded = 'true'
      }, 150)
    })
    list.addEventListener('click', event => { if (event.isTrusted) { button.textContent = event.target.textContent; list.hidden = true; button.ariaExpanded = 'false' } })
    expect(() => ({ size: [button.textContent, 'Large'], open: [list.hidden, true] }))
  }
}

export default [
  chosen('select by text', fruits(), { label: 'Fruit', option: 'Banana' }, ['b'], page => page.getByLabel('Fruit').selectOption('Banana')),
  chosen('select by whole text before a part of it', fruits(), { label: 'Fruit', option: 'Cherry' }, ['c'], page => page.getByLabel('Fruit').selectOption({ label: 'Cherry' })),
  chosen('select by value', fruits(), { label: 'Fruit', value: 'c2' }, ['c2'], page => page.getByLabel('Fruit').selectOption({ value: 'c2' })),
  chosen('select by number', fruits(), { label: 'Fruit', index: 2 }, ['a'], page => page.getByLabel('Fruit').selectOption({ index: 1 })),
  chosen('select several', '<label>Tags <select multiple size="5"><option>red<option selected>green<option>blue<option>grey</select></label>', { label: 'Tags', options: ['red', 'blue'] }, ['red', 'blue'], page => page.getByLabel('Tags').selectOption(['red', 'blue'])),
  chosen('select none of several', '<label>Tags <select multiple size="3"><option selected>red<option selected>green</select></label>', { label: 'Tags', options: [] }, [], page => page.getByLabel('Tags').selectOption([])),
  chosen('select with an option whose label is an attribute', '<label>Unit <select><option label="Metre" value="m"></option><option label="Foot" value="f"></option></select></label>', { label: 'Unit', option: 'Foot' }, ['f'], page => page.getByLabel('Unit').selectOption({ label: 'Foot' })),
  {
    name: 'select whose options come with the choice in another',
    html: '<label>Land <select id="land"><option>-<option>Norway<option>Japan</select></label><label>City <select id="city" disabled></select></label>',
    script: () => {
      const cities = { Norway: ['Oslo', 'Bergen'], Japan: ['Tokyo', 'Osaka'] }
      $('#land').addEventListener('change', () => setTimeout(() => { $('#city').innerHTML = (cities[$('#land').value] ?? []).map(city => `<option>${city}`).join(''); $('#city').disabled = false }, 300))
      expect(() => ({ both: [[$('#land').value, $('#city').value], ['Japan', 'Osaka']] }))
    },
    steps: [{ select: { label: 'Land', option: 'Japan' } }, { select: { label: 'City', option: 'Osaka' } }],
    playwright: async page => { await page.getByLabel('Land').selectOption('Japan'); await page.getByLabel('City').selectOption('Osaka') }
  },
  {
    name: 'select hidden behind a widget that a label shows',
    html: '<label>Plan <select id="plan" style="position: absolute; opacity: 0; width: 1px; height: 1px"><option>Free<option>Pro</select></label><p id="shown">Free</p>',
    script: () => {
      $('#plan').addEventListener('change', () => { $('#shown').textContent = $('#plan').value })
      expect(() => ({ shown: [$('#shown').textContent, 'Pro'] }))
    },
    steps: [{ select: { label: 'Plan', option: 'Pro' } }],
    playwright: page => page.getByLabel('Plan').selectOption('Pro')
  },
  {
    name: 'select in a frame of another site',
    html: '<iframe src="{{OTHER}}/in.html"></iframe>',
    files: { 'in.html': '<label>Pay <select><option>Card<option>Cash</select></label><script>$("select").addEventListener("change", event => say(`chose ${event.target.value}`))</script>' },
    script: () => expect(() => ({ log: [seen, ['chose Cash']] })),
    steps: [{ select: { label: 'Pay', option: 'Cash' } }],
    playwright: page => page.frameLocator('iframe').getByLabel('Pay').selectOption('Cash')
  },
  {
    name: 'list of the page that opens by a button with a role', ...lazy,
    steps: [{ select: { role: 'combobox', name: 'Size', option: 'Large' } }],
    playwright: async page => { await page.getByRole('combobox').click(); await page.getByRole('option', { name: 'Large', exact: true }).click() }
  },
  {
    name: 'listbox of the page that is always open',
    html: '<div role="listbox" aria-label="Seats"><div role="option" aria-selected="false">1A</div><div role="option" aria-selected="false">1B</div></div>',
    script: () => {
      $('[role=listbox]').addEventListener('click', event => $$('[role=option]').forEach(one => { one.ariaSelected = String(one === event.target) }))
      expect(() => ({ chosen: [$$('[aria-selected=true]').map(one => one.textContent), ['1B']] }))
    },
    steps: [{ select: { role: 'listbox', name: 'Seats', option: '1B' } }],
    playwright: page => page.getByRole('listbox', { name: 'Seats' }).getByRole('option', { name: '1B' }).click()
  },
  box('check', '<label><input type="checkbox" id="a">News</label>', [{ check: { label: 'News' } }], page => page.getByLabel('News').check(), [true], 1),
  box('check what is checked does nothing', '<label><input type="checkbox" id="a" checked>News</label><label><input type="checkbox" id="b">Other</label>', [{ check: { label: 'News' } }, { check: { label: 'Other' } }], async page => { await page.getByLabel('News').check(); await page.getByLabel('Other').check() }, [true, true], 1),
  box('uncheck', '<label><input type="checkbox" id="a" checked>News</label>', [{ uncheck: { label: 'News' } }], page => page.getByLabel('News').uncheck(), [false], 1),
  box('check one of two with the same label by its fieldset', ['Home', 'Work'].map(name => `<fieldset><legend>${name}</legend><label><input type="checkbox">Use</label></fieldset>`).join(''), [{ check: { label: 'Use', within: { role: 'group', name: 'Work' } } }], page => page.getByRole('group', { name: 'Work' }).getByLabel('Use').check(), [false, true], 1),
  box('check a radio button', '<label><input type="radio" name="r" checked>One</label><label><input type="radio" name="r">Two</label>', [{ check: 'Two' }], page => page.getByLabel('Two').check(), [false, true], 1),
  box('check a box that its label hides', '<style>input { position: absolute; opacity: 0; pointer-events: none }</style><input type="checkbox" id="a"><label for="a" style="display: block; padding: 10px">Fancy box</label>', [{ check: { label: 'Fancy box' } }], page => page.getByText('Fancy box').click(), [true], 1),
  {
    name: 'check a switch of the page',
    html: '<div role="switch" aria-checked="false" tabindex="0">Airplane mode</div>',
    script: () => {
      $('[role=switch]').addEventListener('click', event => { say(`click ${event.isTrusted}`); setTimeout(() => { $('[role=switch]').ariaChecked = String($('[role=switch]').ariaChecked !== 'true') }, 100) })
      expect(() => ({ state: [$('[role=switch]').ariaChecked, 'true'], log: [seen, ['click true']] }))
    },
    steps: [{ check: { role: 'switch', name: 'Airplane mode' } }],
    playwright: async page => { await page.getByRole('switch').click(); await page.getByRole('switch', { checked: true }).waitFor() }
  },
  {
    name: 'check a box that becomes usable late',
    html: '<label><input type="checkbox" id="a" disabled>Terms</label>',
    script: () => { setTimeout(() => { $('#a').disabled = false }, 400); hear($('#a'), 'change'); expect(() => ({ log: [seen, ['change a']], state: [$('#a').checked, true] })) },
    steps: [{ check: { label: 'Terms' } }],
    playwright: page => page.getByLabel('Terms').check()
  },
  {
    name: 'check every box of a table, row by row',
    html: '<table>' + ['Ann', 'Bob', 'Cid', 'Dan'].map((name, i) => `<tr><td><input type="checkbox" aria-label="${name}" ${i === 1 ? 'checked' : ''}><td>${name}`).join('') + '</table>',
    script: () => { hear(document, 'change', event => event.target.ariaLabel); expect(() => ({ all: [$$(':checked').length, 4], log: [seen, ['change Ann', 'change Cid', 'change Dan']] })) },
    steps: [{ for_each: { css: 'tr', steps: [{ check: { role: 'checkbox', within: '{{loop.target}}' } }] } }],
    playwright: async page => { for (const one of await page.getByRole('checkbox').all()) await one.check() }
  }
]
