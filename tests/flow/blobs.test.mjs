// quick
// Files of threads in a local folder and in an S3 bucket: whole or not at all, through every fault of the object store.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
import { makeFolder, startPostgres } from './lib/database.mjs';
import { findBinary, runBinary } from './lib/instance.mjs';
import { testProgram } from './lib/launcher.mjs';
import { KEYS, startProxy, startS3 } from './lib/s3.mjs';

const binary = findBinary();
const program = testProgram('blob_program');
const BIG = 3 * 1024 * 1024 + 7;
let folder, postgres, env, s3, proxy, on3;

const sha = (data) => createHash('sha256').update(data).digest('hex');

/** The program's answer: {code, out (bytes), error}. */
function probe(words, settings = {}) {
  return new Promise((done) =>
    execFile(program, words, { env: { ...process.env, ...env, ...settings }, encoding: 'buffer', maxBuffer: 64 << 20, timeout: 120000 }, (problem, out, err) => {
      const code = problem ? (problem.code ?? problem.signal) : 0;
      const text = out.toString();
      done({ code, out, text, error: code === 1 ? JSON.parse(text.slice(text.lastIndexOf('{"code"'))) : null, err: err.toString() });
    }));
}

async function good(words, settings) {
  const answer = await probe(words, settings);
  assert.equal(answer.code, 0, `${words.join(' ')}: ${answer.text}${answer.err}`);
  return answer;
}

async function bad(code, text, words, settings) {
  const answer = await probe(words, settings);
  assert.equal(answer.code, 1, `${words.join(' ')}: ${answer.err}`);
  assert.ok(answer.error, answer.text.slice(-400));
  assert.equal(answer.error.code, code, answer.error.text);
  assert.match(answer.error.text, text);
  return answer.error;
}

function file(name, data) {
  const path = `${folder.path}/${name}`;
  writeFileSync(path, data);
  return path;
}

async function cli(args, settings = {}) {
  const { code, stdout, stderr } = await runBinary(binary, [...args, '--json'], { ...env, ...settings });
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}

before(async () => {
  folder = makeFolder('blobs');
  mkdirSync(`${folder.path}/s3`);
  [postgres, s3] = await Promise.all([startPostgres(folder.path), startS3(`${folder.path}/s3`, ['files'])]);
  proxy = await startProxy(s3.port);
  env = {
    PATH: process.env.PATH, REPLINET_ENV: '/dev/null', LOG_FORMAT: 'text', DATABASE_URL: postgres.url,
    STATE_DIR: `${folder.path}/state`, RUN_DIR: `${folder.path}/run`,
    ...KEYS, S3_URL: `http://127.0.0.1:${proxy.port}`, S3_BUCKET: 'files', S3_PREFIX: 'some/where/', S3_TIMEOUT_SECONDS: '1', S3_RETRY_SECONDS: '15',
  };
  on3 = { ARTIFACTS_ON_S3: 'true' };
  assert.equal((await runBinary(binary, ['migrate'], env)).code, 0);
});
beforeEach(() => { proxy.fault = null; });
after(async () => {
  await proxy?.stop();
  await s3?.stop();
  await postgres?.stop();
  folder?.remove();
});

for (const place of ['local', 's3'])
  describe(`a file at ${place}`, () => {
    const sizes = { empty: 0, one: 1, piece: 256 * 1024, big: BIG };
    for (const [name, size] of Object.entries(sizes))
      test(`of ${size} bytes comes back as it was`, async () => {
        const data = randomBytes(size);
        await good(['put', place, `a/${name}`, file('in', data)]);
        assert.equal((await good(['look', place, `a/${name}`])).text, `${size}\n`);
        assert.ok((await good(['get', place, `a/${name}`, String(size), sha(data)])).out.equals(data));
      });

    test('is read in pieces', async () => {
      const data = randomBytes(1000);
      await good(['put', place, 'a/pieces', file('in', data)]);
      const piece = (offset, length) => good(['get', place, 'a/pieces', '1000', sha(data), String(offset), String(length)]);
      assert.ok((await piece(0, 10)).out.equals(data.subarray(0, 10)));
      assert.ok((await piece(990, 10)).out.equals(data.subarray(990)));
      assert.ok((await piece(500, 0)).out.equals(data.subarray(500)));
      await bad('bad_input', /are not within a file of 1000/, ['get', place, 'a/pieces', '1000', sha(data), '995', '10']);
    });

    test('is replaced whole, listed, removed, and then not there', async () => {
      await good(['put', place, 'b/it', file('in', 'first and long')]);
      await good(['put', place, 'b/it', file('in', 'second')]);
      assert.equal((await good(['get', place, 'b/it', '6', sha('second')])).text, 'second');
      const listed = (await good(['list', place])).text.split('\n').filter(Boolean).map((line) => line.split(' '));
      const entry = listed.find(([key]) => key === 'b/it');
      assert.equal(entry[1], '6');
      assert.ok(Math.abs(Number(entry[2]) / 1000 - Date.now()) < 60000);
      assert.ok(listed.every(([key]) => !key.includes('.new')), 'no draft is left');
      await good(['remove', place, 'b/it']);
      await good(['remove', place, 'b/it']);
      await bad('not_found', /no file b\/it/, ['look', place, 'b/it']);
      await bad('not_found', /no file b\/it/, ['get', place, 'b/it', '6', sha('second')]);
    });

    test('that was changed is told as damaged', async () => {
      await good(['put', place, 'c/it', file('in', 'what it was')]);
      await bad('storage', /damaged: its bytes/, ['get', place, 'c/it', '11', sha('what it is!')]);
      await bad('storage', /damaged: it has 11 bytes instead of 12/, ['get', place, 'c/it', '12', sha('what it was')]);
    });

    test('keys that would leave the place are refused', async () => {
      for (const key of ['../x', '/etc/x', 'a//b', 'a b', 'ü', '']) await bad('internal', /cannot be a file's key/, ['look', place, key]);
    });
  });

describe('the object store', () => {
  const data = randomBytes(BIG);
  const put = (settings) => probe(['put', 's3', 'f/it', file('in', data)], settings);
  const get = () => probe(['get', 's3', 'f/it', String(BIG), sha(data)]);

  before(() => good(['put', 's3', 'f/it', file('in', data)]));

  test('more than a page of its list is listed', async () => {
    const root = `${folder.path}/s3/files/some/where/artifacts/many`;
    mkdirSync(root, { recursive: true });
    // s3rver's own form: an object, its checksum, its metadata
    for (let i = 0; i < 1005; i++) {
      writeFileSync(`${root}/n${i}._S3rver_object`, 'x');
      writeFileSync(`${root}/n${i}._S3rver_object.md5`, '9dd4e461268c8034f5c8564e155c67a6');
      writeFileSync(`${root}/n${i}._S3rver_metadata.json`, '{"content-type":"text/plain"}');
    }
    const { text } = await good(['list', 's3']);
    assert.equal(text.split('\n').filter((line) => line.startsWith('many/')).length, 1005);
    assert.ok(proxy.seen.GET >= 2);
    rmSync(root, { recursive: true });
  });

  for (const [what, kind, options] of [
    ['does not answer at first', 'refuse', { times: 2 }],
    ['answers 500 and 503 at first', 'status', { status: 503, times: 2 }],
    ['asks to slow down', 'status', { status: 429, code: 'SlowDown', times: 1 }],
    ['hangs once', 'hang', { times: 1 }],
  ])
    test(`that ${what} is asked again: writing and reading go well`, async () => {
      proxy.break(kind, options);
      assert.equal((await put()).code, 0);
      proxy.break(kind, options);
      assert.ok((await get()).out.equals(data));
    });

  test('a write that is cut in the middle is written again, whole', async () => {
    proxy.break('cut-request', { bytes: 1000000, method: 'PUT' });
    assert.equal((await put()).code, 0);
    assert.equal(proxy.seen.PUT, 2);
    assert.ok((await get()).out.equals(data));
  });

  test('a read that is cut in the middle goes on where it stopped', async () => {
    proxy.break('cut-answer', { bytes: 1000000, method: 'GET', times: 2 });
    const answer = await get();
    assert.equal(answer.code, 0, answer.text.slice(-300));
    assert.equal(proxy.seen.GET, 3);
    assert.ok(answer.out.equals(data));
  });

  test('bytes that changed on the way are not taken for the file', async () => {
    proxy.break('corrupt', { method: 'GET' });
    const answer = await get();
    assert.equal(answer.code, 1);
    assert.match(answer.out.subarray(BIG).toString(), /damaged: its bytes are not those/);
  });

  test('that stays away is given up in words, within the time that is set, and nothing is half there', async () => {
    proxy.break('refuse', { times: 1000 });
    const began = Date.now();
    const error = await bad('storage', /the object store fails to PUT/, ['put', 's3', 'f/never', file('in', data)], { S3_RETRY_SECONDS: '1' });
    assert.match(error.hint, /S3_RETRY_SECONDS=1/);
    assert.ok(Date.now() - began < 30000);
    proxy.fault = null;
    await bad('not_found', /no file/, ['look', 's3', 'f/never']);
    proxy.break('cut-request', { bytes: 1000, times: 1000 });
    await bad('storage', /fails to PUT/, ['put', 's3', 'f/never', file('in', data)], { S3_RETRY_SECONDS: '1' });
    proxy.fault = null;
    // S3 forgets an upload that was cut; s3rver keeps the piece, which no reader takes for the file.
    await bad('storage', /damaged: it has \d+ bytes/, ['get', 's3', 'f/never', String(BIG), sha(data)]);
  });

  test('what a person must mend is told at once', async () => {
    const look = ['list', 's3'];
    assert.match((await bad('bad_config', /403 SignatureDoesNotMatch/, look, { S3_SECRET_KEY: 'wrong' })).hint, /S3_SECRET_KEY/);
    assert.match((await bad('bad_config', /InvalidAccessKeyId/, look, { S3_ACCESS_KEY: 'nobody' })).hint, /S3_ACCESS_KEY/);
    assert.match((await bad('bad_config', /NoSuchBucket/, look, { S3_BUCKET: 'none' })).hint, /S3_BUCKET/);
    await bad('bad_config', /NoSuchBucket/, ['put', 's3', 'a/b', file('in', 'x')], { S3_BUCKET: 'none' });
    await bad('bad_config', /S3_URL is empty/, look, { S3_URL: '' });
    await bad('bad_config', /S3_BUCKET is empty/, look, { S3_BUCKET: '' });
    await bad('bad_config', /S3_SECRET_KEY is empty/, look, { S3_SECRET_KEY: '' });
    await bad('bad_config', /S3_PREFIX/, look, { S3_PREFIX: 'with space' });
  });

  test('the bucket may be named in the host', async () => {
    const style = { S3_PATH_STYLE: 'false', S3_URL: `http://s3.localhost:${proxy.port}` };
    await good(['put', 's3', 'h/it', file('in', 'by host')], style);
    assert.equal((await good(['get', 's3', 'h/it', '7', sha('by host')])).text, 'by host', 'and is the same one');
  });
});

describe('artifacts', () => {
  let user, job;

  before(() => {
    postgres.sql(`
      INSERT INTO users (email) VALUES ('f@x.test');
      INSERT INTO presets (owner_id, name, ai_model) SELECT id, 'p', 'script' FROM users;
      INSERT INTO agents (owner_id, preset_id, name) SELECT owner_id, id, 'a' FROM presets;
      INSERT INTO threads (owner_id, agent_id, agent_revision, preset_revision, status) SELECT owner_id, id, 1, 1, 'running' FROM agents;
      INSERT INTO jobs (kind, lane, user_id, thread_id, status, attempt, worker, lease_until, max_attempts, backoff_ms)
        SELECT 'run', 'run', owner_id, id, 'running', 1, 'w', now() + interval '1 hour', 1, 0 FROM threads`);
    user = postgres.value("SELECT id FROM users WHERE email = 'f@x.test'");
    job = postgres.value('SELECT id FROM jobs');
  });

  const store = (name, data, settings) => probe(['store', job, '1', user, name, file('in', data)], settings);
  async function stored(name, data, settings) {
    const answer = await store(name, data, settings);
    assert.equal(answer.code, 0, answer.text + answer.err);
    return answer.text.trim();
  }
  async function read(id, settings = {}) {
    const to = `${folder.path}/out-${randomUUID()}`;
    const answer = await runBinary(binary, ['artifact', 'get', id, '-o', to], { ...env, ...settings });
    return { ...answer, data: existsSync(to) ? readFileSync(to) : null };
  }
  const place = (data) => postgres.value(`SELECT place FROM artifact_files WHERE sha256 = '\\x${sha(data)}'`);
  const isMarked = (data) => postgres.value(`SELECT missing_since IS NOT NULL FROM artifact_files WHERE sha256 = '\\x${sha(data)}'`);
  const local = (data) => `${folder.path}/state/artifacts/${user}/${sha(data).slice(0, 2)}/${sha(data)}`;
  const at3 = (data) => `${folder.path}/s3/files/some/where/artifacts/${user}/${sha(data).slice(0, 2)}/${sha(data)}._S3rver_object`;

  test('go where the configuration says, and stay readable where they are', async () => {
    const here = await stored('here', 'kept here');
    const there = await stored('there', 'kept there', on3);
    assert.deepEqual([place('kept here'), place('kept there')], ['local', 's3']);
    assert.ok(existsSync(local('kept here')) && existsSync(at3('kept there')) && !existsSync(local('kept there')));
    for (const settings of [{}, on3]) {
      assert.equal((await read(here, settings)).data.toString(), 'kept here');
      assert.equal((await read(there, settings)).data.toString(), 'kept there');
    }
  });

  test('of the same bytes are kept once per owner, wherever they are', async () => {
    await stored('again', 'kept here', on3);
    assert.equal(place('kept here'), 'local');
    assert.ok(!existsSync(at3('kept here')));
    assert.equal(postgres.value(`SELECT count(*) FROM artifacts WHERE sha256 = '\\x${sha('kept here')}'`), '2');
  });

  test('whose bytes were lost are healed by storing them again', async () => {
    const id = await stored('lost', 'lost and found');
    rmSync(local('lost and found'));
    const gone = await read(id);
    assert.equal(gone.code, 1);
    assert.match(gone.stderr, /the bytes of this file are gone/);
    assert.equal(gone.data, null, 'no half file');
    assert.equal((await cli(['artifact', 'check', '--mend'])).missing.found, 1);
    assert.equal(isMarked('lost and found'), 't');
    await stored('lost', 'lost and found', on3);
    assert.equal((await read(id)).data.toString(), 'lost and found');
    assert.equal(isMarked('lost and found'), 'f');
  });

  test('are not acknowledged while the store is away, and leave no row', async () => {
    proxy.break('status', { status: 500, times: 1000 });
    const answer = await store('never', 'never kept', { ...on3, S3_RETRY_SECONDS: '1' });
    assert.equal(answer.error?.code, 'storage');
    assert.equal(place('never kept'), undefined);
  });

  test('move from one place to the other, and a stopped move goes on', async () => {
    const ids = [];
    for (let i = 0; i < 5; i++) ids.push([await stored(`m${i}`, `moving ${i}`), `moving ${i}`]);
    const total = Number(postgres.value("SELECT count(*) FROM artifact_files WHERE place = 'local'"));
    assert.equal((await cli(['artifact', 'migrate', 's3', '--dry-run'])).found, total);
    proxy.break('status', { status: 403, code: 'AccessDenied', method: 'PUT', times: 1 });
    const stopped = await runBinary(binary, ['artifact', 'migrate', 's3'], env);
    assert.equal(stopped.code, 1);
    assert.match(stopped.stderr, /\d+ files were moved, then: the object store refuses/);
    assert.equal((await cli(['artifact', 'migrate', 's3'])).found, total);
    for (const [id, data] of ids) {
      assert.equal(place(data), 's3');
      assert.ok(!existsSync(local(data)) && existsSync(at3(data)));
      assert.equal((await read(id)).data.toString(), data);
    }
    await cli(['artifact', 'migrate', 'local']);
    assert.equal(postgres.value("SELECT count(*) FROM artifact_files WHERE place = 's3'"), '0');
    for (const [id, data] of ids) assert.equal((await read(id)).data.toString(), data);
    assert.equal((await runBinary(binary, ['artifact', 'migrate', 'moon'], env)).code, 1);
  });

  test('files without a row go when they are a day old; what is not ours stays', async () => {
    const old = new Date(Date.now() - 2 * 86400e3);
    const stray = (data, age) => {
      mkdirSync(local(data).replace(/\/[^/]*$/, ''), { recursive: true });
      writeFileSync(local(data), data);
      if (age) utimesSync(local(data), age, age);
      return local(data);
    };
    const [gone, fresh] = [stray('old stray', old), stray('new stray')];
    const draft = `${gone}.${randomUUID()}.new`;
    const foreign = `${folder.path}/state/artifacts/README`;
    for (const path of [draft, foreign]) {
      writeFileSync(path, 'x');
      utimesSync(path, old, old);
    }
    await stored('kept', 'old but named');
    utimesSync(local('old but named'), old, old);
    assert.equal((await cli(['artifact', 'check'])).strays_local.found, 2);
    assert.ok(existsSync(gone) && existsSync(draft), 'looking changes nothing');
    const report = await cli(['artifact', 'check', '--mend']);
    assert.deepEqual([report.missing.found, report.strays_local.found, report.strays_s3.found], [0, 2, 0]);
    assert.deepEqual([gone, draft, fresh, foreign, local('old but named')].map((path) => existsSync(path)), [false, false, true, true, true]);
    // the same at S3, where s3rver takes an object's age from its file
    await good(['put', 's3', `${user}/${sha('x').slice(0, 2)}/${sha('x')}`, file('in', 'x')]);
    utimesSync(at3('x'), old, old);
    assert.equal((await cli(['artifact', 'check', '--mend'])).strays_s3.found, 1);
    assert.ok(!existsSync(at3('x')));
  });

  test('no move, check or crash leaves a draft', () => {
    const drafts = readdirSync(`${folder.path}/state/artifacts`, { recursive: true }).filter((name) => name.includes('.new'));
    assert.deepEqual(drafts, []);
    assert.equal(statSync(`${folder.path}/state/artifacts/${user}`).mode & 0o7777, 0o2770);
  });
});
