// The live view: pictures for those who watch, input from the one who has control. Real keeper and browser.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, describe, test } from 'node:test'
import { sleep, startBrowserManager, until } from './lib/browser_manager.mjs'
import { watchBrowser } from './lib/live_client.mjs'

const PAGE = `<!doctype html><title>playground</title><style>body{margin:0;height:3000px;font:16px sans-serif}
#field,#press,#ask,#file{position:absolute;left:20px;width:200px;height:30px}#field{top:20px}#press{top:70px}#ask{top:120px}#file{top:170px}</style>
<input id=field><button id=press onclick="window.pressed=(window.pressed||0)+1;document.title='pressed '+window.pressed">Press</button>
<button id=ask onclick="window.answer=prompt('Your name?','nobody')">Ask</button><input type=file id=file>`

function startSite () {
  const server = http.createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
    response.end(request.url === '/other' ? '<!doctype html><title>other</title><h1>Other</h1>' : PAGE)
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

describe('live view', { timeout: 300000 }, () => {
  let manager, site, origin, browser, cdp, sessionId
  const viewers = []

  before(async () => {
    site = await startSite()
    origin = `http://127.0.0.1:${site.address().port}`
    manager = await startBrowserManager({ MAX_BROWSERS: '2', POOL_WARM: '0', EGRESS_ALLOW: `127.0.0.1:${site.address().port}` })
    browser = await manager.lease({ linger_ms: 120000 })
    cdp = await manager.connect(browser.id)
    const { targetInfos } = await cdp.call('Target.getTargets')
    const { targetId } = targetInfos.find(one => one.type === 'page');
    ({ sessionId } = await cdp.call('Target.attachToTarget', { targetId, flatten: true }))
    await open('/')
  })
  after(async () => {
    for (const viewer of viewers) await viewer.close()
    await cdp?.close()
    await manager.stop()
    site.close()
  })

  const evaluate = async expression => (await cdp.call('Runtime.evaluate', { expression, returnByValue: true }, sessionId)).result.value
  const open = async path => {
    await cdp.call('Page.navigate', { url: origin + path }, sessionId)
    await until(() => evaluate('document.readyState === "complete" && location.pathname').then(at => at === path), `the page ${path}`)
  }
  const watch = async (claims, options) => {
    const viewer = await watchBrowser(manager, browser.id, claims, options)
    viewers.push(viewer)
    return viewer
  }

  test('a ticket for something else does not watch', async () => {
    await assert.rejects(watchBrowser(manager, browser.id, { scope: 'cdp' }), /401|403/)
    await assert.rejects(watchBrowser(manager, browser.id, { browser: '01890000-0000-7000-8000-000000000000' }), /403/)
  })

  test('pictures come at once, in the size that was asked for, and again when the page changes', async () => {
    const viewer = await watch()
    await until(() => viewer.frames.length, 'a picture')
    await viewer.whenState(state => state.title === 'playground' && state.tabs.length === 1 && state.tabs[0].active && state.url === origin + '/', 'the state')
    assert.deepEqual([...viewer.frames[0].jpeg.subarray(0, 3)], [0xff, 0xd8, 0xff])
    assert.ok(viewer.frames[0].cssWidth > 300 && viewer.frames[0].cssHeight > 200)
    viewer.say('watch', { max_width: 320, max_height: 320, quality: 40 })
    await until(() => viewer.frames.at(-1).width <= 320, 'a small picture')
    const before = viewer.frames.length
    await evaluate('document.body.style.background = "#0a0"')
    await until(() => viewer.frames.length > before, 'a picture of the change')
    await viewer.close()
  })

  test('nothing is sent while nothing changes, and a viewer that acknowledges nothing gets two', async () => {
    const eager = await watch()
    const lazy = await watch({ sub: 'lazy' }, { acknowledge: false })
    await until(() => lazy.frames.length, 'a picture')
    await evaluate('window.blink = setInterval(() => { document.body.style.background = "#" + Math.random().toString(16).slice(2, 8) }, 20)')
    const from = eager.frames.length
    await until(() => eager.frames.length > from + 10, 'many pictures')
    assert.ok(lazy.frames.length <= 2, `${lazy.frames.length} pictures without an acknowledgement`)
    lazy.acknowledge = true
    lazy.say('ack', { seq: lazy.frames[0].seq })
    await until(() => lazy.frames.length > 3, 'more once it acknowledges')
    assert.ok(lazy.frames.at(-1).seq > 10, 'it jumps to the newest')
    await evaluate('clearInterval(window.blink)')
    let count
    await until(async () => { count = eager.frames.length; await sleep(500); return eager.frames.length === count }, 'quiet')
    await Promise.all([eager.close(), lazy.close()])
  })

  test('only who may take control takes it, one at a time, and the run hears of it', async () => {
    await cdp.call('Replinet.enable')
    const guest = await watch({ sub: 'guest' })
    guest.say('take_control')
    assert.equal((await guest.heard('error')).code, 'forbidden')
    guest.say('mouse', { event: 'move', x: 1, y: 1 })
    assert.equal((await guest.heard('error')).code, 'conflict')
    const owner = await watch({ sub: 'owner', name: 'Olga', control: true })
    await owner.takeControl()
    await cdp.waitEvent('Replinet.control', event => event.params.held && event.params.by === 'Olga')
    await guest.whenState(state => state.control.held && !state.control.mine && state.control.by === 'Olga', 'who has control')
    const second = await watch({ sub: 'second', control: true })
    second.say('take_control')
    assert.equal((await second.heard('error')).code, 'conflict')
    await cdp.call('Replinet.setRun', { state: 'paused' })
    await owner.whenState(state => state.run === 'paused', 'the run pauses')
    owner.say('return_control')
    await cdp.waitEvent('Replinet.control', event => !event.params.held)
    await second.takeControl()
    second.say('return_control')
    await Promise.all([guest.close(), owner.close(), second.close()])
  })

  test('mouse, keys, text of any script, wheel and copying', async () => {
    const owner = await watch({ sub: 'owner', control: true })
    await until(() => owner.frames.length, 'a picture')
    await owner.takeControl()
    owner.click(100, 85)
    await until(() => evaluate('window.pressed === 1'), 'the button')
    await owner.whenState(state => state.title === 'pressed 1', 'the new title')
    owner.click(100, 35)
    owner.press('a', 'KeyA', 65, 'a')
    owner.say('text', { text: ' Привет 你好 😀' })
    await until(() => evaluate('field.value').then(value => value === 'a Привет 你好 😀'), 'the text')
    owner.press('Backspace', 'Backspace', 8)
    await until(() => evaluate('field.value').then(value => value === 'a Привет 你好 '), 'a character less')
    owner.say('key', { event: 'down', key: 'a', code: 'KeyA', key_code: 65, modifiers: ['Control'] })
    owner.say('key', { event: 'up', key: 'a', code: 'KeyA', key_code: 65, modifiers: ['Control'] })
    owner.say('copy')
    assert.equal((await owner.heard('clipboard')).text, 'a Привет 你好 ')
    owner.say('composition', { text: 'ни' })
    await until(() => evaluate('field.value').then(value => value === 'ни'), 'what is being composed')
    owner.say('text', { text: 'нихао' })
    await until(() => evaluate('field.value').then(value => value === 'нихао'), 'what was composed')
    owner.say('mouse', { event: 'wheel', x: 300, y: 300, delta_x: 0, delta_y: 400 })
    await until(() => evaluate('scrollY > 100'), 'scrolling')
    await evaluate('scrollTo(0, 0)')
    owner.say('return_control')
    await owner.close()
  })

  test('dialogs and file choosers go to who has control', async () => {
    const owner = await watch({ sub: 'owner', control: true })
    await until(() => owner.frames.length, 'a picture')
    await owner.takeControl()
    owner.click(100, 135)
    const dialog = await owner.heard('dialog')
    assert.deepEqual([dialog.kind, dialog.message, dialog.default], ['prompt', 'Your name?', 'nobody'])
    owner.say('dialog', { id: dialog.id, accept: true, text: 'Olga' })
    await owner.heard('dialog_closed')
    await until(() => evaluate('window.answer === "Olga"'), 'the answer')
    owner.click(60, 185)
    const chooser = await owner.heard('chooser')
    assert.equal(chooser.multiple, false)
    owner.say('files', { chooser: chooser.id, names: ['../../etc/passwd'] })
    assert.equal((await owner.heard('error')).code, 'bad_input')
    const put = await manager.request('PUT', `/browsers/${browser.id}/files/note.txt`, { ticket: { scope: 'manage', sub: 'test' }, body: 'hello' })
    assert.equal(put.status, 201)
    owner.say('files', { chooser: chooser.id, names: ['note.txt'] })
    await until(() => evaluate('file.files.length === 1 && file.files[0].name').then(name => name === 'note.txt'), 'the file')
    owner.say('return_control')
    await owner.close()
  })

  test('tabs and addresses', async () => {
    const owner = await watch({ sub: 'owner', control: true })
    await until(() => owner.frames.length, 'a picture')
    await owner.takeControl()
    owner.say('navigate', { url: 'file:///etc/passwd' })
    assert.equal((await owner.heard('error')).code, 'bad_input')
    owner.say('navigate', { url: origin + '/other' })
    await owner.whenState(state => state.title === 'other', 'the other page')
    owner.say('navigate', { action: 'back' })
    await owner.whenState(state => state.url === origin + '/', 'the first page again')
    owner.say('tab', { action: 'new' })
    await owner.whenState(state => state.tabs.length === 2 && state.tabs[1].active, 'a new tab in front')
    owner.say('navigate', { url: origin + '/other' })
    await owner.whenState(state => state.title === 'other', 'the page in the new tab')
    owner.say('tab', { action: 'activate', id: owner.state.tabs[0].id })
    await owner.whenState(state => state.tabs[0].active && state.url === origin + '/', 'the first tab')
    const before = owner.frames.length
    await evaluate('document.body.style.background = "#a00"')
    await until(() => owner.frames.length > before, 'pictures of the first tab')
    owner.say('tab', { action: 'close', id: owner.state.tabs[1].id })
    await owner.whenState(state => state.tabs.length === 1, 'one tab')
    owner.say('return_control')
    await owner.close()
  })

  test('who has control and loses the connection finds it again; others cannot take it meanwhile', async () => {
    const owner = await watch({ sub: 'owner', control: true })
    await owner.takeControl()
    owner.websocket.socket.destroy()
    const other = await watch({ sub: 'other', control: true })
    await other.whenState(state => state.control.held && !state.control.mine, 'still held')
    other.say('take_control')
    assert.equal((await other.heard('error')).code, 'conflict')
    const again = await watch({ sub: 'owner', control: true })
    await again.whenState(state => state.control.mine, 'control again')
    again.say('return_control')
    await again.whenState(state => !state.control.held, 'given back')
    await Promise.all([other.close(), again.close()])
  })

  test('wrong messages are answered and harm nobody', async () => {
    const owner = await watch({ sub: 'owner', control: true })
    await owner.takeControl()
    for (const text of ['nonsense', '[]', '{}', '{"type":"mouse","event":"jump"}', '{"type":"tab","action":"close","id":"x"}', '{"type":"key","key":7}',
      '{"type":"mouse","event":"move","x":1e308,"y":"left"}', '{"type":"dialog","id":999}', '{"type":"files","chooser":-1,"names":7}', '{"type":"watch","max_width":1e9}']) owner.websocket.send(text)
    await until(() => owner.messages.filter(one => one.type === 'error').length >= 7, 'errors')
    owner.say('mouse', { event: 'move', x: 5, y: 5 })
    assert.equal(await evaluate('1 + 1'), 2)
    owner.say('return_control')
    await owner.close()
  })

  test('whoever begins to watch sees the tab that shows something, also when every tab says that it is in front', async () => {
    const one = await manager.lease()
    const client = await manager.connect(one.id)
    const { targetInfos } = await client.call('Target.getTargets')
    const { targetId } = await client.call('Target.createTarget', { url: 'about:blank' })
    const session = async id => (await client.call('Target.attachToTarget', { targetId: id, flatten: true })).sessionId
    const [first, second] = [await session(targetInfos.find(info => info.type === 'page').targetId), await session(targetId)]
    for (const id of [first, second]) await client.call('Emulation.setFocusEmulationEnabled', { enabled: true }, id) // as Playwright does
    await client.call('Page.navigate', { url: origin + '/' }, second)
    await until(async () => (await client.call('Runtime.evaluate', { expression: 'document.title' }, second)).result.value === 'playground', 'the page')
    for (let i = 0; i < 10; i++) {
      const viewer = await watchBrowser(manager, one.id)
      viewers.push(viewer)
      await viewer.whenState(state => state.tabs.length === 2 && state.url === origin + '/', 'the page')
      await sleep(50) // the other tab may say something, too
      assert.equal(viewer.state.url, origin + '/', `viewer ${i}: ${JSON.stringify(viewer.state.tabs)}`)
      await viewer.close()
    }
    await client.close()
    await manager.release(one.id)
  })

  test('viewers are told why the browser ends', async () => {
    const viewer = await watch()
    await until(() => viewer.frames.length, 'a picture')
    await manager.release(browser.id)
    const ended = await viewer.heard('ended')
    assert.equal(ended.reason, 'released')
    await viewer.websocket.closed
  })
})
