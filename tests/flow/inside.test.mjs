// What a taken-over Chromium could do: a program in Chromium's place (tests/flow/inside_probe.c) tries it.
import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Launcher, testProgram } from './lib/launcher.mjs';

const { errno } = constants;

let launcher, folder, tried;

before(async () => {
  launcher = new Launcher({ BROWSER_PIDS: '100' });
  folder = mkdtempSync('/var/tmp/replinet-inside-'); // not /tmp, where a container has its own
  chmodSync(folder, 0o755);
  writeFileSync(join(folder, 'icudtl.dat'), '');
  copyFileSync(testProgram('inside_probe'), join(folder, 'chromium'));
  chmodSync(join(folder, 'chromium'), 0o755);
  // Left where a browser would see them if they were not covered.
  writeFileSync(join(folder, 'raises'), '#!', { mode: 0o755 });
  chmodSync(join(folder, 'raises'), 0o4755);
  launcher.settings.CHROMIUM_PATH = join(folder, 'chromium');
  await launcher.start();
  tried = await launcher.cdp(await firstBrowser(), 'try');
});

after(async () => {
  const end = await launcher.stop();
  rmSync(folder, { recursive: true });
  assert.deepEqual(end, { code: 0, signal: null }, launcher.log);
});

let browser;
const firstBrowser = async () => browser ??= await launcher.create();

const named = prefix => Object.keys(tried).filter(name => name.startsWith(prefix));
const check = (names, ...allowed) => {
  assert.ok(names.length);
  for (const name of names) assert.ok(allowed.includes(tried[name]), `${name}: errno ${tried[name]}, allowed ${allowed}`);
};

const CALLS = ['fsopen', 'fsmount', 'move_mount', 'open_tree', 'mount_setattr', 'pivot_root', 'setns', 'bpf', 'keyctl', 'add_key', 'request_key',
  'process_vm_readv', 'process_vm_writev', 'perf_event_open', 'userfaultfd', 'io_uring_setup', 'open_by_handle_at', 'name_to_handle_at',
  'pidfd_getfd', 'kcmp', 'init_module', 'finit_module', 'kexec_load', 'reboot', 'swapon', 'syslog', 'acct', 'quotactl', 'settimeofday',
  'clock_adjtime', 'sethostname', 'iopl', 'sync', 'shmget', 'clone3'];

test('system calls that reach beyond the container do not exist', () => {
  check([...named('mount('), ...named('umount2('), ...named('unshare('), ...named('ptrace('), ...CALLS], errno.ENOSYS);
  check(['mount in a user namespace of its own', 'mount namespace by clone'], errno.ENOSYS);
});

test('Chromium\'s sandbox can be built', () => check(['namespaces that Chromium\'s sandbox makes'], 0));

test('no other identity can be had', () => {
  check([...named('setuid('), ...named('setgid('), ...named('chown(')], errno.EPERM, errno.EINVAL);
  check(named('mknod('), errno.ENOSYS);
  check(named('chmod('), errno.EPERM, errno.EROFS);
  assert.equal(tried.pid, 1);
  assert.equal(tried.uid, 1000);
});

test('unused socket families do not exist; nothing is reached without the gate', () => {
  check([...named('socket(AF_NETLINK'), ...named('socket(AF_PACKET'), ...named('socket(AF_VSOCK'), ...named('socket(AF_ALG'), ...named('socket(AF_BLUETOOTH')], errno.ENOSYS);
  check(named('socket(AF_INET, SOCK_RAW'), errno.EPERM);
  check([...named("connect_to('1."), ...named("connect_to('169.")], errno.ENETUNREACH);
  check(named("connect_to('127."), errno.ECONNREFUSED);
});

test('files of the host are not there, or cannot be written', () => {
  for (const path of ['/etc/shadow', '/usr/local', '/sys', '/run', '/bin/sh', '/dev/mem', '/dev/kmsg']) check(named(`open_for('${path}'`), errno.ENOENT);
  for (const path of ['/usr/new', '/etc/passwd', '/proc/sys/']) check(named(`open_for('${path}`), errno.EROFS, errno.EACCES);
  check(named("open_for('/proc/sysrq"), errno.EROFS, errno.EACCES, errno.ENOENT);
  check(named("open_for('/.empty'"), errno.EACCES);
});

test('its own folders can be written but run nothing, and the transfer folder stays where it is', () => {
  check(named("open_for('/home/browser"), 0);
  check([...named('rename('), ...named('rmdir(')], errno.EBUSY);
  check(['run a program from /tmp'], errno.EACCES);
  check(['map code from /tmp'], errno.EPERM);
});

test('the number of processes is limited', () => assert.ok(tried.forks > 10 && tried.forks < 100, `${tried.forks}`));

test('a setuid file in Chromium\'s folder is covered', async () => {
  const pid = launcher.pid(await firstBrowser());
  const seen = statSync(`/proc/${pid}/root${folder}/raises`);
  assert.equal(seen.mode & 0o7777, 0);
  assert.equal(seen.size, 0);
});
