// The command line's objects: what is deleted, exported and imported, and what is refused.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { startInstance, traces } from './lib/instance.mjs';

let replinet;

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

before(async () => {
  replinet = await startInstance();
  await json('preset', 'create', file({ name: 'plain', system_prompt: 'привет' }));
  await json('agent', 'create', file({ name: 'one', preset_id: 'plain', script, browser_config: { memory_mb: 512 } }));
});

after(async () => {
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
