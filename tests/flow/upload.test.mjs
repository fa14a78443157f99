// Files that a browser is given: PUT /browsers/{id}/files/{name}. Real launcher, engine and browser.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import { after, before, describe, test } from 'node:test'
import { sleep, startBrowserManager, until } from './lib/browser_manager.mjs'

const TRANSFER = '/home/browser/transfer'
const MEGABYTE = 1024 * 1024
const MOST_MB = 48

describe('uploads', { timeout: 300000 }, () => {
  let manager, browser, cdp, page

  before(async () => {
    // AddressSanitizer keeps freed memory for a while, which would hide what the engine holds.
    const ASAN_OPTIONS = `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=1:thread_local_quarantine_size_kb=64`
    manager = await startBrowserManager({ MAX_BROWSERS: '3', POOL_WARM: '0', TRANSFER_MAX_MB: String(MOST_MB), ASAN_OPTIONS })
    browser = await manager.lease()
    cdp = await manager.connect(browser.id)
    page = await cdp.newPage('data:text/html,<input type=file id=f>')
    await until(async () => (await cdp.call('Runtime.evaluate', { expression: 'document.readyState === "complete" && !!document.querySelector("#f")' }, page.sessionId)).result.value, 'the page')
  })
  after(() => manager.stop())

  const put = (name, body, { id = browser.id, ticket = { scope: 'manage', sub: 'test' }, headers = {} } = {}) =>
    manager.request('PUT', `/browsers/${id}/files/${encodeURIComponent(name)}`, { ticket, body, headers })
  /** What is in the folder, as the host sees it. */
  const chromium = () => manager.processes().find(one => one.arguments[0].endsWith('/chromium') && !one.arguments.some(a => a.startsWith('--type=')))
  const folder = () => `/proc/${chromium().pid}/root${TRANSFER}`
  const listed = () => fs.readdirSync(folder()).sort()

  /** A body of `size` bytes sent in pieces; `size` may be a lie to Content-Length, null: chunked. Resolves with the status. */
  async function stream (name, size, { announced = size, stopAt = Infinity } = {}) {
    const ticket = await manager.signer.sign({ scope: 'manage', sub: 'test' })
    return new Promise((resolve, reject) => {
      const request = http.request({
        host: '127.0.0.1', port: manager.port, method: 'PUT', path: `/browsers/${browser.id}/files/${name}`,
        headers: { authorization: `Bearer ${ticket}`, ...(announced === null ? {} : { 'content-length': announced }) }
      }, response => {
        let text = ''
        response.on('data', data => { text += data })
        response.on('end', () => resolve({ status: response.statusCode, json: JSON.parse(text) }))
      })
      request.on('error', error => resolve({ status: error.code }))
      let sent = 0
      const more = () => {
        while (sent < size && sent < stopAt) {
          const part = Buffer.alloc(Math.min(65536, size - sent), 'x')
          sent += part.length
          if (!request.write(part)) { request.once('drain', more); return }
        }
        if (sent >= stopAt) setTimeout(() => { request.destroy(); resolve({ status: 'stopped' }) }, 100)
        else request.end()
      }
      more()
    })
  }

  test('a file goes in, a page reads it, it comes out again', async () => {
    const answer = await put('bericht für später.txt', 'the report')
    assert.deepEqual([answer.status, answer.json], [201, { name: 'bericht für später.txt', size: 10 }])
    const { root } = await cdp.call('DOM.getDocument', {}, page.sessionId)
    const { nodeId } = await cdp.call('DOM.querySelector', { nodeId: root.nodeId, selector: '#f' }, page.sessionId)
    await cdp.call('DOM.setFileInputFiles', { files: [`${TRANSFER}/bericht für später.txt`], nodeId }, page.sessionId)
    const { result } = await cdp.call('Runtime.evaluate', { expression: 'document.querySelector("#f").files[0].text()', awaitPromise: true }, page.sessionId)
    assert.equal(result.value, 'the report')
    assert.equal((await manager.readFile(browser.id, 'bericht für später.txt')).toString(), 'the report')
    assert.equal((await put('empty', '')).status, 201)
    assert.equal((await manager.readFile(browser.id, 'empty')).length, 0)
  })

  test('it is the browser user\'s own, and a plain file', async () => {
    const st = fs.lstatSync(`${folder()}/empty`)
    const user = Number(fs.readFileSync(`/proc/${chromium().pid}/status`, 'utf8').match(/^Uid:\s+(\d+)/m)[1])
    assert.deepEqual([st.uid, st.gid, st.mode & 0o7777, st.isFile()], [user, user, 0o600, true])
  })

  test('what is there is never written over', async () => {
    const user = fs.lstatSync(`${folder()}/empty`).uid
    const handle = fs.openSync(folder(), 'r')
    const made = spawnSync('python3', ['-c', `import os
os.fchdir(3)
os.symlink('/etc/passwd', 'link'); os.symlink('new', 'dangling'); os.symlink('/home/browser/evil', 'out')
os.mkfifo('pipe'); os.mkdir('folder')`], { uid: user, gid: user, stdio: ['ignore', 'inherit', 'inherit', handle] })
    fs.closeSync(handle)
    assert.equal(made.status, 0)
    for (const name of ['empty', 'link', 'dangling', 'out', 'pipe', 'folder']) {
      const answer = await put(name, 'evil')
      assert.deepEqual([answer.status, answer.json.code], [409, 'conflict'], `${name}: ${answer.text}`)
    }
    assert.ok(!fs.existsSync(`/proc/${chromium().pid}/root/home/browser/evil`))
    assert.ok(!fs.existsSync(`${folder()}/new`))
    assert.equal((await manager.readFile(browser.id, 'empty')).length, 0)
  })

  test('only plain names, only with the right, only into a leased browser', async () => {
    const cases = [
      ['..', {}, 422], ['.', {}, 422], ['a/b', {}, 422], ['../x', {}, 422], ['x'.repeat(128), {}, 422],
      ['x', { ticket: null }, 401], ['x', { ticket: { scope: 'cdp', browser: browser.id } }, 401], ['x', { ticket: { scope: 'lease' } }, 401],
      ['x', { id: '01900000-0000-7000-8000-000000000001' }, 404]
    ]
    for (const [name, options, status] of cases) {
      const answer = await put(name, 'text', options)
      assert.equal(answer.status, status, `${name} ${JSON.stringify(options)}: ${answer.text}`)
    }
    const other = await manager.lease()
    await manager.release(other.id)
    const ended = await put('x', 'text', { id: other.id })
    assert.deepEqual([ended.status, ended.json.code], [409, 'conflict'])
    assert.ok(!listed().includes('x'))
  })

  test('a large file is never whole in the engine\'s memory', async () => {
    const engine = manager.pidOf('engine')
    const resident = () => Number(fs.readFileSync(`/proc/${engine}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1])
    fs.writeFileSync(`/proc/${engine}/clear_refs`, '5') // VmHWM starts again
    const before = resident()
    assert.equal((await stream('large', 40 * MEGABYTE)).status, 201)
    const peak = Number(fs.readFileSync(`/proc/${engine}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)[1])
    assert.ok(peak - before < 12 * 1024, `${peak - before} KB more`)
    assert.equal(fs.statSync(`${folder()}/large`).size, 40 * MEGABYTE)
  })

  test('what is too large is refused and nothing of it stays', async () => {
    const announced = await put('over', '', { headers: { 'content-length': String((MOST_MB + 1) * MEGABYTE) } }).catch(error => error)
    if (announced.status) assert.deepEqual([announced.status, announced.json.code], [413, 'too_large'])
    // An empty folder has room for a file of the limit; with others in it the folder would be full before.
    for (const name of listed()) fs.rmSync(`${folder()}/${name}`, { recursive: true })
    const chunked = await stream('over', (MOST_MB + 4) * MEGABYTE, { announced: null })
    if (chunked.json) assert.deepEqual([chunked.status, chunked.json.code], [413, 'too_large'])
    assert.ok(!listed().includes('over'))
    assert.equal((await put('over', 'small')).status, 201, 'the name is free at once')
  })

  test('a full folder is told, and nothing of the file stays', async () => {
    assert.equal((await stream('first', 30 * MEGABYTE)).status, 201)
    const second = await stream('second', 30 * MEGABYTE)
    if (second.json) assert.deepEqual([second.status, second.json.code], [507, 'storage'])
    await until(() => !listed().includes('second'), 'the part is removed')
    fs.unlinkSync(`${folder()}/first`)
  })

  test('a client that leaves in the middle leaves nothing', async () => {
    await stream('half', 20 * MEGABYTE, { stopAt: 5 * MEGABYTE })
    await until(() => !listed().includes('half'), 'the part is removed')
    assert.equal((await put('half', 'whole')).status, 201)
  })

  test('a browser that ends in the middle ends the upload', async () => {
    const other = await manager.lease()
    const ticket = await manager.signer.sign({ scope: 'manage', sub: 'test' })
    const status = new Promise(resolve => {
      const request = http.request({ host: '127.0.0.1', port: manager.port, method: 'PUT', path: `/browsers/${other.id}/files/late`, headers: { authorization: `Bearer ${ticket}` } },
        response => { response.resume(); resolve(response.statusCode) })
      request.on('error', error => resolve(error.code))
      request.write('some')
      sleep(200).then(() => manager.release(other.id)).then(() => request.end('more'))
    })
    assert.equal(await status, 409)
  })
})
