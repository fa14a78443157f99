// The container image, built and used as docs/docker.md says: `./dev image-test`. Takes minutes, so it is run by hand.
//
// A Docker daemon of the test's own (no bridge, a data folder that is removed), a base image made by debootstrap, then
// `docker build`, `docker run`, a person who claims the administrator's link, an agent, a thread in a walled-off browser.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { readIsolation, weaknesses } from '../../demo/isolation.mjs';
import { checkout, freePort, until } from '../flow/lib/instance.mjs';

const NAME = `replinet-test-${process.pid}`;
const NEXT = `${NAME}-next`;
let folder, daemon, site, ports;

const run = (command, args, options = {}) =>
  execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, DOCKER_HOST: `unix://${folder}/docker.sock` }, ...options });
const docker = (...args) => run('docker', args).trim();

/** What docs/docker.md tells people to write, with the ports of the test. */
function runArguments() {
  const page = fs.readFileSync(path.join(checkout, 'docs/docker.md'), 'utf8');
  const flags = page.match(/docker run -d --name replinet \\\n([\s\S]*?)\n {4}replinet\n/)[1];
  return flags
    .split('\\\n')
    .flatMap((line) => line.trim().split(/\s+/))
    .filter((word) => word && !/^(8000:8000|-p|\\)$/.test(word));
}

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replinet-image-'));
  daemon = spawn('dockerd', ['--data-root', `${folder}/data`, '--exec-root', `${folder}/exec`, '-H', `unix://${folder}/docker.sock`, '-p', `${folder}/pid`,
    '--bridge=none', '--iptables=false', '--ip6tables=false'], { stdio: ['ignore', 'ignore', fs.openSync(`${folder}/dockerd.log`, 'w')] });
  await until('the Docker daemon', () => docker('info'), 60000);
  site = http.createServer((request, response) => response.end('<title>seen from a container</title><h1>Hello</h1>'));
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
  ports = Object.fromEntries(await Promise.all(['BACKEND_PORT', 'DOOR_PORT', 'API_METRICS_PORT', 'WORKER_METRICS_PORT'].map(async (name) => [name, await freePort()])));
}, { timeout: 120000 });

after(async () => {
  for (const name of [NEXT, NAME])
    try {
      docker('stop', '-t', '60', name); // killed, it would leave its cgroups
      docker('rm', '-f', '-v', name);
    } catch { /* it was never made */ }
  daemon.kill('SIGTERM');
  await new Promise((resolve) => daemon.on('exit', resolve));
  run('sh', ['-c', `grep -F ${folder}/ /proc/mounts | cut -d' ' -f2 | sort -r | xargs -r -n1 umount -l`]); // what the daemon leaves
  fs.rmSync(folder, { recursive: true, force: true });
  site.close();
});

const logs = () => run('sh', ['-c', `docker logs ${NAME} 2>&1`]);
const url = (place) => `http://127.0.0.1:${ports.BACKEND_PORT}${place}`;

async function api(method, place, body, token, headers = {}) {
  const answer = await fetch(url(`/api/v1${place}`), {
    method,
    headers: { ...(body && { 'Content-Type': 'application/json' }), ...(token && { Authorization: `Bearer ${token}` }), ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${place}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}

test('the image is built from a bare Debian', { timeout: 1800000 }, () => {
  run('debootstrap', ['--variant=minbase', 'bookworm', `${folder}/base`, ...(process.env.DEBIAN_MIRROR ? [process.env.DEBIAN_MIRROR] : [])]);
  fs.copyFileSync('/etc/ssl/certs/ca-certificates.crt', `${folder}/base/opt/ca.crt`); // what this machine trusts
  run('sh', ['-c', `tar -C ${folder}/base -c . | docker import - debian-bare:bookworm`]);
  fs.rmSync(`${folder}/base`, { recursive: true, force: true });
  run('docker', ['build', '--network=host', '--build-arg', 'BASE=debian-bare:bookworm', '--build-arg', 'NODE_EXTRA_CA_CERTS=/opt/ca.crt', '-f', `${checkout}/deploy/docker/Dockerfile`, '-t', 'replinet', checkout],
    { stdio: ['ignore', 'inherit', 'inherit'] }); // it takes minutes and says what it does
});

const healthy = (name) =>
  until('a healthy container', () => docker('inspect', '-f', '{{.State.Health.Status}}', name) === 'healthy', 120000).catch((error) => {
    throw new Error(`${error.message}\n${run('sh', ['-c', `docker logs ${name} 2>&1`]).slice(-5000)}`);
  });

/** A container of the image, with the volume that all of them have. */
function start(name) {
  const settings = Object.entries({ ...ports, EGRESS_ALLOW: `127.0.0.1:${site.address().port}` }).flatMap(([key, value]) => ['-e', `${key}=${value}`]);
  docker('run', '-d', '--name', name, '--network=host', ...runArguments(), ...settings, 'replinet');
  return healthy(name);
}

test('it starts with the privileges that docs/docker.md names, becomes healthy and serves the web app', { timeout: 180000 }, async () => {
  await start(NAME);
  const page = await fetch(url('/'));
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<div id="app">/);
});

test('an agent of a new administrator runs in a walled-off browser', { timeout: 180000 }, async () => {
  const link = docker('exec', NAME, 'replinet', 'admin', 'link');
  const token = new URL(link.match(/https?:\S+/)[0]).searchParams.get('token');
  const { access_token } = await api('POST', '/auth/claim', { token, email: 'owner@example.org', password: 'a long enough password' });
  const preset = await api('POST', '/presets', { name: 'No model', ai_model: 'script' }, access_token);
  const steps = [{ goto: `http://127.0.0.1:${site.address().port}/` }, { extract: { as: 'title', css: 'h1' } }, { wait_for: { ms: 4000 } }];
  const agent = await api('POST', '/agents', { name: 'Reader', preset_id: preset.id, script: { steps } }, access_token);
  const { id } = await api('POST', `/agents/${agent.id}/threads`, {}, access_token);
  const running = await until('a running thread', async () => {
    const thread = await api('GET', `/threads/${id}`, undefined, access_token);
    return thread.status === 'running' && thread.browser_id && thread;
  }, 60000);
  const facts = await until('a renderer', () => readIsolation(running.browser_id), 20000);
  assert.deepEqual(weaknesses(facts), [], JSON.stringify(facts, null, 1));
  const thread = await until('the end', async () => {
    const found = await api('GET', `/threads/${id}`, undefined, access_token);
    return found.end_time && found;
  }, 60000);
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.equal(thread.results.title, 'Hello');
});

test('killed, it leaves a frozen browser, which the next one with its volume removes', { timeout: 300000 }, async () => {
  const browsers = () => JSON.parse(docker('exec', NAME, 'replinet', 'browser', 'ls', '--json')).items;
  const { id } = await until('a frozen browser', () => browsers().find(({ frozen }) => frozen));
  const cgroups = () => run('find', ['/sys/fs/cgroup', '-maxdepth', '3', '-name', id]).trim();
  process.kill(Number(docker('inspect', '-f', '{{.State.Pid}}', NAME)), 'SIGKILL');
  assert.notEqual(cgroups(), '');
  await start(NEXT);
  await until('nothing of it', () => cgroups() === '');
  docker('stop', '-t', '60', NEXT);
  docker('rm', '-f', NEXT);
  await until('the end of the first', () => docker('inspect', '-f', '{{.State.Running}}', NAME) === 'false');
  docker('start', NAME);
  await healthy(NAME);
});

test('it drains on `docker stop`, keeps what it knows, and leaves nothing on the host', { timeout: 120000 }, async () => {
  docker('stop', '-t', '60', NAME);
  assert.equal(docker('inspect', '-f', '{{.State.ExitCode}}', NAME), '0', logs().slice(-3000));
  const left = run('sh', ['-c', "find /sys/fs/cgroup -maxdepth 3 -type d -name 'replinet-*' -path '*docker*' 2>/dev/null || true"]).trim();
  assert.equal(left, '');
  docker('start', NAME);
  await healthy(NAME);
  const { access_token } = await api('POST', '/auth/login', { email: 'owner@example.org', password: 'a long enough password', transport: 'body' });
  assert.equal((await api('GET', '/agents', undefined, access_token)).total, 1);
});
