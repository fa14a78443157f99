// What keeps a browser in: read from live processes, and tried from inside. The keepers of this file pass CDP on
// unfiltered, so every wall shown here is the container's own.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Launcher, cgroupFolder, commandLine, processesOf, status, until } from './lib/launcher.mjs';
import { assertChromiumSandbox, assertFilteredAndBound, assertNamespacesApart, assertNoCapabilityInContainer, assertOneHostUser, assertOnlyGateListens,
  assertPlainKeeper, assertSandboxNotSwitchedOff } from './lib/walls.mjs';

const DEVICES = ['full', 'null', 'random', 'tty', 'urandom', 'zero'].map(name => `/dev/${name}`);
const MEGABYTE = 1024 * 1024;
const SECRET = '/etc/ssl/private/replinet-isolation-test.key';
const LOCAL = '/usr/local/share/replinet-isolation-test';

let launcher, first, second, pid, otherPid, page;

before(async () => {
  mkdirSync('/etc/ssl/private', { recursive: true, mode: 0o700 });
  writeFileSync(SECRET, 'secret', { mode: 0o644 });
  writeFileSync(LOCAL, 'local');
  launcher = await new Launcher().start();
  [first, second] = [await launcher.create(), await launcher.create()];
  [pid, otherPid] = [launcher.pid(first), launcher.pid(second)];
  page = await launcher.page(first, 'data:text/html,<title>page</title><input type=file id=f>');
});

after(async () => {
  if (process.env.REPLINET_SHOW_LOG) process.stderr.write(launcher.log);
  const end = await launcher.stop();
  rmSync(SECRET);
  rmSync(LOCAL);
  assert.deepEqual(end, { code: 0, signal: null }, launcher.log);
});

const evaluate = async expression => (await page('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })).result.value;

describe('Chromium\'s own sandbox', () => {
  test('is on: renderers have filters and namespaces beyond those of the container', () => assertChromiumSandbox(pid));
  test('is switched off in no command line', () => assertSandboxNotSwitchedOff([...processesOf(pid), ...processesOf(otherPid)]));
});

describe('identity', () => {
  test('no process is host root or anybody else on the host', () => { assertOneHostUser(pid); });
  test('no process has a capability in the container\'s user namespace, nor shares the host\'s', () => assertNoCapabilityInContainer(pid));
  test('every process has no_new_privs and a seccomp filter', () => assertFilteredAndBound(pid));

  test('two browsers share no id and no namespace, with each other or the host', () => {
    const ids = id => launcher.config(id).linux.uidMappings.map(row => row.hostID);
    const keeper = id => Number(status(launcher.pid(id, 'keeper'), 'Uid').split('\t')[0]);
    const all = [...ids(first), ...ids(second), keeper(first), keeper(second)];
    assert.equal(new Set(all).size, 6, `ids ${all}`);
    assert.ok(!all.includes(0));
    assertNamespacesApart(pid, otherPid);
  });

  test('a keeper has no terminal in common with the launcher', () => {
    const stat = readFileSync(`/proc/${launcher.pid(first, 'keeper')}/stat`, 'latin1');
    const session = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
    assert.equal(session, launcher.pid(first, 'keeper'), 'it leads a session of its own');
  });

  test('a keeper is no root, in no group, and has no capability', () => assertPlainKeeper(launcher.pid(first, 'keeper')));
});

describe('files', () => {
  let files;
  before(() => { // printed rather than tested by find, which believes the folder's record of the kind, wrong for binds
    const root = `/proc/${pid}/root`;
    const out = execFileSync('find', [`${root}/`, '-path', `${root}/proc`, '-prune', '-o', '-printf', '%M\\t%U\\t%p\\n'], { maxBuffer: 64 * MEGABYTE });
    files = out.toString().trim().split('\n').map(line => line.split('\t')).map(([mode, user, path]) => ({ mode, user, path: path.slice(root.length) }));
  });
  const paths = check => files.filter(check).map(file => file.path).sort();

  test('the walk sees the container', () => assert.equal(paths(file => file.path.endsWith('/icudtl.dat')).length, 1));

  test('no setuid or setgid program', () => assert.deepEqual(paths(({ mode }) => mode[0] === '-' && /s/i.test(mode)), []));

  test('no socket or pipe but the browser\'s own', () => {
    const own = status(pid, 'Uid').split('\t')[0];
    assert.deepEqual(paths(({ mode, user }) => 'sp'.includes(mode[0]) && user !== own), []);
  });

  test('no device but the harmless ones, and those stay the host\'s', () => {
    assert.deepEqual(paths(({ mode }) => 'bc'.includes(mode[0])), DEVICES);
    for (const path of DEVICES) assert.equal(statSync(path).uid, 0, `${path} belongs to root`);
  });

  test('no secret: everything of the host there is public', () =>
    assert.deepEqual(paths(({ mode, user }) => mode[0] === '-' && user === '0' && mode[7] !== 'r'), ['/.empty']));

  test('nothing of /usr/local, /etc/ssl/private, /root, /run or the instance', () => {
    for (const path of ['/usr/local', '/etc/ssl/private', '/root', '/run', '/srv', '/sys', '/etc/shadow', '/bin/sh', '/usr/bin', launcher.folder, SECRET, LOCAL])
      assert.throws(() => statSync(`/proc/${pid}/root${path}`), { code: 'ENOENT' }, path);
  });

  test('only tmpfs of its own and harmless devices are writable; all is nosuid', () => {
    const rows = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trim().split('\n').map(line => line.split(' '));
    for (const row of rows) {
      const [, , , , place, options] = row, kind = row[row.indexOf('-') + 1];
      if (place === '/proc') continue;
      if (place.startsWith('/proc/')) { assert.match(options, /^ro/, place); continue; }
      assert.match(options, /nosuid/, place);
      if (kind === 'devtmpfs' || kind === 'tmpfs' && DEVICES.includes(place)) continue;
      const own = ['/dev', '/dev/shm', '/tmp', '/home/browser', '/home/browser/transfer'].includes(place);
      assert.equal(options.split(',')[0], own && kind === 'tmpfs' ? 'rw' : 'ro', place);
      assert.match(options, /nodev/, place);
    }
    assert.throws(() => writeFileSync(`/proc/${pid}/root/usr/lib/chromium/new`, ''), { code: 'EROFS' });
  });

  test('two browsers share no writable file system', () => {
    const devices = p => ['/tmp', '/dev/shm', '/home/browser', '/home/browser/transfer', '/dev'].map(path => statSync(`/proc/${p}/root${path}`).dev);
    assert.equal(new Set([...devices(pid), ...devices(otherPid)]).size, 10);
  });

  test('file:// and chrome:// do not open', async () => {
    for (const url of ['file:///', 'file:///etc/passwd', `file://${SECRET}`, `file://${LOCAL}`, 'file:///proc/self/environ',
      'chrome://version', 'chrome://net-export', 'view-source:file:///etc/passwd', 'devtools://devtools/bundled/inspector.html']) {
      const fresh = await launcher.page(first);
      const { errorText } = await fresh('Page.navigate', { url });
      assert.match(errorText ?? 'it opened', /ERR_BLOCKED_BY_ADMINISTRATOR|ERR_ABORTED|ERR_INVALID_URL/, url);
    }
  });

  test('DOM.setFileInputFiles reaches only what is inside', async () => {
    const read = async path => {
      const { root } = await page('DOM.getDocument');
      const { nodeId } = await page('DOM.querySelector', { nodeId: root.nodeId, selector: '#f' });
      await page('DOM.setFileInputFiles', { files: [path], nodeId });
      return evaluate(`document.querySelector('#f').files[0].text().then(t => 'read:' + t, e => e.name)`);
    };
    await until('the page', async () => await evaluate('document.title') === 'page');
    assert.match(await read('/etc/passwd'), /^read:root:x:0:0::\/:\/bin\/false\nbrowser:/, 'a passwd of its own');
    for (const path of [SECRET, LOCAL, '/etc/shadow', '/root/.bashrc', '/etc/hostname', join(launcher.run, 'launcher.lock'), launcher.program])
      assert.doesNotMatch(await read(path), /^read:/, path);
  });
});

describe('network', () => {
  test('there is loopback only', () => {
    const links = readFileSync(`/proc/${pid}/net/dev`, 'utf8').trim().split('\n').slice(2).map(line => line.split(':')[0].trim());
    assert.deepEqual(links, ['lo']);
    assert.equal(readFileSync(`/proc/${pid}/net/route`, 'utf8').trim().split('\n').length, 1, 'no route');
  });

  test('nothing listens but the gate: no debugging port', () => assertOnlyGateListens(pid));

  test('the host\'s ports are elsewhere', async () => {
    assert.match(await evaluate(`fetch('http://127.0.0.1:22/').then(() => 'reached', e => e.name)`), /TypeError/);
  });
});

describe('limits', () => {
  const read = (controller, file) => readFileSync(join(cgroupFolder(first, controller), file), 'utf8').trim();
  const v2 = () => readdirSync('/sys/fs/cgroup').includes('cgroup.controllers');

  test('memory without swap, processes; the CPU quota comes with the lease', async () => {
    assert.equal(read('memory', v2() ? 'memory.max' : 'memory.limit_in_bytes'), String(1024 * MEGABYTE));
    if (v2()) assert.equal(read('memory', 'memory.swap.max'), '0');
    else assert.equal(read('memory', 'memory.memsw.limit_in_bytes'), String(1024 * MEGABYTE));
    assert.equal(read('pids', 'pids.max'), '512');
    assert.match(read('cpu', v2() ? 'cpu.max' : 'cpu.cfs_quota_us'), /^(max|-1)/);
    assert.equal((await launcher.ask('set_limits', first, { memory: 900 * MEGABYTE, cpu: 500 })).status, 0);
    assert.match(read('cpu', v2() ? 'cpu.max' : 'cpu.cfs_quota_us'), /^50000/);
    assert.equal(read('memory', v2() ? 'memory.max' : 'memory.limit_in_bytes'), String(900 * MEGABYTE));
    assert.equal((await launcher.ask('set_limits', first, { memory: 1200 * MEGABYTE, cpu: 0 })).status, 0);
    assert.match(read('cpu', v2() ? 'cpu.max' : 'cpu.cfs_quota_us'), /^(max|-1)/);
    assert.equal((await launcher.ask('set_limits', first, { memory: 1024, cpu: 0 })).status, -22);
  });

  test('all processes are in the cgroup', () => {
    const members = read('pids', 'cgroup.procs').split('\n').map(Number);
    for (const p of processesOf(pid)) assert.ok(members.includes(p), `${p} ${commandLine(p)}`);
  });

  test('no core file; renderers are the first to go when memory is short', () => {
    assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /Max core file size\s+0\s+0/);
    const score = p => Number(readFileSync(`/proc/${p}/oom_score_adj`, 'utf8'));
    const renderer = processesOf(pid).find(p => commandLine(p).includes('--type=renderer'));
    assert.ok(score(renderer) > score(pid), `${score(renderer)} > ${score(pid)}`);
  });

  test('a page that wants all memory gets itself killed, and the kernel\'s count shows', async () => {
    const id = await launcher.create({ memory: 400 * MEGABYTE });
    const hungry = await launcher.page(id);
    hungry('Runtime.evaluate', { expression: 'const a = []; for (;;) a.push(new Uint8Array(1 << 24).fill(a.length + 1))' }).catch(() => {});
    await until('an OOM kill', async () => {
      const seen = launcher.exited.get(id) ?? await launcher.ask('statistics', id);
      return seen.oom_kills > 0;
    }, 60000);
    if (!launcher.exited.has(id)) await launcher.destroy(id);
    else assert.equal(launcher.exited.get(id).reason, 'oom');
  });
});

describe('freezing', () => {
  test('a frozen browser uses no CPU, answers once thawed, and dies frozen', async () => {
    const id = await launcher.create();
    assert.equal((await launcher.ask('freeze', id)).status, 0);
    assert.equal((await launcher.ask('list')).find(row => row.id === id).frozen, true);
    const used = (await launcher.ask('statistics', id)).cpu_us;
    await new Promise(done => setTimeout(done, 500));
    assert.ok((await launcher.ask('statistics', id)).cpu_us - used < 5000);
    assert.equal((await launcher.ask('thaw', id)).status, 0);
    await launcher.cdp(id, 'Browser.getVersion');
    await launcher.ask('freeze', id);
    await launcher.destroy(id);
  });
});

describe('open_file', () => {
  const inside = script => {
    const folder = openSync(`/proc/${pid}/root/home/browser/transfer`, constants.O_RDONLY | constants.O_DIRECTORY);
    const user = Number(status(pid, 'Uid').split('\t')[0]);
    const run = spawnSync('python3', ['-c', `import os\nos.fchdir(3)\n${script}`], { uid: user, gid: user, stdio: ['ignore', 'pipe', 'inherit', folder] });
    closeSync(folder);
    assert.equal(run.status, 0);
  };

  test('gives a regular file of the transfer folder and nothing else', async () => {
    inside(`open('plain', 'w').write('content')
os.symlink('/etc/passwd', 'link'); os.symlink('plain', 'inner'); os.symlink('/home/browser', 'up')
open('holes', 'w').truncate(1 << 40); os.mkfifo('pipe'); os.mkdir('folder')
import socket; socket.socket(socket.AF_UNIX).bind('socket')`);
    const good = await launcher.ask('open_file', first, { file: 'plain' });
    assert.deepEqual([good.status, good.content], [0, 'content']);
    for (const file of ['holes', 'link', 'inner', 'up', 'pipe', 'folder', 'socket', '.', '..', '', 'missing', '../profile/Local State', 'folder/../plain', '/etc/passwd'])
      assert.ok((await launcher.ask('open_file', first, { file })).status < 0, file);
  });
});

describe('requests', () => {
  test('malformed ones are refused', async () => {
    for (const [op, id, more] of [['create', '../../etc', {}], ['create', 'x', {}], ['create', first, {}],
      ['create', '01900000-0000-7000-8000-000000000001', { memory: 1 }], ['create', '01900000-0000-7000-8000-000000000001', { timezone: '../../x y' }],
      ['create', '01900000-0000-7000-8000-000000000001', { locale: 'en --x' }], ['destroy', '01900000-0000-7000-8000-000000000001', {}], ['freeze', '', {}]]) {
      const reply = await launcher.ask(op, id, more);
      assert.ok(reply.status < 0 && reply.text, `${op} ${id} ${JSON.stringify(more)}`);
    }
  });

  test('language and time zone reach the page', async () => {
    const id = await launcher.create({ locale: 'ru-RU', timezone: 'Europe/Moscow' });
    const russian = await launcher.page(id);
    const { result } = await russian('Runtime.evaluate', { expression: '[navigator.language, Intl.DateTimeFormat().resolvedOptions().timeZone].join()' });
    assert.equal(result.value, 'ru-RU,Europe/Moscow');
    await launcher.destroy(id);
  });

  test('a stranger may not connect', () => {
    const run = spawnSync(join(launcher.folder, 'program'), ['talk', launcher.run], { uid: 65534, gid: 65534, env: { REPLINET_ENV: '/dev/null' } });
    assert.match(run.stderr.toString(), /Permission denied/);
  });
});
