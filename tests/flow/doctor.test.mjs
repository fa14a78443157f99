// quick
// `replinet doctor`: what it says of this machine, and that it notices what is wrong.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { Instance, runBinary } from './lib/instance.mjs';

describe('replinet doctor', () => {
  let instance;
  before(async () => {
    instance = await Instance.prepare();
  });
  after(() => instance.remove());

  const ask = async (settings, ...names) => {
    const answer = await runBinary(instance.binary, ['doctor', '--json', ...names], { ...instance.env, ...settings });
    const list = JSON.parse(answer.stdout);
    return { code: answer.code, list, of: Object.fromEntries(list.map((row) => [row.name, row])) };
  };

  test('finds all that is needed where the tests run', async () => {
    const { code, list } = await ask();
    assert.deepEqual(list.filter((row) => row.verdict === 'fail'), []);
    assert.equal(code, 0);
    for (const name of ['kernel', 'user namespaces', 'seccomp', 'cgroups', 'users', 'postgresql', 'redis', 'crun', 'chromium', 'disk', 'fonts', 'clock', 'ports'])
      assert.ok(list.some((row) => row.name === name && row.found && row.why && row.mend), name);
  });

  test('says it in words too', async () => {
    const answer = await runBinary(instance.binary, ['doctor', 'crun', 'chromium'], instance.env);
    assert.match(answer.stdout, /^ok +crun +crun version 1\./m);
    assert.match(answer.stdout, /^ok +chromium +Chromium \d+/m);
    assert.doesNotMatch(answer.stdout, /postgresql/);
  });

  const wrong = {
    'a Chromium that is not there': ['chromium', { CHROMIUM_PATH: '/nonexistent/chromium' }, /cannot run/],
    'a Chromium that is a wrapper script': ['chromium', { CHROMIUM_PATH: '/usr/bin/chromium' }, /script/],
    'a crun that is something else': ['crun', { CRUN_PATH: '/bin/true' }, /cannot run/],
    'a database that does not answer': ['postgresql', { DATABASE_URL: 'postgresql://x@127.0.0.1:1/x' }, /DATABASE_URL/],
    'a Redis that does not answer': ['redis', { REDIS_URL: 'redis://127.0.0.1:1' }, /REDIS_URL/],
    'less memory than a browser may use': ['memory', { BROWSER_MEMORY_MB: '65536' }, /room for 0 browsers/],
  };
  for (const [what, [name, settings, words]] of Object.entries(wrong))
    test(`notices ${what}`, async () => {
      const { code, of } = await ask(settings, name);
      assert.equal(of[name].verdict, 'fail');
      assert.match(of[name].found, words);
      assert.equal(code, 1);
    });

  test('notices a folder that the services cannot enter', async () => {
    const closed = `${instance.folder}/closed`;
    fs.mkdirSync(closed, { mode: 0o700 });
    const { of } = await ask({ STATE_DIR: `${closed}/state` }, 'folders');
    assert.equal(of.folders.verdict, 'fail');
  });

  test('notices that it is not root', async () => {
    const answer = await runBinary('/usr/bin/setpriv', ['--reuid=nobody', '--regid=nogroup', '--clear-groups', instance.binary, 'doctor', 'root'], instance.env);
    assert.equal(answer.code, 1);
  });

  test('an unknown check is refused', async () => {
    const answer = await runBinary(instance.binary, ['doctor', 'weather'], instance.env);
    assert.equal(answer.code, 2);
  });
});
