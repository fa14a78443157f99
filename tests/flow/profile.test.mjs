// Browser profiles at the door: what a browser leaves, the next one finds. Real launcher, engine and browsers.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import { after, before, describe, test } from 'node:test'
import { BrowserManager, startBrowserManager, until } from './lib/browser_manager.mjs'
import { bomb, entry, stored, tar } from './lib/archives.mjs'

const manage = { scope: 'manage', sub: 'test' }

describe('profiles', { timeout: 300000 }, () => {
  let manager, site, origin

  before(async () => {
    site = http.createServer((request, response) => {
      response.setHeader('content-type', 'text/html')
      if (request.url === '/sign-in') response.setHeader('set-cookie', 'signed_in=yes; Max-Age=86400')
      response.end(`<title>site</title>${request.headers.cookie ?? 'stranger'}`)
    }).listen(0, '127.0.0.1')
    await new Promise(resolve => site.on('listening', resolve))
    origin = `http://127.0.0.1:${site.address().port}`
    manager = await startBrowserManager({ MAX_BROWSERS: '2', POOL_WARM: '1', PROFILE_MAX_MB: '8', EGRESS_ALLOW: `127.0.0.1:${site.address().port}` })
  })
  after(async () => {
    site.close()
    await manager.stop()
  })

  const ask = async (body, lease = { profile: true }) =>
    manager.request('POST', '/browsers', { ticket: await manager.leaseTicket(lease), body })
  const lease = async (body, more) => {
    const answer = await ask(body, { profile: true, ...more })
    assert.equal(answer.status, 201, answer.text)
    return answer.json
  }
  const fetchProfile = id => manager.request('GET', `/browsers/${id}/profile`, { ticket: manage })
  const evaluate = async (cdp, sessionId, expression) =>
    (await cdp.call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId)).result.value
  const visit = async (browser, path) => {
    const cdp = await manager.connect(browser.id)
    const { sessionId } = await cdp.newPage(origin + path)
    await until(() => evaluate(cdp, sessionId, 'document.title === "site" && document.readyState === "complete"'), 'the page')
    return expression => evaluate(cdp, sessionId, expression)
  }
  const chromium = id => Number(fs.readFileSync(`${manager.folder}/run/browsers/${id}/container`, 'utf8').split(' ')[0])
  /** What of homes and packers is there: mounts in the launcher's namespace, folders, processes. */
  const remains = () => [
    ...fs.readFileSync(`/proc/${manager.pidOf('launcher')}/mounts`, 'utf8').split('\n').filter(line => line.includes('/homes/')),
    ...fs.readdirSync(`${manager.folder}/run/homes`),
    ...manager.processes().filter(one => one.arguments[1] === 'profile').map(one => one.arguments.join(' '))
  ]
  const nothingRemains = () => until(() => remains().length === 0, `nothing left of homes: ${remains()}`)

  const database = `new Promise((resolve, reject) => { const open = indexedDB.open('base', 1)
    open.onupgradeneeded = () => open.result.createObjectStore('store')
    open.onerror = () => reject(open.error)
    open.onsuccess = () => resolve(open.result) })`
  const write = `localStorage.setItem('colour', 'green'); ${database}.then(db => new Promise(resolve => {
    const change = db.transaction('store', 'readwrite'); change.objectStore('store').put('tea', 'drink'); change.oncomplete = () => resolve(true) }))`
  const read = `${database}.then(db => new Promise(resolve => {
    const get = db.transaction('store').objectStore('store').get('drink'); get.onsuccess = () => resolve(get.result ?? null) }))`
  const memory = async page => [await page('document.body.innerText'), await page('localStorage.getItem("colour")'), await page(read)]

  /** A profile that signed in. */
  async function signedIn () {
    const browser = await lease()
    const page = await visit(browser, '/sign-in')
    assert.equal(await page(write), true)
    assert.equal((await manager.release(browser.id)).reason, 'released')
    const profile = await fetchProfile(browser.id)
    assert.equal(profile.status, 200, profile.text)
    return profile.data
  }

  test('cookies, local storage and IndexedDB go from one browser to the next, and the one after', async () => {
    let profile = await signedIn()
    assert.ok(profile.length < 100000, `${profile.length} bytes: no caches`)
    for (let i = 0; i < 2; i++) {
      const browser = await lease(profile)
      assert.deepEqual(await memory(await visit(browser, '/')), ['signed_in=yes', 'green', 'tea'])
      await manager.release(browser.id)
      profile = (await fetchProfile(browser.id)).data
    }
    await nothingRemains()
  })

  test('nobody else finds any of it', async () => {
    const profile = await signedIn()
    const owner = await lease(profile)
    const other = await manager.lease()
    assert.deepEqual(await memory(await visit(other, '/')), ['stranger', null, null])
    await manager.release(other.id)
    assert.equal((await fetchProfile(other.id)).status, 404, 'a browser without a profile leaves none')
    const fresh = await lease()
    assert.deepEqual(await memory(await visit(fresh, '/')), ['stranger', null, null])
    for (const one of [owner, fresh]) await manager.release(one.id)
  })

  test('only a browser that ended well leaves a profile', async () => {
    const profile = await signedIn()
    const crashed = await lease(profile, { user_id: 'crash' })
    await visit(crashed, '/')
    process.kill(chromium(crashed.id), 'SIGKILL')
    await until(async () => (await manager.get(crashed.id)).state === 'ended', 'the end')
    assert.equal((await manager.get(crashed.id)).reason, 'crash')
    assert.equal((await fetchProfile(crashed.id)).status, 404)
    const killed = await lease(profile)
    assert.equal((await fetchProfile(killed.id)).status, 409, 'it has not ended')
    await manager.release(killed.id, 'killed')
    assert.equal((await fetchProfile(killed.id)).status, 404)
    await nothingRemains()
  })

  test('the profile needs the right to manage', async () => {
    const browser = await lease()
    await manager.release(browser.id)
    for (const ticket of [null, { scope: 'cdp', browser: browser.id }, { scope: 'lease' }]) {
      assert.equal((await manager.request('GET', `/browsers/${browser.id}/profile`, { ticket })).status, 401)
    }
  })

  test('a lease of a profile gets a place though warm browsers hold them all', async () => {
    const taken = await manager.lease()
    await manager.waitWarm(1)
    const browser = await lease()
    assert.equal((await manager.list()).filter(one => one.state === 'leased').length, 2)
    for (const one of [taken, browser]) await manager.release(one.id)
  })

  const cookies = entry('Default/Cookies', { data: 'x' })
  const hostile = {
    'not an archive': Buffer.from('this is no archive at all, whatever it says'),
    'cut off': stored(tar(entry('Default/Cookies', { data: Buffer.alloc(5000) }))).subarray(0, 900),
    'a path that climbs': stored(tar(entry('Default/Local Storage/../../../evil', { data: 'x' }))),
    'an absolute path': stored(tar(entry('/tmp/evil', { data: 'x' }))),
    'a path past what is kept': stored(tar(entry('Default/Preferences', { data: '{}' }))),
    'a name that only begins as one that is kept': stored(tar(entry('Default/CookiesAndMore', { data: 'x' }))),
    'the transfer folder': stored(tar(entry('../transfer/evil', { data: 'x' }))),
    'a symbolic link': stored(tar(entry('Default/Cookies', { type: '2', link: '/etc/passwd' }))),
    'a symbolic link to write through': stored(tar(entry('Default/IndexedDB', { type: '2', link: '/home/browser' }), entry('Default/IndexedDB/evil', { data: 'x' }))),
    'a hard link': stored(tar(entry('Default/Cookies', { type: '1', link: '/etc/passwd' }))),
    'a device': stored(tar(entry('Default/Cookies', { type: '3', device: [1, 3] }))),
    'a FIFO': stored(tar(entry('Default/Cookies', { type: '6' }))),
    'the same file twice': stored(tar(cookies, cookies)),
    'a file as a folder': stored(tar(cookies, entry('Default/Cookies/inner', { data: 'x' }))),
    'a file of 100 MB': bomb(entry('Default/Cookies', { size: 100 * 1024 * 1024 }), 100 * 1024 * 1024),
    'a file of 8 GB by its header': stored(tar(entry('Default/Cookies', { size: 8 * 1024 ** 3 - 1 }))),
    '30,000 files': stored(tar(...Array.from({ length: 15000 }, (_, i) => entry(`Default/IndexedDB/${i}`, {})), ...Array.from({ length: 15000 }, (_, i) => entry(`Default/WebStorage/${i}`, {})))).subarray(0, 8 * 1024 * 1024),
    'a depth of 100': stored(tar(entry(`Default/IndexedDB/${'d/'.repeat(40)}f`, { data: 'x' })))
  }
  for (const [what, archive] of Object.entries(hostile)) {
    test(`refused in words, without harm: ${what}`, async () => {
      const answer = await ask(archive)
      assert.equal(answer.status, 422, answer.text)
      assert.match(answer.json.detail, /the profile cannot be unpacked: (it is damaged|it is over)/)
      await nothingRemains()
    })
  }

  test('archives of the test are good but for what they test', async () => {
    const browser = await lease(stored(tar(entry('Default/', { type: '5' }), entry('Default/IndexedDB/', { type: '5' })).subarray(512)))
    await manager.release(browser.id)
  })

  test('a body over the limit is refused, and one without a profile too', async () => {
    const large = await ask(Buffer.alloc(9 * 1024 * 1024)).catch(error => error)
    if (large.status) assert.deepEqual([large.status, large.json.code], [413, 'too_large'])
    assert.equal((await ask(Buffer.alloc(2000), {})).status, 413)
    assert.equal((await ask('', { profile: 'yes' })).status, 422)
  })

  test('a client that leaves takes its browser along', async () => {
    const abort = new AbortController()
    const ticket = await manager.leaseTicket({ profile: true })
    const asked = manager.request('POST', '/browsers', { ticket, signal: abort.signal }).catch(() => null)
    await until(async () => (await manager.list()).some(one => one.state === 'starting'), 'a start')
    abort.abort()
    await asked
    await nothingRemains()
  })

  test('a killed launcher leaves no home to the next', async () => {
    const own = await startBrowserManager({ MAX_BROWSERS: '1', POOL_WARM: '0' })
    await own.request('POST', '/browsers', { ticket: await own.leaseTicket({ profile: true }) })
    const launcher = own.pidOf('launcher')
    await own.kill(launcher)
    await until(() => own.pidOf('launcher') && own.pidOf('launcher') !== launcher, 'another launcher')
    await until(async () => (await own.request('GET', '/health')).status === 200, 'health')
    await until(() => fs.readdirSync(`${own.folder}/run/homes`).length === 0, 'no home')
    await own.stop()
  })

  test('a new engine gives a browser with a profile to nobody', async () => {
    const own = await new BrowserManager({ MAX_BROWSERS: '1', POOL_WARM: '0' }).start()
    const abort = new AbortController()
    const asked = own.request('POST', '/browsers', { ticket: await own.leaseTicket({ profile: true }), signal: abort.signal }).catch(() => null)
    const first = await until(async () => (await own.list()).find(one => one.state === 'starting'), 'a start')
    await own.kill(own.pidOf('engine'))
    await asked
    const browser = await until(() => own.lease(), 'a lease of the new engine')
    assert.notEqual(browser.id, first.id)
    await own.stop()
  })
})
