/* A SOCKS5 client as plain as can be, to say to the gate what a browser would, and what it never would. */
import net from 'node:net';

export const REPLIES = ['ok', 'general', 'not_allowed', 'net_unreachable', 'host_unreachable', 'refused', 'expired', 'command', 'address'];

/* The CONNECT request for a host: an address goes as an address unless `asName`. */
export function socksRequest(host, port, { asName = false, command = 1 } = {}) {
  const ports = Buffer.from([port >> 8, port & 255]);
  if (!asName && net.isIPv4(host))
    return Buffer.concat([Buffer.from([5, command, 0, 1]), Buffer.from(host.split('.').map(Number)), ports]);
  if (!asName && net.isIPv6(host)) {
    const [head, tail] = host.split('::').map((part) => (part ? part.split(':') : []));
    const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;
    return Buffer.concat([Buffer.from([5, command, 0, 4]), Buffer.from(groups.map((g) => g.padStart(4, '0')).join(''), 'hex'), ports]);
  }
  const name = Buffer.from(host, 'latin1');
  return Buffer.concat([Buffer.from([5, command, 0, 3, name.length]), name, ports]);
}

/* A socket with what it received so far, and a way to wait for more. */
export class Wire {
  constructor(port, host = '127.0.0.1') {
    this.received = Buffer.alloc(0);
    this.ended = this.closed = false;
    this.wake = () => {};
    this.socket = net.connect({ port, host, allowHalfOpen: true }).unref();
    this.socket.on('data', (data) => { this.received = Buffer.concat([this.received, data]); this.wake(); });
    this.socket.on('end', () => { this.ended = true; this.wake(); });
    this.socket.on('error', (error) => { this.error = error.code; });
    this.socket.on('close', () => { this.closed = true; this.wake(); });
  }

  write(data) {
    this.socket.write(data);
    return this;
  }

  async until(what, check, ms = 30000) {
    const end = Date.now() + ms;
    while (!check()) {
      if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms; received ${JSON.stringify(this.received.toString('latin1').slice(0, 200))}`);
      await new Promise((resolve) => { this.wake = resolve; setTimeout(resolve, 50); });
    }
  }

  async take(length) {
    await this.until(`${length} bytes`, () => this.received.length >= length || this.ended || this.closed);
    const taken = this.received.subarray(0, length);
    this.received = this.received.subarray(length);
    return taken;
  }

  async gone(ms) {
    await this.until('the end', () => this.ended || this.closed, ms);
  }

  close() {
    this.socket.destroy();
  }
}

/* Asks the gate for a connection; resolves to {reply, wire}. reply is 'dropped' when it closed without an answer. */
export async function socksConnect(gatePort, host, port, options) {
  const wire = new Wire(gatePort);
  wire.write(Buffer.from([5, 1, 0]));
  const method = await wire.take(2);
  if (method.length < 2) return { reply: 'dropped', wire };
  wire.write(socksRequest(host, port, options));
  const answer = await wire.take(10);
  return { reply: answer.length < 10 ? 'dropped' : (REPLIES[answer[1]] ?? answer[1]), wire };
}
