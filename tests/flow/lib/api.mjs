// The API with a private PostgreSQL and Redis, without browsers: for suites of HTTP.
//
//   const api = await startApi({ API_QUEUE_MAX: '4' });
//   const { status, body, headers } = await api.get('/presets', key);   // below /api/v1; '//health' from the root
//   await api.send('POST', '/presets', { name: 'x' }, key, { 'Idempotency-Key': 'k' });
//   await api.stop();
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { makeFolder, startPostgres, startRedis } from './database.mjs';
import { findBinary, freePort, runBinary, until } from './instance.mjs';

export async function startApi(settings = {}) {
  const api = new Api();
  await api.prepare(settings);
  await api.start();
  return api;
}

class Api {
  async prepare(settings) {
    this.binary = findBinary();
    this.folder = makeFolder('api');
    this.postgres = await startPostgres(this.folder.path);
    this.redis = await startRedis(this.folder.path);
    this.env = {
      PATH: process.env.PATH, LANG: 'C.UTF-8', REPLINET_ENV: '/dev/null', LOG_FORMAT: 'json', LOG_LEVEL: 'info',
      ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? 'abort_on_error=0',
      UBSAN_OPTIONS: process.env.UBSAN_OPTIONS ?? 'print_stacktrace=1:halt_on_error=1',
      ...(process.env.TSAN_OPTIONS && { TSAN_OPTIONS: process.env.TSAN_OPTIONS }),
      DATABASE_URL: this.postgres.url, REDIS_URL: this.redis.url,
      STATE_DIR: `${this.folder.path}/state`, RUN_DIR: `${this.folder.path}/run`,
      RATE_LIMIT_SIGN_IN: '0', RATE_LIMIT_WRITE: '0', RATE_LIMIT_READ: '0', WEB_DIR: '/nonexistent',
      SECRET_KEY: randomBytes(32).toString('hex'),
      BACKEND_PORT: String(await freePort()), API_METRICS_PORT: String(await freePort()),
      ...settings,
    };
    this.url = `http://127.0.0.1:${this.env.BACKEND_PORT}`;
    this.metrics = `http://127.0.0.1:${this.env.API_METRICS_PORT}/metrics`;
    const migrated = await this.cli('migrate');
    if (migrated.code) throw new Error(migrated.stderr);
  }

  async start() {
    this.log = '';
    this.child = spawn(this.binary, ['api'], { env: this.env, stdio: ['ignore', 'ignore', 'pipe'] });
    this.child.stderr.on('data', (data) => (this.log += data));
    this.ended = once(this.child, 'close').then(([code, signal]) => (this.end = { code, signal }));
    this.end = null;
    await until('the api', async () => {
      if (this.end) throw new Error(`ended: ${JSON.stringify(this.end)}\n${this.log}`);
      return (await fetch(`${this.url}/health`)).ok;
    });
  }

  async finish(signal = 'SIGTERM') {
    if (!this.end) this.child.kill(signal);
    await this.ended;
    return this.end;
  }

  /** Says something on the private Redis. */
  redisCli(...words) {
    return execFileSync('redis-cli', ['-s', this.redis.url.slice('unix://'.length), ...words]).toString().trim();
  }

  cli(...args) {
    return runBinary(this.binary, args, this.env);
  }

  /** A request below /api/v1, or from the root with '//'. `token` may be null. */
  async send(method, path, body, token, headers = {}) {
    const url = path.startsWith('//') ? this.url + path.slice(1) : `${this.url}/api/v1${path}`;
    const raw = typeof body === 'string' || body instanceof Uint8Array;
    const answer = await fetch(url, {
      method, redirect: 'manual',
      headers: { ...(body !== undefined && !raw && { 'Content-Type': 'application/json' }), ...(token && { Authorization: `Bearer ${token}` }), ...headers },
      ...(body !== undefined && { body: raw ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const json = answer.headers.get('content-type')?.startsWith('application/json');
    return { status: answer.status, headers: answer.headers, text, body: json ? JSON.parse(text) : text };
  }
  get(path, token, headers) {
    return this.send('GET', path, undefined, token, headers);
  }

  /** A user made in the database, and an API key of theirs. */
  makeUser(role = 'free_user', scopes = 'read,write,run,browsers,admin') {
    const email = `${role}-${randomBytes(6).toString('hex')}@example.org`;
    const id = this.postgres.value(`INSERT INTO users (email, name, role) VALUES ('${email}', 'Test', '${role}') RETURNING id`);
    return { id, email, role, key: this.makeKey(id, scopes) };
  }
  makeKey(userId, scopes = 'read,write,run,browsers,admin') {
    const key = `rpl_${randomBytes(32).toString('base64url')}`;
    const digest = createHash('sha256').update(key).digest('hex');
    this.postgres.sql(`INSERT INTO api_keys (user_id, name, digest, prefix, scopes) VALUES ('${userId}', 'test', decode('${digest}', 'hex'), '${key.slice(0, 8)}', '{${scopes}}')`);
    return key;
  }

  /** A worker beside it; kill it, then wait for `ended`. */
  startWorker() {
    const env = { ...this.env, WORKER_METRICS_PORT: '0', ASAN_OPTIONS: `${this.env.ASAN_OPTIONS}:detect_leaks=0` };
    const worker = spawn(this.binary, ['worker'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    worker.stderr.on('data', (data) => (this.log += data));
    worker.ended = once(worker, 'close');
    return worker;
  }

  async stop() {
    const end = this.child ? await this.finish() : null;
    await this.redis?.stop();
    await this.postgres?.stop();
    this.folder?.remove();
    return end;
  }
}
