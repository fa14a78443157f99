// quick
// Signing up, in and out; tokens, sessions, keys, links, the own profile; and what guessing and copied tokens come to.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { startApi } from './lib/api.mjs';
import { until } from './lib/instance.mjs';

const PASSWORD = 'correct horse battery';
let api;
let counter = 0;
before(async () => {
  api = await startApi({ PUBLIC_URL: 'https://replinet.example', CORS_ORIGINS: 'https://app.example' });
});
after(async () => {
  const end = await api?.stop();
  assert.deepEqual(end, { code: 0, signal: null }, api.log);
});

const post = (path, body, token, headers) => api.send('POST', `/auth${path}`, body, token, headers);
const forgetFailures = () => api.redisCli('FLUSHDB');
async function signUp(more) {
  const email = `person${++counter}@example.org`;
  const answer = await post('/register', { email, password: PASSWORD, name: 'Person', transport: 'body', ...more });
  assert.equal(answer.status, 201, answer.text);
  return { email, id: answer.body.user.id, access: answer.body.access_token, refresh: answer.body.refresh_token, answer };
}
const login = (email, password = PASSWORD, transport = 'body') => post('/login', { email, password, transport });
const cookieOf = ({ headers }) => headers.getSetCookie()[0];

describe('signing up and in', () => {
  test('gives tokens that work; the claims are what they should be', async () => {
    const { access, refresh, id, answer } = await signUp();
    assert.equal(answer.body.token_type, 'bearer');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.equal(refresh.length, 43);
    const [header, payload] = access.split('.').slice(0, 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
    assert.equal(header.alg, 'HS256');
    assert.match(header.kid, /^[0-9a-f]{8}$/);
    assert.deepEqual([payload.sub, payload.role, payload.typ, payload.exp - payload.iat], [id, 'free_user', 'access', 900]);
    const me = await api.get('/users/me', access);
    assert.equal(me.status, 200, me.text);
    assert.equal(me.body.id, id);
    assert.ok(me.body.permissions.includes('agents.write'));
    assert.deepEqual(me.body.quotas.presets, { used: 0, limit: 10 });
    assert.ok(!me.text.includes('password'));
  });

  test('a taken address in another case: 409; short and bad input: 422', async () => {
    const { email } = await signUp();
    assert.equal((await post('/register', { email: email.toUpperCase(), password: PASSWORD })).status, 409);
    const wrong = await post('/register', { email: 'me', password: 'short', role: 'super_admin' });
    assert.deepEqual(wrong.body.detail.map(({ loc }) => loc[1]).sort(), ['email', 'password', 'role']);
  });

  test('without "transport" the refresh token is a cookie that scripts cannot read', async () => {
    const { email } = await signUp();
    const answer = await post('/login', { email, password: PASSWORD });
    assert.equal(answer.status, 200);
    assert.equal(answer.body.refresh_token, undefined);
    assert.match(cookieOf(answer), /^replinet_refresh=[\w-]{43}; Path=\/api\/v1\/auth; Max-Age=2592000; HttpOnly; SameSite=Strict; Secure$/);
  });

  test('a wrong password and an unknown address are answered alike', async () => {
    forgetFailures();
    const { email } = await signUp();
    const wrong = await login(email, 'wrong password');
    const unknown = await login('nobody@example.org', 'wrong password');
    assert.equal(wrong.status, 401);
    assert.deepEqual({ ...wrong.body, request_id: '' }, { ...unknown.body, request_id: '' });
  });

  test('passwords lie hashed with Argon2id, tokens and keys as digests', async () => {
    const { id, refresh } = await signUp();
    assert.match(api.postgres.value(`SELECT password_hash FROM users WHERE id = '${id}'`), /^\$argon2id\$v=19\$m=32768,t=3,p=1\$/);
    for (const table of ['refresh_tokens', 'sessions', 'audit_events'])
      assert.ok(!JSON.stringify(api.postgres.sql(`SELECT t::text FROM ${table} t`)).includes(refresh), table);
    assert.ok(!api.log.includes(refresh) && !api.log.includes(PASSWORD));
  });
});

describe('refreshing', () => {
  const later = () => api.postgres.sql("UPDATE refresh_tokens SET used_at = used_at - interval '11 seconds'");
  test('a refresh token works once; used again it ends the session, its access token included', async () => {
    const { refresh, access } = await signUp();
    const first = await post('/refresh', { refresh_token: refresh });
    assert.equal(first.status, 200, first.text);
    assert.notEqual(first.body.refresh_token, refresh);
    assert.equal((await api.get('/users/me', first.body.access_token)).status, 200);
    later();
    const again = await post('/refresh', { refresh_token: refresh });
    assert.deepEqual([again.status, again.body.code], [401, 'session_revoked']);
    const third = await post('/refresh', { refresh_token: first.body.refresh_token });
    assert.deepEqual([third.status, third.body.code], [401, 'session_revoked']);
    for (const token of [access, first.body.access_token]) assert.equal((await api.get('/users/me', token)).body.code, 'session_revoked');
  });

  test('two tabs at once, or a lost answer: the same browser gets another one for some seconds, nobody else does', async () => {
    const { refresh } = await signUp();
    const both = await Promise.all([1, 2].map(() => post('/refresh', { refresh_token: refresh })));
    assert.deepEqual(both.map(({ status }) => status), [200, 200]);
    assert.notEqual(both[0].body.refresh_token, both[1].body.refresh_token);
    for (const { body } of both) assert.equal((await post('/refresh', { refresh_token: body.refresh_token })).status, 200);
    const other = await post('/refresh', { refresh_token: refresh }, null, { 'User-Agent': 'another' });
    assert.deepEqual([other.status, other.body.code], [401, 'session_revoked']);
    assert.equal((await post('/refresh', { refresh_token: both[0].body.refresh_token })).status, 401);
  });

  test('the grace is not lengthened by its use', async () => {
    const { refresh } = await signUp();
    for (let i = 0; i < 2; i++) assert.equal((await post('/refresh', { refresh_token: refresh })).status, 200);
    later();
    assert.equal((await post('/refresh', { refresh_token: refresh })).status, 401);
  });

  test('an end that nobody told the api of counts within a moment', async () => {
    const { access, id } = await signUp();
    assert.equal((await api.get('/users/me', access)).status, 200);
    api.postgres.sql(`UPDATE sessions SET revoked_at = now() WHERE user_id = '${id}'`);
    await until('its end', async () => (await api.get('/users/me', access)).body.code === 'session_revoked', 5000);
  });

  test('by cookie, for our own pages and allowed ones only', async () => {
    const { email } = await signUp();
    let cookie = cookieOf(await login(email, PASSWORD, 'cookie')).split(';')[0];
    const refresh = (origin) => post('/refresh', undefined, null, { Cookie: `theme=dark; ${cookie}`, ...(origin && { Origin: origin }) });
    assert.equal((await refresh('https://evil.example')).status, 401);
    for (const origin of [null, 'https://replinet.example', 'https://app.example', api.url]) {
      const answer = await refresh(origin);
      assert.equal(answer.status, 200, `${origin}: ${answer.text}`);
      assert.equal(answer.body.refresh_token, undefined);
      cookie = cookieOf(answer).split(';')[0];
    }
  });

  test('without a token, with nonsense: 401', async () => {
    assert.equal((await post('/refresh')).status, 401);
    assert.equal((await post('/refresh', { refresh_token: 'nonsense' })).status, 401);
    assert.equal((await post('/refresh', { refresh_token: 5 })).status, 422);
  });
});

describe('ending sessions', () => {
  test('logout ends this one at once, by body or cookie', async () => {
    const { email, access, refresh } = await signUp();
    const other = await login(email);
    const out = await post('/logout', { refresh_token: refresh });
    assert.equal(out.status, 204, out.text);
    assert.match(cookieOf(out), /Max-Age=0/);
    assert.equal((await api.get('/users/me', access)).status, 401);
    assert.equal((await api.get('/users/me', other.body.access_token)).status, 200);
    assert.equal((await post('/logout')).status, 204);
  });

  test('the list shows them, one can be ended, or all', async () => {
    const { email, access } = await signUp();
    const other = await login(email);
    const { body } = await api.get('/auth/sessions', access);
    assert.equal(body.items.length, 2);
    assert.equal(body.items.filter(({ current }) => current).length, 1);
    assert.equal(body.items[0].ip, '127.0.0.1');
    const theirs = body.items.find(({ current }) => !current);
    assert.equal((await api.send('DELETE', `/auth/sessions/${theirs.id}`, undefined, access)).status, 204);
    assert.equal((await api.get('/users/me', other.body.access_token)).status, 401);
    assert.equal((await api.send('DELETE', `/auth/sessions/${theirs.id}`, undefined, access)).status, 404);
    const stranger = await signUp();
    const mine = body.items.find(({ current }) => current);
    assert.equal((await api.send('DELETE', `/auth/sessions/${mine.id}`, undefined, stranger.access)).status, 404);
    assert.equal((await post('/logout-all', undefined, access)).status, 204);
    assert.equal((await api.get('/users/me', access)).status, 401);
  });

  test('a new password ends the others and keeps this one', async () => {
    const { email, access } = await signUp();
    const other = await login(email);
    const change = (current_password) => post('/password', { current_password, new_password: 'another long password' }, access);
    const wrong = await change('wrong');
    assert.equal(wrong.status, 422);
    assert.deepEqual(wrong.body.detail[0].loc, ['body', 'current_password']);
    assert.equal((await change(PASSWORD)).status, 204);
    assert.equal((await api.get('/users/me', access)).status, 200);
    assert.equal((await api.get('/users/me', other.body.access_token)).status, 401);
    assert.equal((await login(email)).status, 401);
    assert.equal((await login(email, 'another long password')).status, 200);
  });

  test('a role or deactivation changed elsewhere takes effect once it is told', async () => {
    const { id, access } = await signUp();
    assert.ok(!(await api.get('/users/me', access)).body.permissions.includes('users.read'));
    const change = (sql) => {
      api.postgres.sql(`UPDATE users SET ${sql} WHERE id = '${id}'`);
      api.redisCli('PUBLISH', 'replinet:users', id);
    };
    change("role = 'admin'");
    await until('the new role', async () => (await api.get('/users/me', access)).body.permissions.includes('users.read'));
    change('is_active = false');
    await until('the refusal', async () => (await api.get('/users/me', access)).status === 401);
  });
});

describe('API keys', () => {
  test('asked for twice with one Idempotency-Key are one key, whose secret lies nowhere in the clear', async () => {
    const { access, id } = await signUp();
    const make = (name) => post('/api-keys', { name, scopes: ['read'] }, access, { 'Idempotency-Key': 'one key' });
    const [first, again] = [await make('ci'), await make('ci')];
    assert.deepEqual([first.status, again.status, again.body], [201, 201, first.body], first.text + again.text);
    assert.deepEqual([again.headers.get('idempotency-replayed'), again.headers.get('cache-control')], ['true', 'no-store']);
    assert.equal((await api.get('/users/me', again.body.key)).status, 200);
    assert.equal((await make('other')).status, 409);
    const [kept] = api.postgres.sql(`SELECT answer FROM idempotency_keys WHERE user_id = '${id}'`);
    assert.ok(!JSON.stringify(kept).includes(first.body.key.slice(4)) && JSON.stringify(kept).includes('1.'));
  });

  test('are made, used within their scopes, and end', async () => {
    const { access } = await signUp();
    const made = await post('/api-keys', { name: 'ci', scopes: ['read'] }, access);
    assert.equal(made.status, 201, made.text);
    assert.match(made.body.key, /^rpl_[\w-]{43}$/);
    const { key, id } = made.body;
    assert.equal((await api.get('/presets', key)).status, 200);
    assert.equal((await api.send('POST', '/presets', { name: 'x' }, key)).status, 403);
    const list = await api.get('/auth/api-keys', access);
    assert.equal(list.body.total, 1);
    assert.ok(list.body.items[0].last_used_at);
    assert.ok(!list.text.includes(key));
    assert.equal((await api.get('/auth/api-keys', key)).status, 403, 'a key makes no keys');
    assert.equal((await api.send('DELETE', `/auth/api-keys/${id}`, undefined, access)).status, 204);
    assert.equal((await api.get('/presets', key)).status, 401);
  });

  test('one that has expired is none; wrong scopes are named', async () => {
    const { access } = await signUp();
    const { body } = await post('/api-keys', { name: 'old', scopes: ['read'], expires_at: '2020-01-01T00:00:00Z' }, access);
    assert.equal((await api.get('/presets', body.key)).status, 401);
    const wrong = await post('/api-keys', { name: 'x', scopes: ['read', 'everything'] }, access);
    assert.deepEqual(wrong.body.detail[0].loc, ['body', 'scopes', 1]);
  });
});

describe('the own profile', () => {
  test('changes by revision; a new address needs the password', async () => {
    const { access, email } = await signUp();
    const patch = (body, headers) => api.send('PATCH', '/users/me', body, access, headers);
    const named = await patch({ name: 'New name', settings: { theme: 'dark' } });
    assert.equal(named.status, 200, named.text);
    assert.deepEqual([named.body.name, named.body.settings], ['New name', { theme: 'dark' }]);
    assert.deepEqual((await patch({ settings: { language: 'ru' } })).body.settings, { theme: 'dark', language: 'ru' });
    assert.equal((await patch({ name: 'x' }, { 'If-Match': '"1"' })).status, 412);
    assert.equal((await patch({ email: 'new@example.org' })).status, 422);
    assert.equal((await patch({ email: `new.${email}`, current_password: PASSWORD })).status, 200);
    assert.equal((await login(`new.${email}`)).status, 200);
    assert.equal((await patch({ role: 'admin' })).status, 422);
  });

  test('what a page must know first', async () => {
    const { status, body } = await api.get('/config');
    assert.equal(status, 200);
    assert.deepEqual({ ...body, version: '' }, { version: '', registration_open: true, password_min: 10, languages: ['en', 'ru'], script_only: true });
  });
});

describe('links', () => {
  const tokenOf = ({ stdout }) => stdout.trim().match(/^https:\/\/replinet\.example\/[\w-]+\?token=([\w-]{43})$/)?.[1];

  test('the first administrator comes in by one, once', async () => {
    const token = tokenOf(await api.cli('admin', 'link'));
    assert.ok(token);
    const claim = (email) => post('/claim', { token, email, password: PASSWORD, name: 'Boss' });
    const wrong = await post('/claim', { token: `${token}x`, email: 'boss@example.org', password: PASSWORD });
    assert.equal(wrong.status, 404);
    const claimed = await claim('boss@example.org');
    assert.equal(claimed.status, 200, claimed.text);
    assert.equal(claimed.body.user.role, 'super_admin');
    assert.equal((await claim('second@example.org')).status, 404);
  });

  test('a reset link from the command line sets a password and ends all sessions', async () => {
    const { email, access } = await signUp();
    const old = tokenOf(await api.cli('admin', 'reset-link', email));
    const token = tokenOf(await api.cli('admin', 'reset-link', email));
    const confirm = (t) => post('/password-reset/confirm', { token: t, new_password: 'a completely new one' });
    assert.equal((await confirm(old)).status, 404, 'a newer link ends the older');
    assert.equal((await confirm(token)).status, 204);
    assert.equal((await confirm(token)).status, 404);
    assert.equal((await api.get('/users/me', access)).status, 401);
    assert.equal((await login(email, 'a completely new one')).status, 200);
    assert.equal((await api.cli('admin', 'reset-link', 'nobody@example.org')).code, 1);
  });

  test('asking for one by mail is answered alike for everybody', async () => {
    const { email } = await signUp();
    const known = await post('/password-reset', { email });
    const unknown = await post('/password-reset', { email: 'nobody@example.org' });
    assert.deepEqual([known.status, known.text, unknown.status, unknown.text], [202, '', 202, '']);
  });
});

describe('guessing', () => {
  test('an account is slowed after five failures, also one that does not exist, also for the right password', async () => {
    for (const email of [(await signUp()).email, 'ghost@example.org']) {
      forgetFailures();
      for (let i = 0; i < 5; i++) assert.equal((await login(email, 'wrong')).status, 401);
      const slowed = await login(email);
      assert.equal(slowed.status, 429, email);
      assert.ok(Number(slowed.headers.get('retry-after')) >= 1);
      assert.equal(slowed.body.code, 'limit');
    }
    forgetFailures();
  });

  test('without Redis too', async () => {
    const { email } = await signUp();
    await api.redis.stop();
    try {
      for (let i = 0; i < 5; i++) assert.equal((await login(email, 'wrong')).status, 401);
      assert.equal((await login(email)).status, 429);
    } finally {
      await api.redis.start();
    }
  });
});

test('tickets open a WebSocket once; a live one names its thread', async () => {
  const { access } = await signUp();
  const made = await post('/ticket', { purpose: 'ws' }, access);
  assert.equal(made.status, 200, made.text);
  assert.equal(made.body.expires_in, 30);
  assert.equal((await post('/ticket', { purpose: 'live' }, access)).status, 422);
  assert.equal((await api.get('/users/me', made.body.ticket)).status, 401, 'a ticket is no token');
});

test('older keys of SECRET_KEY are accepted, removed ones are not', async () => {
  const { access } = await signUp();
  const old = api.env.SECRET_KEY;
  const restart = async (secret) => {
    await api.finish();
    api.env.SECRET_KEY = secret;
    await api.start();
  };
  const fresh = '0123456789abcdef'.repeat(4);
  await restart(`${fresh},${old}`);
  assert.equal((await api.get('/users/me', access)).status, 200);
  await restart(fresh);
  assert.equal((await api.get('/users/me', access)).status, 401);
});

test('registration can be closed', async () => {
  await api.finish();
  api.env.REGISTRATION = 'closed';
  await api.start();
  assert.equal((await post('/register', { email: 'late@example.org', password: PASSWORD })).status, 403);
  assert.equal((await api.get('/config')).body.registration_open, false);
});

/** A mail server that keeps what it gets. */
function mailServer() {
  const letters = [];
  const server = net.createServer((socket) => {
    let text = '', inside = false, letter = '';
    socket.write('220 test\r\n');
    socket.on('data', (data) => {
      text += data;
      for (let end; (end = text.indexOf('\r\n')) >= 0; text = text.slice(end + 2)) {
        const line = text.slice(0, end);
        if (inside && line === '.') {
          letters.push(letter);
          inside = false;
          socket.write('250 kept\r\n');
        } else if (inside) letter += `${line}\n`;
        else if (/^DATA/i.test(line)) {
          inside = true;
          letter = '';
          socket.write('354 go\r\n');
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n');
        else socket.write('250 ok\r\n');
      }
    });
    socket.on('error', () => {});
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve({ letters, port: server.address().port, close: () => server.close() })));
}

test('a reset and a question by mail, in the language of their reader', async () => {
  const mail = await mailServer();
  await api.finish();
  Object.assign(api.env, { REGISTRATION: 'open', SMTP_URL: `smtp://127.0.0.1:${mail.port}` });
  await api.start();
  const worker = api.startWorker();
  try {
    const { email, id, access } = await signUp();
    await api.send('PATCH', '/users/me', { settings: { language: 'ru' } }, access);
    assert.equal((await post('/password-reset', { email })).status, 202);
    await until('the letter', () => mail.letters.length, 30000);
    const [head, body] = mail.letters[0].split('\n\n');
    assert.match(head, new RegExp(`^To: <${email}>$`, 'm'));
    assert.match(head, /^From: Replinet <replinet@replinet\.example>$/m);
    const text = Buffer.from(body, 'base64').toString();
    assert.match(text, /Эта ссылка/);
    const token = text.match(/https:\/\/replinet\.example\/reset-password\?token=([\w-]{43})/)[1];
    assert.equal((await post('/password-reset/confirm', { token, new_password: 'a completely new one' })).status, 204);
    assert.equal((await login(email, 'a completely new one')).status, 200);
    const question = api.postgres.value(`WITH t AS (INSERT INTO threads (owner_id, agent_revision, preset_revision, status) VALUES ('${id}', 1, 1, 'waiting') RETURNING id)
      INSERT INTO thread_questions (id, thread_id, owner_id, job_id, attempt, kind, text, deadline_at)
      SELECT gen_random_uuid(), id, '${id}', id, 1, 'question', 'Какой чай: 100 %s?', now() + interval '1 hour' FROM t RETURNING id`);
    const payload = JSON.stringify({ letter: 'question', user_id: id, question_id: question });
    assert.equal((await api.cli('job', 'add', 'mail', '--payload', payload)).code, 0);
    await until('the second letter', () => mail.letters.length === 2, 30000);
    const asked = Buffer.from(mail.letters[1].split('\n\n')[1], 'base64').toString();
    assert.match(asked, /Ваш агент .*Какой чай: 100 %s\?/s);
    const link = asked.match(/https:\/\/replinet\.example\/answer\/([\w-]+)/)[1];
    assert.equal((await api.get(`/answers/${link}`)).body.kind, 'question');
    assert.equal((await api.send('POST', `/answers/${link}`, { text: 'зелёный' })).status, 200);
  } finally {
    worker.kill('SIGTERM');
    await worker.ended;
    mail.close();
  }
});
