// Starts `replinet browser-manager` (launcher, engine, keepers, real browsers) with places and a port of its own.
//
//   const manager = await startBrowserManager({ MAX_BROWSERS: '2', POOL_WARM: '0' })
//   const browser = await manager.lease({ user_id: 'u1' })          // the door's browser object; throws DoorError
//   const cdp = await manager.connect(browser.id)                   // CdpClient (raw_cdp.mjs)
//   await manager.release(browser.id)
//   await manager.stop()                                            // also checks that nothing is left behind
//
// The binary is $REPLINET_BIN. Everything lives under the system's temporary folder in one private folder.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import readline from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { CdpClient, connectWebSocket } from './raw_cdp.mjs'

export const binary = process.env.REPLINET_BIN
export { sleep }

export class DoorError extends Error {
  constructor (answer) {
    super(`${answer.status} ${answer.json?.code}: ${answer.json?.detail}`)
    Object.assign(this, { status: answer.status, headers: answer.headers, ...answer.json })
  }
}

export function freePort () {
  return new Promise((resolve, reject) => {
    const server = net.createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

/** Calls `check` until it gives something true; its last value or error is told when it never does. */
export async function until (check, what = 'condition', timeout = 60000, every = 25) {
  const end = Date.now() + timeout
  let last
  while (Date.now() < end) {
    try {
      last = await check()
      if (last) return last
    } catch (error) {
      last = error
    }
    await sleep(every)
  }
  throw new Error(`${what} did not come true in ${timeout} ms; last: ${last?.stack ?? JSON.stringify(last)}`)
}

/** Signs tickets with a long-lived `replinet ticket -`, one line each. */
class Signer {
  constructor (environment, seconds) {
    this.child = spawn(binary, ['ticket', '-', String(seconds)], { env: environment, stdio: ['pipe', 'pipe', 'ignore'] })
    this.waiting = []
    readline.createInterface({ input: this.child.stdout }).on('line', line => this.waiting.shift().resolve(line))
    this.child.on('exit', () => { for (const waiter of this.waiting) waiter.reject(new Error('the signer ended')) })
  }

  sign (claims) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject })
      this.child.stdin.write(JSON.stringify(claims) + '\n')
    })
  }

  stop () {
    if (this.child.exitCode !== null) return
    return new Promise(resolve => { this.child.on('exit', resolve); this.child.stdin.end() })
  }
}

/** Processes whose parent chain leads to `pid`, itself included: [{pid, parent, name, arguments}]. */
export function processTree (pid) {
  const all = []
  for (const entry of fs.readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = fs.readFileSync(`/proc/${entry}/stat`, 'latin1')
      const rest = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      if (rest[0] === 'Z') continue
      const args = fs.readFileSync(`/proc/${entry}/cmdline`, 'latin1').split('\0')
      all.push({ pid: Number(entry), parent: Number(rest[1]), name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), arguments: args })
    } catch { /* it ended while we looked */ }
  }
  const found = all.filter(one => one.pid === pid)
  for (let i = 0; i < found.length; i++) found.push(...all.filter(one => one.parent === found[i].pid))
  return found
}

export class BrowserManager {
  constructor (config) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replinet-'))
    fs.chmodSync(this.folder, 0o755)
    this.secret = randomBytes(32).toString('hex')
    this.config = config
    this.log = ''
  }

  async start () {
    this.port ??= Number(this.config.DOOR_PORT ?? await freePort())
    this.environment = {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => /^([ALUT]|UB)SAN_OPTIONS$/.test(name))),
      REPLINET_ENV: '/nonexistent',
      SECRET_KEY: this.secret,
      STATE_DIR: path.join(this.folder, 'state'),
      RUN_DIR: path.join(this.folder, 'run'),
      DOOR_PORT: String(this.port),
      LOG_FORMAT: 'json',
      POOL_MIN_FREE_MB: '64',
      ...this.config
    }
    this.signer ??= new Signer(this.environment, 3600)
    this.child = spawn(binary, ['browser-manager'], { env: this.environment, stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stdout.on('data', data => { this.log += data })
    this.child.stderr.on('data', data => { this.log += data })
    this.exited = new Promise(resolve => this.child.on('exit', (code, signal) => resolve({ code, signal })))
    const early = this.exited.then(({ code }) => { throw new Error(`the browser manager ended with ${code}:\n${this.log}`) })
    early.catch(() => {})
    try {
      await Promise.race([early, until(async () => (await this.request('GET', '/health')).status === 200, 'a healthy door', 60000)])
    } catch (error) {
      this.child.kill('SIGTERM')
      await this.exited
      await this.signer.stop()
      fs.rmSync(this.folder, { recursive: true, force: true })
      throw new Error(`${error.message}\n${this.log}`)
    }
    return this
  }

  /** One HTTP request to the door: {status, headers, text, json}. `ticket` may be claims or a signed text. */
  async request (method, target, { ticket, body, headers = {}, signal } = {}) {
    const signed = ticket && typeof ticket === 'object' ? await this.signer.sign(ticket) : ticket
    return new Promise((resolve, reject) => {
      const request = http.request({
        host: '127.0.0.1', port: this.port, method, path: target, signal,
        headers: { ...(signed ? { authorization: `Bearer ${signed}` } : {}), ...headers }
      }, response => {
        const parts = []
        response.on('data', part => parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const data = Buffer.concat(parts)
          const text = data.toString()
          let json = null
          try { json = JSON.parse(text) } catch { /* not JSON */ }
          resolve({ status: response.statusCode, headers: response.headers, data, text, json })
        })
      })
      request.on('error', reject)
      request.end(body)
    })
  }

  async #manage (method, target) {
    const answer = await this.request(method, target, { ticket: { scope: 'manage', sub: 'test' } })
    if (answer.status >= 400) throw new DoorError(answer)
    return answer.json
  }

  leaseTicket (lease = {}, id = randomUUID()) {
    return this.signer.sign({ scope: 'lease', sub: 'test', jti: id, lease })
  }

  /** Leases a browser; a DoorError tells why not. */
  async lease (lease = {}, { id = randomUUID(), signal } = {}) {
    const answer = await this.request('POST', '/browsers', { ticket: await this.leaseTicket(lease, id), signal })
    if (answer.status >= 400) throw new DoorError(answer)
    return answer.json
  }

  release (id, reason = 'released') { return this.#manage('DELETE', `/browsers/${id}?reason=${reason}`) }
  get (id) { return this.#manage('GET', `/browsers/${id}`) }
  async list () { return (await this.#manage('GET', '/browsers')).items }
  statistics () { return this.#manage('GET', '/statistics') }
  async metrics () { return (await this.request('GET', '/metrics')).text }
  cdpTicket (id) { return this.signer.sign({ scope: 'cdp', sub: 'test', browser: id }) }

  /** The WebSocket alone, whatever the handshake's answer was (raw_cdp.mjs). */
  async websocket (id, { ticket, ...options } = {}) {
    const signed = ticket ?? await this.cdpTicket(id)
    return connectWebSocket({ host: '127.0.0.1', port: this.port, path: `/browsers/${id}/cdp?ticket=${signed}`, ...options })
  }

  async connect (id) {
    const websocket = await this.websocket(id)
    if (websocket.status !== 101) throw new Error(`no WebSocket: ${websocket.headers}\n${websocket.body}`)
    return new CdpClient(websocket)
  }

  async readFile (id, name) {
    const answer = await this.request('GET', `/browsers/${id}/files/${encodeURIComponent(name)}`, { ticket: { scope: 'manage', sub: 'test' } })
    if (answer.status >= 400) throw new DoorError(answer)
    return answer.data
  }

  processes () { return processTree(this.child.pid) }

  /** Process id of the launcher or the engine, or of a browser's keeper ('keeper', browser id). */
  pidOf (command, argument) {
    return this.processes().find(one => one.arguments[1] === command && (!argument || one.arguments[2] === argument))?.pid
  }

  /** kill -9 of one process, and waiting until it is gone. */
  async kill (pid) {
    process.kill(pid, 'SIGKILL')
    await until(() => !fs.existsSync(`/proc/${pid}`) || fs.readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z'), 'end of a killed process')
  }

  waitWarm (count = 1, timeout = 60000) {
    return until(async () => (await this.list()).filter(one => one.state === 'warm').length >= count, `${count} warm browsers`, timeout)
  }

  /** What of this instance exists on the machine: processes, sockets, mounts, cgroups. */
  leftovers () {
    const run = path.join(this.folder, 'run')
    const left = []
    for (const folder of ['keepers', 'browsers']) {
      try { left.push(...fs.readdirSync(path.join(run, folder)).map(name => path.join(run, folder, name))) } catch { /* never made */ }
    }
    left.push(...fs.readFileSync('/proc/self/mounts', 'utf8').split('\n').filter(line => line.includes(run)))
    for (const entry of fs.readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue
      try {
        if (fs.readFileSync(`/proc/${entry}/environ`, 'latin1').includes(run) && Number(entry) !== this.signer?.child.pid) left.push(`process ${entry}: ${fs.readFileSync(`/proc/${entry}/cmdline`, 'latin1')}`)
      } catch { /* it ended while we looked */ }
    }
    return left
  }

  /** SIGTERM; then nothing of it may be left and every process must have ended well. */
  async stop ({ keepFolder = false } = {}) {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM')
    const { code, signal } = await Promise.race([this.exited, sleep(60000, { code: 'still running' }, { ref: false })])
    if (code === 'still running') this.child.kill('SIGKILL')
    await this.signer.stop()
    assert.equal(signal ?? code, 0, `the browser manager ended with ${signal ?? code}:\n${this.log}`)
    assert.deepEqual(this.leftovers(), [])
    assert.doesNotMatch(this.log, /AddressSanitizer|LeakSanitizer|runtime error:/, this.log)
    if (!keepFolder) fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

export function startBrowserManager (config = {}) {
  return new BrowserManager(config).start()
}
