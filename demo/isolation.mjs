// What walls a live browser in, read from /proc of its processes while it works. Needs root.
import fs from 'node:fs';

const NAMESPACES = ['user', 'pid', 'net', 'mnt', 'ipc', 'uts', 'cgroup'];
const LISTENING = '0A';
const SWITCHED_OFF = `--no${'-sandbox'}`;
const DEBUGGING_PORT = `--remote-debugging${'-port'}`;

const read = (file) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return ''; // the process has ended
  }
};
const statusOf = (pid) => Object.fromEntries(read(`/proc/${pid}/status`).split('\n').filter(Boolean).map((line) => line.split(/:\s*/)));
const namespacesOf = (pid) =>
  Object.fromEntries(
    NAMESPACES.map((name) => {
      try {
        return [name, fs.readlinkSync(`/proc/${pid}/ns/${name}`)];
      } catch {
        return [name, null];
      }
    }),
  );

/** The processes whose cgroup is the browser's. */
function processesOf(browserId) {
  return fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && read(`/proc/${name}/cgroup`).includes(browserId))
    .map((pid) => {
      const command = read(`/proc/${pid}/cmdline`).split(/[\0 ]/).filter(Boolean); // Chromium's children join theirs with spaces
      return { pid: Number(pid), command, status: statusOf(pid), namespaces: namespacesOf(pid), type: command.find((a) => a.startsWith('--type='))?.slice(7) ?? 'browser' };
    })
    .filter((p) => p.command.length && p.status.Uid && p.namespaces.pid)
    .sort((a, b) => a.pid - b.pid);
}

const differs = (a, b) => NAMESPACES.filter((name) => a.namespaces[name] !== b.namespaces[name]);

/** TCP sockets that listen in a process's net namespace, as "127.0.0.1:1080". */
function listeners(pid) {
  return ['tcp', 'tcp6'].flatMap((kind) =>
    read(`/proc/${pid}/net/${kind}`)
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((row) => row[3] === LISTENING)
      .map((row) => {
        const [address, port] = row[1].split(':');
        const bytes = address.match(/../g).reverse().map((byte) => parseInt(byte, 16));
        return `${kind === 'tcp' ? bytes.join('.') : `[${address}]`}:${parseInt(port, 16)}`;
      }),
  );
}

function rootIsReadOnly(pid) {
  const mounts = read(`/proc/${pid}/mountinfo`).split('\n').map((line) => line.split(' '));
  return mounts.some(([, , , , place, options]) => place === '/' && options.split(',').includes('ro'));
}

/** The facts, or null while there is no page's process yet. */
export function readIsolation(browserId) {
  const all = processesOf(browserId);
  const main = all.find((p) => p.type === 'browser');
  const renderers = all.filter((p) => p.type === 'renderer');
  if (!main || !renderers.length) return null;
  const us = { namespaces: namespacesOf('self') };
  const filters = (p) => Number(p.status.Seccomp_filters);
  const host = new Set(all.flatMap((p) => p.status.Uid.split('\t').map(Number)));
  const inContainer = all.filter((p) => p.namespaces.user === main.namespaces.user);
  return {
    processes: all.length,
    chromium_sandbox: {
      // A renderer has filters beyond the container's, and namespaces of its own.
      on: renderers.every((p) => filters(p) > filters(main) && ['user', 'pid', 'net'].every((name) => differs(p, main).includes(name))),
      container_seccomp_filters: filters(main),
      renderer_seccomp_filters: Math.min(...renderers.map(filters)),
      renderer_own_namespaces: NAMESPACES.filter((name) => renderers.every((p) => differs(p, main).includes(name))),
      switched_off_in_a_command_line: all.some((p) => p.command.includes(SWITCHED_OFF)),
    },
    host_uids: [...host],
    host_root: host.has(0),
    capabilities: inContainer.every((p) => ['CapPrm', 'CapEff', 'CapBnd', 'CapAmb'].every((set) => /^0+$/.test(p.status[set]))) ? 'none' : 'some',
    no_new_privileges: all.every((p) => p.status.NoNewPrivs === '1'),
    namespaces_not_of_the_host: differs(main, us),
    network_interfaces: read(`/proc/${main.pid}/net/dev`).split('\n').slice(2).map((line) => line.split(':')[0].trim()).filter(Boolean),
    listening: listeners(main.pid),
    debugging_port: all.some((p) => p.command.some((argument) => argument.startsWith(DEBUGGING_PORT))),
    root_read_only: rootIsReadOnly(main.pid),
  };
}

/** What of the facts is not as it must be; empty when every wall stands. */
export function weaknesses(facts) {
  const checks = {
    'Chromium’s own sandbox is off': !facts.chromium_sandbox.on || facts.chromium_sandbox.switched_off_in_a_command_line,
    'a process is root on the host': facts.host_root,
    'a process has a capability': facts.capabilities !== 'none',
    'a process may gain privileges': !facts.no_new_privileges,
    'a namespace is the host’s': facts.namespaces_not_of_the_host.length !== NAMESPACES.length,
    'there is a network interface besides loopback': facts.network_interfaces.join() !== 'lo',
    'something besides the gate listens': facts.listening.join() !== '127.0.0.1:1080',
    'there is a debugging port': facts.debugging_port,
    'the root folder is writable': !facts.root_read_only,
  };
  return Object.keys(checks).filter((name) => checks[name]);
}
