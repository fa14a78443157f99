// Pages that programs are known to fail on: they change under the hand, come late, hide in each other, or refuse what is wrong.
export default [
  {
    name: 'a list without end',
    task: 'Scroll the page until you see "Item 57". Click the button "Take" in the row of "Item 57".',
    unsayable: 'how long to wait for what scrolling brings',
    html: '<h1>Items</h1><div id="list"></div><p id="more">Loading ...</p>',
    script: () => {
      let count = 0
      const load = () => setTimeout(() => { for (let i = 0; i < 12; i++) { count++; $('#list').insertAdjacentHTML('beforeend', `<div style="height: 90px"><span>Item ${count}</span> <button data-n="${count}">Take</button></div>`) } }, 150)
      new IntersectionObserver(([one]) => { if (one.isIntersecting && count < 400) load() }).observe($('#more'))
      $('#list').onclick = event => { if (event.target.dataset.n) say(event.target.dataset.n) }
      expect(() => ({ log: [seen, ['57']] }))
    }
  },
  {
    name: 'a list whose rows are used again as it is scrolled',
    task: 'Scroll "People" until you see "Person 60". Click the button "Call" in the row of "Person 60".',
    unsayable: 'which of the rows that are used again is meant',
    html: '<div id="box" role="region" aria-label="People" tabindex="0" style="height: 240px; width: 400px; overflow: auto; position: relative"><div style="height: 6000px"></div></div>',
    script: () => {
      const rows = Array.from({ length: 8 }, () => { const row = document.createElement('div'); row.style.cssText = 'position: absolute; height: 40px'; row.innerHTML = '<span></span> <button>Call</button>'; row.lastChild.onclick = () => say(row.firstChild.textContent); $('#box').append(row); return row })
      const draw = () => { const first = Math.floor($('#box').scrollTop / 40); for (let i = first; i < first + 8; i++) { const row = rows[i % 8]; row.style.top = `${i * 40}px`; row.firstChild.textContent = `Person ${i}` } }
      $('#box').onscroll = () => requestAnimationFrame(draw)
      draw()
      expect(() => ({ log: [seen, ['Person 60']] }))
    }
  },
  {
    name: 'a canvas that only keys move',
    task: 'Press ArrowRight in "Board" 3 times. Press ArrowDown in "Board" 2 times. Press Enter in "Board" 1 times.',
    html: '<canvas id="board" tabindex="0" aria-label="Board" width="300" height="200" style="background: #eee"></canvas>',
    script: () => {
      const at = [0, 0]
      const draw = () => { const to = $('#board').getContext('2d'); to.clearRect(0, 0, 300, 200); to.fillRect(at[0] * 30, at[1] * 30, 28, 28) }
      const moves = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }
      $('#board').onkeydown = event => { if (!event.isTrusted) return; const [x, y] = moves[event.key] ?? [0, 0]; at[0] += x; at[1] += y; draw(); if (event.key === 'Enter') say(at.join()) }
      draw()
      expect(() => ({ log: [seen, ['3,2']] }))
    }
  },
  {
    name: 'a list that is put in another order by dragging',
    task: 'Drag "Task C" to "Task A".',
    html: '<ul id="list" style="list-style: none; width: 260px; user-select: none">' + ['A', 'B', 'C', 'D'].map(one => `<li role="button" tabindex="0" style="height: 40px; margin: 4px; background: #cde; touch-action: none">Task ${one}</li>`).join('') + '</ul>',
    script: () => {
      let held = null; let moved = 0
      $('#list').onpointerdown = event => { held = event.target.closest('li'); moved = 0 }
      addEventListener('pointermove', event => {
        if (!held || ++moved < 3) return
        const over = document.elementsFromPoint(event.clientX, event.clientY).find(one => one !== held && one.tagName === 'LI')
        if (over) over[over.compareDocumentPosition(held) & Node.DOCUMENT_POSITION_FOLLOWING ? 'before' : 'after'](held)
      })
      addEventListener('pointerup', () => { held = null })
      expect(() => ({ order: [$$('#list li').map(one => one.textContent.slice(-1)).join(''), 'CABD'], held: [held, null] }))
    }
  },
  {
    name: 'a date picker with days of other months, years that one walks through, and a field that takes no typing',
    task: 'Click "Departure". Keep clicking "Next month" until you see "February 2027". Click the button "28".',
    html: '<label>Departure <input id="date" readonly></label><div id="picker" hidden role="dialog" aria-label="Calendar"><button aria-label="Previous month">‹</button><b id="head"></b><button aria-label="Next month">›</button><div id="days"></div></div>',
    script: () => {
      let month = new Date(Date.UTC(2026, 10, 1))
      const day = (date, other) => `<button ${other ? 'aria-disabled="true" disabled' : ''} data-date="${date.toISOString().slice(0, 10)}">${date.getUTCDate()}</button>`
      const draw = () => {
        $('#head').textContent = month.toLocaleString('en', { month: 'long', year: 'numeric', timeZone: 'UTC' })
        const days = []
        for (let i = -5; i < 36; i++) { const date = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth(), 1 + i)); days.push(day(date, date.getUTCMonth() !== month.getUTCMonth())) }
        $('#days').innerHTML = days.join('')
      }
      const walk = by => setTimeout(() => { month = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + by, 1)); draw() }, 120)
      $('[aria-label="Next month"]').onclick = () => walk(1)
      $('[aria-label="Previous month"]').onclick = () => walk(-1)
      $('#date').onclick = () => { $('#picker').hidden = false; draw() }
      $('#days').onclick = event => { if (event.target.dataset.date) { $('#date').value = event.target.dataset.date; $('#picker').hidden = true } }
      expect(() => ({ date: [$('#date').value, '2027-02-28'] }))
    }
  },
  {
    name: 'suggestions that come late, after those of what was typed before',
    task: 'Type "berg" into "City". Click the option "Bergen".',
    html: '<label>City <input id="city" role="combobox" aria-expanded="false" autocomplete="off"></label><ul id="list" role="listbox"></ul>',
    script: () => {
      const cities = ['Berlin', 'Bern', 'Bergamo', 'Bergen', 'Bergisch Gladbach']
      const show = (text, ms) => setTimeout(() => { $('#list').innerHTML = cities.filter(one => one.toLowerCase().startsWith(text)).map(one => `<li role="option" tabindex="-1">${one}</li>`).join('') }, ms)
      $('#city').oninput = () => { show('ber', 300); show($('#city').value.toLowerCase(), 1600) }
      $('#list').onmousedown = event => event.preventDefault()
      $('#list').onclick = event => { say(event.target.textContent); $('#city').value = event.target.textContent; $('#list').innerHTML = '' }
      expect(() => ({ log: [seen, ['Bergen']] }))
    }
  },
  {
    name: 'shadow roots around and in a frame of another site',
    task: 'Type "K7" into "Seat". Click the button "Check in".',
    html: '<div id="outer"></div>',
    files: { 'seat.html': '<div id="inner"></div><script>const root = $("#inner").attachShadow({ mode: "closed" }); root.innerHTML = "<label>Seat <input></label><div></div>"; const deep = root.lastChild.attachShadow({ mode: "open" }); deep.innerHTML = "<button>Check in</button>"; deep.firstChild.onclick = () => say("seat " + root.querySelector("input").value)</script>' },
    script: () => { $('#outer').attachShadow({ mode: 'open' }).innerHTML = `<iframe src="{{OTHER}}/seat.html" width="400" height="160"></iframe>`; expect(() => ({ log: [seen, ['seat K7']] })) }
  },
  {
    name: 'a wizard that finds fault with what it is given',
    task: 'Type "Kim" into "Name". Type "12" into "Post code". Click the button "Next". Copy the text after "such as" into "Post code". Click the button "Next". Click the button "Next". Copy the text after "Tick it:" into "Repeat". Tick "I agree". Click the button "Next". Click the button "Finish".',
    unsayable: 'what is copied',
    html: '<div id="step"></div>',
    script: () => {
      const data = {}
      const views = [
        '<label>Name <input id="name"></label><label>Post code <input id="code" aria-describedby="why"></label><p id="why" role="alert"></p>',
        '<label><input type="checkbox" id="agree"> I agree</label><label>Repeat <input id="word"></label><p id="why" role="alert"></p>',
        '<p>That is all</p>'
      ]
      const checks = [
        () => { data.name = $('#name').value; data.code = $('#code').value; return /^\d{5}$/.test(data.code) ? '' : 'Five digits, such as 45127' },
        () => { data.word = $('#word').value; return $('#agree').checked && data.word === 'YES-9' ? '' : 'Tick it: YES-9' },
        () => ''
      ]
      const show = i => {
        $('#step').innerHTML = `<h1>Step ${i + 1} of 3</h1>${views[i]}<button>${i < 2 ? 'Next' : 'Finish'}</button>`
        $('#step button').onclick = () => setTimeout(() => { const wrong = checks[i](); if (wrong) { $('#why').textContent = wrong; $('#code')?.setAttribute('aria-invalid', 'true') } else if (i < 2) show(i + 1); else say(JSON.stringify(data)) }, 100)
      }
      show(0)
      expect(() => ({ log: [seen, ['{"name":"Kim","code":"45127","word":"YES-9"}']] }))
    }
  },
  {
    name: 'the sum of a table over several pages',
    task: 'Answer with the sum of "Amount" over all pages.',
    unsayable: 'a sum',
    html: '<table><thead><tr><th>Bill</th><th>Amount</th></tr></thead><tbody></tbody></table><p id="where"></p><button id="prev">Previous</button><button id="next">Next</button>',
    script: () => {
      const rows = Array.from({ length: 37 }, (_, i) => [`R-${100 + i}`, ((i * 7919) % 1000) / 4])
      let page = 1
      const draw = () => {
        $('tbody').innerHTML = rows.slice((page - 1) * 10, page * 10).map(([name, amount]) => `<tr><td>${name}</td><td>${amount.toFixed(2)}</td></tr>`).join('')
        $('#where').textContent = `Page ${page} of 4`
        $('#next').disabled = page === 4
        $('#prev').disabled = page === 1
      }
      const go = by => setTimeout(() => { page += by; draw() }, 200)
      $('#next').onclick = () => go(1)
      $('#prev').onclick = () => go(-1)
      draw()
    },
    result: Array.from({ length: 37 }, (_, i) => ((i * 7919) % 1000) / 4).reduce((a, b) => a + b, 0)
  },
  {
    name: 'a window within the page that comes by itself while one is at work',
    task: 'Type "Minsk" into "City". Tick "Express". Click the button "Save".',
    html: '<label>City <input id="city"></label><label><input type="checkbox" id="express"> Express</label><button id="save">Save</button>',
    script: () => {
      const cover = () => {
        document.body.insertAdjacentHTML('beforeend', '<div class="modal" role="dialog" aria-modal="true" aria-label="Newsletter" style="position: fixed; inset: 0; background: #fffe"><p>Our newsletter!</p><button>Close</button></div>')
        const modal = document.body.lastElementChild
        $('button', modal).onclick = () => modal.remove()
      }
      $('#city').addEventListener('input', () => setTimeout(cover, 300), { once: true })
      $('#express').addEventListener('change', () => setTimeout(cover, 50), { once: true })
      $('#save').onclick = () => say(`${$('#city').value} ${$('#express').checked}`)
      expect(() => ({ log: [seen, ['Minsk true']], modal: [$$('.modal').length, 0] }))
    }
  },
  {
    name: 'a menu in a menu that closes when the mouse leaves',
    task: 'Hover "File". Hover "Export". Click "As PDF".',
    html: '<style>nav div { position: absolute; display: none; background: #eee; width: 140px } nav li { list-style: none; height: 30px; width: 140px; position: relative } nav li.open > div { display: block }</style><nav><ul><li><span>File</span><div><ul style="padding: 0; margin: 0"><li><span>Open</span></li><li><span>Export</span><div style="left: 140px; top: 0"><ul style="padding: 0; margin: 0"><li><button>As text</button></li><li><button id="right">As PDF</button></li></ul></div></li></ul></div></li></ul></nav>',
    script: () => {
      for (const one of $$('nav li')) {
        let timer
        one.onmouseenter = () => { clearTimeout(timer); one.classList.add('open') }
        one.onmouseleave = () => { timer = setTimeout(() => one.classList.remove('open'), 250) }
      }
      for (const one of $$('nav span')) one.style.cursor = 'pointer'
      $('#right').onclick = () => say('pdf')
      expect(() => ({ log: [seen, ['pdf']] }))
    }
  },
  {
    name: 'an editor that keeps its text for itself and draws it anew',
    task: 'Type "Dear Ann, see you" into "Letter". Click the button "Send it".',
    html: '<div id="editor" contenteditable="true" role="textbox" aria-multiline="true" aria-label="Letter" style="border: 1px solid; min-height: 80px"><p>Draft</p></div><button type="button" id="send">Send it</button>',
    script: () => {
      let text = 'Draft'
      const render = () => {
        $('#editor').innerHTML = `<p>${text.split(' ').map(word => `<span>${word}</span>`).join(' ')}</p>`
        const range = document.createRange(); range.selectNodeContents($('#editor')); range.collapse(false)
        getSelection().removeAllRanges(); getSelection().addRange(range)
      }
      $('#editor').addEventListener('beforeinput', event => {
        event.preventDefault()
        const all = !getSelection().isCollapsed && getSelection().toString().trim() === $('#editor').innerText.trim()
        if (all) text = ''
        if (event.inputType === 'insertText') text += event.data
        if (event.inputType.startsWith('delete') && !all) text = text.slice(0, -1)
        render()
      })
      $('#send').onclick = () => say(text)
      render()
      expect(() => ({ log: [seen, ['Dear Ann, see you']] }))
    }
  },
  {
    name: 'from one tab into another',
    task: 'Click the link "Open the invoice". Remember the text after "Number:". Go to the tab "Order". Type what you remembered into "Invoice number". Click the button "Save".',
    unsayable: 'what was read',
    html: '<title>Order</title><a href="{{SAME}}/invoice.html" target="_blank" rel="opener">Open the invoice</a><label>Invoice number <input></label><button>Save</button>',
    files: { 'invoice.html': '<title>Invoice</title><p id="n"></p><script>const number = `I-${Math.random().toString(36).slice(2, 9)}`; localStorage.setItem("invoice", number); $("#n").textContent = `Number: ${number}`</script>' },
    script: () => { $('button').onclick = () => say($('input').value); expect(() => ({ log: [seen, [localStorage.getItem('invoice')]] })) }
  }
]
