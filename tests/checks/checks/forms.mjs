// Fields of every kind, filled the way a person or a page's own widgets would have it.
const labelled = (label, type, more = '') => `<label>${label} <input id="field" type="${type}" ${more}></label>`

/* A field whose value and number of changes are checked; `trusted`: the browser itself made the input event. */
const filled = (name, html, value, { label = 'Field', wanted = value, trusted = true } = {}) => ({
  name,
  html: html.replace('<input', `<input data-wanted="${wanted}" data-trusted="${trusted}"`),
  script: () => {
    const field = $('#field')
    let last = 'no input'
    field.addEventListener('input', event => { last = event.isTrusted || field.dataset.trusted === 'false' ? 'real input' : 'script input' })
    expect(() => ({ value: [field.value, field.dataset.wanted], event: [last, 'real input'], focus: [document.activeElement, field] }))
  },
  steps: [{ fill: { label, value } }],
  playwright: page => page.getByLabel(label).fill(value)
})

export default [
  filled('text field', labelled('Field', 'text', 'value="old text"'), 'new text'),
  filled('password field', labelled('Field', 'password'), 'h u n t e r 2'),
  filled('email field', labelled('Field', 'email'), 'ann@example.org'),
  filled('telephone field', labelled('Field', 'tel'), '+7 (900) 000-00-00'),
  filled('address field', labelled('Field', 'url'), 'https://example.org/?q=1'),
  filled('search field', labelled('Field', 'search', 'value="tea"'), 'coffee'),
  filled('number field', labelled('Field', 'number', 'min="0" step="0.5"'), '12.5'),
  filled('negative number', labelled('Field', 'number'), '-3e2'),
  filled('date field', labelled('Field', 'date', 'min="2026-01-01"'), '2026-11-23', { trusted: false }),
  filled('time field', labelled('Field', 'time'), '18:30', { trusted: false }),
  filled('time with seconds', labelled('Field', 'time', 'step="1"'), '18:30:15', { trusted: false }),
  filled('date and time field', labelled('Field', 'datetime-local'), '2026-11-23T18:30', { trusted: false }),
  filled('month field', labelled('Field', 'month'), '2026-11', { trusted: false }),
  filled('week field', labelled('Field', 'week'), '2026-W48', { trusted: false }),
  filled('colour field', labelled('Field', 'color'), '#ff8800', { trusted: false }),
  filled('range field', labelled('Field', 'range', 'min="0" max="10" step="0.5"'), '7.5', { trusted: false }),
  filled('field without a type', '<label>Field <input id="field"></label>', 'plain'),
  filled('field of a type that does not exist', labelled('Field', 'fancy'), 'plain'),
  filled('field in upper case and old attributes', '<LABEL FOR=field>Field</LABEL><INPUT TYPE=TEXT ID=field>'.replace('<INPUT', '<input'), 'plain'),
  filled('quotes, markup and backslashes', labelled('Field', 'text'), `it's <b>& \\n {} $1`),
  filled('maxlength keeps the beginning', labelled('Field', 'text', 'maxlength="4"'), '123456', { wanted: '1234' }),
  filled('a field named by aria-label', '<input id="field" aria-label="Field">', 'x'),
  filled('a label that has the field and a link in it', '<label>I read <a href="#x">the rules</a> Field<input id="field"></label>', 'yes', { label: 'Field' }),
  {
    name: 'a field named by aria-labelledby of two elements',
    html: '<p id="a">Billing</p><p id="b">Street</p><input id="field" aria-labelledby="a b"><input aria-label="Street">',
    script: () => expect(() => ({ value: [$('#field').value, 'Elm'] })),
    steps: [{ fill: { role: 'textbox', name: 'Billing Street', value: 'Elm' } }],
    playwright: page => page.getByRole('textbox', { name: 'Billing Street' }).fill('Elm')
  },
  {
    name: 'emptying a field',
    html: labelled('Field', 'text', 'value="something"'),
    script: () => {
      hear($('#field'), 'input')
      expect(() => ({ value: [$('#field').value, ''], events: [seen, ['input field']] }))
    },
    steps: [{ fill: { label: 'Field', value: '' } }],
    playwright: page => page.getByLabel('Field').fill('')
  },
  {
    name: 'textarea with lines',
    html: '<label for="field">Story</label><textarea id="field">old\nlines</textarea>',
    script: () => expect(() => ({ value: [$('#field').value, 'one\ntwo\n\nfour'] })),
    steps: [{ fill: { label: 'Story', value: 'one\ntwo\n\nfour' } }],
    playwright: page => page.getByLabel('Story').fill('one\ntwo\n\nfour')
  },
  {
    name: 'contenteditable',
    html: '<div id="field" contenteditable role="textbox" aria-label="Note"><p>old <b>bold</b></p></div>',
    script: () => {
      hear($('#field'), 'input', event => event.inputType)
      expect(() => ({ text: [$('#field').innerText.trim(), 'fresh note'], trusted: [seen.length > 0 && seen.every(line => !line.includes('untrusted')), true] }))
    },
    steps: [{ fill: { role: 'textbox', name: 'Note', value: 'fresh note' } }],
    playwright: page => page.getByRole('textbox', { name: 'Note' }).fill('fresh note')
  },
  {
    name: 'contenteditable plaintext-only',
    html: '<div id="field" contenteditable="plaintext-only" aria-label="Note" role="textbox">old</div>',
    script: () => expect(() => ({ text: [$('#field').textContent, 'a < b'] })),
    steps: [{ fill: { css: '#field', value: 'a < b' } }],
    playwright: page => page.locator('#field').fill('a < b')
  },
  {
    name: 'checkbox by its label',
    html: '<input type="checkbox" id="agree"><label for="agree">I agree</label>',
    script: () => {
      hear($('#agree'), 'click input change')
      expect(() => ({ checked: [$('#agree').checked, true], events: [seen, ['click agree', 'input agree', 'change agree']] }))
    },
    steps: [{ click: { label: 'I agree' } }],
    playwright: page => page.getByLabel('I agree').click()
  },
  {
    name: 'checkbox hidden behind its styled label',
    html: '<style>.sr { position: absolute; opacity: 0; width: 1px; height: 1px } .box { display: inline-block; padding: 8px; border: 1px solid }</style><label class="box"><input class="sr" type="checkbox" id="agree">Fancy</label>',
    script: () => {
      hear($('#agree'), 'change')
      expect(() => ({ checked: [$('#agree').checked, true], events: [seen, ['change agree']] }))
    },
    steps: [{ click: 'Fancy' }],
    playwright: page => page.getByText('Fancy').click()
  },
  {
    name: 'checkbox that starts indeterminate',
    html: '<label><input type="checkbox" id="all"> All rows</label>',
    script: () => {
      $('#all').indeterminate = true
      expect(() => ({ state: [[$('#all').checked, $('#all').indeterminate], [true, false]] }))
    },
    steps: [{ click: { role: 'checkbox', name: 'All rows' } }],
    playwright: page => page.getByRole('checkbox', { name: 'All rows' }).click()
  },
  {
    name: 'one radio of two groups',
    html: ['Pay', 'Ship'].map(group => `<fieldset><legend>${group}</legend>${['Fast', 'Slow'].map(kind => `<label><input type="radio" name="${group}" value="${kind}" ${kind === 'Slow' ? 'checked' : ''}> ${kind}</label>`).join('')}</fieldset>`).join(''),
    script: () => expect(() => ({ chosen: [$$(':checked').map(one => `${one.name} ${one.value}`), ['Pay Slow', 'Ship Fast']] })),
    steps: [{ click: { role: 'radio', name: 'Fast', within: { role: 'group', name: 'Ship' } } }],
    playwright: page => page.getByRole('group', { name: 'Ship' }).getByRole('radio', { name: 'Fast' }).click()
  },
  {
    name: 'radio group moved through by arrow keys',
    html: '<label><input type="radio" name="size" value="S" checked> S</label><label><input type="radio" name="size" value="M"> M</label><label><input type="radio" name="size" value="L"> L</label>',
    script: () => expect(() => ({ size: [$(':checked').value, 'L'] })),
    steps: [{ click: { role: 'radio', name: 'M' } }, { press: 'ArrowDown' }],
    playwright: async page => { await page.getByRole('radio', { name: 'M' }).click(); await page.keyboard.press('ArrowDown') }
  },
  {
    name: 'field with a datalist',
    html: '<label>City <input id="city" list="cities"></label><datalist id="cities"><option>Paris<option>Prague<option>Porto</datalist>',
    script: () => {
      hear($('#city'), 'input change')
      expect(() => ({ value: [$('#city').value, 'Prague'], change: [seen.includes('change city'), true] }))
    },
    steps: [{ fill: { label: 'City', value: 'Prague' } }, { press: 'Tab' }],
    playwright: async page => { await page.getByLabel('City').fill('Prague'); await page.keyboard.press('Tab') }
  },
  {
    name: 'select by its keyboard',
    html: '<label>Fruit <select id="fruit"><option>Apple<option>Banana<option>Cherry</select></label>',
    script: () => {
      hear($('#fruit'), 'change')
      expect(() => ({ value: [$('#fruit').value, 'Cherry'], events: [seen.at(-1), 'change fruit'] }))
    },
    steps: [{ press: { label: 'Fruit', key: 'c' } }],
    playwright: page => page.getByLabel('Fruit').press('c')
  },
  {
    name: 'list of several chosen with Control',
    html: '<label>Tags <select id="tags" multiple size="4"><option>red<option>green<option>blue<option>grey</select></label>',
    script: () => expect(() => ({ chosen: [[...$('#tags').selectedOptions].map(one => one.value), ['red', 'blue']] })),
    steps: [{ click: { role: 'option', name: 'red' } }, { click: { role: 'option', name: 'blue', modifiers: ['Control'] } }],
    playwright: async page => { await page.getByRole('option', { name: 'red' }).click(); await page.getByRole('option', { name: 'blue' }).click({ modifiers: ['Control'] }) }
  },
  {
    name: 'a required field stops the form until it is filled',
    html: '<form onsubmit="event.preventDefault(); say(`sent ${mail.value} ${event.isTrusted}`)"><label>E-mail <input name="mail" id="mail" type="email" required></label><button>Send</button></form>',
    script: () => {
      hear($('#mail'), 'invalid')
      expect(() => ({ log: [seen, ['invalid mail', 'sent a@b.cd true']] }))
    },
    steps: [{ click: 'Send' }, { fill: { label: 'E-mail', value: 'a@b.cd' } }, { click: 'Send' }],
    playwright: async page => {
      await page.getByRole('button').click()
      await page.getByLabel('E-mail').fill('a@b.cd')
      await page.getByRole('button').click()
    }
  },
  {
    name: 'reset button',
    html: '<form><label>A <input id="a" value="first"></label><button type="reset">Clear</button></form>',
    script: () => {
      hear($('form'), 'input reset', event => event.target.localName)
      expect(() => ({ value: [$('#a').value, 'first'], log: [seen, ['input input', 'reset form']] }))
    },
    steps: [{ fill: { label: 'A', exact: true, value: 'second' } }, { click: 'Clear' }],
    playwright: async page => { await page.getByLabel('A', { exact: true }).fill('second'); await page.getByText('Clear').click() }
  },
  {
    name: 'submit by a button outside the form',
    html: '<form id="far"><input name="q" aria-label="Query"></form><button form="far" name="how" value="outside">Go</button>',
    script: () => {
      $('form').addEventListener('submit', event => {
        event.preventDefault()
        say(new URLSearchParams(new FormData(event.target, event.submitter)).toString())
      })
      expect(() => ({ sent: [seen, ['q=tea&how=outside']] }))
    },
    steps: [{ fill: { label: 'Query', value: 'tea' } }, { click: { role: 'button', name: 'Go' } }],
    playwright: async page => { await page.getByLabel('Query').fill('tea'); await page.getByRole('button', { name: 'Go' }).click() }
  },
  {
    name: 'image button tells where it was clicked',
    html: '<form><input type="image" alt="Map" width="100" height="40" src="data:image/svg+xml,%3Csvg xmlns=\'http://www.w3.org/2000/svg\'/%3E"></form>',
    script: () => {
      $('form').addEventListener('submit', event => { event.preventDefault(); say('sent') })
      hear($('input'), 'click', event => `${Math.round(event.offsetX)} ${Math.round(event.offsetY)}`)
      expect(() => ({ log: [seen, ['click 50 20', 'sent']] }))
    },
    steps: [{ click: { role: 'button', name: 'Map' } }],
    playwright: page => page.getByRole('button', { name: 'Map' }).click()
  },
  {
    name: 'output, progress and sums follow the fields',
    html: '<form oninput="sum.value = Number(a.value) + Number(b.value)"><input id="a" type="number" aria-label="First" value="1"> + <input id="b" type="number" aria-label="Second" value="1"> = <output id="sum" name="sum" for="a b">2</output></form>',
    script: () => expect(() => ({ sum: [$('#sum').value, '42'] })),
    steps: [{ fill: { label: 'First', value: '40' } }, { fill: { label: 'Second', value: '2' } }, { assert: { role: 'status', contains: '42' } }],
    playwright: async page => {
      await page.getByLabel('First').fill('40')
      await page.getByLabel('Second').fill('2')
      await page.getByRole('status').filter({ hasText: '42' }).waitFor()
    }
  },
  {
    name: 'change comes when the field is left',
    html: '<input id="a" aria-label="One" value="x"><input id="b" aria-label="Two">',
    script: () => {
      hear(document, 'change focusin focusout')
      expect(() => ({ log: [seen, ['focusin a', 'change a', 'focusout a', 'focusin b']] }))
    },
    steps: [{ fill: { label: 'One', value: 'y' } }, { click: { label: 'Two' } }],
    playwright: async page => { await page.getByLabel('One').fill('y'); await page.getByLabel('Two').click() }
  },
  {
    name: 'read-only until the edit button is pressed',
    html: '<input id="a" aria-label="Name" value="Ann" readonly><button onclick="setTimeout(() => { a.readOnly = false }, 300)">Edit</button>',
    script: () => expect(() => ({ value: [$('#a').value, 'Bob'] })),
    steps: [{ click: 'Edit' }, { fill: { label: 'Name', value: 'Bob' } }],
    playwright: async page => { await page.getByText('Edit').click(); await page.getByLabel('Name').fill('Bob') }
  }
]
