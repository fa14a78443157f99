// The queue's other numbers: from a thread's commit and doorbell to the first word of its job's process; memory of a job
// process that has a run in hand; events per second that eight runs at once can write, 50 at a time and one at a time.
// Argument: threads started (100).
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { descendants, startInstance, until } from '../flow/lib/instance.mjs';
import { count, report, spread } from './lib/report.mjs';

const starts = count(100), WRITERS = 8, SECONDS = 5;
const program = new URL('../../build/tests/bench/jobs_program', import.meta.url).pathname;
const run = async (env, ...args) => JSON.parse((await promisify(execFile)(program, args.map(String), { env, cwd: '/' })).stdout);

async function withInstance(settings, use) {
  const replinet = await startInstance({ LOG_LEVEL: 'warn', ...settings });
  try { await use(replinet); } finally { await replinet.stop(); replinet.remove(); }
}

await withInstance({}, async (replinet) => {
  const { ms } = await run(replinet.env, 'doorbell', starts);
  report('queue', { what: 'commit and doorbell to job start', unit: 'ms', ...spread(ms) }, spread(ms).p50, { most: 20 });

  const file = `${replinet.folder}/slow.json`;
  const create = async (kind, object) => {
    writeFileSync(file, JSON.stringify(object));
    await replinet.cli(kind, 'create', file);
  };
  await create('preset', { name: 'script' });
  await create('agent', { name: 'slow', preset_id: 'script', script: [{ goto: 'about:blank' }, { wait_for: { ms: 60000 }, timeout_ms: 90000 }] });
  const { id } = JSON.parse((await replinet.cli('thread', 'start', 'slow', '--json')).stdout);
  await until('the run', async () => JSON.parse((await replinet.cli('thread', 'show', id)).stdout).status === 'running', 60000);
  const [job] = descendants(replinet.up.pid).filter((p) => p.command[1] === 'job');
  const pss = Number(readFileSync(`/proc/${job.pid}/smaps_rollup`, 'latin1').match(/^Pss:\s+(\d+) kB/m)[1]) / 1024;
  report('queue', { what: 'PSS of a job process during a run', unit: 'MB' }, pss, { most: 12 });
  await replinet.cli('thread', 'stop', id);
});

await withInstance({ WORKER_CONCURRENCY: '0' }, async (replinet) => {
  for (const [batch, least] of [[0, 5000], [50, 0], [1, 0]]) {
    const { events, ms } = await run(replinet.env, 'events', WRITERS, SECONDS, batch);
    report('queue', { what: `events of ${WRITERS} runs at once, ${batch ? `${batch} a statement` : 'lines of consoles as jobs write them'}`, unit: 'per second' }, events / ms * 1000, { least });
  }
});
