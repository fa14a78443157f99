// Elements that are not ready at once: late, moving, covered, off, replaced, out of view.
const scene = (name, html, script, steps, playwright, more = {}) => ({ name, html, script, steps: steps ?? [{ click: 'Go' }], playwright: playwright ?? (page => page.getByText('Go').click()), ...more })
const button = '<button id="go">Go</button>'
/* What most scenes want: one click, on the button, by the mouse. */
const onlyOnce = 'hear(document, "click", event => event.target.closest("[id]")?.id ?? ""); expect(() => ({ log: [seen, ["click go"]] }));'
const once = body => `() => { ${onlyOnce} (${body})() }`

export default [
  scene('appears late', '', once(() => setTimeout(() => document.body.insertAdjacentHTML('beforeend', '<button id="go">Go</button>'), 500))),
  scene('is shown late by visibility', `<div style="visibility: hidden">${button}</div>`, once(() => setTimeout(() => { $('div').style.visibility = '' }, 400))),
  scene('slides in from the side', `<style>#go { position: fixed; left: 0; animation: in .6s } @keyframes in { from { transform: translateX(-300px) } }</style>${button}`, once(() => {})),
  scene('goes round for a second', `<style>#go { position: absolute; left: 100px; top: 100px; animation: round .25s linear 4 } @keyframes round { to { transform: rotate(360deg) translate(50px) } }</style>${button}`, once(() => {})),
  scene('pulses for ever without moving its box', `<style>#go { animation: pulse .3s infinite alternate } @keyframes pulse { to { opacity: .4; background: red } }</style>${button}`, once(() => {})),
  scene('is disabled, then enabled', '<button id="go" disabled>Go</button>', once(() => setTimeout(() => { $('#go').disabled = false }, 500))),
  scene('is aria-disabled for a while', '<div role="button" aria-disabled="true" id="go">Go</div>', once(() => setTimeout(() => { $('#go').removeAttribute('aria-disabled') }, 400)),
    [{ click: { role: 'button', name: 'Go' } }], page => page.getByRole('button', { name: 'Go' }).click()),
  scene('is in a disabled fieldset for a while', `<fieldset disabled>${button}</fieldset>`, once(() => setTimeout(() => { $('fieldset').disabled = false }, 400))),
  scene('is under a veil that fades away', `<div id="veil" style="position: fixed; inset: 0; background: #0008; transition: opacity .3s"></div>${button}`, once(() => {
    setTimeout(() => { $('#veil').style.opacity = 0 }, 200)
    $('#veil').addEventListener('transitionend', () => $('#veil').remove())
  })),
  scene('is under something that lets the mouse through', `<div style="position: fixed; inset: 0; pointer-events: none; background: #0f04"></div>${button}`, once(() => {})),
  scene('is replaced by a copy again and again', '<div id="place"></div>', once(() => {
    let n = 0
    const draw = () => { $('#place').innerHTML = '<button id="go">Go</button>'; if (n++ < 20) setTimeout(draw, 40) }
    draw()
  })),
  scene('is detached and comes back', button, once(() => {
    const go = $('#go')
    go.remove()
    setTimeout(() => document.body.append(go), 300)
  })),
  scene('is pushed down by pictures that load', `<div id="space"></div>${button}`, once(() => {
    let n = 0
    const grow = () => { $('#space').style.height = `${n++ * 40}px`; if (n < 15) setTimeout(grow, 30) }
    grow()
  })),
  scene('is far below', `<div style="height: 5000px"></div>${button}<div style="height: 3000px"></div>`, once(() => {})),
  scene('is far to the right', `<div style="width: 6000px; text-align: right">${button}</div>`, once(() => {})),
  scene('lies under a sticky header when scrolled up to', `<style>header { position: sticky; top: 0; height: 60vh; background: #eee }</style><header>Head</header><div style="height: 2000px"></div>${button}<div style="height: 2000px"></div>`, once(() => scrollTo(0, 9999))),
  scene('lies between a fixed header and a fixed footer', `<style>.bar { position: fixed; left: 0; right: 0; height: 40vh; background: #eee } #top { top: 0 } #end { bottom: 0 }</style><div class="bar" id="top"></div><div class="bar" id="end"></div><div style="height: 3000px"></div>${button}<div style="height: 3000px"></div>`, once(() => {})),
  scene('is inside a box that scrolls inside a box that scrolls', `<div style="height: 200px; overflow: auto"><div style="height: 600px"></div><div style="width: 150px; height: 150px; overflow: auto"><div style="height: 900px; width: 900px"></div>${button}</div><div style="height: 600px"></div></div>`, once(() => {})),
  scene('is in a box of smooth scrolling', `<style>html, #box { scroll-behavior: smooth }</style><div id="box" style="height: 150px; overflow: auto"><div style="height: 4000px"></div>${button}</div>`, once(() => {})),
  scene('is in a box that scrolls by snapping', `<style>#box { height: 200px; overflow: auto; scroll-snap-type: y mandatory } #box > div { height: 200px; scroll-snap-align: start }</style><div id="box"><div>1</div><div>2</div><div>3</div><div>${button}</div><div>5</div></div>`, once(() => {})),
  scene('is clipped away but can be scrolled to', `<div style="height: 100px; overflow: hidden"><div style="height: 700px"></div>${button}</div>`, once(() => {})),
  scene('is wider and higher than the window', '<div id="go" style="width: 3000px; height: 4000px; background: linear-gradient(red, blue)">Go</div>', once(() => {})),
  scene('is one of many, the others hidden', `<button hidden>Go</button><div style="display: none"><button>Go</button></div>${button}<button>Go</button>`, once(() => {}), null, page => page.locator('button:visible').first().click()),
  scene('display: contents around its label', '<div style="display: contents" id="wrap"><button id="go"><span style="display: contents">Go</span></button></div>', once(() => {}), null, page => page.getByRole('button').click()),
  scene('is transparent', '<button id="go" style="opacity: 0">Go</button>', once(() => {})),
  scene('is one pixel high', '<div id="go" role="button" aria-label="Thin" style="height: 1px; width: 100px; background: red"></div>', once(() => {}), [{ click: { role: 'button', name: 'Thin' } }], page => page.getByRole('button', { name: 'Thin' }).click()),
  scene('wakes up only after the first animation frames', button, once(() => {
    $('#go').style.pointerEvents = 'none'
    setTimeout(() => { $('#go').style.pointerEvents = '' }, 400)
  })),
  {
    name: 'a field that is debounced is read when it settled',
    html: '<label>Search <input id="q"></label><p id="answer"></p>',
    script: () => {
      let timer
      $('#q').addEventListener('input', () => {
        clearTimeout(timer)
        timer = setTimeout(() => { say(`asked ${$('#q').value}`); setTimeout(() => { $('#answer').textContent = `3 results for ${$('#q').value}` }, 200) }, 300)
      })
      expect(() => ({ log: [seen, ['asked tea']], answer: [$('#answer').textContent, '3 results for tea'] }))
    },
    steps: [...['t', 'te', 'tea'].map(value => ({ fill: { label: 'Search', value } })), { assert: '3 results for tea' }],
    playwright: async page => { for (const text of ['t', 'te', 'tea']) await page.getByLabel('Search').fill(text); await page.getByText('3 results for tea').waitFor() }
  },
  {
    name: 'infinite list scrolled to an item that is loaded on the way',
    html: '<ul id="list"></ul><p id="end" style="height: 30px">Loading</p>',
    script: () => {
      let n = 0
      let busy = false
      const more = () => {
        busy = true
        setTimeout(() => {
          for (let i = 0; i < 20 && n < 100; i++) { const item = document.createElement('li'); item.textContent = `Item ${++n}`; item.style.height = '60px'; item.onclick = event => say(`${item.textContent} ${event.isTrusted}`); $('#list').append(item) }
          busy = false
        }, 80)
      }
      new IntersectionObserver(entries => { if (entries.some(entry => entry.isIntersecting) && !busy && n < 100) more() }).observe($('#end'))
      setInterval(() => { if ($('#end').getBoundingClientRect().top < innerHeight && !busy && n < 100) more() }, 50)
      expect(() => ({ log: [seen, ['Item 95 true']], loaded: [n, 100] }))
    },
    steps: [
      { repeat: { steps: [{ press: 'End' }, { wait_for: { ms: 100 } }], until: { text: 'Item 95', exact: true }, max: 40 } },
      { click: { text: 'Item 95', exact: true } }],
    playwright: async page => {
      while (!(await page.getByText('Item 95', { exact: true }).count())) { await page.keyboard.press('End'); await page.waitForTimeout(100) }
      await page.getByText('Item 95', { exact: true }).click()
    }
  },
  {
    name: 'virtual list of which only what is seen exists',
    html: '<div id="box" tabindex="0" aria-label="Rows" style="height: 300px; overflow: auto; position: relative"><div id="space" style="height: 30000px"></div></div>',
    script: () => {
      const draw = () => {
        const first = Math.floor($('#box').scrollTop / 30)
        $$('.row').forEach(row => row.remove())
        for (let i = first; i < Math.min(first + 11, 1000); i++) {
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
      expect(() => ({ log: [seen, ['Row 70 true']] }))
    },
    steps: [
      { repeat: { steps: [{ press: { css: '#box', key: 'PageDown' } }, { wait_for: { ms: 150 } }], until: { text: 'Row 70', exact: true }, max: 30 } },
      { click: { text: 'Row 70', exact: true } }],
    playwright: async page => {
      while (!(await page.getByText('Row 70', { exact: true }).count())) { await page.locator('#box').press('PageDown'); await page.waitForTimeout(150) }
      await page.getByText('Row 70', { exact: true }).click()
    }
  },
  {
    name: 'a spinner that comes, then goes',
    html: '<button onclick="load()">Load</button><p id="spin" hidden>Please wait</p><p id="data"></p>',
    script: () => {
      window.load = () => setTimeout(() => { $('#spin').hidden = false; setTimeout(() => { $('#spin').hidden = true; $('#data').textContent = 'Data 42'; say('loaded') }, 500) }, 50)
      document.addEventListener('keydown', event => say(`${event.key} while ${$('#data').textContent || 'empty'}`))
      expect(() => ({ log: [seen, ['loaded', 'x while Data 42']] }))
    },
    steps: [{ click: 'Load' }, { wait_for: 'Please wait' }, { wait_for: { text: 'Please wait', state: 'hidden' } }, { press: 'x' }],
    playwright: async page => {
      await page.getByText('Load').click()
      await page.getByText('Please wait').waitFor()
      await page.getByText('Please wait').waitFor({ state: 'hidden' })
      await page.keyboard.press('x')
    }
  },
  {
    name: 'waits by count, value and enabled',
    html: '<ul></ul><input id="v" aria-label="V" value=""><button id="b" disabled>B</button>',
    script: () => {
      const timer = setInterval(() => {
        if ($$('li').length < 5) $('ul').append(document.createElement('li'))
        else if ($('#v').value !== 'full') $('#v').value = 'full'
        else { $('#b').disabled = false; clearInterval(timer) }
        $$('li').forEach((item, i) => { item.textContent = `n${i}` })
      }, 100)
      document.addEventListener('keydown', event => say(`${event.key} ${$$('li').length} ${$('#v').value} ${$('#b').disabled}`))
      expect(() => ({ log: [seen, ['1 5 full false']] }))
    },
    steps: [{ wait_for: { css: 'li', count: 5 } }, { wait_for: { label: 'V', value: 'full' } }, { wait_for: { css: '#b', state: 'enabled' } }, { press: '1' }],
    playwright: async page => {
      await page.waitForFunction(() => document.querySelectorAll('li').length === 5 && !document.querySelector('#b').disabled)
      await page.keyboard.press('1')
    }
  }
].map(row => ({ ...row, script: String(row.script) }))
