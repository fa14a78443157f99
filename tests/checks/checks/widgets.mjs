// Widgets that pages build for themselves, used as a person uses them.
const click = (role, name, more = {}) => ({ click: { role, name, ...more } })

export default [
  {
    name: 'autocomplete: letters, suggestions that come late, a click',
    html: '<label>City <input id="city" role="combobox" aria-expanded="false" autocomplete="off"></label><ul id="list" role="listbox" hidden></ul>',
    script: () => {
      const cities = ['Paris', 'Prague', 'Porto', 'Potsdam']
      let asked = 0
      $('#city').addEventListener('input', () => {
        const turn = ++asked
        setTimeout(() => {
          if (turn !== asked) return
          $('#list').replaceChildren(...cities.filter(city => city.toLowerCase().startsWith($('#city').value.toLowerCase())).map(city => {
            const item = document.createElement('li')
            item.role = 'option'
            item.textContent = city
            item.addEventListener('mousedown', event => { event.preventDefault(); $('#city').value = city; $('#list').hidden = true; say(`chose ${city} ${event.isTrusted}`) })
            return item
          }))
          $('#list').hidden = false
        }, 250)
      })
      expect(() => ({ value: [$('#city').value, 'Potsdam'], log: [seen, ['chose Potsdam true']], focus: [document.activeElement.id, 'city'] }))
    },
    steps: [{ fill: { label: 'City', value: 'po' } }, click('option', 'Potsdam')],
    playwright: async page => { await page.getByLabel('City').fill('po'); await page.getByRole('option', { name: 'Potsdam' }).click() }
  },
  {
    name: 'autocomplete by arrow keys and Enter, list closes on blur',
    html: '<input id="city" role="combobox" aria-label="City"><ul id="list" hidden><li>Oslo<li>Osaka<li>Ostrava</ul>',
    script: () => {
      let at = -1
      $('#city').addEventListener('input', () => { $('#list').hidden = false; at = -1 })
      $('#city').addEventListener('blur', () => { $('#list').hidden = true })
      $('#city').addEventListener('keydown', event => {
        if (event.key === 'ArrowDown') { at++; event.preventDefault() }
        if (event.key === 'ArrowUp') { at--; event.preventDefault() }
        if (event.key === 'Enter' && !$('#list').hidden) { $('#city').value = $$('li')[at].textContent; $('#list').hidden = true }
      })
      expect(() => ({ value: [$('#city').value, 'Osaka'] }))
    },
    steps: [{ fill: { label: 'City', value: 'os' } }, { press: { key: 'ArrowDown', times: 3 } }, { press: 'ArrowUp' }, { press: 'Enter' }],
    playwright: async page => {
      await page.getByLabel('City').fill('os')
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowUp', 'Enter']) await page.keyboard.press(key)
    }
  },
  {
    name: 'tabs: panels hidden until their tab is chosen',
    html: '<div role="tablist"><button role="tab" aria-selected="true" id="t1">First</button><button role="tab" aria-selected="false" id="t2">Second</button></div><section role="tabpanel" aria-labelledby="t1"><button>Save</button></section><section role="tabpanel" aria-labelledby="t2" hidden><button id="right">Save</button></section>',
    script: () => {
      const tabs = $$('[role=tab]')
      const panels = $$('[role=tabpanel]')
      tabs.forEach((tab, i) => tab.addEventListener('click', () => tabs.forEach((other, j) => { other.ariaSelected = String(i === j); panels[j].hidden = i !== j })))
      hear(document, 'click')
      expect(() => ({ log: [seen, ['click t2', 'click right']] }))
    },
    steps: [click('tab', 'Second'), click('button', 'Save')],
    playwright: async page => { await page.getByRole('tab', { name: 'Second' }).click(); await page.getByRole('button', { name: 'Save' }).click() }
  },
  {
    name: 'accordion of details that slide open',
    html: '<style>details::details-content { transition: height .3s, content-visibility .3s allow-discrete; height: 0; overflow: clip; interpolate-size: allow-keywords } details[open]::details-content { height: auto }</style><details><summary>Delivery</summary><p><button id="deliver">Choose</button></details><details><summary>Payment</summary><p><button id="pay">Choose card</button></details>',
    script: () => {
      hear(document, 'click')
      expect(() => ({ log: [seen.filter(line => line !== 'click'), ['click pay']], open: [$$('details').map(one => one.open), [false, true]] }))
    },
    steps: [{ click: 'Payment' }, click('button', 'Choose card')],
    playwright: async page => { await page.getByText('Payment').click(); await page.getByRole('button', { name: 'Choose card' }).click() }
  },
  {
    name: 'menu that opens under the mouse',
    html: '<style>nav ul ul { display: none; position: absolute } nav li:hover > ul { display: block }</style><nav><ul><li>File<ul><li><a id="new" href="#new">New</a></ul><li>Edit<ul><li><a id="undo" href="#undo">Undo</a></ul></ul></nav>',
    script: () => {
      hear(document, 'click')
      expect(() => ({ hash: [location.hash, '#undo'], last: [seen.at(-1), 'click undo'] }))
    },
    steps: [{ click: 'Edit' }, click('link', 'Undo')],
    playwright: async page => { await page.getByText('Edit').click(); await page.getByRole('link', { name: 'Undo' }).click() }
  },
  {
    name: 'context menu of the page',
    html: '<p id="item">Right-click me</p><menu id="menu" hidden style="position: fixed; background: #eee"><li role="menuitem" id="copy">Copy name</li></menu>',
    script: () => {
      $('#item').addEventListener('contextmenu', event => {
        event.preventDefault()
        Object.assign($('#menu').style, { left: `${event.clientX}px`, top: `${event.clientY}px` })
        $('#menu').hidden = false
        say(`menu ${event.button} ${event.isTrusted}`)
      })
      hear($('#copy'), 'click')
      expect(() => ({ log: [seen, ['menu 2 true', 'click copy']] }))
    },
    steps: [{ click: { text: 'Right-click me', button: 'right' } }, click('menuitem', 'Copy name')],
    playwright: async page => { await page.getByText('Right-click me').click({ button: 'right' }); await page.getByRole('menuitem', { name: 'Copy name' }).click() }
  },
  {
    name: 'modal dialog with a form that closes it',
    html: '<button onclick="ask.showModal()">Delete</button><dialog id="ask"><form method="dialog"><p>Sure?</p><button value="no">No</button><button value="yes">Yes</button></form></dialog>',
    script: () => {
      $('#ask').addEventListener('close', () => say(`answer ${$('#ask').returnValue}`))
      expect(() => ({ log: [seen, ['answer yes']] }))
    },
    steps: [click('button', 'Delete'), click('button', 'Yes', { within: { role: 'dialog' } })],
    playwright: async page => { await page.getByRole('button', { name: 'Delete' }).click(); await page.getByRole('dialog').getByRole('button', { name: 'Yes' }).click() }
  },
  {
    name: 'popover opened by its button without any script',
    html: '<button popovertarget="tips">Tips</button><div id="tips" popover><button id="inside">Got it</button></div>',
    script: () => {
      hear($('#tips'), 'toggle click', event => event.newState ?? event.target.id)
      expect(() => ({ log: [seen.filter(line => line.startsWith('click')), ['click inside']] }))
    },
    steps: [{ click: 'Tips' }, { click: 'Got it' }],
    playwright: async page => { await page.getByText('Tips').click(); await page.getByText('Got it').click() }
  },
  {
    name: 'tree: branches opened level by level',
    html: '<ul role="tree" id="tree"></ul>',
    script: () => {
      const branch = (name, path) => {
        const item = document.createElement('li')
        item.role = 'treeitem'
        item.ariaExpanded = 'false'
        item.ariaLabel = name
        item.innerHTML = `<span>${name}</span>`
        item.firstChild.addEventListener('click', event => {
          say(`${path} ${event.isTrusted}`)
          item.ariaExpanded = 'true'
          const group = document.createElement('ul')
          group.role = 'group'
          setTimeout(() => { group.append(...['a', 'b'].map(more => branch(`${name}${more}`, `${path}/${more}`))); item.append(group) }, 60)
        })
        return item
      }
      $('#tree').append(branch('x', 'x'), branch('y', 'y'))
      expect(() => ({ log: [seen, ['y true', 'y/b true', 'y/b/a true']] }))
    },
    steps: [{ click: { text: 'y', exact: true } }, { click: { text: 'yb', exact: true } }, { click: { text: 'yba', exact: true } }],
    playwright: async page => { for (const text of ['y', 'yb', 'yba']) await page.getByText(text, { exact: true }).click() }
  },
  {
    name: 'tree walked by keys with one tab stop',
    html: '<ul role="tree"><li role="treeitem" tabindex="0" id="a">a<li role="treeitem" tabindex="-1" id="b">b<li role="treeitem" tabindex="-1" id="c">c</ul>',
    script: () => {
      const items = $$('li')
      items.forEach((item, i) => item.addEventListener('keydown', event => {
        if (event.key === 'ArrowDown') items[i + 1]?.focus()
        if (event.key === 'End') items.at(-1).focus()
        if (event.key === 'ArrowUp') items[i - 1]?.focus()
        if (event.key === 'Enter') say(`opened ${item.id}`)
      }))
      expect(() => ({ log: [seen, ['opened b']] }))
    },
    steps: [{ press: { role: 'treeitem', name: 'a', key: 'End' } }, { press: 'ArrowUp' }, { press: 'Enter' }],
    playwright: async page => { await page.getByRole('treeitem', { name: 'a' }).press('End'); await page.keyboard.press('ArrowUp'); await page.keyboard.press('Enter') }
  },
  {
    name: 'table sorted by its head, a row found by its text',
    html: '<table><thead><tr><th><button>Name</button><th><button>Price</button></thead><tbody></tbody></table>',
    script: () => {
      const rows = [['Tea', 3], ['Coffee', 5], ['Milk', 1]]
      const draw = () => {
        $('tbody').innerHTML = rows.map(([name, price]) => `<tr><td>${name}<td>${price}<td><button data-of="${name}">Buy</button>`).join('')
      }
      $$('th button').forEach((button, column) => button.addEventListener('click', () => { rows.sort((a, b) => a[column] < b[column] ? -1 : 1); draw() }))
      $('tbody').addEventListener('click', event => { if (event.target.dataset.of) say(`bought ${event.target.dataset.of} in row ${event.target.closest('tr').rowIndex}`) })
      draw()
      expect(() => ({ log: [seen, ['bought Coffee in row 3', 'bought Milk in row 1']] }))
    },
    steps: [click('button', 'Price'), click('button', 'Buy', { within: { role: 'row', name: 'Coffee' } }), click('button', 'Buy', { within: { css: 'tr', text: 'Milk' } })],
    playwright: async page => {
      await page.getByRole('button', { name: 'Price' }).click()
      await page.getByRole('row', { name: 'Coffee' }).getByRole('button').click()
      await page.locator('tr', { hasText: 'Milk' }).getByRole('button').click()
    }
  },
  {
    name: 'table cell edited in place by a double click',
    html: '<table><tr><td>Ann<td class="edit">10<tr><td>Bob<td class="edit">20</table>',
    script: () => {
      $('table').addEventListener('dblclick', event => {
        const cell = event.target.closest('.edit')
        if (!cell) return
        cell.innerHTML = `<input aria-label="Edit" value="${cell.textContent}">`
        cell.firstChild.focus()
        cell.firstChild.addEventListener('keydown', key => { if (key.key === 'Enter') cell.textContent = cell.firstChild.value })
      })
      expect(() => ({ cells: [$$('.edit').map(one => one.textContent), ['10', '25']], rest: [$$('input').length, 0] }))
    },
    steps: [{ click: { css: 'tr:nth-child(2) .edit', times: 2 } }, { fill: { label: 'Edit', value: '25' } }, { press: 'Enter' }],
    playwright: async page => { await page.locator('tr:nth-child(2) .edit').dblclick(); await page.getByLabel('Edit').fill('25'); await page.keyboard.press('Enter') }
  },
  {
    name: 'date picker: months walked, a day of the month shown taken',
    html: '<input id="date" aria-label="Date" readonly><div id="picker" hidden role="dialog"><button aria-label="Next month">›</button><b id="head"></b><div id="days"></div></div>',
    script: () => {
      let month = new Date(Date.UTC(2026, 10, 1))
      const draw = () => {
        $('#head').textContent = month.toISOString().slice(0, 7)
        const days = []
        const first = new Date(month)
        first.setUTCDate(1 - ((month.getUTCDay() + 6) % 7))
        for (let i = 0; i < 42; i++, first.setUTCDate(first.getUTCDate() + 1))
          days.push(`<button data-date="${first.toISOString().slice(0, 10)}" class="${first.getUTCMonth() === month.getUTCMonth() ? 'in' : 'out'}">${first.getUTCDate()}</button>`)
        $('#days').innerHTML = days.join('')
      }
      $('#date').addEventListener('focus', () => { $('#picker').hidden = false; draw() })
      $('#picker > button').addEventListener('click', () => { month.setUTCMonth(month.getUTCMonth() + 1); setTimeout(draw, 80) })
      $('#days').addEventListener('click', event => { $('#date').value = event.target.dataset.date; $('#picker').hidden = true })
      expect(() => ({ date: [$('#date').value, '2027-02-28'] }))
    },
    steps: [{ click: { label: 'Date' } },
      { repeat: { steps: [], until: { text: '2027-02' }, between: [{ click: { role: 'button', name: 'Next month' } }, { wait_for: { ms: 120 } }], max: 12 } },
      { click: { css: '.in', text: '28', exact: true } }],
    playwright: async page => {
      await page.getByLabel('Date').click()
      while (!(await page.getByText('2027-02').isVisible())) { await page.getByLabel('Next month').click(); await page.waitForTimeout(120) }
      await page.locator('.in', { hasText: /^28$/ }).click()
    }
  },
  {
    name: 'switch made of a div',
    html: '<div role="switch" aria-checked="false" tabindex="0" aria-label="Dark mode" style="width: 40px; height: 20px; background: #ccc"></div>',
    script: () => {
      const flip = () => { $('[role=switch]').ariaChecked = String($('[role=switch]').ariaChecked !== 'true'); say('flip') }
      $('[role=switch]').addEventListener('click', flip)
      $('[role=switch]').addEventListener('keydown', event => { if (event.key === ' ') flip() })
      expect(() => ({ state: [$('[role=switch]').ariaChecked, 'true'], log: [seen.length, 3] }))
    },
    steps: [click('switch', 'Dark mode'), { assert: { role: 'switch', name: 'Dark mode', state: 'checked' } }, { press: { role: 'switch', name: 'Dark mode', key: 'Space' } }, { assert: { role: 'switch', state: 'unchecked' } }, { press: 'Space' }],
    playwright: async page => {
      const it = page.getByRole('switch', { name: 'Dark mode' })
      await it.click()
      await it.and(page.getByRole('switch', { checked: true })).waitFor()
      await it.press('Space')
      await page.keyboard.press('Space')
    }
  },
  {
    name: 'stars: the third of five',
    html: '<div role="radiogroup" aria-label="Rating">' + [1, 2, 3, 4, 5].map(n => `<span role="radio" aria-checked="false" aria-label="${n} star${n > 1 ? 's' : ''}">★</span>`).join('') + '</div>',
    script: () => {
      hear(document, 'click', event => event.target.ariaLabel)
      expect(() => ({ log: [seen, ['click 3 stars']] }))
    },
    steps: [click('radio', '3 stars')],
    playwright: page => page.getByRole('radio', { name: '3 stars' }).click()
  },
  {
    name: 'toast closed before it goes by itself',
    html: '<button>Notify</button><div id="toasts" role="status"></div>',
    script: () => {
      $('button').addEventListener('click', () => setTimeout(() => {
        $('#toasts').innerHTML = '<div>Saved <button aria-label="Dismiss">×</button></div>'
        $('#toasts button').addEventListener('click', () => { say('dismissed'); $('#toasts').replaceChildren() })
        setTimeout(() => { if ($('#toasts').firstChild) say('went by itself') }, 4000)
      }, 200))
      expect(() => ({ log: [seen, ['dismissed']] }))
    },
    steps: [click('button', 'Notify'), click('button', 'Dismiss'), { assert: { text: 'Saved', state: 'hidden' } }],
    playwright: async page => { await page.getByText('Notify').click(); await page.getByLabel('Dismiss').click() }
  },
  {
    name: 'masked card number that inserts blanks',
    html: '<input id="card" inputmode="numeric" aria-label="Card" maxlength="19">',
    script: () => {
      $('#card').addEventListener('input', () => { $('#card').value = $('#card').value.replace(/\D/g, '').replace(/(.{4})(?=.)/g, '$1 ') })
      expect(() => ({ value: [$('#card').value, '4242 4242 4242 4242'] }))
    },
    steps: [{ fill: { label: 'Card', value: '4242424242424242' } }],
    playwright: page => page.getByLabel('Card').fill('4242424242424242')
  },
  {
    name: 'masked phone that lives on keydown only',
    html: '<input id="phone" aria-label="Phone" value="(___) ___">',
    script: () => {
      let digits = ''
      $('#phone').addEventListener('keydown', event => {
        if (event.key === 'Tab') return
        event.preventDefault()
        if (event.key === 'Backspace') digits = digits.slice(0, -1)
        else if (/^\d$/.test(event.key) && event.isTrusted) digits += event.key
        const all = digits.padEnd(6, '_')
        $('#phone').value = `(${all.slice(0, 3)}) ${all.slice(3, 6)}`
      })
      $('#phone').addEventListener('beforeinput', event => event.preventDefault())
      expect(() => ({ value: [$('#phone').value, '(495) 12_'] }))
    },
    steps: [{ click: { label: 'Phone' } }, ...[...'495123', 'Backspace'].map(key => ({ press: key }))],
    playwright: async page => { await page.getByLabel('Phone').click(); for (const key of [...'495123', 'Backspace']) await page.keyboard.press(key) }
  },
  {
    name: 'tags made by Enter and removed by their crosses',
    html: '<div id="tags"></div><input id="tag" aria-label="Tag">',
    script: () => {
      $('#tag').addEventListener('keydown', event => {
        if (event.key !== 'Enter') return
        $('#tags').insertAdjacentHTML('beforeend', `<span class="tag">${$('#tag').value} <button aria-label="Remove ${$('#tag').value}">×</button></span>`)
        $('#tag').value = ''
      })
      $('#tags').addEventListener('click', event => { if (event.target.localName === 'button') event.target.parentNode.remove() })
      expect(() => ({ tags: [$$('.tag').map(one => one.firstChild.data.trim()), ['red', 'blue']] }))
    },
    steps: [...['red', 'green', 'blue'].flatMap(tag => [{ fill: { label: 'Tag', exact: true, value: tag } }, { press: 'Enter' }]), click('button', 'Remove green')],
    playwright: async page => {
      for (const tag of ['red', 'green', 'blue']) { await page.getByLabel('Tag', { exact: true }).fill(tag); await page.keyboard.press('Enter') }
      await page.getByRole('button', { name: 'Remove green' }).click()
    }
  },
  {
    name: 'number stepper held by pointer events, not clicks',
    html: '<button aria-label="More">+</button><output id="n">0</output>',
    script: () => {
      let held
      $('button').addEventListener('pointerdown', event => { if (event.isTrusted && event.isPrimary && event.button === 0) held = event.pointerId })
      $('button').addEventListener('pointerup', event => { if (held === event.pointerId) $('#n').value++ })
      expect(() => ({ n: [$('#n').value, '3'] }))
    },
    steps: [{ repeat: { times: 3, steps: [click('button', 'More')] } }],
    playwright: async page => { for (let i = 0; i < 3; i++) await page.getByLabel('More').click() }
  },
  {
    name: 'a wizard of three pages with checks between',
    html: '<form></form>',
    script: () => {
      const pages = [['Name', 'Ann'], ['Street', 'Elm 1'], ['Code', '77']]
      const given = []
      const draw = i => {
        if (i === pages.length) { $('form').innerHTML = '<p>Done'; return }
        $('form').innerHTML = `<label>${pages[i][0]} <input required></label><button type="button" disabled>Next</button>`
        const [field, next] = [$('input'), $('button')]
        field.addEventListener('input', () => setTimeout(() => { next.disabled = !field.value }, 120))
        next.addEventListener('click', () => { given.push(field.value); next.disabled = true; setTimeout(() => draw(i + 1), 120) })
      }
      draw(0)
      expect(() => ({ given: [given, ['Ann', 'Elm 1', '77']] }))
    },
    steps: [['Name', 'Ann'], ['Street', 'Elm 1'], ['Code', '77']].flatMap(([label, value]) => [{ fill: { label, value } }, { click: 'Next' }]),
    playwright: async page => {
      for (const [label, value] of [['Name', 'Ann'], ['Street', 'Elm 1'], ['Code', '77']]) { await page.getByLabel(label).fill(value); await page.getByText('Next').click() }
    }
  },
  {
    name: 'custom select that closes on pointerdown elsewhere',
    html: '<div id="box"><button aria-haspopup="listbox">Choose</button><ul role="listbox" hidden><li role="option">Small<li role="option">Large</ul></div>',
    script: () => {
      const [button, list] = [$('button'), $('ul')]
      button.addEventListener('click', () => { list.hidden = !list.hidden })
      document.addEventListener('pointerdown', event => { if (!$('#box').contains(event.target)) list.hidden = true })
      list.addEventListener('click', event => { button.textContent = event.target.textContent; list.hidden = true })
      expect(() => ({ shown: [button.textContent.trim(), 'Large'], open: [!list.hidden, false] }))
    },
    steps: [click('button', 'Choose'), click('option', 'Large')],
    playwright: async page => { await page.getByText('Choose').click(); await page.getByRole('option', { name: 'Large' }).click() }
  },
  {
    name: 'a wrapper without any size that holds the real button',
    html: '<div id="zero" style="width: 0; height: 0; overflow: visible" data-testid="cta"><button style="position: relative; left: 60px; top: 20px; width: 90px">Order</button></div>',
    script: () => {
      hear(document, 'click', event => event.target.textContent)
      expect(() => ({ log: [seen, ['click Order']] }))
    },
    steps: [click('button', 'Order', { within: { test_id: 'cta' } })],
    playwright: page => page.getByTestId('cta').getByRole('button', { name: 'Order' }).click()
  },
  {
    name: 'a link broken over two lines',
    html: '<p style="width: 200px; line-height: 3">some words before <a href="#l" id="l">a link that is long enough to be broken</a> and after',
    script: () => {
      hear(document, 'click')
      expect(() => ({ log: [seen, ['click l']] }))
    },
    steps: [click('link', 'a link that is long')],
    playwright: page => page.getByRole('link').click()
  },
  {
    name: 'a part of an SVG',
    html: '<svg width="200" height="100"><rect id="r" x="10" y="10" width="80" height="80" fill="red"/><g id="g"><circle id="c" cx="150" cy="50" r="30" fill="blue"/></g></svg>',
    script: () => {
      hear(document, 'click')
      expect(() => ({ log: [seen, ['click c', 'click r']] }))
    },
    steps: [{ click: { css: '#g' } }, { click: { css: 'rect' } }],
    playwright: async page => { await page.locator('#g').click(); await page.locator('rect').click() }
  },
  {
    name: 'rotated, scaled and skewed button',
    html: '<button id="b" style="margin: 100px; transform: rotate(37deg) scale(2) skew(10deg)">Turn</button>',
    script: () => {
      hear(document, 'click')
      expect(() => ({ log: [seen, ['click b']] }))
    },
    steps: [{ click: 'Turn' }],
    playwright: page => page.getByText('Turn').click()
  }
]
