// quick
// What all answers have in common: headers, CORS, rate limits, whose address counts; the web app's files; health, metrics and
// the OpenAPI document, against which real answers are held.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import zlib from 'node:zlib';
import Ajv2020 from 'ajv/dist/2020.js';
import { startApi } from './lib/api.mjs';
import { checkout, makeFolder, runBinary, until } from './lib/instance.mjs';

const SCRIPT = `console.log(${JSON.stringify('x'.repeat(5000))})`;
let api, user, web;

before(async () => {
  web = makeFolder('web');
  fs.mkdirSync(`${web}/assets`);
  fs.mkdirSync(`${web}/.vite`);
  const put = (name, data) => fs.writeFileSync(`${web}/${name}`, data);
  put('index.html', '<!doctype html><title>Replinet</title>');
  put('assets/main-Ab12.js', SCRIPT);
  put('assets/main-Ab12.js.br', zlib.brotliCompressSync(SCRIPT));
  put('assets/main-Ab12.js.gz', zlib.gzipSync(SCRIPT));
  fs.mkdirSync(`${web}/api-docs`);
  put('api-docs/index.html', '<title>Docs</title>');
  put('.vite/manifest.json', '{"secret":true}');
  fs.symlinkSync('/etc/passwd', `${web}/link.txt`);
  api = await startApi({
    WEB_DIR: web, CORS_ORIGINS: 'https://app.example, http://localhost:5173', TRUSTED_PROXIES: '127.0.0.0/8, fd00::/8',
    PUBLIC_URL: 'https://replinet.example', RATE_LIMIT_SIGN_IN: '6', RATE_LIMIT_WRITE: '10', API_DATABASE_LANES: '1', API_QUEUE_MAX: '4',
  });
  user = api.makeUser('pro_user');
});
after(async () => {
  const end = await api?.stop();
  fs.rmSync(web, { recursive: true });
  assert.deepEqual(end, { code: 0, signal: null }, api.log);
});

/** Bytes over a plain socket: the answer's text, once the other side has closed; its head alone with `head`. */
function raw(text, { pieces = [], pause = 0, head = false } = {}) {
  return new Promise((resolve, reject) => {
    let out = '';
    const socket = net.connect(Number(api.env.BACKEND_PORT), '127.0.0.1', async () => {
      socket.write(text);
      for (const piece of pieces) {
        await new Promise((done) => setTimeout(done, pause));
        if (socket.destroyed) break;
        socket.write(piece);
      }
    });
    socket.on('data', (data) => {
      out += data;
      if (head && out.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('close', () => resolve(out));
    socket.on('error', reject);
  });
}

describe('headers', () => {
  for (const [what, path] of [['an answer', '//health'], ['an error', '/presets'], ['nothing', '/nowhere']])
    test(`${what} has the secure ones`, async () => {
      const { headers } = await api.get(path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('content-security-policy'), "default-src 'none'; frame-ancestors 'none'");
      assert.equal(headers.get('strict-transport-security'), 'max-age=31536000');
      assert.ok(headers.get('x-request-id'));
    });

  test('a page of a listed origin may read, another may not', async () => {
    const allowed = await api.get('/config', null, { Origin: 'https://app.example' });
    assert.equal(allowed.headers.get('access-control-allow-origin'), 'https://app.example');
    assert.equal(allowed.headers.get('access-control-allow-credentials'), 'true');
    for (const origin of ['https://evil.example', 'https://app.example.evil', 'null', 'http://app.example'])
      assert.equal((await api.get('/config', null, { Origin: origin })).headers.get('access-control-allow-origin'), null, origin);
    const ask = (Origin) => api.send('OPTIONS', '/presets', undefined, null, { Origin, 'Access-Control-Request-Method': 'POST' });
    const preflight = await ask('http://localhost:5173');
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers.get('access-control-allow-methods'), /POST/);
    assert.match(preflight.headers.get('access-control-allow-headers'), /Idempotency-Key/);
    assert.equal((await ask('https://evil.example')).headers.get('access-control-allow-methods'), null);
  });

  test('an origin that is none ends the start with its name', async () => {
    for (const [name, value] of [['CORS_ORIGINS', '*'], ['CORS_ORIGINS', 'https://a.example/path'], ['TRUSTED_PROXIES', '10.0.0.0/33']]) {
      const { binary, env } = api;
      const answer = await runBinary(binary, ['api'], { ...env, [name]: value });
      assert.equal(answer.code, 1);
      assert.match(answer.stderr, new RegExp(name));
    }
  });
});

describe('rate limits', () => {
  const login = (address) => api.send('POST', '/auth/login', { email: `${randomBytes(4).toString('hex')}@example.org`, password: 'x' }, null, { 'X-Forwarded-For': address });

  test('count per address behind a trusted proxy', async () => {
    const all = [];
    for (let i = 0; i < 7; i++) all.push(await login('spoofed, 203.0.113.7, 127.0.0.9'));
    // The window may have turned meanwhile; then the count began again.
    const limited = all.find(({ status }) => status === 429);
    if (!limited) assert.ok(all.some(({ headers }, i) => i && headers.get('ratelimit-remaining') === '5'), 'neither limited nor a new window');
    else {
      assert.equal(limited.body.code, 'limit');
      assert.ok(Number(limited.headers.get('retry-after')) <= 60);
      assert.equal(limited.headers.get('ratelimit-remaining'), '0');
    }
    assert.equal((await login('203.0.113.8')).status, 401);
    assert.equal(all[0].headers.get('ratelimit-limit'), '6');
  });

  test('an IPv6 network counts as one', async () => {
    const first = Number((await login('2001:db8::1')).headers.get('ratelimit-remaining'));
    const second = Number((await login('2001:db8::2')).headers.get('ratelimit-remaining'));
    assert.ok(second === first - 1 || second === 5, `${first}, ${second}`);
  });

  test('are shared through Redis', async () => {
    await login('203.0.113.20');
    await until('the count in Redis', () => api.redisCli('--scan', '--pattern', 'replinet:rate:*').split('\n').length >= 1 && api.redisCli('DBSIZE') !== '0');
  });

  test('of a key: reading goes on when writing is limited', async () => {
    const other = api.makeUser('pro_user');
    let limited;
    for (let i = 0; i < 50 && !limited; i++) { // a new minute in between begins the count again
      const answer = await api.send('POST', '/presets', { name: `p${i}` }, other.key);
      if (answer.status === 429) limited = answer;
    }
    assert.ok(limited);
    assert.equal((await api.get('/presets', other.key)).status, 200);
  });
});

describe('limits of a request', () => {
  test('a full queue: 503 with Retry-After, and nothing is left waiting', async () => {
    const lock = api.postgres.hold('LOCK TABLE presets IN ACCESS EXCLUSIVE MODE');
    await lock.held;
    const all = Array.from({ length: 12 }, () => api.get('/presets', user.key));
    const first = await Promise.any(all.map(async (answer) => ((await answer).status === 503 ? answer : Promise.reject(new Error('not yet')))));
    assert.ok(first.headers.get('retry-after'));
    assert.equal((await api.get('//health')).status, 200, 'the loop answers meanwhile');
    await lock.release();
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    assert.ok(statuses.filter((status) => status === 200).length >= 4, `${statuses}`);
  });

  test('a head that drips is closed', async () => {
    const answer = await raw('GET /health HTTP/1.1\r\nHost: x\r\n', { pieces: Array(40).fill('X-Slow: 1\r\n'), pause: 400 });
    assert.match(answer, /^HTTP\/1\.1 408 /);
  });

  test('smuggling and half requests are refused', async () => {
    for (const text of [
      'POST /api/v1/presets HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n', 'GET /health HTTP/1.1\r\n\r\n', 'GET /health HTTP/3.0\r\nHost: x\r\n\r\n', 'nonsense\r\n\r\n',
    ])
      assert.match(await raw(text, { head: true }), /^HTTP\/1\.1 4\d\d /, text);
  });
});

describe('files of the web app', () => {
  const get = (path, headers) => api.get(`//${path}`, null, headers);

  test('pages get index.html with a policy without inline scripts', async () => {
    for (const path of ['', 'agents/1234', 'login']) {
      const { status, headers, text } = await get(path);
      assert.equal(status, 200);
      assert.match(text, /<title>Replinet/);
      assert.match(headers.get('content-security-policy'), /script-src 'self';/);
      assert.equal(headers.get('cache-control'), 'no-cache');
    }
  });

  test('hashed ones are for ever, compressed as the client likes, known ones 304', async () => {
    const url = 'assets/main-Ab12.js';
    const { headers, text } = await get(url, { 'Accept-Encoding': 'gzip, br' });
    assert.equal(text, SCRIPT);
    assert.equal(headers.get('content-encoding'), 'br');
    assert.match(headers.get('cache-control'), /immutable/);
    assert.match(headers.get('content-type'), /^text\/javascript/);
    const sent = await raw(`GET /${url} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept-Encoding: br;q=0, gzip\r\n\r\n`);
    assert.match(sent, /Content-Encoding: gzip/);
    assert.equal((await get(url, { 'Accept-Encoding': 'gzip, br', 'If-None-Match': headers.get('etag') })).status, 304);
    const head = await api.send('HEAD', `//${url}`, undefined, null, { 'Accept-Encoding': 'identity' });
    assert.deepEqual([head.status, head.text, head.headers.get('content-length')], [200, '', String(SCRIPT.length)]);
  });

  test('/docs is the page of the API', async () => {
    assert.match((await get('docs')).text, /<title>Docs/);
  });

  test('ranges', async () => {
    const part = (range) => get('assets/main-Ab12.js', { Range: range });
    const middle = await part('bytes=2-5');
    assert.deepEqual([middle.status, middle.text, middle.headers.get('content-range')], [206, SCRIPT.slice(2, 6), `bytes 2-5/${SCRIPT.length}`]);
    assert.equal((await part('bytes=-3')).text, SCRIPT.slice(-3));
    assert.equal((await part('bytes=5010-')).text, SCRIPT.slice(5010));
    assert.equal((await part('bytes=99999-')).status, 416);
    assert.equal((await part('bytes=5-2')).status, 416);
    assert.equal((await part('bytes=x')).status, 200);
  });

  test('nothing else is given out', async () => {
    for (const path of ['assets/none.js', '.vite/manifest.json', 'link.txt', 'index.html/x.txt'])
      assert.equal((await get(path)).status, 404, path);
    for (const path of ['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/assets/..%2f..%2fetc%2fpasswd', '/..%5c..%5cetc', '//etc/passwd', '/assets/%00'])
      assert.doesNotMatch(await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`), /root:/, path);
    const lost = await api.get('/nowhere');
    assert.deepEqual([lost.status, lost.body.code], [404, 'not_found']);
    assert.equal((await api.send('POST', '//agents', {})).status, 404);
  });
});

describe('health and metrics', () => {
  test('ready names each dependency', async () => {
    const { status, body } = await api.get('//health/ready');
    assert.equal(status, 200);
    assert.equal(body.status, 'degraded', 'there is no engine here');
    assert.deepEqual(Object.entries(body.checks).map(([name, check]) => `${name} ${check.status}`), ['postgres ok', 'redis ok', 'engine down', 'disk ok', 'queue ok']);
  });

  test('metrics are elsewhere, by route, without ids', async () => {
    await api.get('/presets/01900000-0000-7000-8000-000000000000', user.key);
    const text = await (await fetch(api.metrics)).text();
    assert.match(text, /replinet_api_request_seconds_count\{method="GET",route="\/presets\/\{id\}",status="4xx"\} \d+/);
    assert.match(text, /replinet_database_seconds_count \d+/);
    assert.match(text, /replinet_redis_seconds_count \d+/);
    assert.match(text, /replinet_api_lane_waiting\{lane="slow"\} 0/);
    assert.doesNotMatch(text, /01900000/);
    assert.equal((await api.get('//metrics')).text.includes('replinet_api'), false);
  });
});

describe('the OpenAPI document', () => {
  let document, ajv;
  before(async () => {
    document = (await api.get('//openapi.json')).body;
    ajv = new Ajv2020({ strict: false, validateFormats: false });
    ajv.addSchema(document, 'doc');
  });

  test('is whole: every reference leads somewhere, every operation is named once', () => {
    assert.equal(document.openapi, '3.1.0');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path]) => path);
    for (const path of references) assert.ok(path.split('/').reduce((at, part) => at?.[part], document), path);
    const operations = Object.values(document.paths).flatMap(Object.values);
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    const tags = new Set(document.tags.map(({ name }) => name));
    for (const { tags: [tag], summary, operationId } of operations) assert.ok(tags.has(tag) && summary, operationId);
    for (const { parameters = [], operationId } of operations)
      assert.equal(new Set(parameters.map((one) => `${one.in} ${one.name}`)).size, parameters.length, `${operationId}: a parameter twice`);
  });

  test("Redocly's linter accepts it", async () => {
    const file = `${api.folder.path}/openapi.json`;
    fs.writeFileSync(file, JSON.stringify(document));
    const quiet = { PATH: process.env.PATH, HOME: api.folder.path, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const program = `${checkout}/tests/node_modules/@redocly/cli/bin/cli.js`;
    const { code, stdout, stderr } = await runBinary(process.execPath, [program, 'lint', file, '--format=json'], quiet, { cwd: api.folder.path });
    assert.equal(code, 0, stderr + stdout);
    // What answers by becoming a WebSocket has no 2xx, which the linter warns of.
    const isWebSocket = (pointer) => pointer?.endsWith('/get/responses') &&
      document.paths[pointer.split('/')[2].replaceAll('~1', '/')].get.responses['101'];
    const problems = JSON.parse(stdout).problems.filter(({ ruleId, location: [at] }) => ruleId !== 'operation-2xx-response' || !isWebSocket(at.pointer));
    assert.deepEqual(problems.map(({ message, location: [at] }) => `${at.pointer}: ${message}`), []);
  });

  /** Holds an answer against what the document says of it. */
  function check(method, path, answer) {
    const operation = document.paths[path]?.[method];
    assert.ok(operation, `${method} ${path}`);
    let response = operation.responses[answer.status];
    assert.ok(response, `${method} ${path}: ${answer.status} is not in the document: ${answer.text}`);
    if (response.$ref) response = response.$ref.slice(2).split('/').reduce((at, part) => at[part], document);
    const content = response.content?.['application/json'];
    if (!content) return;
    const schema = JSON.parse(JSON.stringify(content.schema).replaceAll('"#/components', '"doc#/components'));
    const valid = ajv.validate(schema, answer.body);
    assert.ok(valid, `${method} ${path}: ${ajv.errorsText()}: ${answer.text.slice(0, 500)}`);
  }

  test('every GET route is answered as it says, by its owner and by nobody', async () => {
    const preset = await api.send('POST', '/presets', { name: `doc ${Date.now()}` }, user.key);
    check('post', '/api/v1/presets', preset);
    const ids = { presets: preset.body.id };
    const faults = [];
    const note = (...what) => {
      try {
        check(...what);
      } catch (fault) {
        faults.push(fault.message);
      }
    };
    for (const [path, methods] of Object.entries(document.paths)) {
      if (!methods.get || methods.get.responses['101'] || methods.get.operationId.includes('stream') || path === '/docs') continue;
      const url = `/${path.replace(/\{(\w+)\}/g, () => ids[path.split('/')[3]] ?? '01900000-0000-7000-8000-000000000000')}`;
      note('get', path, await api.get(url, user.key));
      note('get', path, await api.get(url));
    }
    assert.deepEqual(faults, []);
  });

  test('wrong bodies of every route are refused as it says, never with a 5xx', async () => {
    const key = api.makeUser('super_admin').key;
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, { requestBody }] of Object.entries(methods)) {
        if (!requestBody?.content?.['application/json'] || path.includes('/auth/')) continue;
        const url = `/${path.replace(/\{(\w+)\}/g, '01900000-0000-7000-8000-000000000000')}`;
        const answer = await api.send(method.toUpperCase(), url, { 'no such field': 1 }, key);
        if (answer.status !== 429) assert.equal(answer.status, 422, `${method} ${path}: ${answer.text}`);
        if (answer.status === 422) check(method, path, answer);
      }
  });
});
