/* The gate without keeper and browser (gate_program.c), its events in `events`. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const builds = [process.env.REPLINET_BUILD, `${root}build-asan`, `${root}build`].filter(Boolean);

function findProgram() {
  const found = builds.map((build) => `${build}/tests/flow/gate_program`).find(existsSync);
  if (!found) throw new Error(`no gate_program in ${builds.join(', ')}; build first, or set REPLINET_BUILD`);
  return found;
}

export async function startGate(settings = {}) {
  const child = spawn(findProgram(), { stdio: ['pipe', 'pipe', 'inherit'], env: { ...settings, ASAN_OPTIONS: process.env.ASAN_OPTIONS ?? '' } });
  const gate = { child, events: [], answers: [], port: 0, wake: () => {} };
  let rest = '';
  child.stdout.on('data', (data) => {
    const lines = (rest + data).split('\n');
    rest = lines.pop();
    for (const line of lines)
      if (!gate.port) gate.port = Number(line);
      else {
        const message = JSON.parse(line);
        (message.decision ? gate.events : gate.answers).push(message);
      }
    gate.wake();
  });
  const exited = new Promise((resolve) => child.once('exit', (code, signal) => { gate.exit = code ?? signal; gate.wake(); resolve(gate.exit); }));
  gate.until = async (what, check, ms = 30000) => {
    const end = Date.now() + ms;
    for (let value; ; ) {
      if ((value = check())) return value;
      if (gate.exit !== undefined && what !== 'exit') throw new Error(`the gate ended (${gate.exit}) while waiting for ${what}`);
      if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms; events: ${JSON.stringify(gate.events.slice(-5))}`);
      await new Promise((resolve) => { gate.wake = resolve; setTimeout(resolve, 50); });
    }
  };
  gate.command = async (command) => {
    child.stdin.write(JSON.stringify(command) + '\n');
    return gate.until(JSON.stringify(command), () => gate.answers.shift());
  };
  gate.open = async (egress = {}) => {
    const answer = await gate.command({ open: egress });
    if (!answer.opened) throw new Error(answer.error);
  };
  gate.event = (decision, match = {}) => gate.until(`event ${decision} ${JSON.stringify(match)}`, () =>
    gate.events.find((event) => event.decision === decision && Object.entries(match).every(([key, value]) => event[key] === value)));
  gate.count = () => gate.command({ count: true });
  gate.stop = async () => {
    child.stdin.end();
    return exited;
  };
  await gate.until('the port', () => gate.port);
  return gate;
}
