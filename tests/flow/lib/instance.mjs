// A whole private instance: `replinet up` with folders and ports of its own.
//
//   const replinet = await startInstance({ MAX_BROWSERS: '2' });
//   replinet.url (the API), replinet.door, replinet.metrics, replinet.env, replinet.children()
//   await replinet.cli('thread', 'start', ...)
//   await replinet.stop();               // SIGTERM, and nothing may be left
//
// The binary is $REPLINET_BIN (./dev test sets it), else that of build-asan or build.
import assert from 'node:assert/strict';
import { spawn, execFile, execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkout = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The binary, where other users can run it: a checkout may lie in a folder that they cannot enter. */
export function findBinary() {
  const found = [process.env.REPLINET_BIN, 'build-asan/src/cli/replinet', 'build/src/cli/replinet']
    .filter(Boolean)
    .map((name) => path.resolve(checkout, name))
    .find((name) => fs.existsSync(name));
  if (!found) throw new Error('there is no binary: run ./dev build, or set REPLINET_BIN');
  return found;
}

/** A free TCP port on loopback. It is free now; whoever asks must use it soon. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Asks until the answer is truthy; the last answer or error goes into the complaint. The time is for the slowest machine. */
export async function until(what, ask, ms = 60000) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try {
      last = await ask();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`${what}: not within ${ms} ms (last: ${last})`);
    await sleep(50);
  }
}

/** A folder that other users can enter, in a place short enough for Unix sockets. */
export function makeFolder(name) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), `replinet-${name}-`));
  fs.chmodSync(folder, 0o755);
  return folder;
}

const read = (file) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** Every process of the machine: {pid, parent, uid, name, command}. */
export function processes() {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      const status = read(`/proc/${pid}/status`);
      const field = (name) => status.match(new RegExp(`^${name}:\\s+(.*)$`, 'm'))?.[1] ?? '';
      const command = read(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);
      return { pid: Number(pid), parent: Number(field('PPid')), uid: Number(field('Uid').split('\t')[0]), name: field('Name'), state: field('State')[0], command };
    })
    .filter((p) => p.state);
}

/** The environment that a process was started with, as an object. */
export function environmentOf(pid) {
  return Object.fromEntries(
    read(`/proc/${pid}/environ`)
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** Everything that a process started, and what those started. */
export function descendants(root) {
  const all = processes();
  const found = [];
  for (let wave = [root]; wave.length; ) {
    const next = all.filter((p) => wave.includes(p.parent));
    found.push(...next);
    wave = next.map((p) => p.pid);
  }
  return found;
}

export const cgroupOf = (pid) => read(`/proc/${pid}/cgroup`);

/** What may be left of an instance: processes and mounts that name its folders. */
export function traces(instance) {
  const mine = (text) => text.includes(instance.folder);
  const left = [];
  for (const p of processes()) {
    const where = ['cwd', 'root'].map((name) => {
      try {
        return fs.readlinkSync(`/proc/${p.pid}/${name}`);
      } catch {
        return '';
      }
    });
    if (p.state !== 'Z' && (mine(p.command.join(' ')) || where.some(mine) || mine(Object.values(environmentOf(p.pid)).join(' '))))
      left.push(`process ${p.pid} ${p.command.join(' ')}`);
  }
  for (const line of read('/proc/self/mountinfo').split('\n')) if (mine(line)) left.push(`mount ${line}`);
  return left;
}

export class Instance {
  /** `settings` overrides configuration; `folder` reuses the state of an earlier instance. */
  static async prepare(settings = {}, { folder = makeFolder('up') } = {}) {
    const instance = new Instance();
    instance.folder = folder;
    instance.binary = findBinary();
    instance.env = {
      PATH: process.env.PATH,
      LANG: 'C.UTF-8',
      ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? 'abort_on_error=0',
      UBSAN_OPTIONS: process.env.UBSAN_OPTIONS ?? 'print_stacktrace=1:halt_on_error=1',
      REPLINET_ENV: '/dev/null',
      STATE_DIR: `${folder}/state`,
      RUN_DIR: `${folder}/run`,
      DOOR_PORT: String(await freePort()),
      WORKER_METRICS_PORT: String(await freePort()),
      BACKEND_PORT: String(await freePort()),
      API_METRICS_PORT: String(await freePort()),
      RATE_LIMIT_SIGN_IN: '0', // a suite signs in more often than a person
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
      POOL_WARM: '0',
      ...settings,
    };
    instance.door = `http://127.0.0.1:${instance.env.DOOR_PORT}`;
    instance.url = `http://127.0.0.1:${instance.env.BACKEND_PORT}`;
    instance.metrics = `http://127.0.0.1:${instance.env.API_METRICS_PORT}/metrics`;
    return instance;
  }

  /** Starts `replinet up` and waits until it says that it is ready; throws with its log when it ends before. */
  async start(ms = 120000) {
    this.out = '';
    this.log = '';
    this.up = spawn(this.binary, ['up'], { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.up.stdout.on('data', (data) => (this.out += data));
    this.up.stderr.on('data', (data) => (this.log += data));
    this.ended = once(this.up, 'close').then(([code, signal]) => (this.end = { code, signal }));
    this.end = null;
    await until(
      'replinet up',
      () => {
        if (this.end) throw new Error(`ended: ${JSON.stringify(this.end)}`);
        return this.out.includes('Replinet is ready');
      },
      ms,
    ).catch(async (error) => {
      await this.stop().catch(() => {});
      throw new Error(`${error.message}\n${this.log}`);
    });
    return this;
  }

  /** The processes that `up` keeps running, by name: {postgres, redis, launcher, engine, worker, api}. */
  children() {
    const named = { postgres: 'postgres', 'redis-server': 'redis' };
    const list = processes().filter((p) => p.parent === this.up.pid && p.state !== 'Z');
    return Object.fromEntries(list.map((p) => [p.name === 'replinet' ? p.command[1] : (named[p.name] ?? p.name), p]));
  }

  /** Log lines as objects; what is no JSON (another program's words) as {message}. */
  logLines() {
    return this.log
      .split('\n')
      .filter(Boolean)
      .map((line) => {
        try {
          return JSON.parse(line);
        } catch {
          return { message: line };
        }
      });
  }

  /** Runs a subcommand as root on this instance: {code, stdout, stderr}. */
  cli(...args) {
    return runBinary(this.binary, args, this.env);
  }

  /** The same with --json, which must succeed: its answer. */
  async json(...args) {
    const answer = await this.cli(...args, '--json');
    assert.equal(answer.code, 0, `replinet ${args.join(' ')}: ${answer.stderr}`);
    return JSON.parse(answer.stdout);
  }

  /** Makes a preset or an agent by the command line. */
  create(kind, object) {
    const file = path.join(this.folder, `${object.name}.${kind}.json`);
    fs.writeFileSync(file, JSON.stringify(object));
    return this.json(kind, 'create', file);
  }

  /** A user made in the database, and an API key of theirs. */
  makeUser(role, { name = 'Test', scopes = 'read,write,run,browsers,admin' } = {}) {
    const key = `rpl_${randomBytes(32).toString('base64url')}`;
    const digest = createHash('sha256').update(key).digest('hex');
    const id = this.sql(`INSERT INTO users (email, name, role) VALUES ('${digest.slice(0, 12)}@example.org', '${name}', '${role}') RETURNING id`);
    this.sql(`INSERT INTO api_keys (user_id, name, digest, prefix, scopes)
              VALUES ('${id}', 'test', decode('${digest}', 'hex'), '${key.slice(0, 8)}', '{${scopes}}')`);
    return { id, key };
  }

  /** SQL on the private database. */
  sql(text) {
    const where = ['-h', `${this.env.RUN_DIR}/postgres`, '-U', 'replinet', '-d', 'replinet'];
    return execFileSync('psql', [...where, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-c', text], { cwd: '/' }).toString().trim();
  }

  async stop(signal = 'SIGTERM', ms = 60000) {
    if (!this.end) this.up.kill(signal);
    // The timer must not keep a suite alive that is through.
    const late = new Promise((resolve) => setTimeout(resolve, ms, 'late').unref());
    if ((await Promise.race([this.ended, late])) === 'late') {
      this.up.kill('SIGKILL');
      throw new Error(`replinet up did not stop within ${ms} ms\n${this.log}`);
    }
    return this.end;
  }

  /** Removes the folder; for the end of a suite. */
  remove() {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}

export function runBinary(binary, args, env, options = {}) {
  return new Promise((resolve) => {
    const child = execFile(binary, args, { env, maxBuffer: 64 << 20, timeout: 120000, ...options }, (error, stdout, stderr) =>
      resolve({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }),
    );
    child.stdin?.end(options.input);
  });
}

export async function startInstance(settings, options) {
  const instance = await Instance.prepare(settings, options);
  return instance.start();
}
