// The thinnest CDP clients that can be measured: one over Chromium's pipe, one over the door's WebSocket. Messages stay
// bytes; only the first few are looked at to find the id, so a 10 MB answer costs both the same.
import WebSocket from 'ws';

class Cdp {
  constructor() { this.next = 1; this.waiting = new Map(); }

  // Resolves with the answer's bytes.
  raw(method, params = {}, sessionId) {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.send(JSON.stringify({ id, method, params, ...(sessionId && { sessionId }) }));
    });
  }

  async call(method, params, sessionId) {
    const answer = JSON.parse(await this.raw(method, params, sessionId));
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result;
  }

  take(message) {
    const head = message.toString('latin1', 0, 40).match(/^\{"id":(\d+)/);
    const waiting = head && this.waiting.get(Number(head[1]));
    if (!waiting) return;
    this.waiting.delete(Number(head[1]));
    waiting.resolve(message);
  }

  fail(problem) {
    for (const { reject } of this.waiting.values()) reject(problem);
    this.waiting.clear();
  }

  // A page and a session of it.
  async page() {
    const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await this.call('Target.attachToTarget', { targetId, flatten: true });
    return sessionId;
  }
}

export class PipeCdp extends Cdp {
  constructor(writable, readable) {
    super();
    this.writable = writable;
    let parts = [];
    readable.on('data', data => {
      for (let end; (end = data.indexOf(0)) >= 0; data = data.subarray(end + 1)) {
        parts.push(data.subarray(0, end));
        this.take(parts.length === 1 ? parts[0] : Buffer.concat(parts));
        parts = [];
      }
      if (data.length) parts.push(data);
    });
    readable.on('close', () => this.fail(new Error('the pipe closed')));
    writable.on('error', problem => this.fail(problem));
  }

  send(text) { this.writable.write(text + '\0'); }
}

export class SocketCdp extends Cdp {
  static open(url) {
    const cdp = new SocketCdp();
    cdp.socket = new WebSocket(url, { perMessageDeflate: false, skipUTF8Validation: true, maxPayload: 1 << 28 });
    cdp.socket.on('message', data => cdp.take(data));
    return new Promise((resolve, reject) => {
      cdp.socket.once('open', () => resolve(cdp));
      cdp.socket.once('unexpected-response', (_, answer) => reject(new Error(`the door answered ${answer.statusCode}`)));
      cdp.socket.on('error', problem => { cdp.fail(problem); reject(problem); });
      cdp.socket.on('close', (code, reason) => cdp.fail(new Error(`closed: ${code} ${reason}`)));
    });
  }

  send(text) { this.socket.send(text); }
  close() { this.socket.close(); }
}
