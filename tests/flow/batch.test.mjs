// A batch: a thread per row, results in the order of the rows, Ctrl-C, and going on where an earlier run ended.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { startInstance, traces, until } from './lib/instance.mjs';

let replinet, folder;

async function json(...args) {
  const answer = await replinet.cli(...args, '--json');
  assert.equal(answer.code, 0, `replinet ${args.join(' ')}: ${answer.stderr}${answer.stdout}`);
  return JSON.parse(answer.stdout);
}
function file(name, text) {
  fs.writeFileSync(`${folder}/${name}`, text);
  return `${folder}/${name}`;
}
const threads = async (agent) => (await json('thread', 'ls', '--agent', agent)).items;

before(async () => {
  replinet = await startInstance({ WORKER_CONCURRENCY: '2' });
  folder = replinet.folder;
  await json('preset', 'create', file('preset.json', '{"name":"script"}'));
  const agent = (name, script) => json('agent', 'create', file('agent.json', JSON.stringify({ name, preset_id: 'script', script })));
  const check = { if: { given: '{{inputs.word}}', equals: 'bad', then: [{ fail: 'a bad word' }] } };
  const say = { evaluate: { script: 'return {text: inputs.word, length: inputs.word.length}', as: 'echo' } };
  await agent('echo', [{ goto: 'about:blank' }, check, say]);
  await agent('slow', [{ goto: 'about:blank' }, { wait_for: { ms: 60000 }, timeout_ms: 90000 }]);
});

after(async () => {
  await replinet?.stop();
  if (replinet) {
    assert.deepEqual(traces(replinet), []);
    replinet.remove();
  }
});

test('every row becomes a thread with its columns as inputs, and a line of the CSV in their order', async () => {
  const rows = file('words.csv', '\ufeffword,note\r\n"two\nlines","says ""hi"", twice"\r\nbad,\r\nжук 🙂,x\r\n');
  const done = await replinet.cli('batch', 'echo', rows, '--concurrency', '3', '--output', `${folder}/out.csv`, '--json');
  assert.equal(done.code, 1, done.stderr + done.stdout); // one row failed
  assert.deepEqual(JSON.parse(done.stdout), { rows: 3, completed: 2, failed: 1, stopped: 0, from_before: 0, output: `${folder}/out.csv` });
  assert.match(done.stderr, /3 of 3 rows, 0 running, 1 failed/);
  const ids = (await threads('echo')).map((t) => [t.inputs.word, t.id]);
  const id = (word) => ids.find(([w]) => w === word)[1];
  const lines = fs.readFileSync(`${folder}/out.csv`, 'utf8').split('\r\n');
  assert.equal(lines[0], 'row,thread_id,status,reason,error,execution_ms,inputs.word,inputs.note,results.echo');
  const [first, second, third] = lines.slice(1).map((line) => line.replace(/(completed|error),([^,]*,.*?),\d+,/, '$1,$2,MS,'));
  assert.equal(first, `1,${id('two\nlines')},completed,,,MS,"two\nlines","says ""hi"", twice","{""text"":""two\\nlines"",""length"":9}"`);
  assert.match(second, new RegExp(`^2,${id('bad')},error,[^,]+,.*a bad word.*,MS,bad,,$`));
  assert.equal(third, `3,${id('жук 🙂')},completed,,,MS,жук 🙂,x,"{""text"":""жук 🙂"",""length"":6}"`);
});

test('with JSON in and out values keep their kind; --columns picks', async () => {
  const rows = file('words.json', JSON.stringify([{ word: 'one', number: 7 }]));
  const [row] = await json('batch', 'echo', rows);
  assert.deepEqual([row.row, row.status, row.inputs, row.results], [1, 'completed', { word: 'one', number: 7 }, { echo: { text: 'one', length: 3 } }]);
  const picked = await replinet.cli('batch', 'echo', rows, '--columns', 'inputs.number,status,results.none');
  assert.equal(picked.stdout, 'inputs.number,status,results.none\r\n7,completed,\r\n');
});

test('run again with --resume, only rows that did not complete are repeated', async () => {
  const rows = file('again.csv', 'word\nyes\nbad\nyes\n');
  const run = async () => JSON.parse((await replinet.cli('batch', 'echo', rows, '--resume', `${folder}/again.jsonl`, '--json')).stdout);
  const before = await run();
  assert.deepEqual(before.map((r) => r.status), ['completed', 'error', 'completed']);
  assert.notEqual(before[0].thread_id, before[2].thread_id); // equal rows are rows of their own
  fs.appendFileSync(`${folder}/again.jsonl`, '{"row":3,"key":"cut o'); // as a crash leaves it
  const count = (await threads('echo')).length;
  const again = await run();
  assert.deepEqual([again[0], again[2]], [before[0], before[2]]);
  assert.notEqual(again[1].thread_id, before[1].thread_id);
  assert.equal((await threads('echo')).length, count + 1);
});

const startBatch = (...args) => {
  const child = spawn(replinet.binary, ['batch', ...args], { env: replinet.env });
  child.said = '';
  child.stderr.on('data', (data) => (child.said += data));
  child.ended = new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
  return child;
};
const running = (n) => until(`${n} slow threads`, async () => (await threads('slow')).filter((t) => t.status === 'running').length === n, 60000);

test('killed, its threads are found again; Ctrl-C stops what runs and writes what is there', async () => {
  const rows = file('slow.csv', 'word\na\nb\nc\n');
  const args = ['slow', rows, '--concurrency', '2', '--resume', `${folder}/slow.jsonl`, '--output', `${folder}/slow.json`];
  const first = startBatch(...args);
  await running(2);
  first.kill('SIGKILL');
  await first.ended;
  const second = startBatch(...args);
  await until('the second batch to find them', () => /^0 of 3 rows, 2 running/m.test(second.said) || second.exitCode !== null, 60000);
  assert.equal((await threads('slow')).length, 2, second.said); // the same two
  const third = await replinet.cli('batch', ...args);
  assert.equal(third.code, 1);
  assert.match(third.stderr, /another batch uses/);
  second.kill('SIGINT');
  assert.deepEqual(await second.ended, { code: 130, signal: null });
  assert.deepEqual(JSON.parse(fs.readFileSync(`${folder}/slow.json`)).map((r) => r.status), ['stopped', 'stopped', 'not_started']);
  assert.deepEqual((await threads('slow')).map((t) => t.status), ['stopped', 'stopped']);
});

const input_schema = {
  type: 'object', required: ['word'], additionalProperties: false,
  properties: { word: { type: 'string', minLength: 2 }, times: { type: 'integer', minimum: 1, default: 2 }, note: { type: ['string', 'null'] } },
};
const result_schema = { type: 'object', required: ['echo'], properties: { echo: { type: 'object', properties: { length: { maximum: 5 } } } } };

test('an agent with schemas: inputs are checked and filled, results are checked, scripts call each other', async () => {
  const say = { evaluate: { script: 'return {text: inputs.word.repeat(inputs.times ?? 1), length: inputs.word.length}', as: 'echo' } };
  const script = { steps: [{ goto: 'about:blank' }, { call: 'say' }], scripts: { say: [{ call: { script: 'twice', inputs: { word: '{{inputs.word}}', times: '{{inputs.times}}' } } }], twice: { steps: [say] } } };
  await json('agent', 'create', file('checked.json', JSON.stringify({ name: 'checked', preset_id: 'script', script, input_schema, result_schema })));
  const start = async (inputs) => JSON.parse((await replinet.cli('thread', 'start', 'checked', '--inputs', JSON.stringify(inputs), '--wait', '--json')).stdout);
  const good = await start({ word: 'abc' });
  assert.deepEqual([good.status, good.inputs, good.results], ['completed', { word: 'abc', times: 2 }, { echo: { text: 'abcabc', length: 3 } }]);
  const long = await start({ word: 'abcdefg', times: 1 });
  assert.deepEqual([long.status, long.reason, long.results], ['error', 'result_invalid', { echo: { text: 'abcdefg', length: 7 } }]);
  assert.equal(long.error_message, 'results.echo.length must be at most 5');
  const ended = (await replinet.cli('thread', 'logs', long.id, '--json')).stdout.trim().split('\n').map(JSON.parse).find((e) => e.kind === 'run.finished');
  assert.deepEqual(ended.data.problems, [{ loc: ['results', 'echo', 'length'], msg: 'must be at most 5', type: 'less_than_equal' }]);
  const count = (await threads('checked')).length;
  const { error } = await start({ word: 'a', times: 0, other: 1 });
  assert.equal(error.code, 'bad_input');
  for (const part of ['inputs.word must have at least 2 letters', 'inputs.times must be at least 1', 'inputs.other is not allowed']) assert.match(error.detail, new RegExp(part));
  assert.equal((await threads('checked')).length, count);
});

test('a batch with a schema: every row is checked before the first starts; texts of a CSV become numbers', async () => {
  const count = (await threads('checked')).length;
  const bad = await replinet.cli('batch', 'checked', file('bad.csv', 'word,times\nabc,1\na,1\nabc,x\n'));
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /2 of 3 rows .*row 2: inputs.word must have at least 2 letters, not 1; row 3: inputs.times must be a whole number, not a text/);
  assert.equal((await threads('checked')).length, count);
  const rows = await json('batch', 'checked', file('good.csv', 'word,times\nabc,3\nde,\n'));
  assert.deepEqual(rows.map((r) => [r.status, r.results.echo.text]), [['completed', 'abcabcabc'], ['completed', 'dede']]);
});

test('an agent whose schemas or scripts are wrong is not saved', async () => {
  for (const [members, said] of [
    [{ input_schema: { word: { type: 'string' } } }, /input_schema has "word", which is no keyword/],
    [{ input_schema: { properties: { a: { type: 'text' } } } }, /input_schema.properties.a.type must be string/],
    [{ result_schema: { $ref: '#/$defs/none' } }, /result_schema.\$ref leads nowhere/],
    [{ script: { steps: [{ call: 'nobody' }], scripts: { somebody: [] } } }, /script: steps\[0\].call: there is no script named "nobody"/],
    [{ script: { steps: [], scripts: { a: [{ clik: 'x' }] } } }, /script: scripts.a\[0\].clik is not known; did you mean click/],
  ]) {
    const agent = { name: 'wrong', preset_id: 'script', script: [], ...members };
    const created = await replinet.cli('agent', 'create', file('wrong.json', JSON.stringify(agent)));
    assert.equal(created.code, 1, JSON.stringify(members));
    assert.match(created.stderr, said);
    delete agent.preset_id;
    const imported = await replinet.cli('agent', 'import', file('wrong.json', JSON.stringify({ preset: { name: 'script' }, agent })));
    assert.match(imported.stderr, said);
  }
});

test('what is wrong is said before a thread is started', async () => {
  const count = (await threads('echo')).length;
  for (const [args, said] of [
    [['echo', file('w1.csv', 'a,b\n1\n')], /w1.csv, line 2: the row has 1 fields, the header has 2/],
    [['echo', file('w2.csv', 'a\nb"\n')], /w2.csv, line 2, column 2: a quote/],
    [['echo', file('w3.csv', 'a,a\n1,2\n')], /line 1: column 2 has the name of another one/],
    [['echo', file('w4.csv', 'a\n')], /w4.csv has no rows/],
    [['echo', file('w5.json', '[1]')], /item 1 of the list is no object/],
    [['nobody', file('w6.csv', 'a\n1\n')], /there is no agent nobody/],
    [['echo', file('w7.csv', 'a\n1\n'), '--columns', 'status,word'], /there is no column "word"/],
    [['echo', file('w8.csv', 'a\n1\n'), '--output', `${folder}/none/out.csv`], /cannot write/],
  ]) {
    const plain = await replinet.cli('batch', ...args);
    assert.equal(plain.code, 1);
    assert.match(plain.stderr, said);
    const { error } = JSON.parse((await replinet.cli('batch', ...args, '--json')).stdout);
    assert.match(error.detail, said);
  }
  assert.equal((await replinet.cli('batch', 'echo')).code, 2);
  assert.equal((await threads('echo')).length, count);
});
