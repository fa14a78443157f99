// The engine through its door: leases, queue, capacity, tickets, restarts. Real launcher, keepers and browsers.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import { after, before, describe, test } from 'node:test'
import { binary, BrowserManager, sleep, startBrowserManager, until } from './lib/browser_manager.mjs'

const warm = browser => browser.state === 'warm'
const manageTicket = { scope: 'manage', sub: 'test' }

/** Sends bytes as they are; resolves with everything that came back. */
function rawExchange (port, bytes, wait = 3000) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes))
    let answer = ''
    socket.setTimeout(wait, () => socket.destroy())
    socket.on('data', data => { answer += data })
    socket.on('error', reject)
    socket.on('close', () => resolve(answer))
  })
}

describe('engine, one manager', { timeout: 300000 }, () => {
  let manager
  const leased = new Set()

  before(async () => { manager = await startBrowserManager({ MAX_BROWSERS: '3', POOL_WARM: '1', POOL_QUEUE_SECONDS: '20' }) })
  after(() => manager.stop())

  const lease = async (...args) => {
    const browser = await manager.lease(...args)
    leased.add(browser.id)
    return browser
  }
  const releaseAll = async () => {
    await Promise.all([...leased].map(id => manager.release(id)))
    leased.clear()
  }

  test('a lease gives a browser that answers, and its end leaves a tombstone', async () => {
    const browser = await lease({ thread_id: 'thread-1', user_id: 'user-1' })
    assert.equal(browser.state, 'leased')
    assert.equal(browser.thread_id, 'thread-1')
    assert.equal(browser.user_id, 'user-1')
    assert.match(browser.version, /Chrome/)
    const cdp = await manager.connect(browser.id)
    const { sessionId } = await cdp.newPage('data:text/html,<title>hello</title>')
    const { result } = await cdp.call('Runtime.evaluate', { expression: '6 * 7' }, sessionId)
    assert.equal(result.value, 42)
    await until(async () => (await manager.get(browser.id)).clients === 1, 'one client')
    const used = await until(async () => {
      const seen = await manager.get(browser.id)
      return seen.memory_bytes > 10e6 && seen.cpu_ms > 0 && seen.pids > 3 && seen
    }, 'statistics of the browser')
    assert.equal(used.memory_limit_bytes, 1024 * 1024 * 1024)
    const ended = await manager.release(browser.id)
    leased.delete(browser.id)
    assert.equal(ended.state, 'ended')
    assert.equal(ended.reason, 'released')
    await cdp.websocket.closed
    assert.deepEqual([cdp.websocket.closeCode, cdp.websocket.closeReason], [4001, 'released'])
    const tombstone = await manager.get(browser.id)
    assert.equal(tombstone.reason, 'released')
    assert.ok(tombstone.ended_at > tombstone.leased_at)
    assert.ok(!(await manager.list()).some(one => one.id === browser.id))
    assert.equal((await manager.release(browser.id, 'killed')).reason, 'released', 'the first reason stays')
  })

  test('the same lease id gives the same browser, at the same time and later', async () => {
    const id = randomUUID()
    const ticket = await manager.leaseTicket({ user_id: 'u' }, id)
    const answers = await Promise.all([1, 2, 3].map(() => manager.request('POST', '/browsers', { ticket })))
    assert.deepEqual(answers.map(answer => answer.status).sort(), [200, 200, 201])
    const again = await manager.request('POST', '/browsers', { ticket })
    assert.equal(again.status, 200)
    assert.equal(new Set([...answers, again].map(answer => answer.json.id)).size, 1)
    await manager.release(again.json.id)
    const late = await manager.request('POST', '/browsers', { ticket })
    assert.equal(late.status, 409)
    assert.match(late.json.detail, /has ended: released/)
  })

  test('a browser is never given to a second lease', async () => {
    const seen = new Set()
    for (let i = 0; i < 6; i++) {
      const browser = await lease({ user_id: `user-${i}` })
      assert.ok(!seen.has(browser.id))
      seen.add(browser.id)
      await releaseAll()
    }
  })

  test('limits of the lease reach the browser', async () => {
    const browser = await lease({ memory_mb: 700, cpus: 0.5 })
    assert.equal(browser.memory_limit_bytes, 700 * 1024 * 1024)
    await sleep(2500)
    assert.equal((await manager.get(browser.id)).memory_limit_bytes, 700 * 1024 * 1024)
    await releaseAll()
  })

  test('warm browsers are refilled, frozen, and burn no CPU', async () => {
    await manager.waitWarm()
    await sleep(2500)
    const one = (await manager.list()).find(warm)
    const keeper = manager.pidOf('keeper', one.id)
    assert.ok(keeper, 'its keeper runs')
    await sleep(3000)
    const two = (await manager.list()).find(other => other.id === one.id)
    assert.equal(two.cpu_ms, one.cpu_ms)
  })

  test('at capacity a request waits its turn; past its deadline it is 429 with position and Retry-After', async () => {
    for (let i = 0; i < 3; i++) await lease({ user_id: 'greedy' })
    const first = manager.lease({ user_id: 'patient' })
    await until(async () => (await manager.statistics()).queue.length === 1, 'one in the queue')
    const started = Date.now()
    const error = await manager.lease({ user_id: 'hasty', queue_ms: 600 }).catch(error => error)
    assert.ok(Date.now() - started >= 550)
    assert.equal(error.status, 429)
    assert.equal(error.code, 'capacity')
    assert.equal(error.position, 2)
    assert.ok(Number(error.headers['retry-after']) >= 1)
    assert.ok(error.request_id)
    const { queue } = await manager.statistics()
    assert.equal(queue.length, 1)
    assert.ok(queue.oldest_wait_ms >= 500)
    await manager.release([...leased][0])
    const browser = await first
    leased.add(browser.id)
    assert.equal(browser.user_id, 'patient')
    await releaseAll()
  })

  test('a client that goes away leaves the queue', async () => {
    for (let i = 0; i < 3; i++) await lease({ user_id: 'greedy' })
    const controller = new AbortController()
    const waiting = manager.lease({ user_id: 'gone' }, { signal: controller.signal }).catch(error => error)
    await until(async () => (await manager.statistics()).queue.length === 1, 'one in the queue')
    controller.abort()
    await waiting
    await until(async () => (await manager.statistics()).queue.length === 0, 'an empty queue')
    await releaseAll()
    await manager.waitWarm()
    assert.equal((await manager.list()).filter(browser => browser.state === 'leased').length, 0)
  })

  test('who holds fewer browsers goes first', async () => {
    for (let i = 0; i < 3; i++) await lease({ user_id: 'greedy' })
    const order = []
    const waiting = []
    for (const user of ['greedy', 'greedy', 'modest']) {
      const length = (await manager.statistics()).queue.length
      waiting.push(manager.lease({ user_id: user }).then(browser => { order.push(user); leased.add(browser.id) }))
      await until(async () => (await manager.statistics()).queue.length === length + 1, 'one more in the queue')
    }
    await manager.release([...leased][0])
    await until(() => order.length === 1, 'the first lease')
    assert.deepEqual(order, ['modest'])
    for (let i = 1; i < 3; i++) await manager.release([...leased][i])
    await Promise.all(waiting)
    await releaseAll()
  })

  test('tickets: wrong, expired, foreign, for something else', async () => {
    const browser = await lease({})
    const expired = execFileSync(binary, ['ticket', JSON.stringify(manageTicket), '-1'], { env: manager.environment }).toString().trim()
    const foreign = execFileSync(binary, ['ticket', JSON.stringify(manageTicket)], {
      env: { ...manager.environment, SECRET_KEY: '1'.repeat(64) }
    }).toString().trim()
    const good = await manager.signer.sign(manageTicket)
    const cdp = await manager.cdpTicket(browser.id)
    const other = await manager.cdpTicket(randomUUID())
    const [claims, signature] = good.split('.')
    const forged = Buffer.from(JSON.stringify({ scope: 'manage', exp: 9999999999 })).toString('base64url')
    const cases = [
      ['GET', '/browsers', undefined, 401],
      ['GET', '/browsers', 'nonsense', 401],
      ['GET', '/browsers', expired, 401],
      ['GET', '/browsers', foreign, 401],
      ['GET', '/browsers', `${forged}.${signature}`, 401],
      ['GET', '/browsers', `${claims}.${signature.slice(2)}`, 401],
      ['GET', '/browsers', cdp, 401],
      ['GET', `/browsers/${browser.id}`, cdp, 401],
      ['DELETE', `/browsers/${browser.id}`, cdp, 401],
      ['GET', `/browsers/${browser.id}/files/x`, cdp, 401],
      ['GET', '/statistics', undefined, 401],
      ['POST', '/browsers', good, 401],
      ['POST', '/browsers', undefined, 401]
    ]
    for (const [method, path, ticket, status] of cases) {
      const answer = await manager.request(method, path, { ticket })
      assert.equal(answer.status, status, `${method} ${path} ${ticket}`)
      assert.equal(answer.json.code, 'unauthenticated')
    }
    assert.equal((await manager.websocket(browser.id, { ticket: good })).status, 401)
    assert.equal((await manager.websocket(browser.id, { ticket: '' })).status, 401)
    assert.equal((await manager.websocket(browser.id, { ticket: other })).status, 403)
    assert.equal((await manager.get(browser.id)).state, 'leased', 'none of them did anything')
    await releaseAll()
  })

  test('bad input on every route is a 4xx that says what is wrong', async () => {
    const browser = await lease({})
    const unknown = randomUUID()
    const bad = await Promise.all([
      { memory_mb: 'much' }, { memory_mb: 512.5 }, { memory_mb: 60000 }, { timeout_ms: 900.5 }, { cpus: -1 }, { timeout_ms: 1e300 }, { user_id: 7 }, { queue_ms: -5 }
    ].map(lease => manager.leaseTicket(lease)))
    const cases = [
      ...bad.map(ticket => ['POST', '/browsers', ticket, 422, /lease\./]),
      ['POST', '/browsers', { scope: 'lease', lease: {} }, 422, /jti/],
      ['POST', '/browsers', { scope: 'lease', jti: 'x', lease: [] }, 422, /object/],
      ['POST', '/browsers', { scope: 'lease', jti: 'x' }, 422, /object/],
      ['GET', `/browsers/${unknown}`, manageTicket, 404, /no such browser/],
      ['DELETE', `/browsers/${unknown}`, manageTicket, 404, /no such browser/],
      ['DELETE', `/browsers/${browser.id}?reason=because`, manageTicket, 422, /released nor killed/],
      ['GET', `/browsers/${unknown}/files/x`, manageTicket, 404, /no such browser/],
      ['GET', `/browsers/${browser.id}/files/missing.txt`, manageTicket, 404, /transfer folder/],
      ['GET', `/browsers/${browser.id}/files/..`, manageTicket, 422, /name of a file/],
      ['GET', `/browsers/${browser.id}/files/..%2f..%2fetc%2fpasswd`, manageTicket, 422, /name of a file/],
      ['GET', `/browsers/${browser.id}/files/${'x'.repeat(200)}`, manageTicket, 422, /name of a file/],
      ['PUT', '/browsers', manageTicket, 405, /does not take PUT/],
      ['GET', '/nothing', manageTicket, 404, /nothing at this path/],
      ['GET', `/browsers/${browser.id}/cdp`, { scope: 'cdp', browser: browser.id }, 426, /WebSocket/]
    ]
    for (const [method, path, ticket, status, detail] of cases) {
      const answer = await manager.request(method, path, { ticket })
      assert.equal(answer.status, status, `${method} ${path}: ${answer.text}`)
      assert.match(answer.json.detail, detail)
      assert.ok(answer.json.code && answer.json.request_id)
    }
    for (const headers of [{ 'Sec-WebSocket-Key': 'short' }, { 'Sec-WebSocket-Key': null }]) {
      assert.equal((await manager.websocket(browser.id, { headers })).status, 400)
    }
    assert.equal((await manager.websocket(browser.id, { headers: { 'Sec-WebSocket-Version': '8' } })).status, 426)
    assert.equal((await manager.websocket(unknown)).status, 404)
    const warmOne = await manager.waitWarm().then(() => manager.list()).then(list => list.find(warm))
    assert.equal((await manager.websocket(warmOne.id)).status, 409)
    for (const bytes of ['\0\0\0\0\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n', 'GET /browsers HTTP/9.9\r\n\r\n']) {
      assert.match(await rawExchange(manager.port, bytes), /^HTTP\/1\.1 400 /)
    }
    assert.equal((await manager.get(browser.id)).state, 'leased')
    await releaseAll()
  })

  test('what the client sent behind its upgrade request is not lost', async () => {
    const browser = await lease({})
    const websocket = await manager.websocket(browser.id, { early: JSON.stringify({ id: 7, method: 'Browser.getVersion' }) })
    assert.equal(websocket.status, 101)
    assert.equal(JSON.parse(await websocket.next()).id, 7)
    websocket.close()
    await releaseAll()
  })

  test('a file of the transfer folder is streamed whole', async () => {
    const browser = await lease({})
    const cdp = await manager.connect(browser.id)
    const { sessionId } = await cdp.newPage('about:blank')
    const size = 3000000
    await cdp.call('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: '/home/browser/transfer', eventsEnabled: true })
    await cdp.call('Runtime.evaluate', {
      expression: `{ const link = document.createElement('a'); link.download = 'big.bin'
        link.href = URL.createObjectURL(new Blob(['x'.repeat(${size})])); document.body.append(link); link.click() }`
    }, sessionId)
    await cdp.waitEvent('Browser.downloadProgress', event => event.params.state === 'completed')
    const data = await manager.readFile(browser.id, 'big.bin')
    assert.equal(data.length, size)
    assert.ok(data.every(byte => byte === 120))
    await releaseAll()
  })

  test('metrics, health and statistics tell what happened', async () => {
    await releaseAll()
    const health = await manager.request('GET', '/health')
    assert.equal(health.json.status, 'ok')
    const text = await manager.metrics()
    for (const pattern of [
      /^replinet_browsers\{state="warm"\} \d/m, /^replinet_browsers_started_total [1-9]/m,
      /^replinet_browsers_ended_total\{reason="released"\} [1-9]/m, /^replinet_leases_total\{outcome="granted"\} [1-9]/m,
      /^replinet_leases_total\{outcome="capacity"\} [1-9]/m, /^replinet_leases_total\{outcome="withdrawn"\} [1-9]/m,
      /^replinet_lease_wait_seconds_count [1-9]/m, /^replinet_lease_queue 0$/m,
      /^replinet_browser_start_seconds_count [1-9]/m, /^replinet_http_requests_total\{status="4xx"\} [1-9]/m,
      /^replinet_browsers_memory_bytes \d/m, /^replinet_browsers_cpu_ms_total [1-9]/m,
      /^process_resident_memory_bytes [1-9]/m, /^replinet_launcher_up 1$/m, /^replinet_keepers \d/m,
      /^replinet_launcher_operations_total\{operation="create"\} [1-9]/m, /^replinet_launcher_browsers \d/m,
      /^replinet_launcher_resident_memory_bytes [1-9]/m, /^replinet_launcher_open_fds [1-9]/m,
      /^replinet_cdp_messages_total\{from="clients"\} [1-9]/m, /^replinet_cdp_messages_total\{from="browser"\} [1-9]/m
    ]) assert.match(text, pattern)
    const statistics = await manager.statistics()
    assert.equal(statistics.max_browsers, 3)
    assert.ok(statistics.totals.leased > 10)
    assert.ok(statistics.start.p50_ms > 0 && statistics.start.p99_ms >= statistics.start.p50_ms)
    assert.equal(statistics.lease.count, statistics.totals.leased)
    assert.equal(Object.values(statistics.browsers).reduce((a, b) => a + b), (await manager.list()).length)
  })
})

describe('engine, processes that die', { timeout: 300000 }, () => {
  let manager

  before(async () => { manager = await startBrowserManager({ MAX_BROWSERS: '3', POOL_WARM: '1' }) })
  after(() => manager.stop())

  test('kill -9 of the engine: clients notice nothing, the next one knows the lease and can end it', async () => {
    const id = randomUUID()
    const browser = await manager.lease({ thread_id: 'thread-9', user_id: 'user-9' }, { id })
    const cdp = await manager.connect(browser.id)
    const { sessionId } = await cdp.newPage()
    await manager.waitWarm()
    await sleep(1000)
    const before = (await manager.list()).map(one => one.id).sort()
    const engine = manager.pidOf('engine')
    const killed = Date.now()
    await manager.kill(engine)
    const { result } = await cdp.call('Runtime.evaluate', { expression: '1 + 1' }, sessionId)
    assert.equal(result.value, 2)
    await until(() => manager.pidOf('engine') && manager.pidOf('engine') !== engine, 'a new engine')
    const found = await until(async () => {
      const one = await manager.get(browser.id)
      return one.state === 'leased' && one
    }, 'the lease')
    assert.equal(found.thread_id, 'thread-9')
    assert.equal(found.user_id, 'user-9')
    assert.equal(found.lease_id, id)
    const later = Date.parse(found.leased_at) - Date.parse(browser.leased_at)
    assert.ok(later > -300 && later < Math.max(300, killed - Date.parse(browser.leased_at)), `${found.leased_at} is not ${browser.leased_at}`)
    await until(async () => (await manager.list()).filter(warm).length === 1, 'the warm browser')
    assert.deepEqual((await manager.list()).map(one => one.id).sort(), before)
    assert.equal((await cdp.call('Runtime.evaluate', { expression: '2 + 2' }, sessionId)).result.value, 4)
    assert.equal((await manager.lease({}, { id })).id, browser.id, 'the lease id still means this browser')
    await manager.release(browser.id, 'killed')
    await cdp.websocket.closed
    assert.equal(cdp.websocket.closeReason, 'killed')
    assert.equal((await manager.get(browser.id)).reason, 'killed')
  })

  test('kill -9 of the engine with requests in the queue: they fail, and nothing is lost', async () => {
    const browsers = await Promise.all([1, 2, 3].map(() => manager.lease({})))
    const waiting = manager.lease({}).catch(error => error)
    await until(async () => (await manager.statistics()).queue.length === 1, 'one in the queue')
    await manager.kill(manager.pidOf('engine'))
    assert.ok(await waiting instanceof Error)
    await until(async () => (await manager.list()).filter(one => one.state === 'leased').length === 3, 'three leases')
    await Promise.all(browsers.map(browser => manager.release(browser.id)))
  })

  test('kill -9 of the launcher: its browsers end, and the pool fills again', async () => {
    const browser = await manager.lease({})
    const cdp = await manager.connect(browser.id)
    await manager.kill(manager.pidOf('launcher'))
    await cdp.websocket.closed
    await until(async () => (await manager.get(browser.id)).state === 'ended', 'a tombstone')
    await manager.waitWarm()
    const next = await manager.lease({})
    const again = await manager.connect(next.id)
    assert.match((await again.call('Browser.getVersion')).product, /Chrome/)
    await manager.release(next.id)
  })

  test('a keeper that is stopped: whoever leases its browser gets another, and a leased one ends', async () => {
    await manager.waitWarm()
    const stopped = (await manager.list()).find(warm)
    process.kill(manager.pidOf('keeper', stopped.id), 'SIGSTOP')
    const browser = await manager.lease({})
    assert.notEqual(browser.id, stopped.id)
    const cdp = await manager.connect(browser.id)
    assert.match((await cdp.call('Browser.getVersion')).product, /Chrome/)
    process.kill(manager.pidOf('keeper', browser.id), 'SIGSTOP')
    const ended = await until(async () => {
      const one = await manager.get(browser.id)
      return one.state === 'ended' && one
    }, 'a tombstone', 60000)
    assert.equal(ended.reason, 'keeper_crash')
  })
  test('SIGTERM of the engine while a request is still arriving: it is answered from what there is', async () => {
    const ticket = await manager.signer.sign(manageTicket)
    const socket = net.connect(manager.port, '127.0.0.1')
    let answer = ''
    socket.on('data', data => { answer += data })
    socket.on('error', () => {})
    const over = new Promise(resolve => socket.on('close', resolve))
    socket.write(`GET /browsers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ticket}\r\n`)
    await sleep(200)
    const engine = manager.pidOf('engine')
    process.kill(engine, 'SIGTERM')
    await sleep(500)
    socket.write('\r\n')
    await over
    assert.match(answer, /^HTTP\/1.1 200 /)
    await until(() => manager.pidOf('engine') && manager.pidOf('engine') !== engine, 'a new engine')
    await manager.waitWarm()
    assert.doesNotMatch(manager.log, /AddressSanitizer/)
  })
  test('kill -9 of a keeper: its browser ends with that reason', async () => {
    const browser = await manager.lease({})
    await manager.kill(manager.pidOf('keeper', browser.id))
    const ended = await until(async () => {
      const one = await manager.get(browser.id)
      return one.state === 'ended' && one
    }, 'a tombstone')
    assert.equal(ended.reason, 'keeper_crash')
  })

  test('a warm browser that dies is replaced', async () => {
    await manager.waitWarm()
    const one = (await manager.list()).find(warm)
    await manager.kill(manager.pidOf('keeper', one.id))
    await until(async () => (await manager.list()).some(other => warm(other) && other.id !== one.id), 'another warm browser')
  })

  test('SIGTERM of the engine answers those who wait', async () => {
    const browsers = await Promise.all([1, 2, 3].map(() => manager.lease({})))
    const waiting = manager.lease({}).catch(error => error)
    await until(async () => (await manager.statistics()).queue.length === 1, 'one in the queue')
    process.kill(manager.pidOf('engine'), 'SIGTERM')
    const error = await waiting
    assert.equal(error.status, 503)
    assert.match(error.detail, /being stopped/)
    await until(async () => (await manager.list()).filter(one => one.state === 'leased').length === 3, 'three leases')
    await Promise.all(browsers.map(browser => manager.release(browser.id)))
  })
})

describe('engine, when browsers cannot be had', { timeout: 120000 }, () => {
  test('failing starts are tried again with backoff and told to who waits', async () => {
    const manager = await startBrowserManager({ CRUN_PATH: '/bin/false', POOL_WARM: '1' })
    try {
      const error = await manager.lease({ queue_ms: 3000 }).catch(error => error)
      assert.equal(error.status, 503)
      assert.match(error.detail, /no browser could be started: crun failed/)
      const { started } = (await manager.statistics()).totals
      assert.ok(started >= 2 && started <= 12, `${started} starts in three seconds`)
    } finally {
      await manager.stop()
    }
  })

  test('too little free memory: nothing is started, and the answer says why', async () => {
    const manager = await startBrowserManager({ POOL_MIN_FREE_MB: '1048576', POOL_WARM: '1' })
    try {
      const error = await manager.lease({ queue_ms: 500 }).catch(error => error)
      assert.equal(error.status, 429)
      assert.match(error.hint, /POOL_MIN_FREE_MB/)
      assert.equal((await manager.statistics()).totals.started, 0)
    } finally {
      await manager.stop()
    }
  })

  test('without a ticket key the browser manager says what is missing', async () => {
    const manager = new BrowserManager({ SECRET_KEY: '' })
    const outcome = await manager.start().catch(error => error)
    assert.match(outcome.message, /neither TICKET_PUBLIC_KEY nor SECRET_KEY is set/)
    fs.rmSync(manager.folder, { recursive: true, force: true })
  })
})
