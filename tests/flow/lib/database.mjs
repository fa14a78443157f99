// A private PostgreSQL and Redis for one test file: Unix sockets only, in a folder of their own, as the users that the
// product runs them as. Nothing is left behind after stop().
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BIN = '/usr/lib/postgresql/15/bin';
const USERS = ['root', 'replinet-worker', 'replinet-api', 'replinet-postgres'];

const id = (user, flag) => Number(execFileSync('id', [flag, user]).toString());

async function until(what, check, ms = 60000) {
  const end = Date.now() + ms;
  for (let last; ;) {
    try { if (await check()) return; } catch (problem) { last = problem; }
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms${last ? `: ${last.message}` : ''}`);
    await sleep(25);
  }
}

function ended(child) {
  return child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise(done => child.once('exit', done));
}

/** `environment` is added to the server's. */
export async function startPostgres(folder, environment = {}) {
  const user = { uid: id('replinet-postgres', '-u'), gid: id('replinet-postgres', '-g') };
  const data = join(folder, 'postgres-data'), sockets = join(folder, 'postgres');
  for (const path of [data, sockets]) {
    mkdirSync(path, { mode: 0o755 });
    chownSync(path, user.uid, user.gid);
  }
  chmodSync(data, 0o700);
  const run = (program, args) => execFileSync(join(BIN, program), args, { ...user, cwd: '/', stdio: 'pipe' });
  run('initdb', ['-D', data, '-A', 'peer', '-U', 'replinet-postgres', '-E', 'UTF8', '--locale=C.UTF-8', '-N']);
  writeFileSync(join(data, 'pg_hba.conf'), 'local all all peer map=test\n');
  writeFileSync(join(data, 'pg_ident.conf'),
    USERS.map(name => `test ${name} replinet\n`).join('') + 'test replinet-postgres replinet-postgres\ntest root replinet-postgres\n');
  const server = {
    url: `host=${sockets} dbname=replinet user=replinet`, data, child: null,
    async start() {
      this.child = spawn(join(BIN, 'postgres'), ['-D', data, '-k', sockets, '-c', 'listen_addresses=', '-c', 'fsync=off',
        '-c', 'max_connections=60', '-c', 'shared_buffers=32MB'], { ...user, cwd: '/', env: { ...process.env, ...environment }, stdio: ['ignore', 'ignore', 'pipe'] });
      this.log = '';
      this.child.stderr.on('data', text => { this.log = (this.log + text).slice(-(16 << 20)); });
      await until('the start of PostgreSQL', () => run('pg_isready', ['-h', sockets, '-d', 'postgres']));
    },
    async stop(signal = 'SIGINT') {
      this.child.kill(signal);
      await ended(this.child);
    },
    // Rows as arrays of strings; '' for NULL.
    sql(text, { database = 'replinet', role = 'replinet' } = {}) {
      const out = execFileSync('psql', ['-h', sockets, '-U', role, '-d', database, '-XqAt', '-F', '\x1f', '-v', 'ON_ERROR_STOP=1', '-c', text],
        { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' }).toString();
      return out.split('\n').filter(line => line !== '').map(line => line.split('\x1f'));
    },
    // Keeps a statement's locks until release(); `held` resolves once they are taken.
    hold(text) {
      const psql = spawn('psql', ['-h', sockets, '-U', 'replinet', '-d', 'replinet', '-Xq', '-c', `BEGIN; ${text};`, '-f', '-'], { cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] });
      const held = new Promise(done => psql.stdout.once('data', done));
      psql.stdin.write('\\echo held\n');
      return { held, release: async () => { psql.stdin.end('ROLLBACK;\n'); await ended(psql); } };
    },
    value(text, options) { return this.sql(text, options)[0]?.[0]; },
    json(text) { return JSON.parse(this.value(text)); },
  };
  await server.start();
  server.sql('CREATE ROLE replinet LOGIN', { database: 'postgres', role: 'replinet-postgres' });
  server.sql('CREATE DATABASE replinet OWNER replinet', { database: 'postgres', role: 'replinet-postgres' });
  return server;
}

export async function startRedis(folder) {
  const socket = join(folder, 'redis.sock');
  const server = {
    url: `unix://${socket}`, child: null,
    async start() {
      this.child = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--unixsocketperm', '777', '--save', '', '--appendonly', 'no',
        '--dir', folder], { cwd: '/', stdio: 'ignore' });
      await until('the start of Redis', () => new Promise((yes, no) => {
        const client = connect(socket, () => { client.destroy(); yes(true); });
        client.on('error', no);
      }));
    },
    async stop(signal = 'SIGTERM') {
      this.child.kill(signal);
      await ended(this.child);
    },
  };
  await server.start();
  return server;
}

// A folder that other users can enter, with STATE_DIR and RUN_DIR of an instance.
export function makeFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `replinet-${name}-`));
  chmodSync(folder, 0o755);
  for (const part of ['state', 'run']) mkdirSync(join(folder, part), { mode: 0o755 });
  mkdirSync(join(folder, 'state', 'artifacts'), { mode: 0o750 });
  chownSync(join(folder, 'state', 'artifacts'), id('replinet-worker', '-u'), id('replinet-worker', '-g'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export const workerUser = () => ({ uid: id('replinet-worker', '-u'), gid: id('replinet-worker', '-g') });
export { ended, until, sleep, readFileSync };
