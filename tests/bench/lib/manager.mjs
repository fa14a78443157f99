// A Browser Manager of the benchmark's own: `replinet browser-manager` in a folder, on a port and with a key of its own.
import { spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { chmodSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { SocketCdp } from './cdp.mjs';

export const BINARY = process.env.REPLINET_BIN ?? (() => { throw new Error('REPLINET_BIN is not set; use ./dev bench'); })();

const freePort = () => new Promise(resolve => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => resolve(port));
  });
});

const ended = child => child.exitCode !== null || child.signalCode !== null
  ? Promise.resolve() : new Promise(resolve => child.once('exit', resolve));

// `replinet ticket -` signs a line per line.
function startSigner(env) {
  const child = spawn(BINARY, ['ticket', '-'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [];
  createInterface(child.stdout).on('line', line => waiting.shift()(line));
  return {
    sign: claims => new Promise(resolve => { waiting.push(resolve); child.stdin.write(JSON.stringify(claims) + '\n'); }),
    stop: () => { child.stdin.end(); return ended(child); },
  };
}

export async function startManager(settings = {}) {
  const folder = mkdtempSync('/tmp/replinet-bench-');
  chmodSync(folder, 0o755);
  const port = await freePort();
  const env = {
    PATH: process.env.PATH, SECRET_KEY: randomBytes(32).toString('hex'), STATE_DIR: `${folder}/state`, RUN_DIR: `${folder}/run`,
    DOOR_PORT: String(port), LOG_LEVEL: 'warn', LOG_FORMAT: 'json', REPLINET_ENV: '/dev/null', POOL_MIN_FREE_MB: '0',
    ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
  };
  const log = openSync(`${folder}/log`, 'w');
  const child = spawn(BINARY, ['browser-manager'], { env, cwd: '/', stdio: ['ignore', log, log] });
  const signer = startSigner(env);
  const agent = new Agent({ keepAlive: true });

  function http(method, path, ticket) {
    return new Promise((resolve, reject) => {
      const asking = request({ host: '127.0.0.1', port, method, path, agent, headers: { authorization: `Bearer ${ticket}` } }, answer => {
        const parts = [];
        answer.on('data', part => parts.push(part));
        answer.on('end', () => {
          const body = parts.length ? JSON.parse(Buffer.concat(parts)) : null;
          if (answer.statusCode < 300) resolve(body);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${body?.detail}`));
        });
      });
      asking.on('error', reject);
      asking.end();
    });
  }

  // A benchmark that is stopped takes its manager along.
  for (const signal of ['SIGINT', 'SIGTERM'])
    process.once(signal, () => manager.stop().finally(() => process.exit(1)));

  const manager = {
    pid: child.pid,
    port,
    env,
    manageTicket: () => signer.sign({ scope: 'manage', sub: 'bench' }),
    leaseTicket: (lease = {}) => signer.sign({ scope: 'lease', jti: randomUUID(), sub: 'bench', lease }),
    cdpTicket: browser => signer.sign({ scope: 'cdp', browser, sub: 'bench' }),
    viewTicket: browser => signer.sign({ scope: 'view', browser, sub: 'bench' }),
    lease: ticket => http('POST', '/browsers', ticket),
    list: async () => (await http('GET', '/browsers', await manager.manageTicket())).items,
    statistics: async () => http('GET', '/statistics', await manager.manageTicket()),
    release: async id => http('DELETE', `/browsers/${id}?reason=released`, await manager.manageTicket()),
    connect: (id, ticket) => SocketCdp.open(`ws://127.0.0.1:${port}/browsers/${id}/cdp?ticket=${ticket}`),
    // A browser waits, settled and frozen, and no other is being started or ended beside it.
    async untilReady() {
      for (const end = Date.now() + 60000; ; await sleep(20)) {
        const browsers = await manager.list();
        if (browsers.some(({ frozen }) => frozen) && browsers.every(({ state, frozen }) => state === 'warm' ? frozen : state === 'leased')) return;
        if (Date.now() > end) throw new Error(`no browser became ready: ${JSON.stringify(browsers)}`);
      }
    },
    async stop() {
      await signer.stop();
      agent.destroy();
      child.kill('SIGTERM');
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  for (const end = Date.now() + 20000; ; await sleep(20)) {
    if (child.exitCode !== null) throw new Error(`browser-manager ended:\n${readFileSync(`${folder}/log`)}`);
    try { await manager.statistics(); break; } catch (problem) { if (Date.now() > end) throw problem; }
  }
  return manager;
}

// Every process of the machine: [{pid, parent, exe, command}].
export function processes() {
  return readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(name => {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
      const command = readFileSync(`/proc/${name}/cmdline`, 'latin1').split('\0').filter(Boolean);
      return [{ pid: Number(name), parent, exe: readlinkSync(`/proc/${name}/exe`), command }];
    } catch { return []; }
  });
}

export function descendants(root) {
  const all = processes(), found = new Set([root]);
  for (let grew = true; grew;) {
    grew = false;
    for (const { pid, parent } of all) if (found.has(parent) && !found.has(pid)) grew = !!found.add(pid);
  }
  return all.filter(({ pid }) => found.has(pid));
}

// CPU time in ms that a process and the children it has reaped have used.
export function cpuOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
  return fields.slice(11, 15).reduce((sum, ticks) => sum + ticks * 10, 0); // utime, stime, cutime, cstime at 100 Hz
}
