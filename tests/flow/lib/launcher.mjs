// A launcher of its own for one test file, driven without an engine (tests/flow/launcher_probe.c), and ways to look at
// containers from the host. Its keepers pass CDP on unfiltered, so what is refused here is refused by the container.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const CALL_MS = 30000;

export const quick = Boolean(process.env.REPLINET_QUICK);

/** A program that the build made for tests. REPLINET_TEST_PROGRAMS names another build's folder tests/flow. */
export function testProgram(name) {
  const folders = [process.env.REPLINET_TEST_PROGRAMS, join(ROOT, 'build-asan/tests/flow'), join(ROOT, 'build/tests/flow')];
  const found = folders.filter(Boolean).map(folder => join(folder, name)).find(existsSync);
  if (!found) throw new Error(`${name} is not built; \`./dev test\` builds it`);
  return found;
}

export async function until(what, check, ms = 60000) {
  for (const end = Date.now() + ms; ;) {
    const value = await check();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms`);
    await sleep(20);
  }
}

class CdpError extends Error {}

export class Launcher {
  #serial = 0;
  #waiting = new Map();
  #lists = new Map();
  #cdpId = 0;
  #calls = new Map();
  exited = new Map();

  /** `settings`: configuration beside RUN_DIR. `keeper`: 'probe' passes CDP on, 'product' is the real one. */
  constructor(settings = {}, keeper = 'probe') {
    this.folder = mkdtempSync(join(tmpdir(), 'replinet-launcher-'));
    chmodSync(this.folder, 0o755);
    this.run = join(this.folder, 'run');
    // A copy: users of keepers cannot enter a checkout in /root.
    this.program = join(this.folder, 'program');
    copyFileSync(keeper === 'probe' ? testProgram('launcher_probe') : process.env.REPLINET_BIN, this.program);
    chmodSync(this.program, 0o755);
    this.settings = settings;
  }

  async start() {
    const env = { PATH: process.env.PATH, RUN_DIR: this.run, STATE_DIR: this.folder, LOG_LEVEL: 'warn', LOG_FORMAT: 'json',
      REPLINET_ENV: '/dev/null', MAX_BROWSERS: '16', ...this.settings };
    for (const name of ['ASAN_OPTIONS', 'UBSAN_OPTIONS', 'LSAN_OPTIONS']) if (process.env[name]) env[name] = process.env[name];
    this.log = '';
    this.child = spawn(this.program, ['launcher'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr.on('data', data => { this.log += data; });
    this.ended = new Promise(done => this.child.once('exit', (code, signal) => done({ code, signal })));
    const socket = join(this.run, 'launcher.sock');
    await until('the launcher to listen', () => {
      if (this.child.exitCode !== null) throw new Error(`the launcher ended: ${this.log}`);
      return existsSync(socket) && readFileSync('/proc/net/unix', 'utf8').includes(socket);
    });
    this.#connect();
    return this;
  }

  #connect() {
    this.talk = spawn(testProgram('launcher_probe'), ['talk', this.run], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.talk.stdin.on('error', () => {});
    createInterface({ input: this.talk.stdout }).on('line', line => this.#receive(JSON.parse(line)));
  }

  #receive(message) {
    if (message.browser) return this.#receiveKeeper(message);
    if (!message.serial) return this.exited.set(message.id, message);
    if (message.more) return this.#lists.get(message.serial)?.push(message);
    this.#waiting.get(message.serial)?.(message);
    this.#waiting.delete(message.serial);
  }

  #receiveKeeper({ browser, message, gone }) {
    if (gone) {
      for (const [id, call] of this.#calls) if (call.browser === browser) { this.#calls.delete(id); call.fail(new CdpError('the browser is gone')); }
      return;
    }
    const call = this.#calls.get(message.id);
    if (!call) return;
    this.#calls.delete(message.id);
    if (message.error) call.fail(new CdpError(message.error.message));
    else call.done(message.result);
  }

  #deadline(promise, what) {
    const timer = new AbortController();
    const late = sleep(CALL_MS, null, { signal: timer.signal }).then(() => { throw new Error(`${what} was not answered; ${this.log}`); }, () => {});
    return Promise.race([promise, late]).finally(() => timer.abort());
  }

  /** One operation of browsers/protocol/launcher_protocol.h; gives its reply. */
  ask(op, id = '', more = {}) {
    const serial = ++this.#serial;
    if (op === 'list') this.#lists.set(serial, []);
    const answer = new Promise(done => this.#waiting.set(serial, done));
    this.talk.stdin.write(`${JSON.stringify({ op, serial, id, ...more })}\n`);
    return this.#deadline(answer, op).then(reply => {
      if (op !== 'list') return reply;
      const list = this.#lists.get(serial);
      this.#lists.delete(serial);
      return list;
    });
  }

  /** Makes a browser and waits for its first CDP answer. */
  async create(more = {}) {
    const id = randomUUID();
    const reply = await this.ask('create', id, more);
    if (reply.status) throw new Error(`create: ${reply.text}; ${this.log}`);
    await this.cdp(id, 'Browser.getVersion');
    return id;
  }

  async destroy(id) {
    const reply = await this.ask('destroy', id);
    if (reply.status) throw new Error(`destroy: ${reply.text}`);
  }

  cdp(browser, method, params = {}, sessionId = undefined) {
    const id = ++this.#cdpId;
    const answer = new Promise((done, fail) => this.#calls.set(id, { browser, done, fail }));
    this.talk.stdin.write(`${JSON.stringify({ browser, message: { id, method, params, sessionId } })}\n`);
    return this.#deadline(answer, method);
  }

  /** A new page: a function that calls CDP in its session. */
  async page(browser, url = 'about:blank') {
    const { targetId } = await this.cdp(browser, 'Target.createTarget', { url });
    const { sessionId } = await this.cdp(browser, 'Target.attachToTarget', { targetId, flatten: true });
    return (method, params) => this.cdp(browser, method, params, sessionId);
  }

  pid(id, which = 'container') {
    return Number(readFileSync(join(this.run, 'browsers', id, which), 'utf8').split(' ')[0]);
  }

  config(id) {
    return JSON.parse(readFileSync(join(this.run, 'browsers', id, 'config.json'), 'utf8'));
  }

  async stop() {
    this.child.kill('SIGTERM');
    const end = await this.ended;
    this.talk.kill();
    rmSync(this.folder, { recursive: true, force: true });
    return end;
  }

  async kill() {
    this.child.kill('SIGKILL');
    await this.ended;
    this.talk.kill();
  }
}

/** Field of /proc/PID/status. */
export function status(pid, field) {
  return readFileSync(`/proc/${pid}/status`, 'utf8').match(new RegExp(`^${field}:[ \\t]*(.*)$`, 'm'))?.[1];
}

export const namespace = (pid, kind) => readlinkSync(`/proc/${pid}/ns/${kind}`);

// Chromium's zygote writes a child's arguments with spaces between them.
export const commandLine = pid => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split(/[\0 ]/);

/** Every process in the container of this first process: its pid namespace and those beneath it. */
export function processesOf(pid) {
  const mount = namespace(pid, 'mnt');
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(Number).filter(other => {
    try { return namespace(other, 'mnt') === mount; } catch { return false; }
  });
}

/** The folder of a browser's cgroup in this hierarchy (v1), or the one there is (v2). */
export function cgroupFolder(id, controller) {
  const roots = existsSync('/sys/fs/cgroup/cgroup.controllers') ? ['/sys/fs/cgroup'] : [join('/sys/fs/cgroup', controller)];
  const search = (folder, depth) => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const path = join(folder, entry.name);
      if (entry.name === id) return path;
      const found = depth && search(path, depth - 1);
      if (found) return found;
    }
    return null;
  };
  return search(roots[0], 5);
}
