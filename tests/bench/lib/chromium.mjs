// The reference: the same Chromium with the same flags, started bare over a pipe: no container, no gate, no keeper, but
// as an unprivileged user with its own sandbox on, its profile on a tmpfs as in the container.
import { spawn } from 'node:child_process';
import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { PipeCdp } from './cdp.mjs';
import { descendants } from './manager.mjs';

const NOBODY = 65534;

// The command line that the launcher gave a running browser of this manager.
export function commandOfContainer(manager) {
  const browser = descendants(manager.pid).find(({ command }) =>
    command.includes('--remote-debugging-pipe') && !command.some(word => word.startsWith('--type=')));
  if (!browser) throw new Error('the manager has no browser to look at');
  return browser.command;
}

export function startBare(command) {
  const home = mkdtempSync('/dev/shm/replinet-bench-');
  chownSync(home, NOBODY, NOBODY);
  const words = command.map(word => word.startsWith('--user-data-dir=') ? `--user-data-dir=${home}/profile` : word);
  const child = spawn(words[0], words.slice(1), {
    uid: NOBODY, gid: NOBODY, cwd: home, env: { PATH: '/usr/bin', HOME: home, LANG: 'C.UTF-8' },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  return {
    pid: child.pid,
    cdp: new PipeCdp(child.stdio[3], child.stdio[4]),
    stop: () => new Promise(resolve => {
      child.once('exit', () => { rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }); resolve(); });
      child.kill('SIGKILL');
    }),
  };
}
