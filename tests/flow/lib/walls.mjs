// What must hold for every browser on the machine, whoever started it: read from /proc, asserted here. Shared by the
// suite of the launcher alone (isolation.test.mjs) and the one of the whole Browser Manager (walls.test.mjs).
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { commandLine, namespace, processesOf, status, until } from './launcher.mjs';

export const NAMESPACES = ['user', 'pid', 'net', 'ipc', 'uts', 'mnt', 'cgroup'];
// Chromium itself gives --no-zygote-sandbox to the zygote of its network and GPU processes.
const SANDBOX_OFF = ['', '-setuid', '-namespace', '-seccomp-filter', '-gpu'].flatMap(kind => ['--no', '--disable'].map(no => `${no}${kind}-sandbox`));
const ROOTS_SETS = ['CapInh', 'CapPrm', 'CapEff', 'CapAmb'];
const GATE = '0100007F:0438'; // 127.0.0.1:1080

const ids = (pid, field) => status(pid, field).trim().split(/\s+/);

/** "Seccomp: 2" would prove nothing: the container's own filter shows it on every process. */
export async function assertChromiumSandbox(pid) {
  const renderer = await until('a renderer', () => processesOf(pid).find(p => commandLine(p).includes('--type=renderer')));
  const own = Number(status(pid, 'Seccomp_filters'));
  assert.equal(own, 1, 'the container gives one filter');
  assert.ok(Number(status(renderer, 'Seccomp_filters')) > own, 'the renderer has more');
  for (const kind of ['user', 'pid', 'net']) assert.notEqual(namespace(renderer, kind), namespace(pid, kind), kind);
}

export function assertSandboxNotSwitchedOff(pids) {
  for (const p of pids)
    for (const argument of commandLine(p)) assert.ok(!SANDBOX_OFF.includes(argument.split('=')[0]), `process ${p}: ${argument}`);
}

/** Everybody in the container is one and the same user on the host, and that one is nobody else. */
export function assertOneHostUser(pid) {
  const [user] = ids(pid, 'Uid');
  assert.ok(Number(user) >= 300000);
  for (const p of processesOf(pid)) {
    assert.deepEqual(new Set(ids(p, 'Uid')), new Set([user]), `uids of ${commandLine(p)}`);
    assert.deepEqual(new Set(ids(p, 'Gid')), new Set([user]), `gids of ${commandLine(p)}`);
    assert.equal(status(p, 'Groups').trim(), '', 'supplementary groups');
  }
  return Number(user);
}

export function assertNoCapabilityInContainer(pid) {
  const home = namespace(pid, 'user');
  let seen = 0;
  for (const p of processesOf(pid)) {
    assert.notEqual(namespace(p, 'user'), namespace('self', 'user'));
    if (namespace(p, 'user') !== home) continue; // made by Chromium's sandbox: rights in there reach nothing outside
    seen++;
    for (const set of [...ROOTS_SETS, 'CapBnd']) assert.equal(BigInt(`0x${status(p, set)}`), 0n, `${set} of ${commandLine(p)}`);
  }
  assert.ok(seen >= 3);
}

export function assertFilteredAndBound(pid) {
  for (const p of processesOf(pid)) {
    assert.equal(status(p, 'NoNewPrivs'), '1');
    assert.equal(status(p, 'Seccomp'), '2');
  }
}

/** A keeper is in the host's namespaces, but no root, in no group and without a capability. */
export function assertPlainKeeper(pid) {
  assert.equal(new Set([...ids(pid, 'Uid'), ...ids(pid, 'Gid')]).size, 1);
  assert.ok(Number(ids(pid, 'Uid')[0]) >= 300000);
  assert.equal(status(pid, 'Groups').trim(), '');
  for (const set of ROOTS_SETS) assert.equal(BigInt(`0x${status(pid, set)}`), 0n, set);
}

/** Namespaces of two containers and of the host are three different ones. */
export function assertNamespacesApart(pid, otherPid) {
  for (const kind of NAMESPACES)
    assert.equal(new Set([namespace(pid, kind), namespace(otherPid, kind), namespace('self', kind)]).size, 3, kind);
}

const sockets = (pid, kind) => readFileSync(`/proc/${pid}/net/${kind}`, 'utf8').trim().split('\n').slice(1).map(line => line.trim().split(/\s+/));
const listening = pid => ['tcp', 'tcp6'].flatMap(kind => sockets(pid, kind)).filter(row => row[3] === '0A');

/** In every net namespace of the container (Chromium's sandbox has one of its own) nothing listens but the gate. */
export function assertOnlyGateListens(pid) {
  assert.deepEqual(listening(pid).map(row => row[1]), [GATE]);
  for (const p of processesOf(pid)) {
    if (namespace(p, 'net') !== namespace(pid, 'net')) assert.deepEqual(listening(p), [], `${commandLine(p)}`);
    assert.ok(!commandLine(p).some(argument => argument.startsWith('--remote-debugging-port')));
  }
  assert.ok(commandLine(pid).includes('--remote-debugging-pipe'));
}

/** Addresses ("0100007F:1F90") on which these processes of the host's net namespace listen. */
export function listeningAddresses(pids) {
  const inodes = new Set(pids.flatMap(descriptors).map(({ target }) => target.match(/^socket:\[(\d+)\]$/)?.[1]));
  return listening('self').filter(row => inodes.has(row[9])).map(row => row[1]);
}

/** Open descriptors of a process: [{ number, target, key, writable, device }]; `key` is the same for the same object. */
export function descriptors(pid) {
  return readdirSync(`/proc/${pid}/fd`).flatMap(number => {
    try {
      const target = readlinkSync(`/proc/${pid}/fd/${number}`);
      const { dev, ino, mode } = statSync(`/proc/${pid}/fd/${number}`, { bigint: true });
      const flags = Number.parseInt(readFileSync(`/proc/${pid}/fdinfo/${number}`, 'utf8').match(/^flags:\s+(\d+)/m)[1], 8);
      return [{ number: Number(number), target, key: `${dev}:${ino}`, writable: (flags & 3) !== 0, device: (mode & 0o170000n) === 0o020000n }];
    } catch { return []; } // closed meanwhile
  });
}
