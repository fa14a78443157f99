// A client of /api/v1/ws that keeps what it hears.
import { connectWebSocket } from './raw_cdp.mjs';
import { until } from './instance.mjs';

export class HubClient {
  /** `api` as of lib/api.mjs; signs in with `key` in the header, or with a ticket. */
  static async connect(api, key, { ticket } = {}) {
    const query = ticket ? `?ticket=${ticket}` : '';
    const websocket = await connectWebSocket({
      host: '127.0.0.1', port: Number(api.env.BACKEND_PORT), path: `/api/v1/ws${query}`, headers: ticket ? {} : { Authorization: `Bearer ${key}` },
    });
    return new HubClient(websocket);
  }

  constructor(websocket) {
    Object.assign(this, { websocket, status: websocket.status, messages: [] });
    this.ended = this.#read();
  }

  async #read() {
    try {
      for (;;) this.messages.push(JSON.parse(await this.websocket.next(2 ** 31 - 1)));
    } catch { /* closed */ }
  }

  say(op, members = {}) {
    this.websocket.send(JSON.stringify({ op, ...members }));
  }

  /** Subscribes and returns the answer: subscribed, reset or error. */
  async subscribe(channel, after) {
    const from = this.messages.length;
    this.say('subscribe', { channel, ...(after !== undefined && { after }) });
    return this.heard((m) => m.channel === channel && m.type !== 'event', from);
  }

  async heard(check, from = 0) {
    const find = () => this.messages.slice(from).find(check);
    await until('a message', find);
    return find();
  }

  /** Numbers of the events of a channel, in the order heard. */
  seqs(channel) {
    return this.messages.filter((m) => m.type === 'event' && m.channel === channel).map(({ seq }) => seq);
  }

  async until(what, check) {
    await until(what, () => check(this));
  }

  close() {
    this.websocket.socket.destroy();
  }
}
