// The command line: what is deleted, exported and imported, files of threads, and what is refused.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import { startInstance, traces } from './lib/instance.mjs';

let replinet, site;
const bill = randomBytes(5000);
const taken = []; // bodies of what was sent to the site

async function json(...args) {
  const answer = await replinet.cli(...args, '--json');
  assert.equal(answer.code, 0, `replinet ${args.join(' ')}: ${answer.stderr}${answer.stdout}`);
  return JSON.parse(answer.stdout);
}
async function refused(code, said, ...args) {
  const answer = await replinet.cli(...args, '--json');
  assert.equal(answer.code, 1, answer.stdout);
  const { error } = JSON.parse(answer.stdout);
  assert.equal(error.code, code);
  assert.match(error.detail, said);
}
function file(object) {
  const name = `${replinet.folder}/object.json`;
  fs.writeFileSync(name, JSON.stringify(object));
  return name;
}
const script = [{ goto: 'about:blank' }, { wait_for: { ms: 60000 }, timeout_ms: 90000 }];

/* Gives a file away and takes one. */
function startSite() {
  const server = http.createServer(async (request, response) => {
    if (request.url === '/bill') return response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment; filename="bill.bin"' }).end(bill);
    if (request.method === 'POST') taken.push(Buffer.concat(await request.toArray()));
    response.setHeader('content-type', 'text/html');
    response.end(`<title>files</title><a href="/bill">Bill</a><p>${taken.length} taken</p>
      <form method="post" enctype="multipart/form-data"><label>File <input type="file" name="file"></label><button>Send</button></form>`);
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

before(async () => {
  site = await startSite();
  replinet = await startInstance({ EGRESS_ALLOW: `127.0.0.1:${site.address().port}` });
  await json('preset', 'create', file({ name: 'plain', system_prompt: 'привет' }));
  await json('agent', 'create', file({ name: 'one', preset_id: 'plain', script, browser_config: { memory_mb: 512 } }));
});

after(async () => {
  site?.close();
  await replinet?.stop();
  if (replinet) {
    assert.deepEqual(traces(replinet), []);
    replinet.remove();
  }
});

test('an export, imported, is the same agent with its preset', async () => {
  const before = await json('agent', 'show', 'one');
  const document = await json('agent', 'export', 'one');
  assert.deepEqual(Object.keys(document), ['preset', 'agent']);
  assert.equal(document.preset.system_prompt, 'привет');
  assert.deepEqual(document.agent.script, script);
  assert.ok(!('id' in document.agent) && !('preset_id' in document.agent));

  document.agent.description = 'changed';
  const updated = await json('agent', 'import', file(document)); // the name is there: updated
  assert.deepEqual([updated.id, updated.description, updated.revision], [before.id, 'changed', before.revision + 1]);

  document.agent.name = 'two';
  document.preset.name = 'other';
  const made = await json('agent', 'import', file(document)); // it is not: created
  assert.notEqual(made.id, before.id);
  assert.deepEqual(await json('agent', 'export', 'two'), document);
  assert.deepEqual(await json('preset', 'export', 'other'), { preset: document.preset });
});

test('a refused import leaves nothing behind', async () => {
  const document = await json('agent', 'export', 'one');
  document.preset.name = 'never';
  await refused('bad_input', /agent has no field "color"/, 'agent', 'import', file({ ...document, agent: { ...document.agent, color: 1 } }));
  await refused('not_found', /there is no preset never/, 'preset', 'show', 'never');
  const bad = await replinet.cli('agent', 'import', file({ ...document, agent: { ...document.agent, script: [{ fly: 1 }] } }), '--json');
  assert.equal(bad.code, 1);
  await refused('bad_input', /members "preset" and "agent" and nothing else/, 'agent', 'import', file({ agent: {} }));
  await refused('bad_input', /member "preset" and nothing else/, 'preset', 'import', file(document));
});

test('what is in use is not deleted', async () => {
  await refused('conflict', /agents still use it/, 'preset', 'delete', 'plain');
  const thread = await json('thread', 'start', 'one');
  await refused('conflict', /threads of agent one have not ended yet/, 'agent', 'delete', 'one');
  await replinet.cli('thread', 'stop', thread.id);
  await replinet.cli('thread', 'logs', '-f', thread.id); // until it has ended
  const { id } = await json('agent', 'show', 'one');
  assert.equal((await json('agent', 'delete', 'one')).id, id);
  await refused('not_found', /there is no agent one/, 'agent', 'delete', 'one');
  assert.equal((await json('thread', 'show', thread.id)).agent_id, null);
  const gone = await replinet.cli('preset', 'delete', 'plain');
  assert.match(gone.stdout, /^preset [0-9a-f-]{36}\n$/);
  await refused('not_found', /there is no preset plain/, 'preset', 'show', 'plain');
});

test('wrong usage is told as such', async () => {
  for (const args of [['agent'], ['agent', 'delete'], ['preset', 'export', 'a', 'b'], ['agent', 'burn', 'one']]) {
    const answer = await replinet.cli(...args);
    assert.equal(answer.code, 2);
    assert.match(answer.stderr, /Usage: replinet/);
  }
});

// Several at once: each call is a process.
async function each(list, use) {
  const left = [...list];
  await Promise.all(Array.from({ length: 3 }, async () => {
    while (left.length) await use(left.shift());
  }));
}

test('every command tells about itself, and so does docs/cli.md', async () => {
  const { stdout } = await replinet.cli('help');
  const commands = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}/gm)].map(([, name]) => name);
  assert.ok(commands.length > 15, stdout);
  const page = fs.readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');
  await each(commands, async (name) => {
    const { code, stdout: text, stderr } = await replinet.cli(name, '--help');
    assert.deepEqual([code, stderr], [0, '']);
    assert.match(text, new RegExp(`Usage: replinet ${name}`));
    assert.ok(page.includes(`replinet ${name}`), name);
  });
  assert.equal((await replinet.cli('help', 'fly')).code, 2);
  assert.equal((await replinet.cli('fly')).code, 2);
  assert.equal((await replinet.cli()).code, 2);
});

test('every command on data answers in JSON, and refuses what is wrong in words', async () => {
  await json('agent', 'create', file({ name: 'three', preset_id: 'other', script: [{ goto: 'about:blank' }] }));
  const later = await json('thread', 'start', 'three', '--at', '2099-01-01T00:00:00Z', '--priority', '3', '--task', 'later');
  assert.equal((await json('job', 'ls', '--status', 'queued', '--kind', 'run')).items[0].priority, 3);
  const good = [
    ['preset', 'ls'], ['preset', 'show', 'other'], ['preset', 'export', 'other'], ['preset', 'revisions', 'other'],
    ['agent', 'ls', '--page', '1', '--size', '2'], ['agent', 'show', 'three'], ['agent', 'export', 'three'], ['agent', 'revisions', 'three', '1'],
    ['thread', 'ls', '--agent', 'three', '--status', 'queued'], ['thread', 'show', later.id], ['job', 'ls', '--lane', 'run', '--size', '1'],
    ['browser', 'ls'], ['browser', 'stats'], ['events', '--limit', '2'], ['audit', 'ls', '--limit', '2'], ['doctor', 'clock'], ['config'], ['artifact', 'ls', '--size', '2'], ['migrate', '--status'],
  ];
  await each(good, async (args) => { await json(...args); });
  const missing = '0193d1e2-7a4b-7c55-8f0e-0123456789ab';
  const bad = [
    ['not_found', /no thread 0193/, 'thread', 'show', missing], ['not_found', /no thread's id/, 'thread', 'show', 'one'],
    ['not_found', /no agent nobody/, 'thread', 'start', 'nobody'], ['bad_input', /--inputs takes a JSON object/, 'thread', 'start', 'three', '--inputs', '[]'],
    ['bad_input', /"soon" is no time/, 'thread', 'start', 'three', '--at', 'soon'], ['conflict', /has not ended/, 'thread', 'retry', later.id],
    ['not_found', /no job 0193/, 'job', 'show', missing], ['bad_input', /no job's id/, 'job', 'cancel', 'x'], ['bad_input', /no status of jobs/, 'job', 'ls', '--status', 'lost'],
    ['not_found', /artifact/, 'artifact', 'get', missing], ['not_found', /artifact/, 'artifact', 'show', missing],
    ['bad_input', /"music" is no kind of files: screenshot/, 'artifact', 'ls', '--kind', 'music'], ['not_found', /no thread 0193/, 'artifact', 'ls', '--thread', missing],
    ['not_found', /no thread's id/, 'artifact', 'export', 'one', `${replinet.folder}/none`], ['not_found', /no browser ffff/, 'browser', 'kill', 'ffff'],
    ['bad_input', /not valid JSON/, 'preset', 'create', '/dev/null'], ['not_found', /no agent x/, 'agent', 'delete', 'x'],
  ];
  await each(bad, ([code, said, ...args]) => refused(code, said, ...args));
  const usage = [
    ['thread', 'ls', '--size', '0'], ['thread', 'start'], ['thread', 'fly'], ['job'], ['job', 'show'], ['job', 'ls', '--size', '501'], ['job', 'add', 'noop', '--count', '0'],
    ['job', 'add', 'noop', '--priority', 'x'], ['batch', 'three'], ['batch', 'three', 'rows.csv', '--parallel', '0'], ['artifact'], ['artifact', 'ls', '--page', '0'], ['artifact', 'export', missing], ['script', 'check', '--fly', 'x'], ['browser'], ['events', 'x'], ['audit'], ['admin'],
    ['run'], ['doctor', '--fly'], ['migrate', '--fly'], ['script'],
  ];
  await each(usage, async (args) => {
    const { code, stderr } = await replinet.cli(...args);
    assert.equal(code, 2, `replinet ${args.join(' ')}: ${stderr}`);
    assert.match(stderr, /Usage: replinet/);
  });
  const [job] = (await json('job', 'ls', '--kind', 'run', '--status', 'queued')).items;
  await refused('conflict', /is the run of thread/, 'job', 'cancel', job.id);
  assert.equal((await json('thread', 'stop', later.id)).status, 'stopped');
  const again = await json('thread', 'retry', later.id);
  assert.deepEqual([again.retry_of, again.task], [later.id, 'later']);
  await replinet.cli('thread', 'logs', '-f', again.id);
  assert.match((await replinet.cli('thread', 'ls', '--agent', 'three')).stdout, /^ID +STATUS +REASON/);
});

test('a thread that is to start later starts when it is due', async () => {
  const at = new Date(Date.now() + 1500);
  await json('agent', 'create', file({ name: 'blank', preset_id: 'other', script: [{ goto: 'about:blank' }] }));
  const { id } = await json('thread', 'start', 'blank', '--at', at.toISOString());
  await replinet.cli('thread', 'logs', '-f', id);
  const { status, start_time: started } = await json('thread', 'show', id);
  assert.equal(status, 'completed');
  const late = new Date(started) - at;
  assert.ok(late >= 0 && late < 30000, `${late} ms late`);
});

describe('files of threads', () => {
  const url = () => `http://127.0.0.1:${site.address().port}/`;
  let thread, folder;
  const held = (name) => fs.readFileSync(`${folder}/${name}`);

  before(async () => {
    folder = `${replinet.folder}/files`;
    const steps = [{ goto: url() }, { download: { click: 'Bill', as: 'first' } }, { download: { click: 'Bill', as: 'second' } }, { screenshot: 'end' }];
    await json('agent', 'create', file({ name: 'fetch', preset_id: 'other', script: steps }));
    thread = await json('thread', 'start', 'fetch', '--wait');
  });

  test('they are listed and shown', async () => {
    const all = await json('artifact', 'ls', '--thread', thread.id);
    assert.deepEqual([all.total, all.items.map((item) => item.kind).sort()], [3, ['download', 'download', 'screenshot']]);
    const second = await json('artifact', 'ls', '--thread', thread.id, '--kind', 'download', '--size', '1', '--page', '2');
    assert.deepEqual([second.total, second.pages, second.items.length, second.items[0].id], [2, 2, 1, thread.results.first.artifact]);
    const shown = await json('artifact', 'show', thread.results.first.artifact);
    assert.deepEqual([shown.thread_id, shown.size, shown.sha256], [thread.id, bill.length, createHash('sha256').update(bill).digest('hex')]);
    assert.match((await replinet.cli('artifact', 'ls')).stdout, /^ID +THREAD +KIND +NAME/);
  });

  test('all are exported under names that differ, over existing files only by force', async () => {
    const report = await json('artifact', 'export', thread.id, folder);
    const names = fs.readdirSync(folder).sort();
    assert.deepEqual(report.files.map((one) => one.path.slice(folder.length + 1)).sort(), names);
    assert.deepEqual(names.slice(0, 2), ['bill-2.bin', 'bill.bin']);
    assert.equal(names.length, 3);
    for (const name of names.slice(0, 2)) assert.deepEqual(held(name), bill);
    const picture = report.files.find((one) => one.kind === 'screenshot');
    assert.equal(createHash('sha256').update(fs.readFileSync(picture.path)).digest('hex'), picture.sha256);

    fs.writeFileSync(`${folder}/bill.bin`, 'mine');
    fs.rmSync(`${folder}/bill-2.bin`);
    await refused('conflict', /files\/.* exists already; nothing was written/, 'artifact', 'export', thread.id, folder);
    assert.equal(held('bill.bin').toString(), 'mine');
    assert.ok(!fs.existsSync(`${folder}/bill-2.bin`));
    const { stdout } = await replinet.cli('artifact', 'export', thread.id, folder, '--force');
    assert.equal(stdout.trim().split('\n').length, 3);
    assert.deepEqual([held('bill.bin'), fs.readdirSync(folder).sort()], [bill, names]);
  });

  test('another thread uploads one by its id, and the site gets its bytes', async () => {
    const steps = [{ goto: url() }, { upload: { label: 'File', file: '{{inputs.file}}' } }, { click: { role: 'button', name: 'Send' } }, { wait_for: '1 taken' }];
    await json('agent', 'create', file({ name: 'send', preset_id: 'other', script: steps }));
    const sent = await json('thread', 'start', 'send', '--inputs', JSON.stringify({ file: thread.results.first.artifact }), '--wait');
    assert.equal(sent.status, 'completed');
    assert.equal(taken.length, 1);
    assert.ok(taken[0].includes(bill) && taken[0].includes('filename="bill.bin"'));
  });
});

test('migrate and script check answer in JSON', async () => {
  const { known, ...rest } = await json('migrate');
  assert.ok(known > 10);
  assert.deepEqual(rest, { applied_before: known, applied_now: 0, waiting: 0, newer: 0 });
  const good = file([{ goto: 'about:blank' }]);
  assert.deepEqual(await json('script', 'check', good), { files: [{ file: good, good: true, steps: 1 }] });
  const wrong = `${replinet.folder}/wrong.json`;
  fs.writeFileSync(wrong, '[{"fly": 1}]');
  const answer = await replinet.cli('script', 'check', good, wrong, '--json');
  assert.equal(answer.code, 1);
  const [first, second] = JSON.parse(answer.stdout).files;
  assert.deepEqual([first.good, second.good, second.file], [true, false, wrong]);
  assert.match(second.error.detail, /fly/);
});
