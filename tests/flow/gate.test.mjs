/* The egress gate by itself: every request goes to a world (lib/network_world.mjs) in which every address answers and
 * writes down what reached it, so that "refused" always means "was not reached". The same policy with a real browser in
 * front of it: egress.test.mjs. */
import { enterWorld, HERE, PROXY_CREDENTIALS, startWorld, THERE, THERE6 } from './lib/network_world.mjs';

enterWorld(import.meta.url);

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startDns } from './lib/dns_server.mjs';
import { startGate } from './lib/gate_program.mjs';
import { socksConnect, socksRequest, Wire } from './lib/socks_client.mjs';

const names = new Map(); // what the tests' DNS server answers
let world, dns, localSeen = [], localServers;

/* Servers on this host's own addresses: the far side cannot be asked about those. */
async function serveHere(port) {
  const server = http.createServer((request, response) => response.end('here'));
  server.on('connection', (socket) => localSeen.push({ kind: 'tcp', address: socket.localAddress.replace('::ffff:', ''), port }));
  await new Promise((resolve) => server.listen({ port, host: '::' }, resolve));
  return server;
}

before(async () => {
  world = await startWorld();
  await world.listen();
  localServers = await Promise.all([80, 443, 8080, 9000].map(serveHere));
  dns = await startDns((name, type) => {
    const answer = names.get(name) ?? 'nxdomain';
    return typeof answer === 'function' ? answer(type) : answer;
  });
});

after(async () => {
  await dns.stop();
  localServers.forEach((server) => server.close());
  await world.stop();
});

async function seen() {
  const all = [...(await world.seen()), ...localSeen];
  localSeen = [];
  return all;
}

async function withGate(settings, egress, body) {
  const gate = await startGate({ EGRESS_DNS: dns.address, ...settings });
  try {
    if (egress) await gate.open(egress);
    await seen();
    dns.asked.length = 0;
    await body(gate);
  } finally {
    assert.equal(await gate.stop(), 0, 'the gate ends without a sanitizer complaint');
  }
}

async function get(gate, host, port = 80, path = '/') {
  const { reply, wire } = await socksConnect(gate.port, host, port);
  assert.equal(reply, 'ok', `${host}:${port} ${JSON.stringify(gate.events.at(-1))}`);
  wire.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  await wire.gone();
  wire.close();
  return wire.received.toString('latin1');
}

async function assertRefused(gate, host, { port = 80, rule, asName = false, reply = 'not_allowed', decision = 'refused' } = {}) {
  const from = gate.events.length;
  const answer = await socksConnect(gate.port, host, port, { asName });
  answer.wire.close();
  assert.equal(answer.reply, reply, host);
  const event = await gate.until(`an event about ${host}`, () => gate.events.slice(from).find((e) => e.decision === decision));
  if (rule) assert.equal(event.rule, rule, `${host}: ${event.text}`);
  assert.deepEqual(await seen(), [], `${host} was not reached`);
  return event;
}

describe('what the gate lets through', () => {
  let gate;
  before(async () => { gate = await startGate({ EGRESS_DNS: dns.address }); await gate.open({}); });
  after(async () => assert.equal(await gate.stop(), 0));
  beforeEach(async () => { await seen(); });

  test('a public IPv4 address', async () => {
    assert.match(await get(gate, THERE), /hello/);
    assert.deepEqual((await seen()).map((s) => `${s.kind} ${s.address}:${s.port}`), [`tcp ${THERE}:80`, `http ${THERE}:80`]);
  });

  test('a public IPv6 address', async () => {
    assert.match(await get(gate, THERE6, 443), /hello/);
    assert.equal((await seen())[0].address, THERE6);
  });

  test('a name, resolved by the gate, and its bytes counted', async () => {
    names.set('shop.example', [THERE]);
    const answer = await get(gate, 'Shop.Example.');
    const event = await gate.event('closed', { host: 'shop.example' });
    assert.equal(event.address, THERE);
    assert.equal(event.bytes_down, answer.length);
    assert.equal(event.bytes_up, 'GET / HTTP/1.1\r\nHost: Shop.Example.\r\nConnection: close\r\n\r\n'.length);
    const allowed = gate.events.find((e) => e.decision === 'allowed' && e.host === 'shop.example');
    assert.equal(allowed.address, THERE);
  });

  test('the next address when the first does not answer', async () => {
    names.set('two.example', ['240.1.2.3', THERE]); // the first is refused, the second is not
    assert.match(await get(gate, 'two.example'), /hello/);
    assert.deepEqual([...new Set((await seen()).map((s) => s.address))], [THERE]);
  });

  test('early data of an eager client', async () => {
    const wire = new Wire(gate.port);
    wire.write(Buffer.concat([Buffer.from([5, 1, 0]), socksRequest(THERE, 80), Buffer.from('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')]));
    await wire.gone();
    assert.match(wire.received.toString('latin1'), /hello/);
    wire.close();
  });

  test('20 MB down, whole, to a slow reader, in bounded memory', async () => {
    const bytes = 20 << 20;
    const { wire } = await socksConnect(gate.port, THERE, 80);
    wire.write(`GET /big?bytes=${bytes} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    await wire.until('the start', () => wire.received.length > 0);
    wire.socket.pause();
    await sleep(300);
    wire.socket.resume();
    await wire.gone(20000);
    assert.equal(wire.received.length - wire.received.indexOf('\r\n\r\n') - 4, bytes);
    wire.close();
  });

  test('10 MB up, whole', async () => {
    const body = Buffer.alloc(10 << 20, 'y');
    const { wire } = await socksConnect(gate.port, THERE, 80);
    wire.write(`POST /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n`).write(body);
    await wire.gone(20000);
    assert.match(wire.received.toString('latin1'), new RegExp(`${body.length}`));
    wire.close();
  });

  test('half-close: the client ends first and still gets the answer', async () => {
    const { wire } = await socksConnect(gate.port, THERE, 80);
    wire.socket.end('ECHO words');
    await wire.gone();
    assert.equal(wire.received.toString(), 'ECHO words|END');
  });

  test('half-close: the target ends first and still hears the client', async () => {
    const { wire } = await socksConnect(gate.port, THERE, 80);
    wire.write('LAST');
    await wire.until('the end', () => wire.ended);
    assert.equal(wire.received.toString(), 'the last word');
    wire.socket.end('but one more thing');
    await gate.until('the far side to hear it', () => true);
    await sleep(100);
    assert.equal((await seen()).find((s) => s.kind === 'late')?.text, 'but one more thing');
  });

  test('a reset of the target is a reset for the client, not an end', async () => {
    const { wire } = await socksConnect(gate.port, THERE, 80);
    wire.write('RESET');
    await wire.until('the end', () => wire.closed || wire.ended);
    await wire.until('the close', () => wire.closed);
    assert.equal(wire.error, 'ECONNRESET');
  });

  test('a refused port of an allowed target is told as such', async () => {
    await withGate({ EGRESS_ALLOW: `${THERE}:8099` }, {}, async (own) => {
      const event = await assertRefused(own, THERE, { port: 8099, reply: 'refused', decision: 'failed', rule: 'connect' });
      assert.match(event.text, /refused/);
    });
  });
});

describe('classes of addresses', () => {
  const classes = {
    '10.0.0.7': 'private', '172.16.0.1': 'private', '192.168.1.1': 'private', '127.0.0.1': 'loopback', '127.9.9.9': 'loopback', '0.0.0.0': 'unspecified',
    '169.254.169.254': 'metadata', '169.254.170.2': 'metadata', '100.100.100.200': 'metadata', '168.63.129.16': 'metadata', '169.254.7.7': 'link_local',
    '100.64.0.1': 'cgnat', '192.0.0.9': 'reserved', '192.0.2.1': 'documentation', '198.51.100.1': 'documentation', '203.0.113.9': 'documentation',
    '198.18.0.1': 'benchmark', '192.88.99.1': '6to4', '224.0.0.1': 'multicast', '239.1.1.1': 'multicast', '240.0.0.1': 'reserved', '255.255.255.255': 'broadcast',
    [HERE]: 'host',
    '::': 'unspecified', '::1': 'loopback', '::ffff:11.22.33.44': 'ipv4_mapped', '::ffff:127.0.0.1': 'ipv4_mapped', '::ffff:0:11.22.33.44': 'ipv4_translated',
    '::11.22.33.44': 'ipv4_compatible', '64:ff9b::b16:212c': 'nat64', '64:ff9b:1::1': 'nat64', '100::1': 'discard', '2001::1': 'teredo', '2001:2::1': 'benchmark',
    '2001:10::1': 'orchid', '2001:20::1': 'orchid', '2001:db8::1': 'documentation', '3fff::1': 'documentation', '2002:b16:212c::1': '6to4', '5f00::1': 'reserved',
    'fc00::1': 'unique_local', 'fd00:ec2::254': 'metadata', 'fd20:ce::254': 'metadata', 'fe80::1': 'link_local', 'fec0::1': 'site_local', 'ff02::1': 'multicast',
    '4000::1': 'reserved', '2a0b:cafe::1': 'host',
  };
  let gate;
  before(async () => { gate = await startGate({ EGRESS_DNS: dns.address }); await gate.open({}); });
  after(async () => assert.equal(await gate.stop(), 0));

  for (const [address, rule] of Object.entries(classes)) {
    test(`${address} is refused as ${rule}, and a name that resolves to it too`, async () => {
      const asName = address.includes('.') && address.includes(':'); // mixed notation: let the gate read it
      const event = await assertRefused(gate, address, { rule, asName });
      assert.match(event.setting, /^EGRESS_ALLOW=/);
      if (asName) return;
      const name = `n${address.replaceAll(/[.:]/g, '-')}.example`;
      names.set(name, [address]);
      const second = await assertRefused(gate, name, { rule });
      assert.equal(second.setting, `EGRESS_ALLOW=${name}:80`);
      assert.ok(second.text.includes(name));
    });
  }
});

describe('hosts that are addresses in disguise', () => {
  /* A gate for each: equal refusals are told together, and many of these are equal. */
  for (const [host, rule] of Object.entries({
    '2130706433': 'loopback', '0x7f000001': 'loopback', '0X7F.0.0.1': 'loopback', '0177.0.0.1': 'loopback', '017700000001': 'loopback', '127.1': 'loopback',
    '127.0.1': 'loopback', '127.0.0.1.': 'loopback', '0': 'unspecified', '0x0': 'unspecified', '2852039166': 'metadata', '0xa9fea9fe': 'metadata',
    '0251.0376.0251.0376': 'metadata', '169.254.43518': 'metadata', '10.7': 'private', '[::1]': 'loopback', '[::ffff:7f00:1]': 'ipv4_mapped',
    'localhost': 'loopback', 'LOCALHOST.': 'loopback', 'a.b.localhost': 'loopback',
  }))
    test(`"${host}" is refused as ${rule}, without asking DNS`, () => withGate({}, {}, async (gate) => {
      await assertRefused(gate, host, { rule, asName: true });
      assert.deepEqual(dns.asked, []);
    }));

  for (const host of ['127.0.0.1.5', '256.256.256.256', '0x7f.0.0.0x100', 'a.0x7f', 'x.1', '127.0.0.1\0.example', 'a b.example', 'a..example', '.example', '[::1%25lo]', 'fe80::1%cable0',
    '127。0。0。1', 'ex%61mple.com', 'user@example', 'http://a', 'a/b', '-', '..'])
    test(`${JSON.stringify(host)} is no host`, () => withGate({}, {}, async (gate) => {
      if (host !== '-') await assertRefused(gate, host, { rule: 'malformed', asName: true, reply: 'host_unreachable' });
      else await assertRefused(gate, host, { rule: 'dns', asName: true, reply: 'host_unreachable', decision: 'failed' });
      assert.ok(host === '-' || dns.asked.length === 0);
    }));
});

describe('names', () => {
  test('an answer that changes between check and use: only what was checked is connected to', async () => {
    await withGate({}, {}, async (gate) => {
      let asked = 0;
      names.set('rebind.example', () => ({ addresses: [asked++ < 2 ? THERE : '169.254.169.254'], ttl: 0 })); // A and AAAA of one look-up
      assert.match(await get(gate, 'rebind.example'), /hello/);
      await sleep(1200); // past the least time an answer is kept
      await seen();
      await assertRefused(gate, 'rebind.example', { rule: 'metadata' });
      assert.ok(asked >= 4, 'it was asked again');
    });
  });

  test('of a mixed answer only the allowed addresses are tried', async () => {
    await withGate({}, {}, async (gate) => {
      names.set('mixed.example', ['10.0.0.1', '127.0.0.1', THERE, '169.254.169.254', '::1', 'fd00::1']);
      assert.match(await get(gate, 'mixed.example'), /hello/);
      assert.deepEqual([...new Set((await seen()).map((s) => s.address))], [THERE]);
    });
  });

  test('/etc/hosts leads nowhere', async () => {
    await withGate({}, {}, async (gate) => {
      for (const name of ['vm', 'ip6-localhost', 'ip6-loopback']) await assertRefused(gate, name, { rule: 'dns', decision: 'failed', reply: 'host_unreachable' });
    });
  });

  test('a name without an address, and one whose server answers nonsense, fail in words', async () => {
    await withGate({}, {}, async (gate) => {
      names.set('empty.example', []);
      names.set('nonsense.example', Buffer.from('nonsense'));
      const event = await assertRefused(gate, 'empty.example', { rule: 'dns', decision: 'failed', reply: 'host_unreachable' });
      assert.match(event.text, /no address/);
      const { reply } = await socksConnect(gate.port, 'gone.example', 80);
      assert.equal(reply, 'host_unreachable');
    });
  });

  test('one question for many connections to one name; the answer is kept for its time', async () => {
    await withGate({}, {}, async (gate) => {
      names.set('busy.example', { addresses: [THERE], ttl: 30 });
      const all = await Promise.all(Array.from({ length: 20 }, () => socksConnect(gate.port, 'busy.example', 80)));
      assert.ok(all.every(({ reply }) => reply === 'ok'));
      all.forEach(({ wire }) => wire.close());
      await get(gate, 'busy.example');
      assert.deepEqual(dns.asked.sort(), ['A busy.example', 'AAAA busy.example']);
    });
  });

  test('a silent DNS server costs a connection its deadline, and no other connection anything', async () => {
    await withGate({}, {}, async (gate) => {
      names.set('silent.example', 'silence');
      const stuck = socksConnect(gate.port, 'silent.example', 80);
      assert.match(await get(gate, THERE), /hello/);
      (await Promise.race([stuck, sleep(200, { wire: null })])).wire?.close();
    });
  });
});

describe('ports', () => {
  for (const port of [1, 22, 25, 53, 81, 3128, 8080, 65535])
    test(`port ${port} is refused`, async () => {
      await withGate({}, {}, async (gate) => {
        names.set('ports.example', [THERE]);
        await assertRefused(gate, THERE, { port, rule: 'port' });
        const event = await assertRefused(gate, 'ports.example', { port, rule: 'port' });
        assert.equal(event.setting, `EGRESS_ALLOW=ports.example:${port}`);
        assert.deepEqual(dns.asked, [], 'a refused port asks no DNS');
      });
    });
});

describe('EGRESS_ALLOW', () => {
  test('opens exactly one address and port', async () => {
    await withGate({ EGRESS_ALLOW: '127.0.0.1:9000' }, {}, async (gate) => {
      assert.match(await get(gate, '127.0.0.1', 9000), /here/);
      assert.equal((await seen()).length, 1);
      for (const [host, port] of [['127.0.0.1', 80], ['127.0.0.1', 8080], ['127.0.0.2', 9000], ['::1', 9000], ['localhost', 9000]]) await assertRefused(gate, host, { port });
    });
  });

  test('written in any form, it is the same address', async () => {
    await withGate({ EGRESS_ALLOW: '127.0.0.1:9000' }, {}, async (gate) => {
      const { reply, wire } = await socksConnect(gate.port, '0x7f.1', 9000, { asName: true });
      assert.equal(reply, 'ok');
      wire.close();
    });
  });

  test('an allowed address is not allowed to a name that resolves to it', async () => {
    await withGate({ EGRESS_ALLOW: '127.0.0.1:9000,10.0.0.7:80' }, {}, async (gate) => {
      names.set('evil.example', ['127.0.0.1']);
      names.set('evil2.example', ['10.0.0.7']);
      await assertRefused(gate, 'evil.example', { port: 9000, rule: 'port' });
      await assertRefused(gate, 'evil2.example', { rule: 'private' });
    });
  });

  test('localhost means loopback, and is not asked of DNS', async () => {
    await withGate({ EGRESS_ALLOW: 'localhost:9000' }, {}, async (gate) => {
      assert.match(await get(gate, 'localhost', 9000), /here/);
      assert.deepEqual(dns.asked, []);
      await seen();
      await assertRefused(gate, 'localhost', { rule: 'loopback' });
    });
  });

  test('a name it holds may resolve to a private address', async () => {
    await withGate({ EGRESS_ALLOW: 'intranet.example:8080' }, {}, async (gate) => {
      names.set('intranet.example', ['10.0.0.7']);
      assert.match(await get(gate, 'intranet.example', 8080), /hello/);
      await seen();
      await assertRefused(gate, 'intranet.example', { rule: 'private' });
      await assertRefused(gate, '10.0.0.7', { port: 8080 });
    });
  });

  test('an IPv6 entry in brackets', async () => {
    await withGate({ EGRESS_ALLOW: '[fd00::5]:81' }, {}, async (gate) => {
      assert.match(await get(gate, 'fd00::5', 80).catch(() => 'refused'), /refused/);
      const { reply } = await socksConnect(gate.port, 'fd00::5', 81);
      assert.equal(reply, 'refused', 'let through: nobody listens there');
    });
  });
});

describe('domain lists', () => {
  const egress = { allowed_domains: ['example.com', '*.shop.example', THERE], blocked_domains: ['ads.example.com'] };
  before(() => {
    for (const name of ['example.com', 'www.example.com', 'shop.example', 'a.shop.example', 'ads.example.com', 'x.ads.example.com', 'notexample.com', 'example.com.evil.example']) names.set(name, [THERE]);
  });

  for (const host of ['example.com', 'WWW.Example.COM.', 'shop.example', 'a.shop.example', THERE])
    test(`${host} is allowed`, async () => withGate({}, egress, async (gate) => assert.match(await get(gate, host), /hello/)));

  for (const [host, rule] of [['ads.example.com', 'blocked_domain'], ['x.ads.example.com', 'blocked_domain'], ['notexample.com', 'not_allowed_domain'],
    ['example.com.evil.example', 'not_allowed_domain'], ['11.22.33.45', 'not_allowed_domain']])
    test(`${host} is refused as ${rule}, without asking DNS`, async () => withGate({}, egress, async (gate) => {
      const event = await assertRefused(gate, host, { rule });
      assert.match(event.setting, /^(allowed|blocked)_domains$/);
      assert.deepEqual(dns.asked, []);
    }));

  test('EGRESS_ALLOW does not lift the agent\'s own lists', async () => withGate({ EGRESS_ALLOW: 'localhost:9000' }, egress, (gate) => assertRefused(gate, 'localhost', { port: 9000, rule: 'not_allowed_domain' })));
  test('a wrong list keeps the gate shut', async () => withGate({}, null, async (gate) => {
    await assert.rejects(gate.open({ allowed_domains: ['a b'] }), /allowed_domains/);
    await assertRefused(gate, THERE, { rule: 'no_lease' });
  }));
});

describe('the lease', () => {
  test('nothing leaves before it, neither by address nor by name', async () => withGate({ EGRESS_ALLOW: '127.0.0.1:9000' }, null, async (gate) => {
    names.set('early.example', [THERE]);
    await assertRefused(gate, THERE, { rule: 'no_lease' });
    await assertRefused(gate, 'early.example', { rule: 'no_lease' });
    await assertRefused(gate, '127.0.0.1', { port: 9000, rule: 'no_lease' });
    assert.deepEqual(dns.asked, []);
  }));

  test('its end closes what is open, tells the bytes, and shuts the gate', async () => withGate({}, {}, async (gate) => {
    const { wire } = await socksConnect(gate.port, THERE, 80);
    wire.write('ECHO 12345');
    await wire.take(10);
    await gate.command({ close: true });
    const event = await gate.event('closed');
    assert.deepEqual([event.bytes_up, event.bytes_down], [10, 10]);
    await wire.until('the end', () => wire.closed || wire.ended);
    await seen();
    await assertRefused(gate, THERE, { rule: 'no_lease' });
    assert.equal((await gate.count()).open, 0);
  }));
});

describe('what is no SOCKS request', () => {
  const greeting = Buffer.from([5, 1, 0]);
  const cases = {
    'HTTP': ['GET http://11.22.33.44/ HTTP/1.1\r\nHost: 11.22.33.44\r\n\r\n', ''],
    'HTTP CONNECT': ['CONNECT 11.22.33.44:80 HTTP/1.1\r\n\r\n', ''],
    'SOCKS4': [Buffer.from([4, 1, 0, 80, 11, 22, 33, 44, 0]), ''],
    'SOCKS4a': [Buffer.from([4, 1, 0, 80, 0, 0, 0, 1, 0, ...Buffer.from('a.example'), 0]), ''],
    'a greeting without methods': [Buffer.from([5, 0]), '05ff'],
    'only password authentication': [Buffer.from([5, 1, 2]), '05ff'],
    'BIND': [Buffer.concat([greeting, socksRequest(THERE, 80, { command: 2 })]), '050005070001000000000000'],
    'UDP ASSOCIATE': [Buffer.concat([greeting, socksRequest(THERE, 80, { command: 3 })]), '050005070001000000000000'],
    'command 0': [Buffer.concat([greeting, socksRequest(THERE, 80, { command: 0 })]), '050005070001000000000000'],
    'address type 2': [Buffer.concat([greeting, Buffer.from([5, 1, 0, 2, 1, 2, 3, 4, 0, 80])]), '050005080001000000000000'],
    'port 0': [Buffer.concat([greeting, socksRequest(THERE, 0)]), '050005040001000000000000'],
    'an empty name': [Buffer.concat([greeting, socksRequest('', 80)]), '050005040001000000000000'],
    'another version in the request': [Buffer.concat([greeting, Buffer.from([4, 1, 0, 1, 11, 22, 33, 44, 0, 80])]), '050005010001000000000000'],
    'a reserved byte': [Buffer.concat([greeting, Buffer.from([5, 1, 7, 1, 11, 22, 33, 44, 0, 80])]), '050005010001000000000000'],
    'a TLS hello': [Buffer.from('16030100c8010000c4030300', 'hex'), ''],
    '1 MB of noise': [Buffer.alloc(1 << 20, 0xa5), ''],
  };
  let gate;
  before(async () => { gate = await startGate({ EGRESS_DNS: dns.address }); await gate.open({}); });
  after(async () => assert.equal(await gate.stop(), 0));

  for (const [what, [bytes, expected]] of Object.entries(cases))
    test(`${what} is answered or dropped`, async () => {
      await seen();
      const wire = new Wire(gate.port);
      wire.write(bytes);
      await wire.until('the end', () => wire.closed || wire.ended);
      assert.equal(wire.received.toString('hex'), expected);
      wire.close();
      assert.deepEqual(await seen(), []);
      assert.match(await get(gate, THERE), /hello/, 'the gate lives');
    });

  test('a request byte by byte is as good as any', async () => {
    const wire = new Wire(gate.port);
    wire.socket.setNoDelay();
    for (const byte of Buffer.concat([greeting, socksRequest(THERE, 80)])) {
      wire.write(Buffer.from([byte]));
      await sleep(2);
    }
    assert.equal((await wire.take(12)).toString('hex'), '050005000001000000000000');
    wire.close();
  });

  test('random bytes after a greeting, 300 times', async () => {
    await seen();
    let seed = 12345;
    const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8;
    for (let i = 0; i < 300; i += 20)
      await Promise.all(Array.from({ length: 20 }, async () => {
        const wire = new Wire(gate.port);
        wire.write(Buffer.concat([greeting, Buffer.from([5, 1 + (random() % 3), 0, 1 + (random() % 4)]), Buffer.from(Array.from({ length: 1 + (random() % 40) }, () => random() & 255))]));
        await Promise.race([wire.until('an end', () => wire.closed || wire.ended || wire.received.length >= 12).catch(() => {}), sleep(150)]);
        wire.close();
      }));
    assert.ok((await seen()).every((s) => [80, 443].includes(s.port)));
    assert.match(await get(gate, THERE), /hello/);
    await gate.until('all to be gone', async () => true);
  });

  test('a client that leaves while the gate resolves or connects leaves nothing behind', async () => {
    names.set('slow.example', 'silence');
    const wires = Array.from({ length: 10 }, () => new Wire(gate.port).write(Buffer.concat([greeting, socksRequest('slow.example', 80)])));
    await sleep(100);
    wires.forEach((wire) => wire.socket.resetAndDestroy());
    await sleep(200);
    assert.equal((await gate.count()).open, 0);
  });
});

describe('limits', () => {
  test('no more connections than EGRESS_MAX_CONNECTIONS; a freed one can be used again', async () => withGate({ EGRESS_MAX_CONNECTIONS: '5' }, {}, async (gate) => {
    const held = [];
    for (let i = 0; i < 5; i++) held.push((await socksConnect(gate.port, THERE, 80)).wire);
    await seen();
    await assertRefused(gate, THERE, { rule: 'connections', reply: 'dropped' });
    held[0].close();
    await gate.event('closed');
    assert.match(await get(gate, THERE), /hello/);
    held.forEach((wire) => wire.close());
  }));

  test('half-open connections are dropped after the handshake\'s deadline', { timeout: 20000 }, async () => withGate({}, {}, async (gate) => {
    const wires = [new Wire(gate.port), new Wire(gate.port).write(Buffer.from([5])), new Wire(gate.port).write(Buffer.from([5, 1, 0, 5, 1, 0, 3, 200]))];
    await Promise.all(wires.map((wire) => wire.until('the drop', () => wire.closed || wire.ended, 13000)));
    assert.equal((await gate.count()).open, 0);
    assert.deepEqual(await seen(), []);
    wires.forEach((wire) => wire.close());
  }));

  test('stalled readers hold bounded memory', async () => withGate({}, {}, async (gate) => {
    const memory = async () => Number((await import('node:fs')).readFileSync(`/proc/${gate.child.pid}/status`, 'latin1').match(/VmRSS:\s+(\d+)/)[1]);
    const before = await memory();
    const wires = [];
    for (let i = 0; i < 60; i++) {
      const { wire } = await socksConnect(gate.port, THERE, 80);
      wire.socket.pause();
      wire.write(`GET /big?bytes=${8 << 20} HTTP/1.1\r\nHost: x\r\n\r\n`);
      wires.push(wire);
    }
    await sleep(1000);
    const grown = (await memory()) - before;
    wires.forEach((wire) => wire.close());
    assert.ok(grown < 16 * 1024, `grew by ${grown} kB (with the sanitizers' own memory)`);
  }));

  test('a flood of equal refusals is told in few events that say how many', { timeout: 20000 }, async () => withGate({}, {}, async (gate) => {
    for (let i = 0; i < 500; i += 25) await Promise.all(Array.from({ length: 25 }, async () => (await socksConnect(gate.port, '10.0.0.7', 80)).wire.close()));
    await gate.until('the summary', () => gate.events.reduce((sum, e) => sum + (e.repeated ?? 0), 0) >= 499, 12000);
    assert.ok(gate.events.length <= 5, `${gate.events.length} events`);
    assert.equal((await gate.count()).refused, 500);
    assert.deepEqual(await seen(), []);
  }));

  test('a flood of different refusals is limited in rate, and none is lost unsaid', { timeout: 30000 }, async () => withGate({}, {}, async (gate) => {
    for (let i = 0; i < 1000; i += 25)
      await Promise.all(Array.from({ length: 25 }, async (_, j) => (await socksConnect(gate.port, `10.1.${i / 25}.${j}`, 80)).wire.close()));
    const told = () => gate.events.reduce((sum, e) => sum + (e.rule === 'flood' ? e.repeated : 1 + (e.repeated ?? 0)), 0);
    await gate.until('all to be told', () => told() === 1000, 12000);
    assert.ok(gate.events.length < 600, `${gate.events.length} events`);
  }));
});

describe('an upstream proxy', () => {
  const socks5 = { kind: 'socks5', host: THERE, port: 1080, ...PROXY_CREDENTIALS };
  const httpProxy = { kind: 'http', host: THERE, port: 3128, ...PROXY_CREDENTIALS };

  for (const [kind, upstream] of Object.entries({ socks5, http: httpProxy })) {
    test(`${kind}: gets the pinned address, not the name`, async () => withGate({}, { upstream }, async (gate) => {
      names.set('far.example', ['55.66.77.88']);
      assert.match(await get(gate, 'far.example'), /hello/);
      const all = await seen();
      assert.deepEqual(all.filter((s) => s.kind === 'proxied').map((s) => s.target), ['55.66.77.88:80']);
      assert.ok(!all.some((s) => s.kind === 'tcp' && s.address === '55.66.77.88' && s.port !== 80));
    }));

    test(`${kind}: an IPv6 target`, async () => withGate({}, { upstream }, async (gate) => {
      assert.match(await get(gate, '2a0b:beef::9'), /hello/);
      assert.match((await seen()).find((s) => s.kind === 'proxied').target, /^2a0b:beef:/);
    }));

    test(`${kind}: does not lift the policy`, async () => withGate({}, { upstream, blocked_domains: ['bad.example'] }, async (gate) => {
      names.set('meta.example', ['169.254.169.254']);
      await assertRefused(gate, '10.0.0.7', { rule: 'private' });
      await assertRefused(gate, 'meta.example', { rule: 'metadata' });
      await assertRefused(gate, 'bad.example', { rule: 'blocked_domain' });
      await assertRefused(gate, THERE, { port: 22, rule: 'port' });
    }));

    test(`${kind}: wrong credentials fail in words`, async () => withGate({}, { upstream: { ...upstream, password: 'wrong' } }, async (gate) => {
      const { reply } = await socksConnect(gate.port, '55.66.77.88', 80);
      assert.equal(reply, 'not_allowed');
      assert.equal((await gate.event('failed')).rule, 'upstream');
      assert.ok(!(await seen()).some((s) => s.address === '55.66.77.88'));
    }));

    for (const host of ['10.0.0.7', '127.0.0.1', HERE, 'proxy-inside.example', '0x7f.1'])
      test(`${kind}: one at ${host} is refused`, async () => withGate({}, { upstream: { ...upstream, host } }, async (gate) => {
        names.set('proxy-inside.example', ['192.168.0.9']);
        const { reply } = await socksConnect(gate.port, '55.66.77.88', 80);
        assert.equal(reply, 'not_allowed');
        assert.match((await gate.event('refused')).setting, new RegExp(`:${upstream.port}$`));
        assert.deepEqual(await seen(), []);
      }));

    test(`${kind}: one at a private address that EGRESS_ALLOW names`, async () => withGate({ EGRESS_ALLOW: `10.0.0.7:${upstream.port}` }, { upstream: { ...upstream, host: '10.0.0.7' } }, async (gate) => {
      assert.match(await get(gate, '55.66.77.88'), /hello/);
    }));
  }

  test('one on a well-known port is refused', async () => withGate({}, { upstream: { ...socks5, port: 22 } }, async (gate) => {
    const { reply } = await socksConnect(gate.port, '55.66.77.88', 80);
    assert.equal(reply, 'not_allowed');
    assert.equal((await gate.event('refused')).rule, 'port');
    assert.deepEqual(await seen(), []);
  }));

  test('one that does not speak its protocol', async () => withGate({}, { upstream: { ...socks5, port: 80 } }, async (gate) => {
    const { reply } = await socksConnect(gate.port, '55.66.77.88', 80);
    assert.equal(reply, 'general');
    assert.equal((await gate.event('failed')).rule, 'upstream');
  }));
});
