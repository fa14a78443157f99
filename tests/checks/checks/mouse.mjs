// hover, drag and scroll: what only a mouse that moves can do.
const sortable = '<style>li { width: 200px; height: 40px; background: #def; margin: 4px; user-select: none }</style><ul id="list"><li draggable="true">A<li draggable="true">B<li draggable="true">C</ul>'

export default [
  {
    name: 'hover opens a menu, a click takes an item',
    html: '<style>#sub { visibility: hidden; transition: visibility .2s } #menu:hover #sub { visibility: visible }</style><div id="menu" style="width: 120px">Products<div id="sub"><a href="#tea" id="tea">Tea</a></div></div>',
    script: () => { hear(document, 'click'); expect(() => ({ log: [seen, ['click tea']] })) },
    steps: [{ hover: 'Products' }, { click: { role: 'link', name: 'Tea' } }],
    playwright: async page => { await page.getByText('Products').hover(); await page.getByRole('link', { name: 'Tea' }).click() }
  },
  {
    name: 'hover: the events in their order, and leaving',
    html: '<button id="a">Alpha</button><p style="margin: 100px"><button id="b">Beta</button>',
    script: () => {
      for (const one of $$('button')) for (const type of ['pointerenter', 'mouseenter', 'mouseleave']) one.addEventListener(type, event => say(`${type} ${one.id} ${event.isTrusted}`))
      expect(() => ({
        pointer: [seen.filter(line => line.startsWith('pointer')), ['pointerenter a true', 'pointerenter b true']],
        mouse: [seen.filter(line => line.startsWith('mouse')), ['mouseenter a true', 'mouseleave a true', 'mouseenter b true']]
      }))
    },
    steps: [{ hover: 'Alpha' }, { hover: 'Beta' }],
    playwright: async page => { await page.getByText('Alpha').hover(); await page.getByText('Beta').hover() }
  },
  {
    name: 'hover shows a tooltip that comes after a pause',
    html: '<button aria-label="Help">?</button><div role="tooltip" hidden>Ask us anything</div>',
    script: () => {
      let timer
      $('button').addEventListener('mouseenter', () => { timer = setTimeout(() => { $('[role=tooltip]').hidden = false; say('shown') }, 400) })
      $('button').addEventListener('mouseleave', () => { clearTimeout(timer); say('left') })
      expect(() => ({ log: [seen, ['shown']] }))
    },
    steps: [{ hover: { role: 'button', name: 'Help' } }, { wait_for: { role: 'tooltip', contains: 'Ask us' } }],
    playwright: async page => { await page.getByLabel('Help').hover(); await page.getByRole('tooltip').waitFor() }
  },
  {
    name: 'hover in a frame of another site',
    html: '<iframe src="{{OTHER}}/in.html"></iframe>',
    files: { 'in.html': '<button>Under</button><script>$("button").addEventListener("mouseover", event => say(`over ${event.isTrusted}`), { once: true })</script>' },
    script: () => expect(() => ({ log: [seen, ['over true']] })),
    steps: [{ hover: 'Under' }],
    playwright: page => page.frameLocator('iframe').getByText('Under').hover()
  },
  {
    name: 'drag and drop of HTML with its data',
    html: '<div id="card" draggable="true" style="width: 100px; height: 50px; background: gold">Card</div><div id="bin" style="width: 200px; height: 100px; margin-top: 80px; background: #ddd">Bin</div>',
    script: () => {
      $('#card').addEventListener('dragstart', event => { event.dataTransfer.setData('text/plain', 'the card'); event.dataTransfer.effectAllowed = 'move' })
      $('#bin').addEventListener('dragover', event => { event.preventDefault(); event.dataTransfer.dropEffect = 'move' })
      $('#bin').addEventListener('drop', event => { event.preventDefault(); say(`dropped ${event.dataTransfer.getData('text/plain')} ${event.isTrusted}`) })
      $('#card').addEventListener('dragend', event => say(`end ${event.dataTransfer.dropEffect} ${event.isTrusted}`))
      expect(() => ({ log: [seen, ['dropped the card true', 'end move true']] }))
    },
    steps: [{ drag: { text: 'Card', to: { css: '#bin' } } }],
    playwright: page => page.locator('#card').dragTo(page.locator('#bin'))
  },
  {
    name: 'drag and drop sorts a list',
    html: sortable,
    script: () => {
      let held
      const list = $('#list')
      list.addEventListener('dragstart', event => { held = event.target; event.dataTransfer.setData('text/plain', '') })
      list.addEventListener('dragover', event => {
        event.preventDefault()
        const over = event.target.closest('li')
        if (!over || over === held) return
        const box = over.getBoundingClientRect()
        over[event.clientY > box.top + box.height / 2 - 1 ? 'after' : 'before'](held)
      })
      list.addEventListener('drop', event => event.preventDefault())
      expect(() => ({ order: [$$('li').map(one => one.textContent.trim()).join(''), 'BCA'] }))
    },
    steps: [{ drag: { text: 'A', exact: true, to: { text: 'C', exact: true } } }],
    playwright: page => page.getByText('A', { exact: true }).dragTo(page.getByText('C', { exact: true }))
  },
  {
    name: 'drag refused by the target leaves everything as it was, the next one is taken',
    html: '<div id="a" draggable="true" style="width: 80px; height: 40px; background: gold">Item</div><div id="no" style="width: 150px; height: 80px; background: #fcc">No</div><div id="yes" style="width: 150px; height: 80px; background: #cfc">Yes</div>',
    script: () => {
      $('#yes').addEventListener('dragover', event => event.preventDefault())
      for (const id of ['no', 'yes']) $(`#${id}`).addEventListener('drop', event => { event.preventDefault(); say(`drop ${id}`) })
      $('#a').addEventListener('dragend', event => say(`end ${event.dataTransfer.dropEffect}`))
      expect(() => ({ log: [seen, ['end none', 'drop yes', 'end copy']] }))
    },
    steps: [{ drag: { text: 'Item', to: { css: '#no' } } }, { drag: { text: 'Item', to: { css: '#yes' } } }],
    playwright: async page => { await page.locator('#a').dragTo(page.locator('#no')); await page.locator('#a').dragTo(page.locator('#yes')) }
  },
  {
    name: 'drag by pointer events with capture',
    html: '<div id="thumb" style="position: absolute; left: 50px; top: 50px; width: 40px; height: 40px; background: teal; touch-action: none"></div><div id="goal" style="position: absolute; left: 350px; top: 150px; width: 80px; height: 80px; border: 2px dashed"></div>',
    script: () => {
      const thumb = $('#thumb')
      let from
      let moves = 0
      thumb.addEventListener('pointerdown', event => { thumb.setPointerCapture(event.pointerId); from = [event.clientX - thumb.offsetLeft, event.clientY - thumb.offsetTop] })
      thumb.addEventListener('pointermove', event => { if (!from || !(event.buttons & 1)) return; moves++; thumb.style.left = `${event.clientX - from[0]}px`; thumb.style.top = `${event.clientY - from[1]}px` })
      thumb.addEventListener('pointerup', () => { from = null; say(moves >= 2 ? 'moved and let go' : `let go after ${moves} moves`) })
      const inside = () => { const [a, b] = [thumb.getBoundingClientRect(), $('#goal').getBoundingClientRect()]; return a.left >= b.left && a.right <= b.right && a.top >= b.top && a.bottom <= b.bottom }
      expect(() => ({ inside: [inside(), true], log: [seen, ['moved and let go']] }))
    },
    steps: [{ drag: { css: '#thumb', to: { css: '#goal' } } }],
    playwright: async page => {
      const centre = async selector => { const box = await page.locator(selector).boundingBox(); return [box.x + box.width / 2, box.y + box.height / 2] }
      await page.mouse.move(...await centre('#thumb'))
      await page.mouse.down()
      await page.mouse.move(...await centre('#goal'), { steps: 5 })
      await page.mouse.up()
    }
  },
  {
    name: 'slider of the page dragged by pixels',
    html: '<div id="track" style="position: relative; margin: 50px; width: 300px; height: 10px; background: #ccc"><div id="thumb" role="slider" aria-label="Price" aria-valuemin="0" aria-valuemax="300" aria-valuenow="0" tabindex="0" style="position: absolute; left: 0; top: -5px; width: 20px; height: 20px; background: navy"></div></div>',
    script: () => {
      const thumb = $('#thumb')
      let start
      thumb.addEventListener('mousedown', event => { start = event.clientX - thumb.offsetLeft; event.preventDefault() })
      addEventListener('mousemove', event => { if (start === undefined) return; const at = Math.max(0, Math.min(280, event.clientX - start)); thumb.style.left = `${at}px`; thumb.ariaValueNow = String(at) })
      addEventListener('mouseup', () => { start = undefined })
      expect(() => ({ value: [thumb.ariaValueNow, '120'] }))
    },
    steps: [{ drag: { role: 'slider', name: 'Price', right: 120 } }],
    playwright: async page => {
      const box = await page.getByRole('slider').boundingBox()
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
      await page.mouse.move(x, y)
      await page.mouse.down()
      await page.mouse.move(x + 120, y, { steps: 4 })
      await page.mouse.up()
    }
  },
  {
    name: "the browser's own slider dragged to its end",
    html: '<label>Volume <input type="range" min="0" max="10" value="0" id="v" style="width: 300px"></label>',
    script: () => { hear($('#v'), 'change', () => $('#v').value); expect(() => ({ value: [$('#v').value, '10'], log: [seen, ['change 10']] })) },
    steps: [{ drag: { label: 'Volume', right: 200 } }],
    playwright: async page => {
      const box = await page.getByLabel('Volume').boundingBox()
      await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width / 2 + 200, box.y + box.height / 2, { steps: 4 })
      await page.mouse.up()
    }
  },
  {
    name: 'a splitter moved between two panes',
    html: '<div style="display: flex; width: 600px; height: 200px"><div id="left" style="width: 200px; background: #eef"></div><div id="bar" role="separator" style="width: 8px; background: #999; cursor: col-resize"></div><div style="flex: 1"></div></div>',
    script: () => {
      let held = false
      $('#bar').addEventListener('pointerdown', () => { held = true })
      addEventListener('pointermove', event => { if (held) $('#left').style.width = `${Math.round(event.clientX - 12)}px` })
      addEventListener('pointerup', () => { held = false })
      expect(() => ({ width: [Math.abs($('#left').offsetWidth - 300) <= 1, true] }))
    },
    steps: [{ drag: { css: '#bar', right: 100 } }],
    playwright: async page => {
      const box = await page.locator('#bar').boundingBox()
      await page.mouse.move(box.x + 4, box.y + 100)
      await page.mouse.down()
      await page.mouse.move(box.x + 104, box.y + 100, { steps: 3 })
      await page.mouse.up()
    }
  },
  {
    name: 'drag to a place that is far below',
    html: '<div id="a" draggable="true" style="width: 80px; height: 40px; background: gold">Item</div><div style="height: 350px"></div><div id="b" style="width: 150px; height: 80px; background: #cfc">Below</div>',
    script: () => {
      $('#b').addEventListener('dragover', event => event.preventDefault())
      $('#b').addEventListener('drop', event => { event.preventDefault(); say('dropped') })
      expect(() => ({ log: [seen, ['dropped']] }))
    },
    steps: [{ drag: { text: 'Item', to: { text: 'Below' } } }],
    playwright: page => page.locator('#a').dragTo(page.locator('#b'))
  },
  {
    name: 'cards between columns of a board',
    html: '<style>.col { display: inline-block; vertical-align: top; width: 180px; min-height: 200px; background: #eee } .card { height: 40px; margin: 6px; background: #fff }</style><div class="col" id="todo"><div class="card" draggable="true" id="c1">Write</div><div class="card" draggable="true" id="c2">Test</div></div><div class="col" id="done"></div>',
    script: () => {
      for (const card of $$('.card')) card.addEventListener('dragstart', event => event.dataTransfer.setData('id', card.id))
      for (const column of $$('.col')) {
        column.addEventListener('dragenter', event => event.preventDefault())
        column.addEventListener('dragover', event => event.preventDefault())
        column.addEventListener('drop', event => { event.preventDefault(); column.append($(`#${event.dataTransfer.getData('id')}`)) })
      }
      expect(() => ({ columns: [$$('.col').map(column => [...column.children].map(card => card.id).join()), ['c1', 'c2']] }))
    },
    steps: [{ drag: { text: 'Test', to: { css: '#done' } } }],
    playwright: page => page.locator('#c2').dragTo(page.locator('#done'))
  },
  {
    name: 'scroll to an element',
    html: '<div style="height: 4000px"></div><p id="far">Far</p><div style="height: 4000px"></div>',
    script: () => expect(() => ({ inView: [$('#far').getBoundingClientRect().top >= 0 && $('#far').getBoundingClientRect().bottom <= innerHeight, true] })),
    steps: [{ scroll: 'Far' }],
    playwright: page => page.getByText('Far').scrollIntoViewIfNeeded()
  },
  {
    name: 'scroll to the bottom and back to the top',
    html: '<div style="height: 6000px"></div>',
    script: () => {
      addEventListener('scroll', () => { const at = scrollY === 0 ? 'top' : Math.abs(scrollY + innerHeight - document.documentElement.scrollHeight) < 2 ? 'bottom' : null; if (at && seen.at(-1) !== at) say(at) })
      expect(() => ({ log: [seen, ['bottom', 'top']] }))
    },
    steps: [{ scroll: { to: 'bottom' } }, { wait_for: { ms: 200 } }, { scroll: { to: 'top' } }],
    playwright: async page => { await page.keyboard.press('End'); await page.waitForTimeout(600); await page.keyboard.press('Home') }
  },
  {
    name: 'scroll by an amount inside a box',
    html: '<div style="height: 100px"></div><div id="box" style="height: 200px; width: 300px; overflow: auto" aria-label="Log" role="log"><div style="height: 3000px; width: 2000px">text</div></div><div style="height: 3000px"></div>',
    script: () => expect(() => ({ box: [[$('#box').scrollLeft, $('#box').scrollTop], [250, 500]], page: [scrollY, 0] })),
    steps: [{ scroll: { inside: { css: '#box' }, down: 500 } }, { scroll: { inside: { css: '#box' }, right: 250 } }],
    playwright: async page => { await page.locator('#box').hover(); await page.mouse.wheel(0, 500); await page.mouse.wheel(250, 0) }
  },
  {
    name: 'scroll loads an infinite list until an item is there',
    html: '<ul id="list"></ul><p id="end">Loading</p>',
    script: () => {
      let n = 0
      let busy = false
      const more = () => {
        if (busy || n >= 120) return
        busy = true
        setTimeout(() => {
          for (let i = 0; i < 15; i++) { const item = document.createElement('li'); item.textContent = `Item ${++n}`; item.style.height = '60px'; item.onclick = event => say(`${item.textContent} ${event.isTrusted}`); $('#list').append(item) }
          busy = false
        }, 120)
      }
      more()
      addEventListener('scroll', () => { if ($('#end').getBoundingClientRect().top < innerHeight + 100) more() })
      expect(() => ({ log: [seen, ['Item 77 true']] }))
    },
    steps: [{ scroll: { until: { text: 'Item 77', exact: true } } }, { click: { text: 'Item 77', exact: true } }],
    playwright: async page => {
      while (!(await page.getByText('Item 77', { exact: true }).count())) { await page.mouse.wheel(0, 600); await page.waitForTimeout(100) }
      await page.getByText('Item 77', { exact: true }).click()
    }
  },
  {
    name: 'scroll of a virtual list until its row exists',
    html: '<div id="box" style="height: 300px; overflow: auto; position: relative"><div style="height: 15000px"></div></div>',
    script: () => {
      const draw = () => {
        $$('.row').forEach(row => row.remove())
        const first = Math.floor($('#box').scrollTop / 30)
        for (let i = first; i < Math.min(first + 11, 500); i++) {
          const row = document.createElement('div')
          row.className = 'row'
          row.textContent = `Row ${i}`
          row.style.cssText = `position: absolute; top: ${i * 30}px; height: 30px; width: 200px`
          row.addEventListener('click', event => say(`${row.textContent} ${event.isTrusted}`))
          $('#box').append(row)
        }
      }
      $('#box').addEventListener('scroll', () => requestAnimationFrame(draw))
      draw()
      expect(() => ({ log: [seen, ['Row 123 true']] }))
    },
    steps: [{ scroll: { inside: { css: '#box' }, down: 240, until: { text: 'Row 123', exact: true } } }, { click: { text: 'Row 123', exact: true } }],
    playwright: async page => {
      await page.locator('#box').hover()
      while (!(await page.getByText('Row 123', { exact: true }).count())) { await page.mouse.wheel(0, 200); await page.waitForTimeout(80) }
      await page.getByText('Row 123', { exact: true }).click()
    }
  },
  {
    name: 'scrolling is heard as wheel events by a page that scrolls itself',
    html: '<div style="position: fixed; inset: 0; overflow: hidden" id="view"><div id="inner"></div></div>',
    script: () => {
      let at = 0
      addEventListener('wheel', event => { event.preventDefault(); if (!event.isTrusted) return; at += event.deltaY; $('#inner').style.transform = `translateY(${-at}px)` }, { passive: false })
      expect(() => ({ at: [at, 400] }))
    },
    steps: [{ scroll: { down: 400 } }],
    playwright: async page => { await page.mouse.move(300, 300); await page.mouse.wheel(0, 400) }
  },
  {
    name: 'double click selects a word, three clicks a line',
    html: '<p id="p">alpha beta gamma</p>',
    script: () => {
      document.addEventListener('mouseup', event => say(`${event.detail} ${String(getSelection()).trim()}`))
      expect(() => ({ last: [seen.at(-1), '3 alpha beta gamma'], count: [seen.length, 3] }))
    },
    steps: [{ click: { css: '#p', times: 3 } }],
    playwright: page => page.locator('#p').click({ clickCount: 3 })
  },
  {
    name: 'middle button',
    html: '<a href="#x" id="a">Link</a>',
    script: () => { document.addEventListener('auxclick', event => { event.preventDefault(); say(`aux ${event.button} ${event.isTrusted}`) }); expect(() => ({ log: [seen, ['aux 1 true']] })) },
    steps: [{ click: { text: 'Link', button: 'middle' } }],
    playwright: page => page.getByText('Link').click({ button: 'middle' })
  }
]
