// `replinet up` and the commands that the demo gives it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import readline from 'node:readline';

const READY_MS = 90000;
const LOG_LINES = 40;

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

export class Replinet {
  constructor({ REPLINET_BIN, PATH, LANG, STATE_DIR, RUN_DIR }) {
    this.binary = REPLINET_BIN;
    this.env = { PATH, LANG, STATE_DIR, RUN_DIR, REPLINET_ENV: '/dev/null', LOG_FORMAT: 'text' };
    this.log = [];
    // A Ctrl-C in the terminal reaches this process alone; the instance is stopped in order.
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => this.stop().then(() => process.exit(130)));
  }

  async start(settings) {
    const ports = { DOOR_PORT: String(await freePort()), WORKER_METRICS_PORT: String(await freePort()) };
    this.env = { ...this.env, ...ports, ...settings };
    this.up = spawn(this.binary, ['up'], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.ended = once(this.up, 'close');
    readline.createInterface({ input: this.up.stderr }).on('line', (line) => (this.log = [...this.log, line].slice(-LOG_LINES)));
    await Promise.race([this.#ready(), this.#endedEarly(), this.#late()]);
  }

  async #ready() {
    for await (const line of readline.createInterface({ input: this.up.stdout })) if (line.startsWith('Replinet is ready')) return;
    await new Promise(() => {});
  }

  async #endedEarly() {
    const [code] = await this.ended;
    throw new Error(`replinet up ended with status ${code}:\n${this.log.join('\n')}`);
  }

  #late() {
    return new Promise((_, reject) => setTimeout(() => reject(new Error(`replinet up is not ready after ${READY_MS / 1000} s:\n${this.log.join('\n')}`)), READY_MS).unref());
  }

  /** Runs a script in a browser of the instance; events arrive while it works. Returns the thread. */
  async runThread({ script, inputs, output, onEvent }) {
    const events = path.join(this.env.RUN_DIR, 'demo-events.jsonl');
    fs.writeFileSync(events, '');
    const child = spawn(this.binary, ['run', script, '--inputs', JSON.stringify(inputs), '--output', output, '--events', events], {
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let answer = '';
    let complaint = '';
    child.stdout.on('data', (data) => (answer += data));
    child.stderr.on('data', (data) => (complaint += data));
    let told = 0;
    const tell = () => {
      const lines = fs.readFileSync(events, 'utf8').split('\n').slice(0, -1);
      for (; told < lines.length; told++) onEvent(JSON.parse(lines[told]));
    };
    const timer = setInterval(tell, 50);
    await once(child, 'close');
    clearInterval(timer);
    tell();
    if (!answer) throw new Error(complaint);
    return JSON.parse(answer);
  }

  async stop() {
    if (!this.up || this.up.exitCode !== null || this.up.signalCode !== null) return;
    this.up.kill('SIGTERM');
    await this.ended;
  }
}
