// Several tabs and windows, and the dialogs in them.
const child = body => `<title>Child</title>${body}`
/* Playwright's page that the action opens. */
const opened = async (page, action) => (await Promise.all([page.waitForEvent('popup'), action]))[0]

export default [
  {
    name: 'a form in a new tab tells the page that opened it',
    html: '<a href="{{SAME}}/form.html" target="_blank" rel="opener">Open form</a>',
    files: { 'form.html': child('<label>City <input id="c"></label><button onclick="opener.postMessage({ said: `city ${document.getElementById(\'c\').value}` }, \'*\')">Send</button>') },
    script: () => expect(() => ({ log: [seen, ['city Minsk']] })),
    steps: [{ click: { text: 'Open form', follow: true } }, { fill: { label: 'City', value: 'Minsk' } }, { click: 'Send' }, { tab: '1' }],
    playwright: async page => { const popup = await opened(page, page.getByText('Open form').click()); await popup.getByLabel('City').fill('Minsk'); await popup.getByText('Send').click() }
  },
  {
    name: 'two windows worked with in turn',
    html: '<button id="a">Left</button><button id="b">Right</button>',
    files: { 'w.html': '<script>document.title = location.hash.slice(1)</script><button onclick="opener.postMessage({ said: document.title }, \'*\')">Mark</button>' },
    script: () => {
      for (const one of $$('button')) one.onclick = () => open(`${location.pathname}/w.html#${one.textContent}`)
      expect(() => ({ log: [seen, ['Left', 'Right', 'Left']] }))
    },
    steps: [{ click: { text: 'Left', follow: true } }, { tab: '1' }, { click: { text: 'Right', follow: true } }, { tab: { title: 'Left' } }, { click: 'Mark' }, { tab: { title: 'Right' } }, { click: 'Mark' }, { tab: { url: '#Left' } }, { click: 'Mark' }, { tab: '1' }],
    playwright: async page => {
      const left = await opened(page, page.getByText('Left').click())
      const right = await opened(page, page.getByText('Right').click())
      for (const one of [left, right, left]) await one.getByText('Mark').click()
    }
  },
  {
    name: 'a window of another site that closes itself',
    html: '<button>Pay elsewhere</button>',
    files: { 'pay.html': child('<button onclick="opener.postMessage({ said: \'paid\' }, \'*\'); setTimeout(() => window.close(), 100)">Pay now</button>') },
    script: () => {
      $('button').onclick = () => open(`http://localhost:${location.port}${location.pathname}/pay.html`)
      expect(() => ({ log: [seen, ['paid', 'thanks']] }))
      addEventListener('message', event => { if (event.data.said === 'paid') document.body.insertAdjacentHTML('beforeend', '<button onclick="say(\'thanks\')">Thanks</button>') })
    },
    steps: [{ click: { text: 'Pay elsewhere', follow: true } }, { click: 'Pay now' }, { click: 'Thanks' }],
    playwright: async page => { const popup = await opened(page, page.getByText('Pay elsewhere').click()); await popup.getByText('Pay now').click(); await page.getByText('Thanks').click() }
  },
  {
    name: 'a tab of its own beside the page',
    html: '<p>Waits</p>',
    files: { 'other.html': child('<script>localStorage.setItem("beside", "yes")</script>') },
    script: () => expect(() => ({ stored: [localStorage.getItem('beside'), 'yes'] })),
    steps: [{ evaluate: { script: 'location.href', as: 'address_beside' } }, { tab: { open: '{{results.address_beside}}/other.html' } }, { tab: { close: true } }],
    playwright: async page => { const other = await page.context().newPage(); await other.goto(page.url() + '/other.html'); await other.close() }
  },
  {
    name: 'a confirm that is accepted, one that is not',
    html: '<button>Delete</button>',
    script: () => { $('button').onclick = () => say(String(confirm('Really?'))); expect(() => ({ log: [seen, ['true', 'false']] })) },
    steps: [{ dialog: 'accept' }, { click: 'Delete' }, { click: 'Delete' }],
    playwright: async page => {
      page.once('dialog', dialog => dialog.accept())
      await page.getByText('Delete').click()
      page.once('dialog', dialog => dialog.dismiss())
      await page.getByText('Delete').click()
    }
  },
  {
    name: 'a prompt answered, then one left as it stands',
    html: '<button>Rename</button>',
    script: () => { $('button').onclick = () => say(String(prompt('Name?', 'old'))); expect(() => ({ log: [seen, ['new name', 'old']] })) },
    steps: [{ dialog: { text: 'new name' } }, { click: 'Rename' }, { dialog: { answer: 'accept', on: 'prompt' } }, { click: 'Rename' }],
    playwright: async page => {
      page.once('dialog', dialog => dialog.accept('new name'))
      await page.getByText('Rename').click()
      page.once('dialog', dialog => dialog.accept('old'))
      await page.getByText('Rename').click()
    }
  },
  {
    name: 'what dialogs say is read',
    html: '<button onclick="alert(\'Total: 42\')">Sum</button>',
    steps: [{ click: 'Sum' }, { dialog: { as: 'dialog_read' } }, { set: { said: '{{results.dialog_read.message}}' } }, { evaluate: { script: 'vars.said', as: 'dialog_said' } }],
    reads: { dialog_said: 'Total: 42' },
    playwright: async page => {
      const said = new Promise(resolve => page.once('dialog', dialog => { resolve(dialog.message()); dialog.accept() }))
      await page.getByText('Sum').click()
      return { dialog_said: await said }
    }
  },
  {
    name: 'a dialog while the page loads',
    html: '<p>Soon</p><script>alert("Welcome")</script><button>Go on</button>',
    script: () => { hear(document, 'click', event => event.target.textContent); expect(() => ({ log: [seen, ['click Go on']] })) },
    steps: [{ click: 'Go on' }],
    playwright: page => page.getByText('Go on').click()
  },
  {
    name: 'a page that may not be left, then may',
    html: '<a href="{{SAME}}/away.html">Away</a>',
    files: { 'away.html': '<title>Away</title><script>expect(() => ({ asked: [sessionStorage.asked, "2"] }))</script>' },
    script: () => { sessionStorage.asked = 0; addEventListener('beforeunload', event => { sessionStorage.asked++; event.preventDefault() }); expect(() => ({ left: [false, true] })) },
    steps: [{ click: { css: 'body' } }, { dialog: { answer: 'dismiss', on: 'beforeunload' } }, { click: 'Away' }, { dialog: { as: 'kept_here' } }, { click: 'Away' }],
    playwright: async page => {
      await page.locator('body').click()
      page.once('dialog', dialog => dialog.dismiss())
      await page.getByText('Away').click({ noWaitAfter: true })
      page.once('dialog', dialog => dialog.accept())
      await page.getByText('Away').click({ noWaitAfter: true })
      await page.waitForURL('**/away.html')
    }
  }
]
