// No-op jobs enqueued and done, against Celery with Redis (Debian's) on the same machine in the same run: two processes
// work on each side, results are ignored. Ours are rows of a PostgreSQL that syncs its log, so a job that was accepted
// survives a power cut; Celery's lie in the memory of a Redis without persistence. Argument: jobs (10000).
import { execFile, spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { startInstance, until } from '../flow/lib/instance.mjs';
import { count, median, report } from './lib/report.mjs';

const jobs = count(10000), LEAST = 5, ROUNDS = 3, CONCURRENCY = 2;
const run = async (program, args, env) => (await promisify(execFile)(program, args, { env, cwd: '/' })).stdout;
const program = new URL('../../build/tests/bench/jobs_program', import.meta.url).pathname;
const tasks = new URL('./lib/', import.meta.url).pathname;

const replinet = await startInstance({ WORKER_QUICK_CONCURRENCY: String(CONCURRENCY), LOG_LEVEL: 'warn' });
const sql = async (text) => (await run('psql', ['-h', `${replinet.env.RUN_DIR}/postgres`, '-U', 'replinet', '-d', 'replinet', '-XqAt', '-c', text], process.env)).trim();

// From before the first job is asked for to the end of the last. Those of earlier rounds stay in the table.
async function ours(how) {
  const { began_us, ms } = JSON.parse(await run(program, ['enqueue', String(jobs), how], replinet.env));
  const mine = `FROM jobs WHERE kind = 'noop' AND created_at >= to_timestamp(${began_us / 1e6})`;
  await until('the end of all jobs', async () => await sql(`SELECT count(*) >= ${jobs} ${mine} AND status = 'done'`) === 't', 120000);
  const ended = await sql(`SELECT (extract(epoch FROM max(finished_at)) * 1000000)::bigint ${mine}`);
  return { ms: (Number(ended) - began_us) / 1000, enqueue_ms: ms };
}

const socket = `${replinet.folder}/celery.sock`;
const redis = spawn('redis-server', ['--port', '0', '--unixsocket', socket, '--save', '', '--appendonly', 'no'], { cwd: '/', stdio: 'ignore' });
await until('Redis', () => existsSync(socket));
const celeryEnv = { ...process.env, PYTHONPATH: tasks, PYTHONDONTWRITEBYTECODE: '1' };
const worker = spawn('/usr/bin/python3', ['-m', 'celery', '-A', 'celery_tasks', '-b', `redis+socket://${socket}`, 'worker', '--pool', 'prefork', '--concurrency',
  String(CONCURRENCY), '--loglevel', 'ERROR', '--without-gossip', '--without-mingle', '--without-heartbeat'], { cwd: replinet.folder, env: celeryEnv, stdio: 'ignore' });
const celery = async () => JSON.parse(await run('/usr/bin/python3', [`${tasks}celery_tasks.py`, socket, String(jobs)], celeryEnv));

try {
  await celery(); // starts
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) rounds.push({ celery: await celery(), many: await ours('many'), together: await ours('together') });
  if (!process.argv[3]) rounds[0].each = await ours('each');
  const of = (side, field = 'ms') => Math.round(median(rounds.flatMap(round => round[side]?.[field] ?? [])));
  const side = how => ({ ours: of(how), ours_enqueue: of(how, 'enqueue_ms'), ours_per_s: Math.round(jobs / of(how) * 1000), celery: of('celery'),
    celery_enqueue: of('celery', 'enqueue_ms'), celery_per_s: Math.round(jobs / of('celery') * 1000) });
  report('jobs', { what: `${jobs} no-op jobs, a thousand a statement`, unit: 'ms', ...side('many') }, of('celery') / of('many'), { least: LEAST });
  report('jobs', { what: `${jobs} no-op jobs, a statement each in one transaction`, unit: 'ms', ...side('together'), ratio: of('celery') / of('together') });
  report('jobs', { what: `${jobs} no-op jobs, a transaction each, synced to disk`, unit: 'ms', ...side('each'), ratio: of('celery') / of('each') });
} finally {
  worker.kill('SIGTERM');
  await new Promise(resolve => worker.exitCode === null ? worker.once('exit', resolve) : resolve());
  redis.kill('SIGKILL');
  await replinet.stop();
  rmSync(socket, { force: true });
  replinet.remove();
}
