// A viewer of a browser: src/browsers/protocol/live_protocol.h.
import { connectWebSocket } from './raw_cdp.mjs'
import { until } from './browser_manager.mjs'

export class LiveClient {
  /** `acknowledge` false: pictures are taken but never acknowledged. */
  constructor (websocket, { acknowledge = true } = {}) {
    Object.assign(this, { websocket, acknowledge, state: null, frames: [], messages: [] })
    this.ended = this.#read()
  }

  async #read () {
    try {
      for (;;) {
        const message = await this.websocket.next(2 ** 31 - 1)
        if (typeof message === 'string') this.#take(JSON.parse(message))
        else this.#show(message)
      }
    } catch { /* closed */ }
  }

  #take (message) {
    if (message.type === 'state') this.state = message
    else this.messages.push(message)
  }

  #show (data) {
    const frame = {
      seq: data.readUInt32BE(0),
      width: data.readUInt16BE(4),
      height: data.readUInt16BE(6),
      cssWidth: data.readUInt16BE(8),
      cssHeight: data.readUInt16BE(10),
      jpeg: data.subarray(16),
      at: performance.now()
    }
    this.frames.push(frame)
    if (this.acknowledge) this.say('ack', { seq: frame.seq })
  }

  say (type, members = {}) { this.websocket.send(JSON.stringify({ type, ...members })) }

  /** The next message of this type, which is taken out. */
  async heard (type, timeout = 60000) {
    await until(() => this.messages.some(one => one.type === type), `a message ${type}`, timeout)
    return this.messages.splice(this.messages.findIndex(one => one.type === type), 1)[0]
  }

  whenState (check, what, timeout = 60000) { return until(() => this.state && check(this.state), what, timeout) }

  async takeControl () {
    this.say('take_control')
    await this.whenState(state => state.control.mine, 'control')
  }

  click (x, y, more = {}) {
    for (const event of ['move', 'down', 'up']) {
      this.say('mouse', { event, x, y, button: event === 'move' ? 'none' : 'left', buttons: event === 'down' ? 1 : 0, clicks: event === 'move' ? 0 : 1, ...more })
    }
  }

  press (key, code, keyCode, text) {
    this.say('key', { event: 'down', key, code, key_code: keyCode, ...(text ? { text } : {}) })
    this.say('key', { event: 'up', key, code, key_code: keyCode })
  }

  close () {
    this.websocket.close()
    return this.websocket.closed
  }
}

/** Watches through the api: `path` below /api/v1. */
export async function watchByApi (origin, path, token, options = {}) {
  const { hostname, port } = new URL(origin)
  const websocket = await connectWebSocket({ host: hostname, port: Number(port), path: `/api/v1${path}`, headers: token ? { Authorization: `Bearer ${token}` } : {} })
  if (websocket.status !== 101) throw new Error(`${websocket.status} ${websocket.body}`)
  return new LiveClient(websocket, options)
}

/** Watches through the door; `claims` are added to the ticket's. */
export async function watchBrowser (manager, id, claims = {}, options = {}) {
  const ticket = await manager.signer.sign({ scope: 'view', sub: 'viewer', name: 'Viewer', browser: id, ...claims })
  const websocket = await connectWebSocket({ host: '127.0.0.1', port: manager.port, path: `/browsers/${id}/live?ticket=${ticket}` })
  if (websocket.status !== 101) throw new Error(`${websocket.status} ${websocket.body}`)
  return new LiveClient(websocket, options)
}
