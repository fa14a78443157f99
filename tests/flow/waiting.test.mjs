// Threads that wait for people: they give their places of the worker to others, go on at once when they are answered, and
// nothing of them is lost or left over, whoever answers when and whatever dies meanwhile.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { descendants, startInstance, traces, until } from './lib/instance.mjs';
import { startModel } from './lib/model_server.mjs';
import { click, done, find, lastResults, pageIn, taskIn } from './lib/model_talk.mjs';
import { watchBrowser } from './lib/live_client.mjs';

const PLACES = 1, BEYOND = 3, BROWSERS = 5;
let replinet, model, admin, site;
const paid = [];
const goto = { name: 'goto', arguments: { url: 'about:blank' } };

/** A model that asks what its task says, after "First" something was done, and ends with what it was told. */
function solve(conversation) {
  const task = /Task:\n(.*)/.exec(taskIn(conversation))[1], told = lastResults(conversation)[0]?.text ?? '';
  if (task === 'Pay') return { calls: [pageIn(conversation).includes('Page: Shop') ? click(find(pageIn(conversation), 'button "Pay')) : { name: 'goto', arguments: { url: `http://127.0.0.1:${site.address().port}/` } }] };
  if (task.startsWith('First') && !conversation.some((m) => m.role === 'tool')) return { calls: [goto] };
  return { calls: [/ answered| did it/.test(told) ? done(undefined, told) : { name: 'ask_user', arguments: { text: task } }] };
}

before(async () => {
  model = await startModel({ solve, key: 'sk-test' });
  site = http.createServer((request, response) => {
    if (request.url === '/paid') paid.push(request.url);
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>Shop</title><button onclick="fetch('/paid')">Pay 1 EUR</button>`);
  });
  await new Promise((listening) => site.listen(0, '127.0.0.1', listening));
  replinet = await startInstance({
    SECRET_KEY: randomBytes(32).toString('hex'), WORKER_CONCURRENCY: String(PLACES), WORKER_WAITING: String(BEYOND), MAX_BROWSERS: String(BROWSERS), BROWSER_WAIT_MINUTES: '0', JOB_LEASE_SECONDS: '6', WORKER_DRAIN_SECONDS: '2', JOB_STOP_SECONDS: '20', EGRESS_ALLOW: `127.0.0.1:${site.address().port}`, LOG_LEVEL: 'info',
    MODEL_PROVIDERS: JSON.stringify({ one: { kind: 'openai', base_url: model.openai, api_key: 'sk-test', models: [{ name: 'asker', context_tokens: 32000 }] } }),
  });
  admin = replinet.makeUser('super_admin', { name: 'Anna' });
  await replinet.create('preset', { name: 'asker', ai_model: 'one/asker', additional_config: { question_minutes: 30 } });
  await replinet.create('preset', { name: 'hasty', ai_model: 'one/asker', additional_config: { question_minutes: 1 } });
  await replinet.create('preset', { name: 'script', ai_model: 'script' });
  for (const name of ['asker', 'hasty']) await replinet.create('agent', { name, preset_id: name });
  await replinet.create('agent', { name: 'brief', preset_id: 'asker', browser_config: { timeout_ms: 15000 } });
  for (const [name, ms] of Object.entries({ quick: 1, long: 80000 }))
    await replinet.create('agent', { name, preset_id: 'script', script: [{ goto: 'about:blank' }, { wait_for: { ms }, timeout_ms: 90000 }] });
});
after(async () => {
  await replinet?.stop();
  if (replinet) assert.deepEqual(traces(replinet), []);
  replinet?.remove();
  await model?.stop();
  site?.close();
});

const start = async (agent, ...task) => (await replinet.json('thread', 'start', agent, ...task.flatMap((text) => ['--task', text]))).id;
const show = (id) => replinet.json('thread', 'show', id);
const when = (id, what, check, ms = 90000) => until(`${what} of thread ${id}`, async () => { const found = await show(id); return check(found) && found; }, ms);
const isOver = ({ status }) => ['completed', 'error', 'stopped'].includes(status);
const ended = (id) => when(id, 'the end', isOver, 120000);
const waits = (id, kind = 'question') => when(id, `a ${kind}`, ({ status, reason }) => status === 'waiting' && reason === kind);
async function asks(agent, task) {
  const id = await start(agent, task);
  await waits(id);
  return id;
}
const running = (id) => when(id, 'a step', ({ status }) => status === 'running');
async function api(method, path, body) {
  const response = await fetch(`${replinet.url}/api/v1${path}`, { method, headers: { Authorization: `Bearer ${admin.key}`, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
  return { status: response.status, body: await response.json().catch(() => null) };
}
const question = async (id) => (await api('GET', `/threads/${id}/questions`)).body.items.at(-1);
const reply = async (id, answer, asked) => api('POST', `/threads/${id}/questions/${(asked ?? (await question(id))).id}/answer`, answer);
async function answered(id, text) {
  assert.equal((await reply(id, { text })).status, 200);
  const thread = await ended(id);
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.match(thread.results.answer, new RegExp(`Anna answered: ${text}`));
}
const jobs = () => descendants(replinet.up.pid).filter((p) => p.command[1] === 'job' && p.state !== 'Z');
const leased = async () => (await replinet.json('browser', 'ls')).items.filter((b) => b.state === 'leased');
const idle = () => until('jobs and leases to go', async () => !jobs().length && !(await leased()).length, 60000);
async function gauges() {
  const text = await fetch(`http://127.0.0.1:${replinet.env.WORKER_METRICS_PORT}/metrics`).then((answer) => answer.text(), () => '');
  const of = (name) => Number(new RegExp(`^replinet_jobs_${name}\\{lane="run"\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  return { running: of('running'), waiting: of('waiting') };
}
const counted = (expected) => until(`${JSON.stringify(expected)} in the metrics`, async () => { const { running: r, waiting: w } = await gauges(); return r === expected.running && w === expected.waiting; }, 30000);
const newWorker = (pid) => until('a new worker', async () => replinet.children().worker && replinet.children().worker.pid !== pid && (await fetch(`http://127.0.0.1:${replinet.env.WORKER_METRICS_PORT}/health`).catch(() => null))?.ok, 60000);

// These wait for a minute while other tests run.
let late, held, viewer;
test('runs wait for answers; one of them while somebody has its browser in hand', async () => {
  // Whoever answers at the very moment at which time is up: the answer is there when the run wants to withdraw its question.
  replinet.sql(`CREATE FUNCTION answer_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.status = 'answered'; NEW.why = ''; NEW.answer = '{"text":"just in time","by":"Anna"}'; RETURN NEW; END $$;
    CREATE TRIGGER answer_first BEFORE UPDATE ON thread_questions FOR EACH ROW
    WHEN (OLD.text = 'At the last moment?' AND NEW.status = 'expired') EXECUTE FUNCTION answer_first()`);
  late = await asks('hasty', 'At the last moment?');
  held = await asks('hasty', 'Who has it?');
  const sign = async (claims) => (await replinet.cli('ticket', JSON.stringify(claims), '600')).stdout.trim();
  viewer = await watchBrowser({ port: Number(replinet.env.DOOR_PORT), signer: { sign } }, (await show(held)).browser_id, { sub: 'olga', name: 'Olga', control: true });
  await viewer.takeControl();
});

test('a waiting thread gives its place to another, and goes on when it is answered', async () => {
  const first = await asks('asker', 'Which one?');
  await counted({ running: 3, waiting: 3 });
  const { items } = await replinet.json('job', 'ls', '--status', 'running');
  assert.deepEqual(items.filter(({ kind }) => kind === 'run').map(({ waiting_for }) => waiting_for), ['question', 'question', 'question']);
  assert.equal((await ended(await start('quick'))).status, 'completed');
  const second = await start('long');
  await running(second);
  await counted({ running: 4, waiting: 3 });
  await answered(first, 'this'); // although the place is taken
  assert.equal((await show(second)).status, 'running');
  await replinet.cli('thread', 'stop', second);
  assert.equal((await ended(second)).status, 'stopped');
  await counted({ running: 2, waiting: 2 });
});

test('only so many give theirs up: further ones keep others waiting, not those that are answered', async () => {
  const two = [await asks('asker', 'One?'), await asks('asker', 'Two?')];
  await counted({ running: PLACES + BEYOND, waiting: PLACES + BEYOND });
  const next = await start('quick');
  await answered(two[0], 'one');
  assert.equal((await ended(next)).status, 'completed');
  const [{ started_at }] = (await replinet.json('job', 'ls', '--kind', 'run')).items.filter(({ thread_id }) => thread_id === next);
  const asked = await question(two[0]);
  assert.ok(Date.parse(started_at) > Date.parse(asked.ended_at), `begun ${started_at}, answered ${asked.ended_at}`);
  await answered(two[1], 'two');
});

test('no thread begins beyond the places while the pool has no browser for it: it stays in the queue', async () => {
  const mine = [];
  while ((await leased()).length < BROWSERS) mine.push((await api('POST', '/browsers', {})).body.id);
  const id = await start('quick');
  await until('some looks at the queue', async () => Number(replinet.sql('SELECT extract(epoch FROM clock_timestamp() - created_at) > 5 FROM jobs ORDER BY id DESC LIMIT 1') === 't'), 30000);
  assert.deepEqual([(await show(id)).status, replinet.sql(`SELECT attempt FROM jobs WHERE thread_id = '${id}'`)], ['queued', '0']);
  for (const browser of mine) await replinet.json('browser', 'kill', browser);
  assert.equal((await ended(id)).status, 'completed');
  assert.equal(replinet.sql(`SELECT attempt FROM jobs WHERE thread_id = '${id}'`), '1');
});

test('of answers that come at once, by sign-in and by link, one counts and the others are told', async () => {
  const id = await asks('asker', 'Who is first?');
  const asked = await question(id), token = asked.link.split('/').at(-1);
  const link = (n) => fetch(`${replinet.url}/api/v1/answers/${token}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text: `link ${n}` }) });
  const answers = await Promise.all([0, 1, 2, 3, 4, 5].map((n) => (n % 2 ? link(n) : reply(id, { text: `rest ${n}` }, asked))));
  assert.deepEqual(answers.map(({ status }) => status).filter((status) => status === 200), [200]);
  for (const { status } of answers) assert.ok([200, 404, 409].includes(status), String(status));
  const winner = answers.findIndex(({ status }) => status === 200);
  assert.match((await ended(id)).results.answer, new RegExp(winner % 2 ? `link ${winner}` : `rest ${winner}`));
});

test('a thread that is stopped while its approval is open does nothing any more, whoever approves', async () => {
  const id = await start('asker', 'Pay');
  await waits(id, 'approval');
  const asked = await question(id), token = asked.link.split('/').at(-1);
  assert.equal((await api('POST', `/threads/${id}/stop`)).status, 200);
  const byLink = await fetch(`${replinet.url}/api/v1/answers/${token}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: '{"approved":true}' });
  assert.deepEqual([(await reply(id, { approved: true }, asked)).status, byLink.status], [409, 404]);
  assert.deepEqual(await ended(id).then(({ status, reason }) => [status, reason]), ['stopped', 'stopped']);
  assert.deepEqual([(await question(id)).status, paid], ['withdrawn', []]);
});

test('a browser that is not kept any longer ends the wait, once', async () => {
  const id = await asks('brief', 'Are you there?');
  const thread = await ended(id);
  assert.deepEqual([thread.status, thread.reason], ['error', 'no_answer']);
  assert.match(thread.error_message, /nobody answered/);
  assert.equal(replinet.sql(`SELECT string_agg(status::text, ',') FROM thread_questions WHERE thread_id = '${id}'`), 'expired');
});

test('an api that is killed loses no question', async () => {
  const id = await asks('asker', 'Still there?');
  const { pid } = replinet.children().api;
  process.kill(pid, 'SIGKILL');
  await until('a new api', async () => replinet.children().api && replinet.children().api.pid !== pid && (await fetch(`${replinet.url}/health`).catch(() => null))?.ok, 60000);
  await answered(id, 'yes');
});

test('an answer at the very moment at which time is up counts', async () => {
  const thread = await ended(late);
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.match(thread.results.answer, /Anna answered: just in time/);
});

test('nobody loses the browser out of their hands because time is up; an answer comes too late then', async () => {
  const asked = await question(held);
  await until('the end of its time', () => Date.now() > Date.parse(asked.deadline_at) + 1500, 90000);
  assert.deepEqual([(await show(held)).status, (await question(held)).status], ['waiting', 'open']);
  const refused = await reply(held, { text: 'me' });
  assert.equal(refused.status, 409);
  assert.match(refused.body.detail, /its time is up/);
  viewer.say('return_control');
  const thread = await ended(held);
  assert.equal(thread.status, 'completed', thread.error_message);
  assert.match(thread.results.answer, /Olga did it in the browser/);
  assert.deepEqual([(await question(held)).status, (await question(held)).why], ['withdrawn', 'handled']);
  await idle();
  await counted({ running: 0, waiting: 0 });
});

test('a worker that is told to end: who has not acted asks anew, who has ends with a reason', async () => {
  const fresh = await asks('asker', 'Again?'), acted = await asks('asker', 'First look?');
  const before = [await question(fresh), await question(acted)];
  const { pid } = replinet.children().worker;
  process.kill(pid, 'SIGTERM');
  assert.deepEqual(await ended(acted).then(({ status, reason }) => [status, reason]), ['error', 'shutdown']);
  await newWorker(pid);
  await when(fresh, 'another question', ({ status }) => status === 'waiting');
  const again = await question(fresh);
  assert.notEqual(again.id, before[0].id);
  for (const [i, id] of [fresh, acted].entries()) {
    const late = await reply(id, { text: 'late' }, before[i]);
    assert.deepEqual([late.status, /not open any more/.test(late.body.detail)], [409, true]);
  }
  await answered(fresh, 'again');
});

test('a worker that is killed takes all along, those that wait too; nothing is left or counted twice', async () => {
  const waiting = await asks('asker', 'First, which?'), other = await start('long');
  await running(other);
  const asked = await question(waiting), { pid } = replinet.children().worker;
  process.kill(pid, 'SIGKILL');
  for (const id of [waiting, other]) assert.deepEqual(await ended(id).then(({ status, reason }) => [status, reason]), ['error', 'worker_lost']);
  assert.deepEqual([(await question(waiting)).status, (await reply(waiting, { text: 'x' }, asked)).status], ['withdrawn', 409]);
  await newWorker(pid);
  await idle();
  assert.equal(replinet.sql("SELECT count(*) FROM jobs WHERE status = 'running' AND kind = 'run'"), '0');
  const next = await asks('asker', 'And now?');
  await counted({ running: 1, waiting: 1 });
  await answered(next, 'now');
});
