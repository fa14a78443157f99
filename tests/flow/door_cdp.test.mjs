// CDP through the door: many clients on one browser, what they may not do, slow and hostile ones, and how it ends.
// Real launcher, engine, keepers and browsers; Puppeteer and Playwright as clients.
import assert from 'node:assert/strict'
import http from 'node:http'
import { after, before, describe, test } from 'node:test'
import { chromium } from 'playwright-core'
import puppeteer from 'puppeteer-core'
import { sleep, startBrowserManager, until } from './lib/browser_manager.mjs'

const TRANSFER = '/home/browser/transfer'

function startSite () {
  const server = http.createServer((request, response) => {
    if (request.url === '/file.txt') {
      response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment; filename="file.txt"' })
      return response.end('downloaded')
    }
    response.writeHead(200, { 'content-type': 'text/html' })
    response.end('<!doctype html><title>site</title><h1>hello</h1><input type=file id=f><input id=a><iframe srcdoc="<button onclick=document.title=1>in</button>"></iframe>')
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

/** The first process of the newest browser's container. */
function newestChromium (manager) {
  const all = manager.processes().filter(one => one.arguments[0].includes('/chromium'))
  const roots = all.filter(one => !all.some(other => other.pid === one.parent))
  assert.ok(roots.length)
  return Math.max(...roots.map(one => one.pid))
}

const evaluate = async (cdp, sessionId, expression) => {
  const answer = await cdp.call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true }, sessionId)
  assert.equal(answer.exceptionDetails, undefined)
  return answer.result.value
}

const refused = (promise, pattern) => assert.rejects(promise, error => pattern.test(error.message) || assert.fail(error.message))

describe('clients of one browser', { timeout: 300000 }, () => {
  let manager, site, origin, browser
  const clients = []

  before(async () => {
    site = await startSite()
    origin = `http://127.0.0.1:${site.address().port}`
    manager = await startBrowserManager({ MAX_BROWSERS: '2', POOL_WARM: '0', EGRESS_ALLOW: `127.0.0.1:${site.address().port}` })
    browser = await manager.lease({ linger_ms: 60000 })
  })
  after(async () => {
    for (const client of clients) await client.close()
    await manager.stop()
    site.close()
  })

  const connect = async () => {
    const client = await manager.connect(browser.id)
    clients.push(client)
    return client
  }
  const endpoint = async () => `ws://127.0.0.1:${manager.port}/browsers/${browser.id}/cdp?ticket=${await manager.cdpTicket(browser.id)}`

  test('Puppeteer and Playwright work side by side', async () => {
    const one = await puppeteer.connect({ browserWSEndpoint: await endpoint(), defaultViewport: null })
    const two = await chromium.connectOverCDP(await endpoint())
    const page = await one.newPage()
    await page.goto(origin)
    assert.equal(await page.title(), 'site')
    const context = await two.newContext()
    const other = await context.newPage()
    await other.goto(origin)
    assert.equal(await other.locator('h1').innerText(), 'hello')
    await other.frameLocator('iframe').getByText('in').click()
    await other.fill('#a', 'text')
    assert.equal(await other.inputValue('#a'), 'text')
    const [popup] = await Promise.all([other.waitForEvent('popup'), other.evaluate(() => { window.open('about:blank') })])
    assert.equal(popup.url(), 'about:blank')
    assert.ok((await page.screenshot()).length > 1000)
    assert.equal((await page.evaluate(() => 'x'.repeat(10 << 20))).length, 10 << 20)
    await context.close()
    await page.close()
    await one.disconnect()
    await two.close()
    assert.equal((await manager.get(browser.id)).state, 'leased')
  })

  test('Browser.close ends its caller, not the browser', async () => {
    const staying = await connect()
    const leaving = await puppeteer.connect({ browserWSEndpoint: await endpoint() })
    const gone = new Promise(resolve => leaving.on('disconnected', resolve))
    await leaving.close()
    await gone
    assert.match((await staying.call('Browser.getVersion')).product, /Chrome/)
  })

  test('a session is its client\'s alone', async () => {
    const [mine, theirs] = [await connect(), await connect()]
    const { sessionId } = await mine.newPage()
    await refused(theirs.call('Runtime.evaluate', { expression: '1' }, sessionId), /Session with given id not found/)
    theirs.websocket.send(`{"id":900,"method":"Runtime.evaluate","params":{"expression":"window.stolen=1"},"session\\u0049d":"${sessionId}"}`)
    await sleep(200)
    assert.equal(await evaluate(mine, sessionId, 'window.stolen'), undefined)
    assert.ok(!theirs.events.some(event => event.sessionId === sessionId))
  })

  test('events go to whom they belong', async () => {
    const [mine, theirs] = [await connect(), await connect()]
    const { sessionId } = await mine.newPage()
    await mine.call('Runtime.enable', {}, sessionId)
    await evaluate(mine, sessionId, 'console.log("for me")')
    await mine.waitEvent('Runtime.consoleAPICalled', event => event.sessionId === sessionId)
    await theirs.call('Browser.getVersion')
    assert.deepEqual(theirs.events, [])
  })

  test('who leaves takes contexts made with disposeOnDetach along; pages stay for who comes back', async () => {
    const [leaving, staying] = [await connect(), await connect()]
    const temporary = (await leaving.call('Target.createBrowserContext', { disposeOnDetach: true })).browserContextId
    const lasting = (await leaving.call('Target.createBrowserContext')).browserContextId
    await leaving.call('Target.createTarget', { url: 'about:blank', browserContextId: temporary })
    const { targetId } = await leaving.call('Target.createTarget', { url: `${origin}/?kept`, browserContextId: lasting })
    await leaving.close()
    await until(async () => {
      const { browserContextIds } = await staying.call('Target.getBrowserContexts')
      return !browserContextIds.includes(temporary) && browserContextIds.includes(lasting)
    }, 'the temporary context alone to go')
    const back = await connect()
    const { sessionId } = await back.call('Target.attachToTarget', { targetId, flatten: true })
    assert.equal(await evaluate(back, sessionId, 'location.search'), '?kept')
    await back.call('Target.disposeBrowserContext', { browserContextId: lasting })
  })

  test('messages that are none are answered or end their sender, and nobody else notices', async () => {
    const watching = await connect()
    const answers = async text => {
      const { send, next, close } = await manager.websocket(browser.id)
      send(text)
      const answer = JSON.parse(await next())
      close()
      return answer.error.code
    }
    assert.equal(await answers('{"id":1,"method":"Browser.getVersion"}\0{"id":2,"method":"Browser.crash"}'), -32700)
    assert.equal(await answers('{"id":1,"method":"Browser.getVersion","params":{"a":"\0"}}'), -32700)
    assert.equal(await answers('{"id":1,"\\u0069d":2,"method":"Browser.getVersion"}'), -32700)
    assert.equal(await answers('not JSON'), -32700)
    assert.equal(await answers('[' .repeat(100000)), -32700)
    assert.equal(await answers('{"id":4294967297,"method":"Browser.getVersion"}'), -32700)
    assert.equal(await answers('{"id":1}'), -32600)
    const ends = async (opcode, payload) => {
      const websocket = await manager.websocket(browser.id)
      websocket.socket.on('error', () => {})
      websocket.sendFrame(opcode, payload)
      await websocket.closed
      return websocket.closeCode
    }
    assert.equal(await ends(1, Buffer.from([0x7b, 0xff, 0x7d])), 1007)
    assert.equal(await ends(2, Buffer.from('{}')), 1003)
    assert.ok([1009, null].includes(await ends(1, Buffer.alloc(100 << 20, 0x20)))) // the rest may meet a closed socket
    assert.match((await watching.call('Browser.getVersion')).product, /Chrome/)
  })

  test('a large message of a client arrives', async () => {
    const cdp = await connect()
    const { sessionId } = await cdp.newPage()
    const text = 'ж'.repeat(5 << 20)
    assert.equal(await evaluate(cdp, sessionId, `'${text}'.length`), 5 << 20)
  })

  test('Chromium\'s own pages and files cannot be reached', async () => {
    const cdp = await connect()
    const { sessionId } = await cdp.newPage()
    for (const url of ['file:///etc/passwd', ' FILE:///etc/passwd', 'fi\tle:///', 'chrome://version', 'about:version', 'chrome-untrusted://print/',
      'devtools://devtools/bundled/inspector.html', 'view-source:file:///etc/passwd', 'blob:file:///1']) {
      await refused(cdp.call('Page.navigate', { url }, sessionId), /only web pages/)
      await refused(cdp.call('Target.createTarget', { url }), /only web pages/)
      await refused(cdp.call('Network.loadNetworkResource', { url, options: { disableCache: false, includeCredentials: false } }, sessionId), /only web pages/)
    }
    cdp.websocket.send(`{"id":901,"method":"Page.navigate","params":{"url":"about:blank","u\\u0072l":"file:///etc/passwd"},"sessionId":"${sessionId}"}`)
    await sleep(300)
    assert.equal(await evaluate(cdp, sessionId, 'location.href'), 'about:blank')
    const { targetInfos } = await cdp.call('Target.getTargets')
    assert.deepEqual(targetInfos.filter(info => /^(chrome|devtools|file)/.test(info.url)), [])
  })

  test('what touches the host or other clients is denied and says why', async () => {
    const cdp = await connect()
    const { targetId, sessionId } = await cdp.newPage()
    for (const [method, params] of [['Browser.crash'], ['Browser.executeBrowserCommand', { commandId: 'openTabSearch' }],
      ['Target.exposeDevToolsProtocol', { targetId }], ['Target.setRemoteLocations', { locations: [{ host: 'localhost', port: 1 }] }],
      ['Target.sendMessageToTarget', { targetId, message: '{}' }], ['Tethering.bind', { port: 9999 }], ['Extensions.loadUnpacked', { path: '/' }],
      ['PWA.install', { manifestId: 'x' }], ['Nobody.knows']]) await refused(cdp.call(method, params), /Replinet (does not allow|allows)/)
    await refused(cdp.call('Target.attachToTarget', { targetId }), /flatten must be true/)
    await refused(cdp.call('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false }), /flatten must be true/)
    assert.equal(await evaluate(cdp, sessionId, '1'), 1)
  })

  test('a proxy of a client\'s own is not used', async () => {
    const cdp = await connect()
    const { browserContextId } = await cdp.call('Target.createBrowserContext', { proxyServer: 'http://127.0.0.1:9', proxyBypassList: '<-loopback>', disposeOnDetach: true })
    const { targetId } = await cdp.call('Target.createTarget', { url: origin, browserContextId })
    const { sessionId } = await cdp.call('Target.attachToTarget', { targetId, flatten: true })
    await until(() => evaluate(cdp, sessionId, 'document.title').then(title => title === 'site'), 'the page through the gate')
  })

  test('downloads land in the transfer folder, uploads come from there', async () => {
    const cdp = await connect()
    const { sessionId } = await cdp.newPage(origin)
    await cdp.call('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: '/tmp/elsewhere', eventsEnabled: true })
    await until(() => evaluate(cdp, sessionId, 'document.title').then(title => title === 'site'), 'the page')
    await cdp.call('Page.navigate', { url: `${origin}/file.txt` }, sessionId)
    await cdp.waitEvent('Browser.downloadProgress', event => event.params.state === 'completed')
    assert.equal((await manager.readFile(browser.id, 'file.txt')).toString(), 'downloaded')
    const { root } = await cdp.call('DOM.getDocument', {}, sessionId)
    const { nodeId } = await cdp.call('DOM.querySelector', { nodeId: root.nodeId, selector: '#f' }, sessionId)
    for (const file of ['/etc/passwd', `${TRANSFER}/../profile/Local State`, TRANSFER]) {
      await refused(cdp.call('DOM.setFileInputFiles', { files: [file], nodeId }, sessionId), /files come from/)
    }
    await refused(cdp.call('Input.dispatchDragEvent', { type: 'drop', x: 1, y: 1, data: { items: [], files: ['/etc/passwd'], dragOperationsMask: 1 } }, sessionId), /files come from/)
    await cdp.call('DOM.setFileInputFiles', { files: [`${TRANSFER}/file.txt`], nodeId }, sessionId)
    assert.equal(await evaluate(cdp, sessionId, 'document.querySelector("#f").files[0].text()'), 'downloaded')
  })

  test('a client hears what the gate decided when it asks', async () => {
    const [asking, silent] = [await connect(), await connect()]
    await asking.call('Replinet.enable')
    const { sessionId } = await asking.newPage()
    await asking.call('Page.navigate', { url: 'http://127.0.0.1:8081/' }, sessionId)
    const { params } = await asking.waitEvent('Replinet.egress', event => event.params.decision === 'refused' && event.params.port === 8081)
    assert.equal(params.host, '127.0.0.1')
    assert.match(params.setting, /EGRESS_ALLOW/)
    assert.ok(!silent.events.some(event => event.method.startsWith('Replinet.')))
  })

  test('a client that does not read is dropped; the others wait a little and go on', async () => {
    const slow = await manager.websocket(browser.id)
    slow.socket.on('error', () => {})
    const other = await connect()
    const page = await other.newPage()
    slow.send(JSON.stringify({ id: 1, method: 'Target.attachToTarget', params: { targetId: page.targetId, flatten: true } }))
    let sessionId
    while (!sessionId) sessionId = JSON.parse(await slow.next()).result?.sessionId
    slow.socket.pause()
    for (let id = 2; id < 12; id++) slow.send(JSON.stringify({ id, method: 'Runtime.evaluate', params: { expression: '"x".repeat(8 << 20)' }, sessionId }))
    await sleep(500)
    const start = Date.now()
    assert.equal(await evaluate(other, page.sessionId, '1 + 1'), 2)
    assert.ok(Date.now() - start < 12000)
    await until(() => manager.get(browser.id).then(seen => seen.clients === clients.filter(one => !one.websocket.socket.destroyed).length), 'the slow client to be dropped')
    slow.socket.resume()
    slow.socket.destroy()
  })

  test('a ticket opens its own browser only', async () => {
    const other = await manager.lease()
    const crossed = await manager.websocket(browser.id, { ticket: await manager.cdpTicket(other.id) })
    assert.ok([401, 403].includes(crossed.status), `${crossed.status}`)
    const wrong = await manager.websocket(browser.id, { ticket: await manager.signer.sign({ scope: 'manage', sub: 'x' }) })
    assert.ok([401, 403].includes(wrong.status), `${wrong.status}`)
    await manager.release(other.id)
  })
})

describe('the end of a browser', { timeout: 300000 }, () => {
  let manager

  before(async () => {
    manager = await startBrowserManager({ MAX_BROWSERS: '3', POOL_WARM: '0', BROWSER_PING_SECONDS: '1', BROWSER_PING_TIMEOUT_SECONDS: '3' })
  })
  after(() => manager.stop())

  /** Leases, connects, does something, and gives what the client and the door were told. */
  const ends = async (lease, action) => {
    const browser = await manager.lease(lease)
    const cdp = await manager.connect(browser.id)
    await cdp.call('Replinet.enable')
    await action?.(browser, cdp)
    await Promise.race([cdp.websocket.closed, sleep(60000, null, { ref: false }).then(() => assert.fail('the connection did not end'))])
    const { reason } = await until(async () => {
      const seen = await manager.get(browser.id)
      return seen.state === 'ended' && seen
    }, 'a tombstone')
    return { code: cdp.websocket.closeCode, text: cdp.websocket.closeReason, reason, said: cdp.events.find(event => event.method === 'Replinet.ending')?.params.reason }
  }
  const told = (code, reason) => ({ code, text: reason, reason, said: reason })

  test('timeout', async () => assert.deepEqual(await ends({ timeout_ms: 1500 }), told(4005, 'timeout')))
  test('idle', async () => assert.deepEqual(await ends({ idle_ms: 1000 }), told(4004, 'idle')))
  test('a client that talks is not idle', async () => {
    const start = Date.now()
    await ends({ idle_ms: 1000 }, async (browser, cdp) => {
      for (let i = 0; i < 8; i++) {
        await sleep(300)
        await cdp.call('Browser.getVersion')
      }
    })
    assert.ok(Date.now() - start > 3000)
  })
  test('killed', async () => assert.deepEqual(await ends({}, browser => manager.release(browser.id, 'killed')), told(4002, 'killed')))
  test('released', async () => assert.deepEqual(await ends({}, browser => manager.release(browser.id)), told(4001, 'released')))

  test('disconnected, a moment after the last client', async () => {
    const browser = await manager.lease({ linger_ms: 700 })
    const cdp = await manager.connect(browser.id)
    await cdp.close()
    await sleep(300)
    const back = await manager.connect(browser.id)
    await sleep(1000)
    assert.match((await back.call('Browser.getVersion')).product, /Chrome/)
    await back.close()
    const { reason } = await until(async () => {
      const seen = await manager.get(browser.id)
      return seen.state === 'ended' && seen
    }, 'a tombstone')
    assert.equal(reason, 'disconnected')
  })

  const eatMemory = async (browser, cdp) => {
    const { sessionId } = await cdp.newPage()
    const expression = '(async () => { window.k = []; for (;;) { const b = new Uint8Array(4 << 20); for (let j = 0; j < b.length; j += 4096) b[j] = j; k.push(b); await 0 } })()'
    cdp.call('Runtime.evaluate', { expression }, sessionId).catch(() => {})
  }
  test('out of memory', async () => assert.deepEqual(await ends({ memory_mb: 384 }, eatMemory), told(4006, 'oom')))

  test('Chromium killed', async () => {
    assert.deepEqual(await ends({}, () => process.kill(newestChromium(manager), 'SIGKILL')), told(4007, 'crash'))
  })

  test('Chromium that stands still', async () => {
    assert.deepEqual(await ends({}, () => process.kill(newestChromium(manager), 'SIGSTOP')), told(4008, 'unresponsive'))
  })

  test('a crashed page is its client\'s matter, not the browser\'s end', async () => {
    const browser = await manager.lease()
    const cdp = await manager.connect(browser.id)
    const { sessionId } = await cdp.newPage()
    cdp.call('Page.crash', {}, sessionId).catch(() => {})
    await cdp.waitEvent('Inspector.targetCrashed')
    assert.equal(await evaluate(cdp, (await cdp.newPage()).sessionId, '2'), 2)
    await manager.release(browser.id)
  })

  test('keeper killed: the browser ends and the door says why', async () => {
    const { code, reason } = await ends({}, browser => manager.kill(manager.pidOf('keeper', browser.id)))
    assert.equal(code, null)
    assert.equal(reason, 'keeper_crash')
  })
})
