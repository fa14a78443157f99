// Every route of the API x every role x anonymous, stranger, key without the scope. What a permission's least role is stands
// here once more, by hand: whoever changes the table in src/domain/permission_table.h must mean it.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startApi } from './lib/api.mjs';
import { connectWebSocket } from './lib/raw_cdp.mjs';

const ROLES = ['guest', 'free_user', 'pro_user', 'team_member', 'team_organizer', 'admin', 'super_admin'];
const LEAST = {
  'profile.read': 'guest', 'profile.write': 'guest', 'presets.read': 'guest', 'agents.read': 'guest', 'threads.read': 'guest', 'statistics.read': 'guest',
  'api_keys.manage': 'free_user', 'presets.write': 'free_user', 'agents.write': 'free_user', 'agents.run': 'free_user', 'threads.delete': 'free_user', 'threads.control': 'free_user',
  'credentials.use': 'free_user', 'credentials.manage': 'free_user', 'browsers.use': 'free_user',
  'users.read': 'admin', 'users.manage': 'admin', 'all.read': 'admin', 'models.manage': 'admin', 'system.manage': 'super_admin',
};
const NOBODY = '01890000-0000-7000-8000-000000000000';

let api, operations, owner, stranger;
const objects = {};
before(async () => {
  api = await startApi();
  const { body } = await api.get('//openapi.json');
  operations = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, row]) => ({ path, method: method.toUpperCase(), permission: row['x-permission'], body: row.requestBody ? {} : undefined, socket: '101' in row.responses, name: `${method.toUpperCase()} ${path}` })))
    .filter(({ path }) => path.startsWith('/api/v1/'));
  owner = api.makeUser('pro_user');
  stranger = api.makeUser('pro_user');
  const make = async (path, more) => {
    const answer = await api.send('POST', path, more, owner.key);
    assert.equal(answer.status, 201, answer.text);
    return answer.body.id;
  };
  objects.presets = await make('/presets', { name: 'mine' });
  objects.agents = await make('/agents', { name: 'mine', preset_id: objects.presets, script: [] });
  objects.threads = await make(`/agents/${objects.agents}/threads`, {});
  objects.credentials = await make('/credentials', { name: 'mine', domains: ['a.example'], secret: 's' });
});
after(() => api?.stop());

const fill = (path, id) => path.replace('/api/v1', '').replace('{credential_id}', id === NOBODY ? NOBODY : objects.credentials).replace('{revision}', '1').replace(/\{\w+\}/, id);
const ask = async ({ method, path, body, socket }, id, token) => {
  if (!socket) return api.send(method, fill(path, id), body, token);
  const client = await connectWebSocket({
    host: '127.0.0.1', port: Number(api.env.BACKEND_PORT), path: `/api/v1${fill(path, id)}`, headers: token ? { Authorization: `Bearer ${token}` } : {},
  });
  client.socket.destroy();
  return { status: client.status };
};
/** The own account's routes would sign the walker out. */
const walked = () => operations.filter(({ path, permission }) => permission && !path.startsWith('/api/v1/auth/'));

describe('every route', () => {
  test('has a permission that is known here, or is public', () => {
    assert.ok(walked().length > 35, String(walked().length));
    for (const { permission, name } of walked()) assert.ok(LEAST[permission], name);
  });

  test('turns the anonymous away', async () => {
    for (const operation of operations.filter(({ permission }) => permission)) {
      const { status } = await ask(operation, NOBODY, null);
      assert.equal(status, 401, operation.name);
    }
  });

  for (const role of ROLES)
    test(`as ${role}: what the table says`, async () => {
      const user = api.makeUser(role);
      for (const operation of walked()) {
        const { status, body } = await ask(operation, NOBODY, user.key);
        if (/scope a session/.test(body?.detail)) continue;
        const allowed = ROLES.indexOf(role) >= ROLES.indexOf(LEAST[operation.permission]);
        assert.equal(status !== 403 && status !== 401, allowed, `${operation.name}: ${status} ${JSON.stringify(body)}`);
        assert.ok(status < 500 || status === 503, `${operation.name}: ${status}`);
      }
    });

  test('a key without the scope is refused', async () => {
    const only = { browsers: api.makeKey(owner.id, 'browsers'), read: api.makeKey(owner.id, 'read') };
    for (const operation of walked()) {
      const { status } = await ask(operation, NOBODY, operation.permission === 'browsers.use' ? only.read : only.browsers);
      assert.equal(status, 403, operation.name);
    }
  });

  test("a stranger finds nothing of another's, and changes nothing", async () => {
    for (const operation of walked()) {
      const kind = operation.path.match(/^\/api\/v1\/(\w+)\/\{/)?.[1];
      if (!objects[kind]) continue;
      const { status } = await ask(operation, objects[kind], stranger.key);
      assert.ok([404, 422, 426].includes(status), `${operation.name}: ${status}`);
    }
    for (const [kind, id] of Object.entries(objects)) {
      const { status, body } = await api.get(`/${kind}/${id}`, owner.key);
      assert.deepEqual([status, body.revision], [200, 1], kind);
    }
  });
});
