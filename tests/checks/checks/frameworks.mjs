// Fields and lists as frameworks and editors build them: what they hear must be what a person would have caused.
const react = () => {
  // React's value tracker: an input event whose value the tracker already knows is not passed on.
  const track = (field, onChange) => {
    const own = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')
    let known = own.get.call(field)
    Object.defineProperty(field, 'value', { configurable: true, get () { return own.get.call(this) }, set (value) { known = String(value); own.set.call(this, value) } })
    field.addEventListener('input', () => {
      const value = own.get.call(field)
      if (value === known) return
      known = value
      field.value = onChange(value)
    })
  }
  return track
}
const withTrack = script => `() => { const track = (${react})(); (${script})() }`

export default [
  {
    name: 'controlled field that shouts',
    html: '<label>Name <input id="a"></label><p id="state"></p>',
    script: withTrack(() => {
      track($('#a'), value => { $('#state').textContent = value.toUpperCase(); return value.toUpperCase() })
      expect(() => ({ field: [$('#a').value, 'ANN'], state: [$('#state').textContent, 'ANN'] }))
    }),
    steps: [{ fill: { label: 'Name', value: 'ann' } }],
    playwright: page => page.getByLabel('Name').fill('ann')
  },
  {
    name: 'controlled field that takes digits only, key by key',
    html: '<label>PIN <input id="a"></label>',
    script: withTrack(() => {
      let state = ''
      track($('#a'), value => { if (/^\d*$/.test(value)) state = value; return state })
      expect(() => ({ field: [$('#a').value, '12'], state: [state, '12'] }))
    }),
    steps: [{ click: { label: 'PIN' } }, ...['1', 'x', '2'].map(key => ({ press: key }))],
    playwright: async page => { await page.getByLabel('PIN').click(); for (const key of ['1', 'x', '2']) await page.keyboard.press(key) }
  },
  {
    name: 'controlled date field',
    html: '<label>Day <input id="a" type="date" value="2026-01-01"></label><p id="state"></p>',
    script: withTrack(() => {
      track($('#a'), value => { $('#state').textContent = value; return value })
      expect(() => ({ state: [$('#state').textContent, '2026-11-23'] }))
    }),
    steps: [{ fill: { label: 'Day', value: '2026-11-23' } }],
    playwright: page => page.getByLabel('Day').fill('2026-11-23')
  },
  {
    name: 'controlled slider',
    html: '<label>Size <input id="a" type="range" value="1" max="9"></label><p id="state"></p>',
    script: withTrack(() => {
      track($('#a'), value => { $('#state').textContent = value; return value })
      expect(() => ({ state: [$('#state').textContent, '7'] }))
    }),
    steps: [{ fill: { label: 'Size', value: '7' } }],
    playwright: page => page.getByLabel('Size').fill('7')
  },
  {
    name: 'controlled field emptied',
    html: '<label>Name <input id="a" value="old"></label><p id="state">old</p>',
    script: withTrack(() => {
      track($('#a'), value => { $('#state').textContent = `[${value}]`; return value })
      expect(() => ({ state: [$('#state').textContent, '[]'] }))
    }),
    steps: [{ fill: { label: 'Name', value: '' } }],
    playwright: page => page.getByLabel('Name').fill('')
  },
  {
    name: 'controlled checkbox that the state puts back until it agrees',
    html: '<label><input type="checkbox" id="a"> Accept</label>',
    script: () => {
      let state = false
      $('#a').addEventListener('click', event => { say(`click ${event.isTrusted}`); event.preventDefault(); state = !state; setTimeout(() => { $('#a').checked = state }) })
      expect(() => ({ checked: [$('#a').checked, true], log: [seen, ['click true']] }))
    },
    steps: [{ check: { label: 'Accept' } }],
    playwright: async page => { await page.getByLabel('Accept').click() }
  },
  {
    name: 'controlled select',
    html: '<label>Plan <select id="a"><option>Free<option>Pro</select></label><p id="state">Free</p>',
    script: () => {
      $('#a').addEventListener('change', event => { const value = event.target.value; $('#a').value = 'Free'; setTimeout(() => { $('#state').textContent = value; $('#a').value = value }, 50) })
      expect(() => ({ both: [[$('#a').value, $('#state').textContent], ['Pro', 'Pro']] }))
    },
    steps: [{ select: { label: 'Plan', option: 'Pro' } }, { assert: { label: 'Plan', value: 'Pro' } }],
    playwright: page => page.getByLabel('Plan').selectOption('Pro')
  },
  {
    name: 'model that waits for the end of a composition',
    html: '<label>Name <input id="a"></label><p id="state"></p>',
    script: () => {
      // As v-model does: input events while composing are left out.
      let composing = false
      $('#a').addEventListener('compositionstart', () => { composing = true })
      $('#a').addEventListener('compositionend', () => { composing = false; $('#a').dispatchEvent(new Event('input')) })
      $('#a').addEventListener('input', () => { if (!composing) $('#state').textContent = $('#a').value })
      expect(() => ({ state: [$('#state').textContent, '東京 なか'] }))
    },
    steps: [{ fill: { label: 'Name', value: '東京 なか' } }],
    playwright: page => page.getByLabel('Name').fill('東京 なか')
  },
  {
    name: 'model that is lazy: only change counts',
    html: '<label>Name <input id="a"></label><button>Save</button>',
    script: () => {
      let model = ''
      $('#a').addEventListener('change', () => { model = $('#a').value })
      $('button').addEventListener('click', () => say(`saved ${model}`))
      expect(() => ({ log: [seen, ['saved Ann']] }))
    },
    steps: [{ fill: { label: 'Name', value: 'Ann' } }, { click: 'Save' }],
    playwright: async page => { await page.getByLabel('Name').fill('Ann'); await page.getByText('Save').click() }
  },
  {
    name: 'model of a number with trim',
    html: '<label>Count <input id="a"></label>',
    script: () => {
      let model
      $('#a').addEventListener('input', () => { model = Number($('#a').value.trim()) })
      expect(() => ({ model: [model ?? null, 12] }))
    },
    steps: [{ fill: { label: 'Count', value: ' 12 ' } }],
    playwright: page => page.getByLabel('Count').fill(' 12 ')
  },
  {
    name: 'list drawn anew at every key, the focus kept by hand',
    html: '<div id="app"></div>',
    script: () => {
      let text = ''
      const draw = () => {
        $('#app').innerHTML = `<label>Filter <input id="f" value="${text}"></label><ul>${['tea', 'toast', 'milk'].filter(one => one.includes(text)).map(one => `<li><button>${one}</button>`).join('')}</ul>`
        $('#f').addEventListener('input', event => { text = event.target.value; draw(); $('#f').focus(); $('#f').setSelectionRange(text.length, text.length) })
        $$('li button').forEach(button => button.addEventListener('click', () => say(`chose ${button.textContent}`)))
      }
      draw()
      expect(() => ({ log: [seen, ['chose toast']], text: [text, 'to'] }))
    },
    steps: [{ click: { label: 'Filter' } }, { press: 't' }, { press: 'o' }, { click: { role: 'button', name: 'toast' } }],
    playwright: async page => { await page.getByLabel('Filter').click(); await page.keyboard.press('t'); await page.keyboard.press('o'); await page.getByRole('button', { name: 'toast' }).click() }
  },
  {
    name: 'the page is drawn by the server first and woken up later',
    html: '<button id="b">Add</button><output id="n">0</output>',
    script: () => {
      // Until then the button stands there without any handler, as with hydration; the page says so by aria-busy.
      document.body.ariaBusy = 'true'
      setTimeout(() => { $('#b').addEventListener('click', () => { $('#n').value++ }); document.body.ariaBusy = 'false' }, 500)
      expect(() => ({ n: [$('#n').value, '1'] }))
    },
    steps: [{ wait_for: { css: 'body[aria-busy=false]' } }, { click: 'Add' }],
    playwright: async page => { await page.locator('body[aria-busy=false]').waitFor(); await page.getByText('Add').click() }
  },
  {
    name: 'editor that takes beforeinput and draws itself',
    html: '<div id="e" contenteditable role="textbox" aria-label="Editor" style="min-height: 40px; white-space: pre-wrap"></div>',
    script: () => {
      let model = ''
      $('#e').addEventListener('beforeinput', event => {
        event.preventDefault()
        if (!event.isTrusted) return
        if (event.inputType === 'insertText') model += event.data
        if (event.inputType === 'insertParagraph') model += '\n'
        if (event.inputType === 'deleteContentBackward') model = model.slice(0, -1)
        $('#e').textContent = model
        getSelection().selectAllChildren($('#e'))
        getSelection().collapseToEnd()
      })
      expect(() => ({ model: [model, 'hi\nyo'] }))
    },
    steps: [{ click: { role: 'textbox', name: 'Editor' } }, ...['h', 'i', 'Enter', 'y', 'o', 'x', 'Backspace'].map(key => ({ press: key }))],
    playwright: async page => { await page.getByRole('textbox').click(); for (const key of ['h', 'i', 'Enter', 'y', 'o', 'x', 'Backspace']) await page.keyboard.press(key) }
  },
  {
    name: 'editor with a toolbar: bold for what is selected',
    html: '<button id="bold">B</button><div id="e" contenteditable role="textbox" aria-label="Editor">make me bold</div>',
    script: () => {
      $('#bold').addEventListener('mousedown', event => event.preventDefault())
      $('#bold').addEventListener('click', () => document.execCommand('bold'))
      expect(() => ({ html: [$('#e').innerHTML, '<b>make me bold</b>'] }))
    },
    steps: [{ click: { role: 'textbox', name: 'Editor' } }, { press: 'Control+A' }, { click: { role: 'button', name: 'B' } }],
    playwright: async page => { await page.getByRole('textbox').click(); await page.keyboard.press('Control+A'); await page.getByText('B', { exact: true }).click() }
  },
  {
    name: 'editor in a frame of its own, as old ones do',
    html: '<iframe title="Rich text" srcdoc="<body contenteditable></body>"></iframe>',
    script: () => expect(() => ({ text: [$('iframe').contentDocument?.body?.innerText.trim() ?? '', 'Dear all'] })),
    steps: [{ fill: { css: 'body[contenteditable]', value: 'Dear all' } }],
    playwright: page => page.frameLocator('iframe').locator('body').fill('Dear all')
  },
  {
    name: 'code editor: keys go to a hidden textarea',
    html: '<div id="code" style="width: 300px; height: 100px; background: #222; color: #eee; font-family: monospace; position: relative"><span id="text"></span><textarea style="position: absolute; left: 0; top: 0; width: 1px; height: 1px; opacity: 0" aria-label="Code"></textarea></div>',
    script: () => {
      const area = $('textarea')
      $('#code').addEventListener('mousedown', event => { event.preventDefault(); area.focus() })
      area.addEventListener('input', () => { $('#text').textContent += area.value; area.value = '' })
      area.addEventListener('keydown', event => { if (event.key === 'Tab') { event.preventDefault(); $('#text').textContent += '→' } })
      expect(() => ({ text: [$('#text').textContent, '→x=1'] }))
    },
    steps: [{ click: { css: '#code' } }, ...['Tab', 'x', '=', '1'].map(key => ({ press: key }))],
    playwright: async page => { await page.locator('#code').click(); for (const key of ['Tab', 'x', '=', '1']) await page.keyboard.press(key) }
  },
  {
    name: 'mention: @ opens a list in the editor',
    html: '<div id="e" contenteditable role="textbox" aria-label="Message"></div><ul id="who" role="listbox" hidden><li role="option">ann<li role="option">anton</ul>',
    script: () => {
      $('#e').addEventListener('input', () => { setTimeout(() => { $('#who').hidden = !/@\w*$/.test($('#e').textContent) }, 100) })
      $('#who').addEventListener('mousedown', event => { event.preventDefault(); $('#e').textContent = $('#e').textContent.replace(/@\w*$/, `[${event.target.textContent.trim()}]`); $('#who').hidden = true })
      expect(() => ({ text: [$('#e').textContent, 'hi [anton]'] }))
    },
    steps: [{ fill: { role: 'textbox', name: 'Message', value: 'hi @an' } }, { click: { role: 'option', name: 'anton' } }],
    playwright: async page => { await page.getByRole('textbox').fill('hi @an'); await page.getByRole('option', { name: 'anton' }).click() }
  },
  {
    name: 'paste is heard by the page',
    html: '<input id="a" aria-label="Source" value="a@x.org, b@y.org"><div id="e" contenteditable role="textbox" aria-label="Recipients" style="min-height: 20px"></div>',
    script: () => {
      $('#e').addEventListener('paste', event => { event.preventDefault(); $('#e').innerHTML = event.clipboardData.getData('text/plain').split(/,\s*/).map(one => `<b>${one}</b>`).join(' '); say(`pasted ${event.isTrusted}`) })
      expect(() => ({ people: [$$('#e b').map(one => one.textContent), ['a@x.org', 'b@y.org']], log: [seen, ['pasted true']] }))
    },
    steps: [{ click: { label: 'Source' } }, { press: 'Control+A' }, { press: 'Control+C' }, { click: { role: 'textbox', name: 'Recipients' } }, { press: 'Control+V' }],
    playwright: async page => {
      await page.getByLabel('Source').click()
      for (const key of ['Control+A', 'Control+C']) await page.keyboard.press(key)
      await page.getByRole('textbox', { name: 'Recipients' }).click()
      await page.keyboard.press('Control+V')
    }
  },
  {
    name: 'undo and redo in a field',
    html: '<input id="a" aria-label="Text">',
    script: () => { hear($('#a'), 'input', event => event.inputType); expect(() => ({ value: [$('#a').value, 'ab'], log: [seen.slice(-2), ['input historyUndo', 'input historyRedo']] })) },
    steps: [{ click: { label: 'Text' } }, { press: 'a' }, { press: 'b' }, { press: 'Control+Z' }, { press: 'Control+Y' }],
    playwright: async page => {
      await page.getByLabel('Text').click()
      // Playwright on Linux sends no editing command with its chords, so the protocol's own is used as its reference.
      const cdp = await page.context().newCDPSession(page)
      await page.keyboard.press('a')
      await page.keyboard.press('b')
      for (const [key, command] of [['z', 'undo'], ['y', 'redo']]) await cdp.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key, modifiers: 2, commands: [command] })
    }
  }
]
