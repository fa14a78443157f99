// quick
// What happened to the instance, who changed what, and what things were before: events, audit, revisions.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ended, makeFolder, startPostgres, until } from './lib/database.mjs';
import { findBinary, runBinary } from './lib/instance.mjs';

const binary = findBinary();
let folder, postgres, env;

const run = (...args) => runBinary(binary, args, env);

/** Runs a command with --json that must succeed; its answer. */
async function cli(...args) {
  const { code, stdout, stderr } = await run(...args, '--json');
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}

async function refused(code, text, ...args) {
  const answer = await run(...args, '--json');
  const { error } = JSON.parse(answer.stdout);
  assert.equal(answer.code, 1);
  assert.equal(error.code, code);
  assert.match(error.detail, text);
  return error;
}

function file(name, value) {
  const path = `${folder.path}/${name}.json`;
  writeFileSync(path, JSON.stringify(value));
  return path;
}

before(async () => {
  folder = makeFolder('history');
  postgres = await startPostgres(folder.path);
  env = {
    PATH: process.env.PATH, REPLINET_ENV: '/dev/null', LOG_FORMAT: 'text', DATABASE_URL: postgres.url,
    STATE_DIR: `${folder.path}/state`, RUN_DIR: `${folder.path}/run`, WORKER_METRICS_PORT: '0',
  };
  assert.equal((await run('migrate')).code, 0);
  await cli('preset', 'create', file('preset', { name: 'p' }));
  await cli('agent', 'create', file('agent', { name: 'a', preset_id: 'p', script: [], description: 'first' }));
});
after(async () => {
  await postgres?.stop();
  folder?.remove();
});

describe('audit', () => {
  test('each change by the command line has one entry, made with it', async () => {
    const thread = await cli('thread', 'start', 'a');
    await cli('thread', 'stop', thread.id);
    const { items } = await cli('audit', 'ls');
    assert.deepEqual(items.map((item) => item.action), ['thread.stop', 'thread.start', 'agent.create', 'preset.create']);
    const [stop, start, agent] = items;
    assert.equal(start.object_id, thread.id);
    assert.deepEqual([stop.before.status, stop.after.status], ['queued', 'stopped']);
    assert.equal(stop.after.agent_id, undefined, 'what did not change is left out');
    assert.deepEqual([agent.object_kind, agent.object_name, agent.via, agent.actor_role], ['agent', 'a', 'cli', 'super_admin']);
    assert.match(agent.address, /^uid 0/);
    assert.equal(agent.before, null);
    assert.equal(agent.after.description, 'first');
  });

  test('a change that is refused has none', async () => {
    const count = () => postgres.value('SELECT count(*) FROM audit_events');
    const had = count();
    await refused('conflict', /a preset of this name/, 'preset', 'create', file('again', { name: 'p' }));
    await refused('conflict', /agents still use it/, 'preset', 'delete', 'p');
    await refused('not_found', /there is no thread/, 'thread', 'stop', '01900000-0000-7000-8000-000000000000');
    assert.equal(count(), had);
  });

  test('secrets are not in it', async () => {
    await cli('preset', 'create', file('any', { name: 's' }));
    await cli('agent', 'create', file('secret', {
      name: 's', preset_id: 's', input_schema: {
        default: {
          proxy: 'http://me:hush@proxy.test:3128', headers: [{ name: 'x', Authorization: 'hush' }], api_key: { deep: 'hush' },
          timeout_ms: 5, cookies: ['hush'], nothing: null,
        },
      },
    }));
    const [entry] = (await cli('audit', 'ls', '--action', 'agent.create')).items;
    assert.doesNotMatch(JSON.stringify(entry), /hush/);
    assert.deepEqual(entry.after.input_schema.default, {
      proxy: 'http://***@proxy.test:3128', headers: [{ name: 'x', Authorization: '***' }], api_key: '***', timeout_ms: 5,
      cookies: '***', nothing: null,
    });
    assert.doesNotMatch(postgres.value(`SELECT audit_events::text FROM audit_events WHERE id = '${entry.id}'`), /hush/);
  });

  test('is read in pages that neither repeat nor leave out, while more is written', async () => {
    const all = (await cli('audit', 'ls')).items.map((item) => item.id);
    const seen = [];
    for (let cursor = []; ;) {
      const { items, next_cursor: next } = await cli('audit', 'ls', '--limit', '2', ...cursor);
      seen.push(...items.map((item) => item.id));
      if (!next) break;
      cursor = ['--cursor', next];
      if (seen.length === 2) await cli('preset', 'create', file('more', { name: 'more' }));
    }
    assert.deepEqual(seen, all);
  });

  test('filters by object, actor, action and time', async () => {
    const { items } = await cli('audit', 'ls', '--action', 'thread');
    assert.deepEqual(items.map((item) => item.action), ['thread.stop', 'thread.start']);
    assert.equal((await cli('audit', 'ls', '--object', items[0].object_id)).items.length, 2);
    assert.equal((await cli('audit', 'ls', '--actor', items[0].actor_id, '--action', 'thread')).items.length, 2);
    assert.equal((await cli('audit', 'ls', '--action', 'thr')).items.length, 0, 'no half words');
    assert.equal((await cli('audit', 'ls', '--till', '2020-01-01T00:00:00Z')).items.length, 0);
    assert.equal((await cli('audit', 'ls', '--since', '2999-01-01T00:00:00Z')).items.length, 0);
    await refused('bad_input', /is no cursor/, 'audit', 'ls', '--cursor', 'x');
    await refused('bad_input', /timestamp/, 'audit', 'ls', '--since', 'some day');
    assert.equal((await run('audit', 'ls', '--limit', '0')).code, 2);
    assert.equal((await run('audit')).code, 2);
    assert.match((await run('audit', 'ls', '--limit', '1')).stdout, /^TIME .*ACTION[\s\S]*older ones: --cursor /);
  });

  test('what was written stays: no update, no delete, in no partition', () => {
    for (const table of ['audit_events', 'system_events'])
      for (const part of postgres.sql(`SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = '${table}'::regclass`).flat().concat(table)) {
        if (postgres.value(`SELECT count(*) FROM ${part}`) === '0') continue;
        assert.throws(() => postgres.sql(`DELETE FROM ${part}`), /append-only/, part);
        assert.throws(() => postgres.sql(`UPDATE ${part} SET id = id`), /append-only/, part);
      }
  });

  test('entries of a month without a partition move when it gets one', () => {
    const id = postgres.value("INSERT INTO audit_events (id, via, action) VALUES (uuid_v7('2031-05-10Z'), 'test', 'x.y') RETURNING id");
    const of = () => postgres.value(`SELECT tableoid::regclass FROM audit_events WHERE id = '${id}'`);
    assert.equal(of(), 'audit_events_default');
    assert.equal(postgres.value("SELECT month_partitions_make('audit_events', 'id', '2031-05-02Z', 0)"), '1');
    assert.equal(of(), 'audit_events_2031_05');
    assert.throws(() => postgres.sql('DELETE FROM audit_events_2031_05'), /append-only/);
    const late = postgres.value("INSERT INTO audit_events (id, via, action) VALUES (uuid_v7('2041-05-10Z'), 'test', 'x.y') RETURNING id");
    assert.throws(() => postgres.sql(`DELETE FROM audit_events WHERE id = '${late}'`), /append-only/, 'the default partition still refuses');
  });
});

describe('events', () => {
  test('migrations and the worker’s start and end', async () => {
    const worker = spawn(binary, ['worker'], { env, stdio: 'ignore' });
    const count = (kind) => Number(postgres.value(`SELECT count(*) FROM system_events WHERE kind = '${kind}'`));
    await until('the worker’s start', () => count('process.started') === 1);
    worker.kill('SIGTERM');
    await ended(worker);
    const { items } = await cli('events', '--kind', 'process');
    assert.deepEqual(items.map((item) => [item.kind, item.service, item.level]),
      [['process.stopped', 'worker', 'info'], ['process.started', 'worker', 'info']]);
    assert.ok(items[0].host);
    assert.equal(items[0].data.worker, items[1].data.worker);
    assert.ok((await cli('events', '--kind', 'migration.applied')).items.some((item) => item.data.name === '0030_history.sql'));
  });

  test('a job that is given up', async () => {
    const thread = await cli('thread', 'start', 'a');
    postgres.sql(`UPDATE jobs SET status = 'running', worker = 'w', lease_until = now(), attempt = 5 WHERE thread_id = '${thread.id}'`);
    postgres.sql(`UPDATE jobs SET status = 'dead', worker = NULL, lease_until = NULL, error = 'five times in vain', reason = 'crash' WHERE thread_id = '${thread.id}'`);
    const { items } = await cli('events', '--level', 'error');
    assert.equal(items.length, 1);
    assert.deepEqual([items[0].kind, items[0].data.thread_id, items[0].data.reason], ['job.dead', thread.id, 'crash']);
    assert.match(items[0].message, /five times in vain/);
    assert.match((await run('events', '--kind', 'job')).stdout, /job\.dead .*given up/);
    assert.equal((await run('events', 'ls')).code, 2);
    await refused('bad_input', /event_level/, 'events', '--level', 'loud');
  });
});

describe('revisions', () => {
  const edit = (description, more = {}) => cli('agent', 'import', file('edit', {
    preset: { name: 'p', temperature: 0.5 }, agent: { name: 'a', description, script: [{ goto: 'https://x.test' }], ...more },
  }));

  test('say what each edit changed, and give what it was', async () => {
    await edit('second');
    await edit('third', { browser_config: { locale: 'de-DE' } });
    const { items, next_before: next } = await cli('agent', 'revisions', 'a');
    assert.deepEqual(items.map((item) => [item.revision, item.is_current, item.changed]),
      [[3, true, ['browser_config', 'description']], [2, false, ['description', 'script']], [1, false, []]]);
    assert.equal(next, null);
    const second = await cli('agent', 'revisions', 'a', '2');
    assert.equal(second.previous, 1);
    assert.equal(second.body.description, 'second');
    assert.deepEqual(second.changes.description, { from: 'first', to: 'second' });
    assert.deepEqual(Object.keys(second.changes), ['description', 'script']);
    assert.match((await run('agent', 'revisions', 'a')).stdout, /^REVISION .*\n3 /);
  });

  test('an old one can be restored, which is an edit', async () => {
    const object = await cli('agent', 'restore', 'a', '1');
    assert.deepEqual([object.description, object.script, object.browser_config, object.revision], ['first', [], {}, 4]);
    const { items } = await cli('agent', 'revisions', 'a');
    assert.equal(items[0].revision, 4);
    const [entry] = (await cli('audit', 'ls', '--action', 'agent.restore')).items;
    assert.deepEqual([entry.before.description, entry.after.description], ['third', 'first']);
    const preset = await cli('preset', 'restore', 'p', '1');
    assert.equal(preset.temperature, 0.7);
  });

  test('wrong ones are refused in words', async () => {
    const { hint } = await refused('not_found', /the agent a has no revision 99/, 'agent', 'restore', 'a', '99');
    assert.match(hint, /agent revisions a/);
    await refused('not_found', /there is no agent nobody/, 'agent', 'revisions', 'nobody');
    await refused('not_found', /there is no preset nobody/, 'preset', 'restore', 'nobody', '1');
    await refused('bad_input', /is no revision/, 'agent', 'restore', 'a', 'last');
    await cli('preset', 'create', file('other', { name: 'other' }));
    await cli('agent', 'create', file('taken', { name: 'renamed', preset_id: 'other' }));
    postgres.sql("UPDATE agents SET name = 'was-renamed' WHERE name = 'renamed'");
    await cli('agent', 'create', file('taken', { name: 'renamed', preset_id: 'other' }));
    await refused('conflict', /an agent of this name/, 'agent', 'restore', 'was-renamed', '1');
    assert.equal((await run('agent', 'restore', 'a')).code, 2);
  });
});
