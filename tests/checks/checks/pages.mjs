// Going from page to page: forms that are sent, redirects, history, downloads, dialogs, cookies.
const page = (title, html = '', script = '') => `<title>${title}</title><h1>${title}</h1>${html}<script>${script}</script>`
const ok = 'expect(() => ({ here: [true, true] }))'
/* The page that must be reached is satisfied by being there; the first one never is. */
const goes = (name, html, files, steps, playwright, more = {}) => ({ name, html, script: () => expect(() => ({ left: [false, true] })), files, steps, playwright, ...more })

export default [
  goes('a link', '<a href="{{SAME}}/next.html">Next</a>', { 'next.html': page('Next page', '', ok) }, [{ click: 'Next' }], one => one.getByText('Next').click()),
  goes('a link whose page is slow to answer', '<a href="{{SAME}}/slow">Slow</a>', {
    slow: (request, response) => setTimeout(() => response.writeHead(302, { location: 'end.html' }).end(), 900),
    'end.html': page('End', '<button id="e">Finish</button>', 'hear(document, "click"); expect(() => ({ log: [seen, ["click e"]] }))')
  }, [{ click: 'Slow' }, { click: 'Finish' }], async one => { await one.getByText('Slow').click(); await one.getByText('Finish').click() }),
  goes('a form sent by GET, its fields in the address', '<form action="{{SAME}}/result.html"><input name="q" aria-label="Query"><input type="hidden" name="h" value="1"><button name="b" value="go">Go</button></form>', {
    'result.html': page('Result', '', 'expect(() => ({ query: [location.search, "?q=tea+%26+milk&h=1&b=go"] }))')
  }, [{ fill: { label: 'Query', value: 'tea & milk' } }, { click: { role: 'button', name: 'Go' } }], async one => { await one.getByLabel('Query').fill('tea & milk'); await one.getByRole('button').click() }),
  goes('a form sent by POST', '<form action="{{SAME}}/post" method="post"><input name="q" aria-label="Query"><button>Go</button></form>', {
    post: (request, response) => {
      let body = ''
      request.on('data', data => { body += data })
      request.on('end', () => response.writeHead(303, { location: `result.html?${request.method}&${body}` }).end())
    },
    'result.html': page('Result', '', 'expect(() => ({ query: [location.search, "?POST&q=%D1%87%D0%B0%D0%B9"] }))')
  }, [{ fill: { label: 'Query', value: 'чай' } }, { press: 'Enter' }], async one => { await one.getByLabel('Query').fill('чай'); await one.keyboard.press('Enter') }),
  goes('three redirects and a meta refresh', '<a href="{{SAME}}/1">Go</a>', {
    1: (request, response) => response.writeHead(302, { location: '2' }).end(),
    2: (request, response) => response.writeHead(307, { location: '3' }).end(),
    3: (request, response) => response.writeHead(301, { location: 'refresh.html' }).end(),
    'refresh.html': '<meta http-equiv="refresh" content="0; url=end.html"><p>Wait</p>',
    'end.html': page('End', '<button onclick="say(\'end\')">Finish</button>', 'expect(() => ({ log: [seen, ["end"]] }))')
  }, [{ click: 'Go' }, { click: 'Finish' }], async one => { await one.getByText('Go').click(); await one.getByText('Finish').click() }),
  goes('a page that sends itself on after it loaded', '<a href="{{SAME}}/mid.html">Go</a>', {
    'mid.html': page('Mid', '<button>Finish</button>', 'setTimeout(() => { location.replace("end.html") }, 200)'),
    'end.html': page('End', '<button id="e">Really finish</button>', 'hear(document, "click"); expect(() => ({ log: [seen, ["click e"]] }))')
  }, [{ click: 'Go' }, { click: 'Really finish' }], async one => { await one.getByText('Go').click(); await one.getByText('Really finish').click() }),
  {
    name: 'an application of one page: routes without loading',
    html: '<nav><a href="#" id="a">Home</a> <a href="#" id="b">About</a></nav><main>Home page</main>',
    script: () => {
      const start = location.pathname
      for (const link of $$('a')) link.addEventListener('click', event => { event.preventDefault(); history.pushState(link.id, '', `${start}/${link.id}`); setTimeout(() => { $('main').innerHTML = `<h1>${link.textContent} page</h1><button>${link.textContent} button</button>`; document.title = link.textContent }, 200) })
      addEventListener('popstate', () => say(`back to ${history.state ?? 'start'}`))
      document.addEventListener('click', event => { if (event.target.localName === 'button') say(event.target.textContent) })
      expect(() => ({ log: [seen, ['About button', 'back to start']] }))
    },
    steps: [{ click: 'About' }, { wait_for: { title: 'About', url: '*/b' } }, { click: 'About button' }, { back: {} }],
    playwright: async one => { await one.getByText('About').click(); await one.getByText('About button').click(); await one.goBack() }
  },
  goes('back and forward through pages', '<a href="{{SAME}}/a.html">A</a>', {
    'a.html': page('Page A', '<a href="b.html">B</a>', 'expect(() => ({ done: [sessionStorage.walk, "b"] })); sessionStorage.walk ??= ""'),
    'b.html': page('Page B', '', 'sessionStorage.walk = "b"; expect(() => ({ n: [performance.getEntriesByType("navigation")[0].type === "back_forward" || window.shown, true] })); addEventListener("pageshow", event => { if (event.persisted) window.shown = true })')
  }, [{ click: { text: 'A', exact: true } }, { click: { text: 'B', exact: true } }, { wait_for: { title: 'Page B' } }, { back: {} }, { assert: { title: 'Page A' } }, { forward: {} }, { assert: { title: 'Page B' } }],
  async one => { await one.getByText('A', { exact: true }).click(); await one.getByText('B', { exact: true }).click(); await one.waitForURL('**/b.html'); await one.goBack(); await one.goForward() }),
  {
    name: 'reload',
    html: '<p id="n"></p>',
    script: () => {
      const loads = Number(sessionStorage.getItem(location.pathname) ?? 0) + 1
      sessionStorage.setItem(location.pathname, loads)
      expect(() => ({ type: [performance.getEntriesByType('navigation')[0].type, 'reload'], loads: [loads, 2] }))
    },
    steps: [{ reload: {} }],
    playwright: one => one.reload()
  },
  {
    name: 'a download by a link, and the page goes on',
    html: '<a href="{{SAME}}/data.csv">Data</a><button>Next</button>',
    files: { 'data.csv': { headers: { 'content-type': 'text/csv', 'content-disposition': 'attachment; filename=data.csv' }, body: 'a;b\n' } },
    script: () => { hear(document, 'click', event => event.target.textContent); expect(() => ({ log: [seen, ['click Data', 'click Next']] })) },
    steps: [{ download: { click: 'Data', as: 'data' } }, { assert: { given: '{{results.data.bytes}}', equals: 4 } }, { click: 'Next' }],
    playwright: async one => {
      const [download] = await Promise.all([one.waitForEvent('download'), one.getByText('Data').click()])
      if (download.suggestedFilename() !== 'data.csv') throw new Error(download.suggestedFilename())
      await one.getByText('Next').click()
    }
  },
  {
    name: 'a download that a script makes of a blob, late',
    html: '<button>Export</button>',
    script: () => {
      $('button').addEventListener('click', () => setTimeout(() => {
        const link = document.createElement('a')
        link.href = URL.createObjectURL(new Blob(['x'.repeat(5000)]))
        link.download = 'отчёт 2026.txt'
        link.click()
        say('made')
      }, 400))
      expect(() => ({ log: [seen, ['made']] }))
    },
    steps: [{ download: { click: 'Export', as: 'blob' } }, { assert: { given: '{{results.blob.bytes}}', equals: 5000 } }, { assert: { given: '{{results.blob.name}}', equals: 'отчёт 2026.txt' } }],
    playwright: async one => {
      const [download] = await Promise.all([one.waitForEvent('download'), one.getByText('Export').click()])
      if (download.suggestedFilename() !== 'отчёт 2026.txt') throw new Error(download.suggestedFilename())
    }
  },
  {
    name: 'cookies set by the page, by the server, and by hand',
    html: '<iframe src="{{SAME}}/cookie.html"></iframe>',
    files: { 'cookie.html': { headers: { 'set-cookie': 'from_server=1; HttpOnly; Path=/' }, body: 'x' }, seen: (request, response) => response.end(request.headers.cookie ?? '') },
    script: () => {
      document.cookie = 'from_page=2; path=/'
      let answer = ''
      setInterval(async () => { answer = await (await fetch(`${location.pathname}/seen`)).text() }, 100)
      expect(() => ({ cookies: [answer.split('; ').filter(one => /from_/.test(one)).sort(), ['from_hand=3', 'from_page=2', 'from_server=1']] }))
    },
    steps: [{ wait_for: { page: 'load' } }, { cookies: { set: [{ name: 'from_hand', value: '3', http_only: true }] } }],
    playwright: async one => { await one.context().addCookies([{ name: 'from_hand', value: '3', httpOnly: true, url: one.url() }]) }
  },
  {
    name: 'an alert in the middle of things',
    html: '<button>Warn</button><button id="b">After</button>',
    script: () => {
      $('button').addEventListener('click', () => { alert('careful'); say('alert closed') })
      $('#b').addEventListener('click', () => say('after'))
      expect(() => ({ log: [seen, ['alert closed', 'after']] }))
    },
    steps: [{ click: 'Warn' }, { click: 'After' }],
    playwright: async one => { one.on('dialog', dialog => dialog.accept()); await one.getByText('Warn').click(); await one.getByText('After').click() }
  },
  {
    name: 'a document without an end is usable before it has loaded',
    html: '<a href="{{SAME}}/endless">Go</a>',
    script: () => expect(() => ({ left: [false, true] })),
    files: { endless: (request, response) => { response.writeHead(200, { 'content-type': 'text/html' }); response.write('<title>Endless</title><output id="verdict" data-ok="false" data-text="not clicked">v</output><button onclick="verdict.dataset.ok = true; verdict.dataset.text = event.isTrusted">Use me</button><script>window.check = () => ({ ok: verdict.dataset.ok === "true", text: verdict.dataset.text })</script>'); request.on('close', () => response.end()) } },
    steps: [{ click: 'Go' }, { click: 'Use me' }],
    playwright: async one => { await one.getByText('Go').click({ noWaitAfter: true }); await one.getByText('Use me').click({ noWaitAfter: true }) }
  },
  {
    name: 'what a page asks for when it is left does not keep it',
    html: '<a href="{{SAME}}/next.html">Leave</a>',
    script: () => { addEventListener('beforeunload', event => { event.preventDefault(); event.returnValue = 'stay' }); expect(() => ({ left: [false, true] })) },
    files: { 'next.html': page('Next', '', ok) },
    steps: [{ click: 'Leave' }],
    playwright: async one => { one.on('dialog', dialog => dialog.accept()); await one.getByText('Leave').click() }
  }
]
