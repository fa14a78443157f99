// Keys and focus: what a page hears of each, and what the browser does by itself.
const presses = (...keys) => keys.map(key => ({ press: key }))
const pressAll = async (page, ...keys) => { for (const key of keys) await page.keyboard.press(key) }

export default [
  {
    name: 'Enter in a field sends the form',
    html: '<form><input id="q" aria-label="Search"></form>',
    script: () => {
      $('form').addEventListener('submit', event => { event.preventDefault(); say(`submit ${$('#q').value} ${event.isTrusted}`) })
      hear($('#q'), 'keydown keypress keyup', event => event.key)
      expect(() => ({ log: [seen, ['keydown Enter', 'keypress Enter', 'submit tea true', 'keyup Enter']] }))
    },
    steps: [{ fill: { label: 'Search', value: 'tea' } }, { press: { label: 'Search', key: 'Enter' } }],
    playwright: async page => { await page.getByLabel('Search').fill('tea'); await page.getByLabel('Search').press('Enter') }
  },
  {
    name: 'Tab goes in the order of focus',
    html: '<input id="a" aria-label="Start"><input id="d" tabindex="2"><a id="b" href="#x">link</a><button id="off" disabled>off</button><div id="c" tabindex="0">box</div><input id="skipped" tabindex="-1"><input id="hidden" hidden>',
    script: () => {
      hear(document, 'focusin')
      expect(() => ({ log: [seen, ['focusin a', 'focusin b', 'focusin c', 'focusin b']] }))
    },
    steps: [{ click: { label: 'Start' } }, ...presses('Tab', 'Tab', 'Shift+Tab')],
    playwright: async page => { await page.getByLabel('Start').click(); await pressAll(page, 'Tab', 'Tab', 'Shift+Tab') }
  },
  {
    name: 'modifiers are told by the events of keys',
    html: '<input id="a" aria-label="Keys">',
    script: () => {
      hear($('#a'), 'keydown', event => [event.ctrlKey && 'C', event.altKey && 'A', event.shiftKey && 'S', event.metaKey && 'M', event.code].filter(Boolean).join('-'))
      expect(() => ({ log: [seen, ['keydown C-ControlLeft', 'keydown C-KeyK', 'keydown S-ShiftLeft', 'keydown S-F5', 'keydown A-AltLeft', 'keydown A-Digit1']] }))
      $('#a').addEventListener('keydown', event => event.preventDefault())
    },
    steps: [{ click: { label: 'Keys' } }, ...presses('Control+k', 'Shift+F5', 'Alt+1')],
    playwright: async page => { await page.getByLabel('Keys').click(); await pressAll(page, 'Control+k', 'Shift+F5', 'Alt+1') }
  },
  {
    name: 'typed letter by letter, every key is heard',
    html: '<input id="a" aria-label="Code">',
    script: () => {
      hear($('#a'), 'keydown keypress beforeinput input keyup', event => event.key ?? event.data)
      expect(() => ({ value: [$('#a').value, 'aЖ1'], log: [seen, ['a', 'Ж', '1'].flatMap(key => ['keydown', 'keypress', 'beforeinput', 'input', 'keyup'].map(type => `${type} ${key}`))] }))
    },
    steps: [{ click: { label: 'Code' } }, ...presses('a', 'Ж', '1')],
    playwright: async page => {
      await page.getByLabel('Code').click()
      await page.keyboard.press('a')
      // Playwright has no key for a letter that is not on its US keyboard.
      const cdp = await page.context().newCDPSession(page)
      await cdp.send('Input.dispatchKeyEvent', { type: 'keyDown', key: 'Ж', text: 'Ж' })
      await cdp.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'Ж' })
      await page.keyboard.press('1')
    }
  },
  {
    name: 'capital letters by Shift',
    html: '<input id="a" aria-label="Code">',
    script: () => {
      hear($('#a'), 'keydown', event => `${event.key} ${event.shiftKey}`)
      expect(() => ({ value: [$('#a').value, 'Q'], log: [seen, ['keydown Shift true', 'keydown Q true']] }))
    },
    steps: [{ press: { label: 'Code', key: 'Shift+q' } }],
    playwright: page => page.getByLabel('Code').press('Shift+Q')
  },
  {
    name: 'Backspace, Delete, Home, End and arrows edit a text',
    html: '<input id="a" aria-label="Text">',
    script: () => expect(() => ({ value: [$('#a').value, 'bcXe'] })),
    steps: [{ fill: { label: 'Text', value: 'abcdef' } }, ...presses('End', 'Backspace', 'ArrowLeft', 'Backspace', 'X', 'Home', 'Delete')],
    playwright: async page => { await page.getByLabel('Text').fill('abcdef'); await pressAll(page, 'End', 'Backspace', 'ArrowLeft', 'Backspace', 'X', 'Home', 'Delete') }
  },
  {
    name: 'Control+A and Control+X move a text to another field',
    html: '<input id="a" aria-label="From" value="cargo"><input id="b" aria-label="To">',
    script: () => {
      hear(document, 'cut paste')
      expect(() => ({ values: [[$('#a').value, $('#b').value], ['', 'cargo']], log: [seen, ['cut a', 'paste b']] }))
    },
    steps: [{ click: { label: 'From' } }, ...presses('Control+A', 'Control+X'), { click: { label: 'To' } }, ...presses('Control+V')],
    playwright: async page => {
      await page.getByLabel('From').click()
      await pressAll(page, 'Control+A', 'Control+X')
      await page.getByLabel('To').click()
      await pressAll(page, 'Control+V')
    }
  },
  {
    name: 'Shift and arrows select, and typing replaces what is selected',
    html: '<input id="a" aria-label="Text" value="hello">',
    script: () => expect(() => ({ value: [$('#a').value, 'heZ'] })),
    steps: [{ click: { label: 'Text' } }, ...presses('End', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Z')],
    playwright: async page => { await page.getByLabel('Text').click(); await pressAll(page, 'End', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Shift+ArrowLeft', 'Z') }
  },
  {
    name: 'Space presses a button, Enter follows a link',
    html: '<button id="b">Button</button><a id="l" href="#there">Link</a>',
    script: () => {
      hear(document, 'click')
      expect(() => ({ log: [seen, ['click b', 'click l']], hash: [location.hash, '#there'] }))
    },
    steps: [{ press: { role: 'button', name: 'Button', key: 'Space' } }, { press: { role: 'link', name: 'Link', key: 'Enter' } }],
    playwright: async page => { await page.getByRole('button').press('Space'); await page.getByRole('link').press('Enter') }
  },
  {
    name: 'Escape closes what is open',
    html: '<button onclick="panel.showModal()">Open</button><dialog id="panel"><p>Panel</p><button>Inner</button></dialog>',
    script: () => {
      hear($('#panel'), 'cancel close')
      expect(() => ({ open: [$('#panel').open, false], log: [seen, ['cancel panel', 'close panel']] }))
    },
    steps: [{ click: 'Open' }, { assert: 'Panel' }, { press: 'Escape' }, { assert: { text: 'Panel', state: 'hidden' } }],
    playwright: async page => { await page.getByText('Open').click(); await page.getByText('Panel').waitFor(); await page.keyboard.press('Escape') }
  },
  {
    name: 'a shortcut of the page goes to the focused element',
    html: '<p>No field here</p>',
    script: () => {
      addEventListener('keydown', event => { if (event.ctrlKey && event.key === 's') { event.preventDefault(); say(`saved ${event.isTrusted}`) } })
      expect(() => ({ log: [seen, ['saved true']] }))
    },
    steps: presses('Control+s'),
    playwright: page => page.keyboard.press('Control+s')
  },
  {
    name: 'a key many times',
    html: '<input id="a" type="number" aria-label="Count" value="0">',
    script: () => expect(() => ({ value: [$('#a').value, '25'] })),
    steps: [{ press: { label: 'Count', key: 'ArrowUp', times: 25 } }],
    playwright: async page => { for (let i = 0; i < 25; i++) await page.getByLabel('Count').press('ArrowUp') }
  },
  {
    name: 'slider by Home, End, Page and arrow keys',
    html: '<input id="a" type="range" min="0" max="100" value="30" aria-label="Volume">',
    script: () => {
      hear($('#a'), 'input', () => $('#a').value)
      expect(() => ({ value: [$('#a').value, '98'], first: [seen[0], 'input 0'], trusted: [seen.some(line => line.includes('untrusted')), false] }))
    },
    steps: [{ press: { label: 'Volume', key: 'Home' } }, ...presses('End', 'ArrowLeft', 'ArrowLeft')],
    playwright: async page => { await page.getByLabel('Volume').press('Home'); await pressAll(page, 'End', 'ArrowLeft', 'ArrowLeft') }
  },
  {
    name: 'a code of six boxes that move the focus on',
    html: `<div id="code">${'<input maxlength="1" size="1">'.repeat(6)}</div>`,
    script: () => {
      const boxes = $$('#code input')
      boxes.forEach((box, i) => box.addEventListener('input', event => { if (event.isTrusted && box.value) boxes[i + 1]?.focus() }))
      expect(() => ({ code: [boxes.map(box => box.value).join(''), '314159'] }))
    },
    steps: [{ click: { css: '#code input' } }, ...presses(...'314159')],
    playwright: async page => { await page.locator('#code input').first().click(); await page.keyboard.type('314159') }
  },
  {
    name: 'Enter in a textarea makes a line, Control+Enter sends',
    html: '<textarea id="a" aria-label="Message"></textarea>',
    script: () => {
      $('#a').addEventListener('keydown', event => { if (event.key === 'Enter' && event.ctrlKey) say(`sent ${JSON.stringify(event.target.value)}`) })
      expect(() => ({ log: [seen, ['sent "a\\nb"']] }))
    },
    steps: [{ click: { label: 'Message' } }, ...presses('a', 'Enter', 'b', 'Control+Enter')],
    playwright: async page => { await page.getByLabel('Message').click(); await pressAll(page, 'a', 'Enter', 'b', 'Control+Enter') }
  },
  {
    name: 'focus stays inside a modal dialog',
    html: '<button onclick="d.showModal()">Open</button><dialog id="d"><input id="x" aria-label="X"><input id="y" aria-label="Y"></dialog><input id="outside">',
    script: () => {
      hear(document, 'focusin')
      expect(() => ({ inside: [seen.includes('focusin x') && seen.includes('focusin y') && !seen.includes('focusin outside') && seen.filter(line => line === 'focusin x').length >= 2, true] }))
    },
    steps: [{ click: 'Open' }, { click: { label: 'X' } }, ...presses('Tab', 'Tab', 'Tab', 'Tab')],
    playwright: async page => { await page.getByText('Open').click(); await page.getByLabel('X').click(); await pressAll(page, 'Tab', 'Tab', 'Tab', 'Tab') }
  }
]
