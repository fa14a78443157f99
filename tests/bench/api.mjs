// Requests per second of the API: /health to nginx's static answer of the same size; GET /agents/{id} with a JWT to
// `pgbench -S -M prepared` with as many connections, and to the same route in FastAPI, uvicorn and asyncpg. Memory when idle.
// Argument: seconds per measurement (5). Needs wrk, nginx, python3-fastapi, python3-uvicorn, python3-asyncpg.
import { execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import { startApi } from '../flow/lib/api.mjs';
import { freePort, until } from '../flow/lib/instance.mjs';
import { count, report } from './lib/report.mjs';

const seconds = count(5);
const CONNECTIONS = 32;
const PGBENCH = '/usr/lib/postgresql/15/bin/pgbench';
const children = [];
const api = await startApi({ RATE_LIMIT_READ: '0', LOG_LEVEL: 'warn', API_QUEUE_MAX: '1000' });

function wrk(url, token) {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, ...(token ? ['-H', `Authorization: Bearer ${token}`] : []), url];
  const out = execFileSync('wrk', args).toString();
  if (/Non-2xx/.test(out)) throw new Error(`${url}: ${out}`);
  return Number(out.match(/Requests\/sec:\s+([\d.]+)/)[1]);
}
function start(program, args, options) {
  const child = spawn(program, args, { stdio: 'ignore', ...options });
  children.push(child);
  return child;
}
const answers = (url, headers) => until(url, async () => (await fetch(url, { headers })).ok, 30000);

async function startNginx(body) {
  const folder = `${api.folder.path}/nginx`;
  const port = await freePort();
  fs.mkdirSync(`${folder}/files`, { recursive: true });
  fs.writeFileSync(`${folder}/files/health`, body);
  fs.writeFileSync(`${folder}/nginx.conf`, `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr; events { worker_connections 512; }
    http { access_log off; default_type application/json; keepalive_requests 1000000; client_body_temp_path ${folder}; proxy_temp_path ${folder};
      fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder}; server { listen 127.0.0.1:${port}; root ${folder}/files; } }`);
  start('/usr/sbin/nginx', ['-c', `${folder}/nginx.conf`, '-p', folder]);
  await answers(`http://127.0.0.1:${port}/health`);
  return `http://127.0.0.1:${port}/health`;
}

function pgbench() {
  const args = ['-h', `${api.folder.path}/postgres`, '-U', 'replinet', '-n', '-M', 'prepared', '-c', String(CONNECTIONS), '-j1', '-T', String(seconds), '-S', 'replinet'];
  return Number(execFileSync(PGBENCH, args, { cwd: '/' }).toString().match(/tps = ([\d.]+)/)[1]);
}

const base64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function foreignToken(sub) {
  const head = `${base64({ alg: 'HS256', typ: 'JWT' })}.${base64({ sub, exp: Date.now() / 1000 + 3600 })}`;
  return `${head}.${createHmac('sha256', 'x'.repeat(32)).update(head).digest('base64url')}`;
}

// As simple as one would write it there, and so kinder to the other side than the API's own statement, which also finds
// names and computes the agent's status.
const QUERY = "SELECT row_to_json(a)::text FROM agents a WHERE a.id = $3::uuid AND (a.owner_id = $1::uuid OR $2::user_role >= 'admin')";

try {
  const health = await api.get('//health');
  const nginx = await startNginx(health.text);
  const idle = fs.readFileSync(`/proc/${api.child.pid}/status`, 'utf8').match(/VmRSS:\s+(\d+)/)[1] / 1024;
  report('api_memory', { unit: 'MB', what: 'RSS when idle' }, idle, { most: 30 });
  wrk(nginx), wrk(`${api.url}/health`);
  const [own, theirs] = [wrk(`${api.url}/health`), wrk(nginx)];
  report('api_health', { unit: 'ratio to nginx', requests: own, nginx: theirs }, own / theirs, { least: 0.85 });

  const account = await api.send('POST', '/auth/register', { email: 'bench@example.org', password: 'a long password', transport: 'body' });
  const token = account.body.access_token;
  const preset = await api.send('POST', '/presets', { name: 'bench' }, token);
  const agent = await api.send('POST', '/agents', { name: 'bench', preset_id: preset.body.id }, token);
  if (agent.status !== 201) throw new Error(agent.text);
  const url = `${api.url}/api/v1/agents/${agent.body.id}`;
  execFileSync(PGBENCH, ['-h', `${api.folder.path}/postgres`, '-U', 'replinet', '-i', '-q', 'replinet'], { cwd: '/', stdio: 'ignore' });
  wrk(url, token);
  const [requests, tps] = [wrk(url, token), pgbench()];
  report('api_agent', { unit: 'ratio to pgbench -S', requests, pgbench: tps, connections: CONNECTIONS }, requests / tps, { least: 0.35 });

  fs.writeFileSync(`${api.folder.path}/query.sql`, QUERY);
  const port = await freePort();
  start('/usr/bin/python3', ['-m', 'uvicorn', 'fastapi_agent:app', '--port', String(port), '--no-access-log', '--log-level', 'warning'], {
    cwd: new URL('./lib', import.meta.url).pathname, stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: process.env.PATH, PGHOST: `${api.folder.path}/postgres`, QUERY_FILE: `${api.folder.path}/query.sql`, PYTHONDONTWRITEBYTECODE: '1' },
  });
  const foreign = foreignToken(account.body.user.id);
  const path = `http://127.0.0.1:${port}/agents/${agent.body.id}`;
  await answers(path, { Authorization: `Bearer ${foreign}` });
  wrk(path, foreign);
  const python = wrk(path, foreign);
  report('api_fastapi', { unit: 'times FastAPI', requests, fastapi: python }, requests / python, { least: 10 });
} finally {
  for (const child of children) child.kill('SIGTERM');
  await api.stop();
}
