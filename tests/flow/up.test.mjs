// `replinet up`: one instance from start to end, and what happens when parts of it are killed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import { execFileSync } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import { cgroupOf, environmentOf, freePort, Instance, processes, runBinary, sleep, startInstance, traces, until } from './lib/instance.mjs';

const SERVICES = ['postgres', 'redis', 'launcher', 'engine', 'worker', 'api'];
const userId = (name) => Number(execFileSync('id', ['-u', name]));
const groupId = (name) => Number(execFileSync('getent', ['group', name]).toString().split(':')[2]);
const secretsOf = (instance) => fs.readFileSync(`${instance.env.STATE_DIR}/secret/secret_key`, 'utf8');

/** Runs a program as a system user with its groups. */
const runAs = (user, program, ...args) =>
  runBinary('/usr/bin/setpriv', [`--reuid=${user}`, `--regid=${user}`, '--init-groups', program, ...args], { PATH: process.env.PATH });
const askDatabase = (instance, user, sql, role = 'replinet', database = 'replinet') =>
  runAs(user, '/usr/bin/psql', `postgresql:///${database}?host=${instance.env.RUN_DIR}/postgres&user=${role}`, '-XAtc', sql);

const answers = async (instance) => (await fetch(`${instance.door}/health`)).status === 200;

describe('replinet up', () => {
  let instance;
  before(async () => {
    instance = await startInstance();
  });
  after(async () => {
    await instance.stop();
    assert.deepEqual(traces(instance), []);
    instance.remove();
  });

  test('starts every process as a user of its own', () => {
    const children = instance.children();
    assert.deepEqual(Object.keys(children).sort(), [...SERVICES].sort());
    assert.equal(children.launcher.uid, 0);
    for (const name of ['postgres', 'redis', 'engine', 'worker']) assert.equal(children[name].uid, userId(`replinet-${name}`), name);
  });

  test('says where what listens', () => {
    assert.match(instance.out, new RegExp(`127\\.0\\.0\\.1:${instance.env.DOOR_PORT}`));
    for (const name of SERVICES) assert.match(instance.out, new RegExp(`\\b${name}\\b`));
  });

  test('the door answers', async () => assert.ok(await answers(instance)));

  test('a second one on the same folders is refused with a reason', async () => {
    const second = await runBinary(instance.binary, ['up'], instance.env);
    assert.equal(second.code, 1);
    assert.match(second.stderr, /already runs on RUN_DIR=/);
    assert.match(second.stderr, new RegExp(`process ${instance.up.pid}\\b`));
  });

  test('another RUN_DIR on the same state is refused too', async () => {
    const second = await runBinary(instance.binary, ['up'], { ...instance.env, RUN_DIR: `${instance.folder}/run2` });
    assert.equal(second.code, 1);
    assert.match(second.stderr, /already runs on STATE_DIR=/);
  });

  test('a port that somebody has is named with its setting', async () => {
    const other = await Instance.prepare({ DOOR_PORT: instance.env.DOOR_PORT });
    const second = await runBinary(other.binary, ['up'], other.env);
    other.remove();
    assert.equal(second.code, 1);
    assert.match(second.stderr, new RegExp(`port ${instance.env.DOOR_PORT}.*DOOR_PORT`));
  });

  test('secrets and sockets have their modes', () => {
    const mode = (name) => (fs.statSync(`${instance.folder}/${name}`).mode & 0o7777).toString(8);
    const owner = (name) => [fs.statSync(`${instance.folder}/${name}`).uid, fs.statSync(`${instance.folder}/${name}`).gid];
    assert.equal(mode('state/secret'), '700');
    assert.equal(mode('state/secret/secret_key'), '600');
    assert.deepEqual(owner('state/secret/secret_key'), [0, 0]);
    assert.equal(mode('state/postgres'), '700');
    assert.equal(mode('state/redis'), '700');
    assert.equal(mode('run/launcher.sock'), '600');
    assert.deepEqual(owner('run/launcher.sock'), [userId('replinet-engine'), owner('run/launcher.sock')[1]]);
    assert.equal(mode('run/browsers'), '700');
    assert.equal(mode('run/postgres'), '750');
    assert.deepEqual(owner('run/postgres'), [userId('replinet-postgres'), groupId('replinet-data')]);
    assert.equal(mode('run/redis'), '750');
    assert.deepEqual(owner('run/redis'), [userId('replinet-redis'), groupId('replinet-cache')]);
  });

  test('each process knows its own secrets only', () => {
    const secret = secretsOf(instance);
    assert.match(secret, /^[0-9a-f]{64}$/);
    const children = instance.children();
    for (const [name, child] of Object.entries(children)) {
      const environment = environmentOf(child.pid);
      const knows = Object.values(environment).some((value) => value.includes(secret));
      assert.equal(knows, ['worker', 'api'].includes(name), `${name} and SECRET_KEY`);
      assert.equal('DATABASE_URL' in environment, ['worker', 'api'].includes(name), `${name} and DATABASE_URL`);
      assert.ok(!('HOME' in environment), `${name} has the caller's environment`);
      assert.ok(!child.command.join(' ').includes(secret), `${name}'s command line`);
    }
    assert.ok(!instance.log.includes(secret) && !instance.out.includes(secret), 'the log');
  });

  test('PostgreSQL lets in api and worker, as no superuser', async () => {
    const sql = 'SELECT current_user, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user';
    for (const user of ['replinet-api', 'replinet-worker']) {
      const answer = await askDatabase(instance, user, sql);
      assert.equal(answer.stdout.trim(), 'replinet|f|f|f', answer.stderr);
    }
    for (const user of ['replinet-engine', 'nobody']) assert.notEqual((await askDatabase(instance, user, 'SELECT 1')).code, 0, user);
    const master = await askDatabase(instance, 'replinet-worker', 'SELECT 1', 'postgres', 'postgres');
    assert.match(master.stderr, /Peer authentication failed/);
  });

  test('PostgreSQL and Redis listen on no TCP port', () => {
    const sockets = new Set();
    for (const name of ['tcp', 'tcp6'])
      for (const line of fs.readFileSync(`/proc/net/${name}`, 'utf8').split('\n').slice(1)) {
        const columns = line.trim().split(/\s+/);
        if (columns[3] === '0A') sockets.add(columns[9]);
      }
    const children = instance.children();
    for (const name of ['postgres', 'redis', 'launcher'])
      for (const fd of fs.readdirSync(`/proc/${children[name].pid}/fd`)) {
        const link = fs.readlinkSync(`/proc/${children[name].pid}/fd/${fd}`);
        assert.ok(!sockets.has(link.match(/^socket:\[(\d+)\]$/)?.[1]), `${name} listens on TCP`);
      }
  });

  test('the Redis user may work but not administer', async () => {
    const ask = async (user, ...words) => (await runAs(user, '/usr/bin/redis-cli', '-s', `${instance.env.RUN_DIR}/redis/redis.sock`, ...words)).stdout.trim();
    assert.equal(await ask('replinet-worker', 'SET', 'up-test', '1'), 'OK');
    for (const words of [['CONFIG', 'GET', 'dir'], ['FLUSHALL'], ['KEYS', '*'], ['EVAL', 'return 1', '0'], ['ACL', 'LIST'], ['SHUTDOWN']])
      assert.match(await ask('replinet-engine', ...words), /NOPERM/, words.join(' '));
    assert.equal(await ask('replinet-worker', 'GET', 'up-test'), '1');
    assert.doesNotMatch(await ask('nobody', 'PING'), /PONG/);
  });

  for (const victim of SERVICES)
    test(`kill -9 of ${victim}: it is started again and everything answers`, async () => {
      const before = instance.children();
      process.kill(before[victim].pid, 'SIGKILL');
      await until(`${victim} again`, () => {
        const now = instance.children();
        return now[victim] && now[victim].pid !== before[victim].pid && Object.keys(now).length === SERVICES.length;
      });
      await until('the door', () => answers(instance));
      await until('the database', async () => (await askDatabase(instance, 'replinet-worker', 'SELECT 1')).code === 0);
      const browsers = await until('the list of browsers', async () => {
        const answer = await instance.cli('browser', 'ls', '--json');
        return answer.code === 0 && answer;
      });
      assert.ok(JSON.parse(browsers.stdout));
      const now = instance.children();
      for (const name of SERVICES.filter((name) => name !== victim)) assert.equal(now[name].pid, before[name].pid, `${name} stayed`);
    });

  test('what dies at once again and again is started with growing pauses', async () => {
    const began = Date.now();
    for (let deaths = 0; deaths < 5; deaths++) {
      const child = await until('the worker', () => instance.children().worker);
      process.kill(child.pid, 'SIGKILL');
      await until('its end', () => !fs.existsSync(`/proc/${child.pid}`));
    }
    assert.ok(Date.now() - began >= 1500, 'four pauses');
    const pauses = instance.logLines().filter((line) => line['replinet.process'] === 'worker' && line['replinet.again_ms']).map((line) => line['replinet.again_ms']);
    assert.ok(pauses.at(-1) >= 800, `pauses ${pauses}`);
    await until('the worker', () => instance.children().worker);
  });

  test('SIGTERM stops everything in order, and the next start finds all as it was', async () => {
    await askDatabase(instance, 'replinet-worker', 'CREATE TABLE up_test AS SELECT 42 AS answer');
    const secret = secretsOf(instance);
    const end = await instance.stop('SIGTERM');
    assert.deepEqual(end, { code: 0, signal: null });
    assert.deepEqual(traces(instance), []);
    const stopped = instance.logLines().filter((line) => line.message === 'stopped' && line['replinet.process']).map((line) => line['replinet.process']);
    assert.deepEqual(stopped, [...SERVICES].reverse());
    await instance.start();
    assert.equal((await askDatabase(instance, 'replinet-worker', 'TABLE up_test')).stdout.trim(), '42');
    assert.equal(secretsOf(instance), secret);
  });

  test('kill -9 of up leaves nothing, and the next start heals', async () => {
    const children = Object.values(instance.children());
    instance.up.kill('SIGKILL');
    await instance.ended;
    await until('all gone', () => traces(instance).length === 0, 30000);
    for (const child of children) assert.ok(!processes().some((p) => p.pid === child.pid && p.state !== 'Z'), child.name);
    await instance.start();
    assert.ok(await answers(instance));
  });

  test('a start right after kill -9 of up waits for what is still stopping', async () => {
    instance.up.kill('SIGKILL');
    await instance.ended;
    await instance.start();
    assert.ok(await answers(instance));
    assert.equal((await askDatabase(instance, 'replinet-worker', 'TABLE up_test')).stdout.trim(), '42');
  });

  test('a power cut (everything killed at once) heals', async () => {
    const all = [instance.up.pid, ...Object.values(instance.children()).map((child) => child.pid)];
    for (const pid of all) process.kill(pid, 'SIGSTOP'); // nobody tidies up
    for (const pid of all) process.kill(pid, 'SIGKILL');
    await instance.ended;
    // The number in the pid file may by now be another process's: ours.
    const pidFile = `${instance.env.STATE_DIR}/postgres/postmaster.pid`;
    const lines = fs.readFileSync(pidFile, 'utf8').split('\n');
    fs.writeFileSync(pidFile, [String(process.pid), ...lines.slice(1)].join('\n'));
    await instance.start();
    assert.ok(await answers(instance));
    assert.equal((await askDatabase(instance, 'replinet-worker', 'TABLE up_test')).stdout.trim(), '42');
  });

  test('modes that were lost are put right at the next start', async () => {
    await instance.stop('SIGINT');
    fs.chmodSync(`${instance.env.STATE_DIR}/secret/secret_key`, 0o644);
    fs.chmodSync(`${instance.env.STATE_DIR}/secret`, 0o755);
    fs.chmodSync(`${instance.env.RUN_DIR}/redis`, 0o777);
    await instance.start();
    for (const [name, mode] of [['state/secret/secret_key', 0o600], ['state/secret', 0o700], ['run/redis', 0o750]])
      assert.equal(fs.statSync(`${instance.folder}/${name}`).mode & 0o777, mode, name);
  });
});

describe('replinet up with a browser', () => {
  let instance;
  before(async () => {
    instance = await Instance.prepare({ POOL_WARM: '1', MAX_BROWSERS: '2' });
  });
  after(() => instance.remove());

  const warmBrowser = () =>
    until('a warm browser', async () => JSON.parse((await instance.cli('browser', 'ls', '--json')).stdout).items.find((browser) => browser.state === 'warm'), 30000);
  const cgroups = (id) => execFileSync('find', ['/sys/fs/cgroup', '-name', id]).toString().split('\n').filter(Boolean);
  const members = (id) => processes().filter((p) => p.state !== 'Z' && cgroupOf(p.pid).includes(id));

  for (const signal of ['SIGTERM', 'SIGKILL'])
    test(`${signal} leaves none of its processes, mounts, cgroups and files`, async () => {
      await instance.start();
      const { id } = await warmBrowser();
      assert.ok(members(id).length >= 3 && cgroups(id).length >= 1);
      instance.up.kill(signal);
      await instance.ended;
      await until('nothing left', () => members(id).length + cgroups(id).length + traces(instance).length === 0, 30000);
      assert.deepEqual(fs.readdirSync(`${instance.env.RUN_DIR}/browsers`), []);
      assert.deepEqual(fs.readdirSync(`${instance.env.RUN_DIR}/keepers`), []);
    });

  test('kill -9 of up and launcher at once: the next start sweeps', async () => {
    await instance.start();
    const { id } = await warmBrowser();
    const { launcher } = instance.children();
    for (const pid of [instance.up.pid, launcher.pid]) process.kill(pid, 'SIGSTOP');
    for (const pid of [instance.up.pid, launcher.pid]) process.kill(pid, 'SIGKILL');
    await instance.ended;
    await instance.start();
    await until('nothing left of it', () => members(id).length + cgroups(id).length === 0, 30000);
    assert.notEqual((await warmBrowser()).id, id);
    assert.ok(!fs.existsSync(`${instance.env.RUN_DIR}/browsers/${id}`));
    await instance.stop();
    assert.deepEqual(traces(instance), []);
  });
});

describe('replinet up with a wrong configuration', () => {
  let instance;
  before(async () => {
    instance = await Instance.prepare();
  });
  after(() => instance.remove());
  const up = (settings) => runBinary(instance.binary, ['up'], { ...instance.env, ...settings });

  test('names each wrong value on a line of its own', async () => {
    const answer = await up({ DOOR_PORT: 'eighty', MAX_BROWSERS: '-1', LOG_LEVEL: 'loud', STATE_DIR: 'here', EGRESS_ALLOW: 'x', BROWSER_CPUS: 'two' });
    assert.equal(answer.code, 1);
    const lines = answer.stderr.split('\n');
    for (const name of ['DOOR_PORT="eighty"', 'MAX_BROWSERS="-1"', 'LOG_LEVEL="loud"', 'STATE_DIR="here"', 'EGRESS_ALLOW="x"', 'BROWSER_CPUS="two"'])
      assert.equal(lines.filter((line) => line.startsWith(name)).length, 1, name);
  });

  test('names the line of the file', async () => {
    const file = `${instance.folder}/wrong.env`;
    fs.writeFileSync(file, '# a comment\nMAX_BROWSER=3\nDOOR_PORT=0\n');
    const answer = await up({ REPLINET_ENV: file, DOOR_PORT: '' });
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /MAX_BROWSER \(from .*wrong\.env line 2\) is not a configuration name/);
    assert.match(answer.stderr, /DOOR_PORT/);
  });

  test('a folder that other users may not enter is refused', async () => {
    const closed = `${instance.folder}/closed`;
    fs.mkdirSync(closed, { mode: 0o700 });
    const answer = await up({ STATE_DIR: `${closed}/state` });
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /STATE_DIR=.*which other users may not enter/);
  });

  test('a RUN_DIR too long for sockets is refused', async () => {
    const answer = await up({ RUN_DIR: `${instance.folder}/${'long'.repeat(20)}` });
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /RUN_DIR=.*is longer than/);
  });

  test('a SECRET_KEY that is none is refused without being shown', async () => {
    const answer = await up({ SECRET_KEY: 'my-secret-password' });
    assert.equal(answer.code, 1);
    assert.doesNotMatch(answer.stderr, /my-secret-password/);
  });

  test('a database that does not answer is named', async () => {
    const port = await freePort();
    const answer = await up({ DATABASE_URL: `postgresql://nobody@127.0.0.1:${port}/none` });
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /database/);
  });

  test('a process that cannot start at all ends it, with the process named', async () => {
    const answer = await up({ CRUN_PATH: '/nonexistent/crun' });
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /cannot run \/nonexistent\/crun/);
    assert.match(answer.stderr, /launcher ended \d times before it was ready/);
    assert.deepEqual(traces(instance), []);
  });

  test('another user than root is told so', async () => {
    const answer = await runBinary('/usr/bin/setpriv', ['--reuid=nobody', '--regid=nogroup', '--clear-groups', instance.binary, 'up'], instance.env);
    assert.equal(answer.code, 1);
    assert.match(answer.stderr, /root/);
  });

  test('a port that only comes free late is waited for', async () => {
    const holder = net.createServer().listen(Number(instance.env.DOOR_PORT), '127.0.0.1');
    setTimeout(() => holder.close(), 1500);
    await instance.start();
    assert.deepEqual(await instance.stop(), { code: 0, signal: null });
    assert.deepEqual(traces(instance), []);
  });
});
