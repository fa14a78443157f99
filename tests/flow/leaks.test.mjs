// alone: mounts of the whole machine are counted.
// Nothing of a browser stays: after many cycles every count on the machine that belongs to this instance is as before,
// and after kill -9 of the launcher the next one removes everything.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Launcher, namespace, processesOf, quick, status, until } from './lib/launcher.mjs';

const CYCLES = quick ? 15 : 200;
const ABREAST = 4;
const NAMESPACES = ['user', 'pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup'];

const lines = text => text.split('\n').filter(Boolean);
const shell = (command, ...more) => execFileSync('sh', ['-c', command, 'sh', ...more], { stdio: ['ignore', 'pipe', 'ignore'] }).toString();

/** Processes of the launcher's tree. Others on the machine come and go. */
function descendants(root) {
  const children = new Map();
  for (const name of readdirSync('/proc').filter(entry => /^\d+$/.test(entry))) {
    try {
      const parent = Number(status(name, 'PPid'));
      children.set(parent, [...children.get(parent) ?? [], Number(name)]);
    } catch { /* it has ended */ }
  }
  const all = [];
  for (let next = [root]; next.length;) {
    const found = next.flatMap(pid => children.get(pid) ?? []);
    all.push(...found);
    next = found;
  }
  return all;
}

/** Cgroups of the launcher: in every hierarchy, on the cover in its mount namespace, and beneath the host's v2 mount. */
function cgroups(launcher) {
  const find = 'find /sys/fs/cgroup -mindepth 2 -type d -path "*replinet-*"';
  const everywhere = lines(shell(`${find} || true`));
  const covered = lines(shell(`nsenter -t ${launcher.child.pid} -m ${find} || true`));
  const beneath = lines(shell(`unshare -m sh -c 'umount /sys/fs/cgroup/unified 2>/dev/null; ${find}' || true`));
  const parent = new Set(launcher.cgroupParents);
  return [...everywhere, ...covered, ...beneath].filter(path => [...parent].some(name => path.includes(name))).sort();
}

/** Names of the cgroup parents in which this launcher's browsers are: learned from one of them. */
function learnCgroupParents(pid) {
  return lines(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).map(line => line.match(/\/(replinet-[0-9a-f]+)\//)?.[1]).filter(Boolean);
}

function count(launcher) {
  const pid = launcher.child.pid;
  return {
    processes: descendants(pid).length,
    hostMounts: lines(readFileSync('/proc/self/mountinfo', 'utf8')).length,
    launcherMounts: lines(readFileSync(`/proc/${pid}/mountinfo`, 'utf8')).length,
    cgroups: cgroups(launcher),
    files: lines(shell('find "$1" -xdev -not -path "*/.cache*" | sort', launcher.run)),
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

/** Every namespace that the launcher, a process beneath it, an open file or a mount of it still refers to. The machine's
 * others are left out: the kernel gives numbers of ended namespaces to new ones. */
function namespacesInUse(launcher) {
  const root = launcher.child.pid, seen = new Set();
  for (const pid of [root, ...descendants(root)])
    for (const kind of NAMESPACES) {
      try { seen.add(namespace(pid, kind)); } catch { /* it has ended */ }
    }
  for (const fd of readdirSync(`/proc/${root}/fd`)) {
    try { seen.add(readlinkSync(`/proc/${root}/fd/${fd}`)); } catch { /* it was closed */ }
  }
  for (const line of lines(readFileSync(`/proc/${root}/mountinfo`, 'utf8'))) seen.add(line.split(' ')[3]);
  return seen;
}

describe('cycles', () => {
  let launcher;
  before(async () => { launcher = await new Launcher().start(); });
  after(async () => assert.deepEqual(await launcher.stop(), { code: 0, signal: null }, launcher.log));

  test(`after ${CYCLES} browsers everything is as before`, { timeout: 600000 }, async () => {
    const first = await launcher.create();
    launcher.cgroupParents = learnCgroupParents(launcher.pid(first));
    assert.ok(launcher.cgroupParents.length > 0);
    await launcher.destroy(first); // the first makes parents and caches that stay
    const start = count(launcher), seen = new Set();
    const ways = [ // how a browser may end
      async id => launcher.destroy(id),
      async id => { await launcher.ask('freeze', id); await launcher.destroy(id); },
      async id => { process.kill(launcher.pid(id), 'SIGKILL'); await until('its end', () => launcher.exited.has(id)); },
      async id => { process.kill(launcher.pid(id, 'keeper'), 'SIGKILL'); await until('its end', () => launcher.exited.has(id)); },
    ];
    const lane = async number => {
      for (let i = number; i < CYCLES; i += ABREAST) {
        const id = await launcher.create();
        for (const kind of NAMESPACES) seen.add(namespace(launcher.pid(id), kind));
        await ways[i % 7 < 4 ? i % 7 : 0](id);
      }
    };
    await Promise.all(Array.from({ length: ABREAST }, (_, number) => lane(number)));
    assert.deepEqual(count(launcher), start);
    assert.ok(seen.size >= CYCLES);
    const inUse = namespacesInUse(launcher);
    assert.deepEqual([...seen].filter(name => inUse.has(name)), [], 'no namespace of a browser is in use');
    assert.equal(readFileSync('/proc/self/mountinfo', 'utf8').includes(launcher.run), false, 'the host sees no mount of ours');
  });

  test('reasons are told apart', async () => {
    const [crashed, keeperless] = [await launcher.create(), await launcher.create()];
    process.kill(launcher.pid(crashed), 'SIGKILL');
    process.kill(launcher.pid(keeperless, 'keeper'), 'SIGKILL');
    await until('both ends', () => launcher.exited.has(crashed) && launcher.exited.has(keeperless));
    assert.equal(launcher.exited.get(crashed).reason, 'crash');
    assert.equal(launcher.exited.get(keeperless).reason, 'keeper_crash');
  });

  test('destroying a browser while it starts leaves nothing', async () => {
    const start = count(launcher);
    for (let i = 0; i < 10; i++) {
      const id = randomUUID();
      const created = launcher.ask('create', id);
      const destroyed = launcher.ask('destroy', id);
      assert.equal((await destroyed).status, 0);
      assert.ok([0, -125].includes((await created).status), 'created, or cancelled');
    }
    assert.deepEqual(count(launcher), start);
  });

  test('a container that cannot start leaves nothing and says why', async () => {
    const start = count(launcher);
    const broken = await new Launcher({ CRUN_PATH: '/bin/false' }).start();
    const reply = await broken.ask('create', randomUUID());
    assert.ok(reply.status < 0);
    assert.match(reply.text, /crun failed/);
    assert.deepEqual(readdirSync(join(broken.run, 'browsers')), []);
    assert.deepEqual(await broken.stop(), { code: 0, signal: null });
    assert.deepEqual(count(launcher), start);
  });

  test('more browsers than MAX_BROWSERS are refused', async () => {
    const small = await new Launcher({ MAX_BROWSERS: '1' }).start();
    const id = await small.create();
    const reply = await small.ask('create', randomUUID());
    assert.equal(reply.status, -11);
    assert.match(reply.text, /MAX_BROWSERS/);
    await small.destroy(id);
    await small.destroy(await small.create());
    assert.deepEqual(await small.stop(), { code: 0, signal: null });
  });
});

describe('kill -9 of the launcher', () => {
  test('its browsers end, and the next launcher sweeps what is left', async () => {
    const launcher = await new Launcher().start();
    const ids = [await launcher.create(), await launcher.create(), await launcher.create()];
    launcher.cgroupParents = learnCgroupParents(launcher.pid(ids[0]));
    await launcher.ask('freeze', ids[1]); // cannot die until somebody thaws it
    const pids = [...descendants(launcher.child.pid), ...ids.flatMap(id => processesOf(launcher.pid(id)))];
    const keepers = ids.map(id => launcher.pid(id, 'keeper'));
    await launcher.kill();
    await until('the keepers to end with it', () => keepers.every(pid => !alive(pid)));
    assert.ok(readdirSync(join(launcher.run, 'browsers')).length === 3, 'traces are left for the sweep');
    await launcher.start();
    assert.deepEqual(pids.filter(alive), []);
    for (const folder of ['browsers', 'keepers']) assert.deepEqual(readdirSync(join(launcher.run, folder)), [], folder);
    assert.deepEqual(readdirSync(join(launcher.run, 'crun')).filter(name => !name.startsWith('.')), []);
    assert.deepEqual(cgroups(launcher).filter(path => ids.some(id => path.includes(id))), []);
    await launcher.destroy(await launcher.create());
    assert.deepEqual(await launcher.stop(), { code: 0, signal: null });
    assert.deepEqual(lines(shell('find /sys/fs/cgroup -mindepth 2 -type d -name "$1"', launcher.cgroupParents[0])), [], 'no parent cgroup');
  });

  test('a second launcher of the same instance is refused', async () => {
    const launcher = await new Launcher().start();
    const env = { RUN_DIR: launcher.run, LOG_FORMAT: 'json', REPLINET_ENV: '/dev/null' };
    const second = spawnSync(launcher.program, ['launcher'], { env, timeout: 20000 });
    assert.equal(second.status, 1);
    assert.match(second.stderr.toString(), /another process holds/);
    assert.deepEqual(await launcher.stop(), { code: 0, signal: null });
  });
});

const alive = pid => {
  try { return !/^[ZX]/.test(status(pid, 'State')); } catch { return false; }
};
