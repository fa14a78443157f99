// `replinet up` and the commands that the demo gives it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
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
    const ports = { DOOR_PORT: String(await freePort()), WORKER_METRICS_PORT: String(await freePort()), BACKEND_PORT: String(await freePort()), API_METRICS_PORT: String(await freePort()) };
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

  /** Runs a subcommand; its JSON answer. `input` goes to its standard input, `onLine` gets each line as it comes. */
  async command(args, { input, onLine } = {}) {
    const child = spawn(this.binary, args, { env: this.env, stdio: ['pipe', 'pipe', 'pipe'] });
    const ended = once(child, 'close');
    let answer = '';
    let complaint = '';
    child.stderr.on('data', (data) => (complaint += data));
    child.stdin.end(input);
    if (onLine) readline.createInterface({ input: child.stdout }).on('line', onLine);
    else child.stdout.on('data', (data) => (answer += data));
    const [code] = await ended;
    if (code) throw new Error(`replinet ${args.join(' ')}: ${complaint || answer || `status ${code}`}`);
    return answer && JSON.parse(answer);
  }

  /** The object of this name, made when there is none. */
  async #ensure(kind, object) {
    const { items } = await this.command([kind, 'ls', '--json', '--size', '100']);
    return items.find((item) => item.name === object.name) ?? this.command([kind, 'create', '-', '--json'], { input: JSON.stringify(object) });
  }

  /** Makes preset and agent where they are missing, starts a thread and follows its events until it has ended. */
  async runThread({ script, inputs, output, onEvent }) {
    const text = fs.readFileSync(script, 'utf8');
    const version = createHash('sha256').update(text).digest('hex').slice(0, 8);
    const preset = await this.#ensure('preset', { name: 'No model', description: 'Runs scripts', ai_model: 'script' });
    const agent = await this.#ensure('agent', { name: `Shop reader ${version}`, preset_id: preset.id, script: JSON.parse(text) });
    const { id } = await this.command(['thread', 'start', agent.id, '--inputs', JSON.stringify(inputs), '--json']);
    await this.command(['thread', 'logs', id, '-f', '--json'], { onLine: (line) => onEvent(JSON.parse(line)) });
    const thread = await this.command(['thread', 'show', id, '--json']);
    for (const file of thread.artifacts) await this.command(['artifact', 'get', file.id, '-o', path.join(output, path.basename(file.name))]);
    return thread;
  }

  async stop() {
    if (!this.up || this.up.exitCode !== null || this.up.signalCode !== null) return;
    this.up.kill('SIGTERM');
    await this.ended;
  }
}
