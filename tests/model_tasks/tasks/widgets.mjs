// Widgets that pages build for themselves.
export default [
  {
    name: 'tabs',
    task: 'Click the tab "Second". Click the button "Save".',
    html: '<div role="tablist"><button role="tab">First</button><button role="tab">Second</button></div><section><button id="wrong">Save</button></section><section hidden><button id="right">Save</button></section>',
    script: () => { $$('[role=tab]').forEach((tab, i) => { tab.onclick = () => $$('section').forEach((one, j) => { one.hidden = i !== j }) }); $('#wrong').onclick = () => say('wrong'); $('#right').onclick = () => say('right'); expect(() => ({ log: [seen, ['right']] })) }
  },
  {
    name: 'a part that folds open',
    task: 'Click "Payment". Click the button "Choose card".',
    html: '<details><summary>Delivery</summary><button>Choose day</button></details><details><summary>Payment</summary><button id="right">Choose card</button></details>',
    script: () => { $('#right').onclick = () => say('card'); expect(() => ({ log: [seen, ['card']] })) }
  },
  {
    name: 'suggestions that come while one types',
    task: 'Type "po" into "City". Click the option "Potsdam".',
    html: '<label>City <input id="city" role="combobox" aria-expanded="false" autocomplete="off"></label><ul id="list" role="listbox" hidden></ul>',
    script: () => {
      const cities = ['Paris', 'Prague', 'Porto', 'Potsdam']
      $('#city').oninput = () => setTimeout(() => {
        $('#list').innerHTML = cities.filter(one => one.toLowerCase().startsWith($('#city').value.toLowerCase())).map(one => `<li role="option">${one}</li>`).join('')
        $('#list').hidden = false
        for (const one of $$('#list li')) one.onmousedown = event => { event.preventDefault(); $('#city').value = one.textContent; $('#list').hidden = true }
      }, 200)
      expect(() => ({ city: [$('#city').value, 'Potsdam'] }))
    }
  },
  {
    name: 'a dialog with a question',
    task: 'Click the button "Leave". Click the button "Yes".',
    html: '<button onclick="ask.showModal()">Leave</button><dialog id="ask"><form method="dialog"><p>Sure?</p><button value="no">No</button><button value="yes">Yes</button></form></dialog>',
    script: () => { $('#ask').onclose = () => say($('#ask').returnValue); expect(() => ({ log: [seen, ['yes']] })) }
  },
  {
    name: 'a date picker: months walked, a day taken',
    task: 'Click "Date". Keep clicking "Next month" until you see "March 2027". Click the button "17".',
    html: '<button id="date">Date</button><div id="picker" hidden role="dialog"><button aria-label="Next month">&gt;</button><b id="head"></b><div id="days"></div></div>',
    script: () => {
      let month = new Date(Date.UTC(2026, 10, 1))
      const draw = () => {
        $('#head').textContent = month.toLocaleString('en', { month: 'long', year: 'numeric', timeZone: 'UTC' })
        $('#days').innerHTML = Array.from({ length: 28 }, (_, i) => `<button>${i + 1}</button>`).join('')
        for (const day of $$('#days button')) day.onclick = () => { say(`${day.textContent} ${$('#head').textContent}`); $('#picker').hidden = true }
      }
      $('#date').onclick = () => { $('#picker').hidden = false; draw() }
      $('[aria-label]').onclick = () => { month = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1)); draw() }
      expect(() => ({ log: [seen, ['17 March 2027']] }))
    }
  },
  {
    name: 'a slider moved by keys',
    task: 'Press ArrowRight in "Volume" 3 times.',
    html: '<div role="slider" aria-label="Volume" aria-valuenow="5" tabindex="0">5</div>',
    script: () => { const one = $('[role=slider]'); one.onkeydown = event => { if (event.key === 'ArrowRight') one.textContent = one.ariaValueNow = String(Number(one.ariaValueNow) + 1) }; expect(() => ({ volume: [one.ariaValueNow, '8'] })) }
  },
  {
    name: 'something dragged onto something else',
    task: 'Drag "Card" to "Done".',
    html: '<div id="card" draggable="true" tabindex="0" role="button" style="width: 80px; height: 30px; background: gold">Card</div><div id="done" role="button" tabindex="0" style="margin-top: 60px; width: 200px; height: 80px; background: #dfd">Done</div>',
    script: () => { $('#done').ondragover = event => event.preventDefault(); $('#done').ondrop = event => { event.preventDefault(); say('dropped') }; expect(() => ({ log: [seen, ['dropped']] })) }
  },
  {
    name: 'a branch of a tree',
    task: 'Click the treeitem "Europe". Click the treeitem "France".',
    html: '<ul role="tree"><li role="treeitem" aria-expanded="false" tabindex="0" id="e"><span>Europe</span></li></ul>',
    script: () => { $('#e').onclick = () => { if ($('#f')) return; $('#e').ariaExpanded = 'true'; $('#e').insertAdjacentHTML('beforeend', '<ul role="group"><li role="treeitem" tabindex="0" id="f">France</li><li role="treeitem" tabindex="0">Spain</li></ul>'); $('#f').onclick = event => { event.stopPropagation(); say('France') } }; expect(() => ({ log: [seen, ['France']] })) }
  },
  {
    name: 'a list that is drawn as it is scrolled',
    task: 'Scroll "Rows" until you see "Row 180". Click the button "Row 180".',
    html: '<div id="box" role="region" aria-label="Rows" tabindex="0" style="height: 200px; overflow: auto; position: relative"><div id="tall" style="height: 8000px"></div></div>',
    script: () => {
      const draw = () => { const first = Math.floor($('#box').scrollTop / 40); $$('#box button').forEach(one => one.remove()); for (let i = first; i < first + 6; i++) { const one = document.createElement('button'); one.textContent = `Row ${i}`; one.style.cssText = `position: absolute; top: ${i * 40}px; height: 36px`; one.onclick = () => say(one.textContent); $('#box').append(one) } }
      $('#box').onscroll = draw; draw()
      expect(() => ({ log: [seen, ['Row 180']] }))
    }
  },
  {
    name: 'in a closed shadow root',
    task: 'Click the button "Secret handshake".',
    html: '<div id="host"></div>',
    script: () => { const root = $('#host').attachShadow({ mode: 'closed' }); root.innerHTML = '<button>Secret handshake</button>'; root.firstChild.onclick = () => say('shaken'); expect(() => ({ log: [seen, ['shaken']] })) }
  },
  {
    name: 'a part of a picture',
    task: 'Click "Bar 2026".',
    html: '<svg width="200" height="100"><rect x="0" width="40" height="80" role="button" tabindex="0" aria-label="Bar 2025"/><rect x="60" width="40" height="80" role="button" tabindex="0" aria-label="Bar 2026" id="right"/></svg>',
    script: () => { hear(document, 'click'); expect(() => ({ log: [seen, ['click right']] })) }
  },
  {
    name: 'something clickable that has no role at all',
    task: 'Click "Open the drawer".',
    html: '<div id="right" style="cursor: pointer; width: 200px">Open the drawer</div><div>Close the drawer</div>',
    script: () => { $('#right').addEventListener('click', () => say('open')); expect(() => ({ log: [seen, ['open']] })) }
  }
]
