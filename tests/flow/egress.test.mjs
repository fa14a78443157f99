/* The egress policy as a page meets it: a real browser in its container, behind its gate, in a world
 * (lib/network_world.mjs) where every address answers and writes down what reached it. Each case asserts that the far
 * side saw nothing, not only that the browser showed an error. The gate by itself, case by case: gate.test.mjs. */
import { enterWorld, HERE, PROXY_CREDENTIALS, startWorld, THERE, THERE6 } from './lib/network_world.mjs';

enterWorld(import.meta.url);

import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import http from 'node:http';
import { after, before, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBrowserManager, until } from './lib/browser_manager.mjs';
import { startDns } from './lib/dns_server.mjs';
import { socksRequest } from './lib/socks_client.mjs';

const ALLOWED_PORT = 9000;
const names = new Map([
  ['shop.example', [THERE]],
  ['other.example', ['55.66.77.88']],
  ['inside.example', ['10.0.0.7']],
  ['metadata.google.internal', ['169.254.169.254']],
]);
let world, dns, manager, localSeen = [], localServers;

async function serveHere(port) {
  const server = http.createServer((request, response) => response.end('<title>here</title>'));
  server.on('connection', (socket) => localSeen.push({ kind: 'tcp', address: socket.localAddress.replace('::ffff:', ''), port }));
  await new Promise((resolve) => server.listen({ port, host: '::' }, resolve));
  return server;
}

async function seen() {
  const all = [...(await world.seen()), ...localSeen];
  localSeen = [];
  return all;
}

/* The addresses and ports that were reached, once each. */
const places = (all) => [...new Set(all.map((s) => `${s.address ?? s.from}:${s.port}`))].sort();

before(async () => {
  world = await startWorld();
  await world.listen();
  localServers = await Promise.all([80, 443, 8080, ALLOWED_PORT].map(serveHere));
  dns = await startDns((name, type) => {
    const answer = names.get(name) ?? 'nxdomain';
    return typeof answer === 'function' ? answer(type) : answer;
  });
  manager = await startBrowserManager({ EGRESS_DNS: dns.address, EGRESS_ALLOW: `localhost:${ALLOWED_PORT}`, MAX_BROWSERS: '2', POOL_WARM: '1' });
});

after(async () => {
  await manager.stop();
  await dns.stop();
  localServers.forEach((server) => { server.close(); server.closeAllConnections(); });
  await world.stop();
});

/* A leased browser with a page: goto, run, events of the gate. */
class Browser {
  static async lease(egress = {}) {
    const browser = new Browser();
    browser.id = (await manager.lease({ egress })).id;
    browser.cdp = await manager.connect(browser.id);
    await browser.cdp.call('Replinet.enable');
    await browser.newPage();
    return browser;
  }

  async newPage() {
    this.page = (await this.cdp.newPage()).sessionId;
    await this.cdp.call('Page.enable', {}, this.page);
  }

  /* '' when the page was reached, else Chromium's error. */
  async goto(url) {
    const { errorText = '' } = await this.cdp.call('Page.navigate', { url }, this.page);
    await sleep(50);
    return errorText;
  }

  async run(expression) {
    const { result, exceptionDetails } = await this.cdp.call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, this.page);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /* A page of the shop with this body. */
  async show(html) {
    assert.equal(await this.goto(`http://shop.example/page?html=${encodeURIComponent(html)}`), '');
    await until(() => this.run('document.readyState === "complete"'), 'the page');
  }

  event(decision, match = {}) {
    return this.cdp.waitEvent('Replinet.egress', ({ params }) => params.decision === decision && Object.entries(match).every(([key, value]) => params[key] === value))
      .then(({ params }) => params);
  }

  async end() {
    await this.cdp.close();
    await manager.release(this.id).catch(() => {});
  }

  get pid() {
    const keeper = manager.pidOf('keeper', this.id);
    assert.ok(keeper, 'its keeper');
    const own = execFileSync('readlink', [`/proc/${keeper}/ns/net`]).toString();
    const chromium = manager.processes().find((one) => {
      try {
        return execFileSync('readlink', [`/proc/${one.pid}/ns/net`], { stdio: ['ignore', 'pipe', 'ignore'] }).toString() !== own
          && one.arguments.some((a) => a.includes('remote-debugging-pipe')) && this.isMine(one);
      } catch { return false; }
    });
    assert.ok(chromium, 'its Chromium');
    return chromium.pid;
  }

  isMine(one) {
    const cgroup = execFileSync('cat', [`/proc/${one.pid}/cgroup`]).toString();
    return cgroup.includes(this.id);
  }
}

describe('a page', () => {
  let browser;
  before(async () => { browser = await Browser.lease(); });
  after(() => browser.end());
  beforeEach(async () => { await seen(); browser.cdp.events.length = 0; });

  test('reaches the web, and each connection is told', async () => {
    assert.equal(await browser.goto('http://shop.example/'), '');
    assert.deepEqual(places(await seen()), [`${THERE}:80`]);
    assert.equal((await browser.event('allowed')).address, THERE);
  });

  test('reaches IPv6', async () => {
    assert.equal(await browser.goto(`http://[${THERE6}]/`), '');
    assert.deepEqual(places(await seen()), [`${THERE6}:80`]);
  });

  test('reaches exactly what EGRESS_ALLOW names', async () => {
    assert.equal(await browser.goto(`http://localhost:${ALLOWED_PORT}/`), '');
    assert.equal((await seen()).length > 0, true);
    for (const url of [`http://127.0.0.1:${ALLOWED_PORT}/`, 'http://localhost/', 'http://localhost:8080/', `http://${HERE}:${ALLOWED_PORT}/`]) {
      assert.notEqual(await browser.goto(url), '', url);
      assert.deepEqual(await seen(), [], url);
    }
  });

  for (const [url, rule] of Object.entries({
    'http://10.0.0.7/': 'private', 'http://172.20.1.1/': 'private', 'http://192.168.1.1/': 'private', 'http://127.0.0.1/': 'loopback', 'http://127.2/': 'loopback',
    'http://2130706435/': 'loopback', 'http://0x7f000004/': 'loopback', 'http://017700000005/': 'loopback', 'http://localhost/': 'loopback', 'http://0/': 'unspecified',
    'http://169.254.169.254/latest/meta-data/': 'metadata', 'http://0xa9feaa02/': 'metadata', 'http://metadata.google.internal/': 'metadata', 'http://100.100.100.200/': 'metadata',
    'http://169.254.1.1/': 'link_local', 'http://100.64.0.1/': 'cgnat', 'http://198.18.0.1/': 'benchmark', 'http://203.0.113.5/': 'documentation', 'http://192.88.99.1/': '6to4',
    'http://224.0.0.1/': 'multicast', 'http://240.0.0.1/': 'reserved', 'http://255.255.255.255/': 'broadcast', [`http://${HERE}/`]: 'host',
    'http://[::1]/': 'loopback', 'http://[::]/': 'unspecified', 'http://[::ffff:10.0.0.7]/': 'ipv4_mapped', 'http://[64:ff9b::a00:7]/': 'nat64', 'http://[2002:a00:7::1]/': '6to4',
    'http://[2001::1]/': 'teredo', 'http://[fd00:ec2::254]/': 'metadata', 'http://[fc00::1]/': 'unique_local', 'http://[fe80::1]/': 'link_local', 'http://[ff02::1]/': 'multicast',
    'http://inside.example/': 'private', 'https://inside.example/': 'private', 'http://shop.example:8080/': 'port', 'http://shop.example:8081/': 'port',
  }))
    test(`does not get to ${url} (${rule})`, async () => {
      assert.notEqual(await browser.goto(url), '');
      const event = await browser.event('refused', { rule });
      assert.match(event.setting, /^EGRESS_ALLOW=/);
      assert.ok(event.text);
      assert.deepEqual(await seen(), []);
      await browser.newPage();
      await sleep(20);
    });

  test('is not redirected inside', async () => {
    for (const to of ['http://10.0.0.8/', 'http://169.254.169.254/a', 'http://inside.example/', `http://${HERE}:8080/`, 'http://[::1]:80/']) {
      assert.notEqual(await browser.goto(`http://shop.example/redirect?to=${encodeURIComponent(to)}`), '', to);
      assert.deepEqual(places(await seen()), [`${THERE}:80`], to);
    }
  });

  test('a WebSocket outside works, and lives', async () => {
    await browser.show('sockets');
    const echo = await browser.run(`new Promise((yes, no) => { const s = new WebSocket('ws://shop.example/'); s.onopen = () => s.send('hi'); s.onmessage = (m) => yes(m.data); s.onerror = () => no(new Error('no socket')) })`);
    assert.equal(echo, 'hi');
  });

  for (const url of ['ws://10.0.0.9/', 'ws://127.0.0.1:8080/', 'ws://inside.example/', 'ws://169.254.169.254/', 'ws://[::1]/', 'wss://10.0.0.9/'])
    test(`a WebSocket to ${url} is not opened`, async () => {
      await browser.show('sockets');
      await seen();
      const outcome = await browser.run(`new Promise((yes) => { const s = new WebSocket('${url}'); s.onopen = () => yes('open'); s.onerror = () => yes('error') })`);
      assert.equal(outcome, 'error');
      assert.deepEqual(await seen(), []);
    });

  const scripts = {
    'fetch': (url) => `fetch('${url}', { mode: 'no-cors' }).then(() => 'reached', () => 'failed')`,
    'XMLHttpRequest': (url) => `new Promise((yes) => { const x = new XMLHttpRequest(); x.open('GET', '${url}'); x.onload = () => yes('reached'); x.onerror = () => yes('failed'); x.send() })`,
    'an image': (url) => `new Promise((yes) => { const i = new Image(); i.onload = () => yes('reached'); i.onerror = () => yes('failed'); i.src = '${url}' })`,
    'a script element': (url) => `new Promise((yes) => { const s = document.createElement('script'); s.onload = () => yes('reached'); s.onerror = () => yes('failed'); s.src = '${url}'; document.head.append(s) })`,
    'sendBeacon': (url) => `(navigator.sendBeacon('${url}', 'x'), new Promise((yes) => setTimeout(() => yes('failed'), 300)))`,
    'EventSource': (url) => `new Promise((yes) => { const e = new EventSource('${url}'); e.onopen = () => yes('reached'); e.onerror = () => { e.close(); yes('failed') } })`,
    'an iframe': (url) => `(() => { const f = document.createElement('iframe'); f.src = '${url}'; document.body.append(f); return new Promise((yes) => setTimeout(() => yes('failed'), 400)) })()`,
    'a form': (url) => `(() => { const f = document.createElement('form'); f.action = '${url}'; f.method = 'post'; f.target = 'elsewhere'; const i = document.createElement('iframe'); i.name = 'elsewhere'; document.body.append(i, f); f.submit(); return new Promise((yes) => setTimeout(() => yes('failed'), 400)) })()`,
    'a worker': (url) => `new Promise((yes) => { const w = new Worker(URL.createObjectURL(new Blob(["fetch('${url}', { mode: 'no-cors' }).then(() => postMessage('reached'), () => postMessage('failed'))"]))); w.onmessage = (m) => yes(m.data) })`,
    'a prefetch and preconnect': (url) => `(() => { for (const rel of ['prefetch', 'preconnect', 'dns-prefetch', 'prerender']) { const l = document.createElement('link'); l.rel = rel; l.href = '${url}'; document.head.append(l) } return new Promise((yes) => setTimeout(() => yes('failed'), 400)) })()`,
  };
  for (const [what, script] of Object.entries(scripts))
    test(`${what} does not get inside`, async () => {
      await browser.show('scripts');
      await seen();
      for (const url of ['http://10.0.0.7/x', 'http://inside.example/x', 'http://127.0.0.1:8080/x', 'http://169.254.169.254/x']) {
        assert.equal(await browser.run(script(url)), 'failed', url);
        assert.deepEqual(places(await seen()).filter((place) => place !== `${THERE}:80`), [], url);
      }
    });

  test('the same scripts do get outside, so the cases above mean something', async () => {
    await browser.show('scripts');
    for (const what of ['fetch', 'sendBeacon', 'an iframe', 'a form', 'a worker']) {
      await seen();
      await browser.run(scripts[what]('http://other.example/'));
      assert.ok((await seen()).some((s) => s.address === '55.66.77.88'), what);
    }
  });

  test('a popup does not get inside', async () => {
    await browser.show('popups');
    await seen();
    await browser.cdp.call('Runtime.evaluate', { expression: "window.open('http://10.0.0.7/'); window.open('http://inside.example/')", userGesture: true }, browser.page);
    await sleep(700);
    assert.deepEqual(await seen(), []);
  });

  test('WebRTC sends nothing to any STUN or TURN server', async () => {
    await browser.show('rtc');
    await seen();
    const candidates = await browser.run(`new Promise((yes) => { const found = []; const p = new RTCPeerConnection({ iceServers: [{ urls: ['stun:${THERE}:3478', 'stun:shop.example:3478'] }, { urls: ['turn:${THERE}:3478?transport=tcp', 'turn:${THERE}:80?transport=tcp'], username: 'a', credential: 'b' }] });
      p.createDataChannel('x'); p.onicecandidate = (e) => e.candidate ? found.push(e.candidate.candidate) : yes(found); p.createOffer().then((o) => p.setLocalDescription(o)); setTimeout(() => yes(found), 3000) })`);
    const all = await seen();
    assert.deepEqual(all.filter((s) => s.kind === 'udp'), []);
    assert.ok(!candidates.some((line) => line.includes(HERE)), `no host address in ${candidates}`);
    assert.deepEqual(all.filter((s) => s.port !== 80), []);
  });

  test('bytes are counted up and down', async () => {
    await browser.show('bytes');
    await browser.run(`fetch('http://other.example/big?bytes=300000', { mode: 'no-cors' }).then((r) => r.text())`);
    const closed = await browser.cdp.waitEvent('Replinet.egress', ({ params }) => params.decision === 'closed' && params.bytes_down > 300000);
    assert.equal(closed.params.host, 'other.example');
    assert.ok(closed.params.bytes_up > 100 && closed.params.bytes_down < 310000, JSON.stringify(closed.params));
  });
});

describe('a name whose answer changes', () => {
  test('between check and use, and afterwards: the inside is not reached', async () => {
    const browser = await Browser.lease();
    try {
      let inside = false;
      names.set('rebind.example', () => ({ addresses: [inside ? '10.0.0.7' : THERE], ttl: 0 }));
      assert.equal(await browser.goto('http://rebind.example/'), '');
      inside = true;
      await sleep(1500);
      await seen();
      for (let i = 0; i < 5; i++) await browser.run("fetch('/x' + Math.random(), { cache: 'no-store' }).catch(() => 0)");
      await browser.run("Promise.all(Array.from({ length: 12 }, (_, i) => fetch('http://rebind.example/y' + i).catch(() => 0)))");
      assert.deepEqual(places(await seen()).filter((place) => place !== `${THERE}:80`), []);
    } finally { await browser.end(); }
  });
});

describe('the agent\'s lists', () => {
  test('hold for pages, their parts and popups', async () => {
    const browser = await Browser.lease({ allowed_domains: ['shop.example'], blocked_domains: ['ads.shop.example'] });
    try {
      names.set('ads.shop.example', [THERE]);
      await browser.show('lists');
      await seen();
      assert.notEqual(await browser.goto('http://other.example/'), '');
      assert.equal((await browser.event('refused', { host: 'other.example' })).rule, 'not_allowed_domain');
      assert.notEqual(await browser.goto('http://ads.shop.example/'), '');
      assert.equal((await browser.event('refused', { host: 'ads.shop.example' })).rule, 'blocked_domain');
      assert.notEqual(await browser.goto(`http://${THERE}/`), '');
      assert.deepEqual(await seen(), []);
    } finally { await browser.end(); }
  });
});

describe('an upstream proxy', () => {
  for (const upstream of [{ kind: 'socks5', host: THERE, port: 1080 }, { kind: 'http', host: THERE, port: 3128 }])
    test(`${upstream.kind}: carries pages to pinned addresses, never inside`, async () => {
      const browser = await Browser.lease({ upstream: { ...upstream, ...PROXY_CREDENTIALS } });
      try {
        await seen();
        assert.equal(await browser.goto('http://other.example/'), '');
        assert.deepEqual([...new Set((await seen()).filter((s) => s.kind === 'proxied').map((s) => s.target))], ['55.66.77.88:80']);
        assert.notEqual(await browser.goto('http://inside.example/'), '');
        assert.deepEqual(await seen(), []);
      } finally { await browser.end(); }
    });
});

describe('before a lease', () => {
  test('nothing leaves a warm browser, whatever Chromium wants at its start', async () => {
    await manager.waitWarm(1);
    await seen();
    dns.asked.length = 0;
    await sleep(1500);
    assert.deepEqual(await seen(), []);
    assert.deepEqual(dns.asked, []);
  });
});

describe('a process in the container', () => {
  let browser;
  before(async () => { browser = await Browser.lease(); });
  after(() => browser.end());

  /* Python in the container's net namespace: as near to hijacked code in Chromium as can be. */
  const inside = (code) => new Promise((resolve) => execFile('nsenter', [`--net=/proc/${browser.pid}/ns/net`, '/usr/bin/env', 'python3', '-c', code], { timeout: 30000 },
    (error, stdout, stderr) => resolve((stdout + (error ? stderr : '')).trim())));

  test('has loopback and no other interface, address or route', async () => {
    const text = execFileSync('nsenter', [`--net=/proc/${browser.pid}/ns/net`, 'sh', '-c', 'ip -o link; ip route; ip -6 route; cat /proc/net/route']).toString();
    assert.match(text, /^1: lo:/);
    assert.doesNotMatch(text, /^\d+: (?!lo:)/m);
    assert.doesNotMatch(text, /^default|cable/m);
  });

  for (const [address, port] of [[THERE, 80], [HERE, 80], ['10.0.0.7', 80], ['127.0.0.1', 80], ['127.0.0.1', ALLOWED_PORT], ['169.254.169.254', 80], [THERE6, 80], ['::1', 443]])
    test(`cannot connect to ${address} port ${port} past the gate`, async () => {
      await seen();
      assert.match(await inside(`import socket\ntry:\n socket.create_connection(("${address}", ${port}), 2); print("reached")\nexcept OSError as e: print("failed", e)`), /^failed/);
      assert.deepEqual(await seen(), []);
    });

  test('cannot send UDP, DNS or broadcast', async () => {
    await seen();
    dns.asked.length = 0;
    const [dnsHost, dnsPort] = dns.address.split(':');
    const out = await inside(`import socket
for a, p in (("${THERE}", 53), ("${THERE}", 443), ("${dnsHost}", ${dnsPort}), ("255.255.255.255", 53), ("224.0.0.251", 5353)):
  s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
  try: s.sendto(b"x" * 20, (a, p)); print("sent")
  except OSError as e: print("failed")
print("done")`);
    assert.match(out, /done$/);
    await sleep(100);
    // Chromium may call home through the gate meanwhile; that is no datagram of ours.
    const calledHome = (entry) => /\b(google|googleapis|gstatic)\.com\b/.test(JSON.stringify(entry));
    assert.deepEqual((await seen()).filter((entry) => !calledHome(entry)), []);
    assert.deepEqual(dns.asked.filter((entry) => !calledHome(entry)), []);
  });

  const speak = async (bytes) => inside(`import socket
s = socket.create_connection(("127.0.0.1", 1080), 2); s.settimeout(3); d = b""
try:
  s.sendall(bytes.fromhex("${bytes.toString('hex')}"))
  while True:
    b = s.recv(4096)
    if not b: break
    d += b
except OSError as e: pass
print("answer", d.hex())`);

  const greeting = Buffer.from([5, 1, 0]);
  for (const [what, bytes, answer] of [
    ['an inside address', Buffer.concat([greeting, socksRequest('10.0.0.7', 80)]), '050005020001000000000000'],
    ['the host', Buffer.concat([greeting, socksRequest(HERE, 80)]), '050005020001000000000000'],
    ['a hexadecimal host', Buffer.concat([greeting, socksRequest('0x7f.1', 80, { asName: true })]), '050005020001000000000000'],
    ['a mapped address', Buffer.concat([greeting, socksRequest('::ffff:10.0.0.7', 80, { asName: true })]), '050005020001000000000000'],
    ['BIND', Buffer.concat([greeting, socksRequest(THERE, 80, { command: 2 })]), '050005070001000000000000'],
    ['UDP ASSOCIATE', Buffer.concat([greeting, socksRequest(THERE, 80, { command: 3 })]), '050005070001000000000000'],
    ['a host with NUL', Buffer.concat([greeting, socksRequest('10.0.0.7\0.example', 80, { asName: true })]), '050005040001000000000000'],
    ['HTTP', Buffer.from(`GET http://${THERE}/ HTTP/1.1\r\n\r\n`), ''],
    ['SOCKS4', Buffer.from([4, 1, 0, 80, 11, 22, 33, 44, 0]), ''],
    ['64 kB of noise', Buffer.alloc(16384, 0xff), ''],
  ])
    test(`says to the gate: ${what}, and gets nowhere`, async () => {
      await seen();
      assert.equal(await speak(bytes), `answer ${answer}`.trim());
      assert.deepEqual(await seen(), []);
    });

  test('half-open connections and a flood leave the page its network', async () => {
    const out = await inside(`import socket
held = []
for i in range(200):
  s = socket.create_connection(("127.0.0.1", 1080), 2); s.sendall(b"\\x05\\x01"[: i % 3]); held.append(s)
print("held", len(held))`);
    assert.equal(out, 'held 200');
    await seen();
    assert.equal(await browser.goto('http://shop.example/'), '');
    assert.deepEqual(places(await seen()), [`${THERE}:80`]);
  });
});
