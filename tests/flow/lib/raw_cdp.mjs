// A CDP client over a raw WebSocket, small enough to misuse on purpose: text frames out, messages in.
// connectWebSocket gives { socket, status, headers, send(text), sendFrame(opcode, payload), next(), close(), closed };
// next() gives a text, or a Buffer for a binary message.
import net from 'node:net'
import { randomBytes } from 'node:crypto'

function encodeFrame (opcode, payload) {
  const data = Buffer.from(payload)
  const length = data.length < 126
    ? Buffer.from([0x80 | data.length])
    : data.length < 65536
      ? Buffer.from([0x80 | 126, data.length >> 8, data.length & 255])
      : Buffer.concat([Buffer.from([0x80 | 127, 0, 0, 0, 0]), Buffer.from(Uint32Array.of(data.length).buffer).swap32()])
  const mask = randomBytes(4)
  const masked = Buffer.from(data)
  for (let i = 0; i < masked.length; i++) masked[i] ^= mask[i & 3]
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, mask, masked])
}

function decodeFrame (buffer) {
  if (buffer.length < 2) return null
  let length = buffer[1] & 127
  let at = 2
  if (length === 126) {
    if (buffer.length < 4) return null
    length = buffer.readUInt16BE(2)
    at = 4
  } else if (length === 127) {
    if (buffer.length < 10) return null
    length = Number(buffer.readBigUInt64BE(2))
    at = 10
  }
  if (buffer.length < at + length) return null
  return { opcode: buffer[0] & 15, final: !!(buffer[0] & 128), payload: buffer.subarray(at, at + length), size: at + length }
}

/** Resolves when the server has answered the handshake, whatever the answer. */
export function connectWebSocket ({ host, port, path, headers = {}, early = null, timeout = 30000 }) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, host)
    const client = { socket, status: 0, headers: '', body: '', closed: null, closeCode: null, closeReason: '' }
    const messages = []
    const waiting = []
    let buffer = Buffer.alloc(0)
    let fragments = []
    let kind
    let done
    client.closed = new Promise(resolve => { done = resolve })
    const timer = setTimeout(() => { socket.destroy(); reject(new Error('no handshake answer')) }, timeout)

    const deliver = message => waiting.length ? waiting.shift().resolve(message) : messages.push(message)
    const takeFrames = () => {
      for (let frame; (frame = decodeFrame(buffer));) {
        buffer = buffer.subarray(frame.size)
        if (frame.opcode === 8) {
          client.closeCode = frame.payload.length >= 2 ? frame.payload.readUInt16BE(0) : 1005
          client.closeReason = frame.payload.subarray(2).toString()
          if (!socket.destroyed) socket.end(encodeFrame(8, frame.payload.subarray(0, 2)))
        } else if (frame.opcode === 9) {
          socket.write(encodeFrame(10, frame.payload))
        } else if (frame.opcode <= 2) {
          kind = frame.opcode || kind
          fragments.push(Buffer.from(frame.payload))
          if (frame.final) {
            const whole = Buffer.concat(fragments)
            deliver(kind === 1 ? whole.toString() : whole)
            fragments = []
          }
        }
      }
    }
    socket.on('connect', () => {
      const lines = [`GET ${path} HTTP/1.1`, `Host: ${host}:${port}`, 'Connection: Upgrade', 'Upgrade: websocket',
        'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`]
      for (const [name, value] of Object.entries(headers)) {
        const at = lines.findIndex(line => line.toLowerCase().startsWith(name.toLowerCase() + ':'))
        if (at >= 0) lines.splice(at, 1)
        if (value !== null) lines.push(`${name}: ${value}`)
      }
      const head = Buffer.from(lines.join('\r\n') + '\r\n\r\n')
      socket.write(early ? Buffer.concat([head, encodeFrame(1, early)]) : head)
    })
    socket.on('data', data => {
      buffer = Buffer.concat([buffer, data])
      if (!client.status) {
        const end = buffer.indexOf('\r\n\r\n')
        if (end < 0) return
        client.headers = buffer.subarray(0, end).toString()
        client.status = Number(client.headers.split(' ')[1])
        buffer = buffer.subarray(end + 4)
        clearTimeout(timer)
        resolve(client)
      }
      if (client.status === 101) takeFrames()
      else client.body = buffer.toString()
    })
    socket.on('error', error => { clearTimeout(timer); reject(error) })
    socket.on('close', () => {
      clearTimeout(timer)
      if (!client.status) reject(new Error('closed before the handshake was answered'))
      for (const waiter of waiting.splice(0)) waiter.reject(new Error(`closed ${client.closeCode ?? ''} ${client.closeReason}`))
      done()
    })
    client.send = text => socket.write(encodeFrame(1, text))
    client.sendFrame = (opcode, payload) => socket.write(encodeFrame(opcode, payload))
    client.close = () => { if (!socket.destroyed) socket.end(encodeFrame(8, Buffer.from([3, 232]))) }
    client.next = (wait = 15000) => {
      if (messages.length) return Promise.resolve(messages.shift())
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => { waiting.splice(waiting.indexOf(waiter), 1); reject(new Error('no message came')) }, wait)
        const waiter = {
          resolve: message => { clearTimeout(timer); resolve(message) },
          reject: error => { clearTimeout(timer); reject(error) }
        }
        waiting.push(waiter)
      })
    }
  })
}

/** CDP on top: call(method, params, sessionId), events (an array), waitEvent(method, predicate). */
export class CdpClient {
  constructor (websocket) {
    this.websocket = websocket
    this.lastId = 0
    this.calls = new Map()
    this.events = []
    this.listeners = new Set()
    this.#read()
  }

  async #read () {
    try {
      for (;;) {
        const message = JSON.parse(await this.websocket.next(2 ** 31 - 1))
        const call = this.calls.get(message.id)
        if (call) {
          this.calls.delete(message.id)
          message.error ? call.reject(Object.assign(new Error(message.error.message), message.error)) : call.resolve(message.result)
        } else {
          this.events.push(message)
          for (const listener of this.listeners) listener(message)
        }
      }
    } catch (error) {
      for (const call of this.calls.values()) call.reject(error)
      this.calls.clear()
    }
  }

  call (method, params = {}, sessionId = undefined, timeout = 60000) {
    const id = ++this.lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.calls.delete(id); reject(new Error(`${method} was not answered`)) }, timeout)
      this.calls.set(id, {
        resolve: result => { clearTimeout(timer); resolve(result) },
        reject: error => { clearTimeout(timer); reject(error) }
      })
      this.websocket.send(JSON.stringify({ id, method, params, sessionId }))
    })
  }

  waitEvent (method, predicate = () => true, timeout = 60000) {
    const found = this.events.find(event => event.method === method && predicate(event))
    if (found) return Promise.resolve(found)
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => { this.listeners.delete(listener); reject(new Error(`no ${method}`)) }, timeout)
      const listener = event => {
        if (event.method !== method || !predicate(event)) return
        clearTimeout(timer)
        this.listeners.delete(listener)
        resolve(event)
      }
      this.listeners.add(listener)
    })
  }

  /** A new page with a session attached to it. */
  async newPage (url = 'about:blank') {
    const { targetId } = await this.call('Target.createTarget', { url })
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true })
    return { targetId, sessionId }
  }

  close () {
    this.websocket.close()
    return this.websocket.closed
  }
}
