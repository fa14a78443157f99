// The walls of a leased browser on the whole stack: launcher, engine, the product's keeper and Chromium through the
// door. isolation.test.mjs shows the container's own walls; here is what a client, a page and each process can reach.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { binary, sleep, startBrowserManager, until } from './lib/browser_manager.mjs'
import { processesOf, status } from './lib/launcher.mjs'
import { assertChromiumSandbox, assertFilteredAndBound, assertNamespacesApart, assertNoCapabilityInContainer, assertOneHostUser, assertOnlyGateListens,
  assertPlainKeeper, assertSandboxNotSwitchedOff, descriptors, listeningAddresses } from './lib/walls.mjs'

const SECRET = 'f00dfeed'.repeat(8)
const TRANSFER = '/home/browser/transfer'
const HOST_FILE = '/var/tmp/replinet-walls-test.txt'
const FORBIDDEN = ['file:///etc/passwd', `file://${TRANSFER}/`, 'chrome://version/', 'chrome-untrusted://print/', 'devtools://devtools/bundled/inspector.html', 'view-source:file:///etc/passwd']

let manager, site, origin, first, second
const hits = new Set()

function answer (request, response) {
  const { pathname, searchParams } = new URL(request.url, origin)
  hits.add(request.url)
  if (pathname === '/redirect') return response.writeHead(302, { location: searchParams.get('to') }).end()
  if (pathname === '/script') return response.writeHead(200, { 'content-type': 'text/javascript' }).end('globalThis.ran = true')
  if (pathname === '/download') {
    return response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': `attachment; filename="${searchParams.get('name')}"` }).end('from the web')
  }
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>site</title><input type=file id=f>')
}

/** A browser with what of it is on the machine: { id, cdp, pid (the container's first), keeper }. */
async function leased () {
  const { id } = await manager.lease()
  const recorded = name => Number(fs.readFileSync(path.join(manager.folder, 'run/browsers', id, name), 'utf8').split(' ')[0])
  return { id, cdp: await manager.connect(id), pid: recorded('container'), keeper: recorded('keeper') }
}

before(async () => {
  fs.writeFileSync(HOST_FILE, 'the host\'s own', { mode: 0o644 })
  site = http.createServer(answer)
  await new Promise(resolve => site.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${site.address().port}`
  manager = await startBrowserManager({ MAX_BROWSERS: '2', POOL_WARM: '0', EGRESS_ALLOW: origin.slice(7), SECRET_KEY: SECRET,
    DATABASE_URL: `postgresql://u:${SECRET}@127.0.0.1:9/x`, BROWSER_IDLE_SECONDS: '600' })
  ;[first, second] = [await leased(), await leased()]
  await first.cdp.newPage(origin)
  await second.cdp.newPage(origin)
})

after(async () => {
  await manager?.stop()
  site.close()
  fs.rmSync(HOST_FILE)
})

const evaluate = async (cdp, sessionId, expression) =>
  (await cdp.call('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true, userGesture: true }, sessionId)).result.value

const userOf = pid => Number(status(pid, 'Uid').split('\t')[0])

describe('processes', () => {
  test('Chromium\'s own sandbox is on', async () => {
    for (const { pid } of [first, second]) {
      await assertChromiumSandbox(pid)
      assertSandboxNotSwitchedOff(processesOf(pid))
    }
  })

  test('nobody in a container is root or has a capability', () => {
    for (const { pid } of [first, second]) {
      assertOneHostUser(pid)
      assertNoCapabilityInContainer(pid)
      assertFilteredAndBound(pid)
    }
  })

  test('a keeper is nobody, and gains nothing', () => {
    for (const { keeper } of [first, second]) {
      assertPlainKeeper(keeper)
      assert.equal(status(keeper, 'NoNewPrivs'), '1')
    }
  })

  test('browsers and keepers are different users; whoever faces the network is not root', () => {
    const users = [first, second].flatMap(({ pid, keeper }) => [userOf(pid), userOf(keeper)])
    const engine = userOf(manager.pidOf('engine'))
    assert.equal(new Set([...users, engine, 0]).size, 6, `${users} ${engine}`)
  })

  test('two browsers share no namespace', () => assertNamespacesApart(first.pid, second.pid))

  test('two browsers share nothing that one could write and the other read', () => {
    const logs = new Set(descriptors(manager.pidOf('launcher')).filter(({ number }) => number <= 2).map(({ key }) => key))
    const held = ({ pid, keeper }) => [...processesOf(pid), keeper].flatMap(descriptors).filter(({ target, writable, device }) =>
      !device && (writable || /^(pipe|socket):/.test(target)) && !target.startsWith('anon_inode:'))
    const [mine, theirs] = [held(first), held(second)]
    assert.ok(mine.length > 10 && theirs.length > 10)
    const keys = new Set(theirs.map(({ key }) => key))
    assert.deepEqual(mine.filter(({ key }) => keys.has(key) && !logs.has(key)), [])
    const inContainer = processesOf(first.pid).flatMap(descriptors).map(({ key, target, device }) => device || target.startsWith('anon_inode:') ? '' : key)
    assert.ok(!inContainer.some(key => logs.has(key)), 'Chromium does not write to the launcher\'s log')
  })

  test('nothing listens but the gate inside and the door outside', () => {
    for (const { pid } of [first, second]) assertOnlyGateListens(pid)
    const door = `0100007F:${manager.port.toString(16).toUpperCase().padStart(4, '0')}`
    assert.deepEqual(listeningAddresses(manager.processes().map(({ pid }) => pid)), [door])
    assert.deepEqual(fs.readdirSync(`/proc/${first.pid}/root/home/browser`, { recursive: true }).filter(name => name.includes('DevToolsActivePort')), [])
  })

  test('no environment or command line holds a secret', () => {
    const root = manager.pidOf('launcher')
    const all = [root, manager.pidOf('engine'), ...[first, second].flatMap(({ pid, keeper }) => [keeper, ...processesOf(pid)])]
    for (const pid of all) {
      for (const file of ['environ', 'cmdline']) assert.ok(!fs.readFileSync(`/proc/${pid}/${file}`, 'latin1').includes(SECRET), `${file} of ${pid}`)
    }
    const names = pid => fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').map(row => row.split('=')[0]).filter(Boolean)
    assert.deepEqual(names(first.pid).sort(), ['HOME', 'LANG', 'LANGUAGE', 'LC_ALL', 'PATH', 'TZ'])
    assert.ok(names(first.keeper).length)
    assert.deepEqual(names(first.keeper).filter(name => /SECRET|TOKEN|PASSWORD|DATABASE|REDIS|SMTP/.test(name)), [])
  })
})

describe('a process with another\'s user id', () => {
  // What one user may do to processes: {"signal": errno, "ptrace": errno, "environ": errno, ...} per pid; 0 is "done".
  // Without pids: to a child of its own.
  const TRY = `
import ctypes, json, os, sys
libc = ctypes.CDLL(None, use_errno=True)
def attempt(act):
    try: act(); return 0
    except OSError as e: return e.errno
def seize(pid):
    if libc.ptrace(0x4206, pid, None, None): raise OSError(ctypes.get_errno(), '')
    libc.ptrace(17, pid, None, None)
def read(path): open(path, 'rb').read(1)
own = [] if len(sys.argv) > 1 else [os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '1000')]
print(json.dumps({pid: {'signal': attempt(lambda: os.kill(pid, 0)), 'ptrace': attempt(lambda: seize(pid)),
  'memory': attempt(lambda: open(f'/proc/{pid}/mem', 'rb')), 'environ': attempt(lambda: read(f'/proc/{pid}/environ')),
  'descriptors': attempt(lambda: os.listdir(f'/proc/{pid}/fd')), 'root': attempt(lambda: os.listdir(f'/proc/{pid}/root/'))}
  for pid in own or map(int, sys.argv[1:])}))
for pid in own: os.kill(pid, 9)`
  const tried = (user, ...pids) => {
    const run = spawnSync('python3', ['-c', TRY, ...pids.map(String)], { uid: user, gid: user, encoding: 'utf8' })
    assert.equal(run.status, 0, run.stderr)
    return JSON.parse(run.stdout)
  }
  const refused = (user, ...pids) => {
    for (const [pid, result] of Object.entries(tried(user, ...pids)))
      for (const [what, errno] of Object.entries(result)) assert.ok([1, 13].includes(errno), `${what} of ${pid} by ${user}: errno ${errno}`)
  }

  test('the attempts work where they may', () => {
    const [result] = Object.values(tried(userOf(first.pid)))
    assert.deepEqual(result, { signal: 0, ptrace: 0, memory: 0, environ: 0, descriptors: 0, root: 0 })
  })

  test('Chromium\'s user touches no keeper, no other browser, not the engine or launcher', () =>
    refused(userOf(first.pid), first.keeper, second.keeper, ...processesOf(second.pid), manager.pidOf('engine'), manager.pidOf('launcher')))

  test('a keeper\'s user touches no Chromium, no other keeper, not the engine or launcher', () =>
    refused(userOf(first.keeper), ...processesOf(first.pid), ...processesOf(second.pid), second.keeper, manager.pidOf('engine'), manager.pidOf('launcher')))

  test('a keeper cannot be looked into even as its own user', () => {
    const { signal, ...rest } = tried(userOf(first.keeper), first.keeper)[first.keeper]
    assert.equal(signal, 0)
    for (const [what, errno] of Object.entries(rest)) assert.ok([1, 13].includes(errno), `${what}: errno ${errno}`)
  })

  test('nobody else opens a keeper\'s socket', () => {
    const code = 'import socket, sys\ntry:\n socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET).connect(sys.argv[1]); print("in")\nexcept OSError as e: print(e.errno)'
    const socket = path.join(manager.folder, 'run/keepers', `${first.id}.sock`)
    const connect = user => spawnSync('python3', ['-c', code, socket], { uid: user, gid: user, encoding: 'utf8' }).stdout.trim()
    for (const user of [userOf(first.pid), userOf(second.pid), userOf(second.keeper), 65534]) assert.equal(connect(user), '13')
  })
})

// How a page can try to go somewhere; each takes a URL. `read` gives "read" when something came back.
const text = JSON.stringify
const element = (name, attributes) => url =>
  `document.body.append(Object.assign(document.createElement('${name}'), ${attributes.replaceAll('URL', text(url))}))`
const load = (name, attribute, more = '') => url =>
  `new Promise(done => document.body.append(Object.assign(document.createElement('${name}'), { ${more} onload: () => done('read'), onerror: () => done('not'), ${attribute}: ${text(url)} })))`
const redirect = url => `${origin}/redirect?to=${encodeURIComponent(url)}`
const read = expression => url => `(${expression.replaceAll('URL', text(url))}).then(() => 'read', () => 'not')`
const GOES = {
  'location': url => `void (location.href = ${text(url)})`,
  'location.replace': url => `location.replace(${text(url)})`,
  'a new window': url => `void window.open(${text(url)})`,
  'a new window without opener': url => `void window.open(${text(url)}, '_blank', 'noopener')`,
  'a window made first': url => `void (window.open('about:blank').location = ${text(url)})`,
  'a link': url => `${element('a', '{ href: URL }')(url)}; document.body.lastChild.click()`,
  'a link to a new tab': url => `${element('a', '{ href: URL, target: "_blank" }')(url)}; document.body.lastChild.click()`,
  'a form': url => `${element('form', '{ action: URL, method: "post" }')(url)}; document.body.lastChild.submit()`,
  'a refresh': url => element('meta', '{ httpEquiv: "refresh", content: "0;url=" + URL }')(url).replace('document.body', 'document.head'),
  'a frame': element('iframe', '{ src: URL }'),
  'an object': element('object', '{ data: URL, type: "text/html" }'),
  'an embed': element('embed', '{ src: URL, type: "text/html" }'),
  'a redirect': url => `void (location.href = ${text(redirect(url))})`,
  'a frame of a redirect': url => element('iframe', '{ src: URL }')(redirect(url)),
  'a window of a redirect': url => `void window.open(${text(redirect(url))})`
}
const READS = {
  'fetch': read('fetch(URL)'),
  'fetch without CORS': read('fetch(URL, { mode: "no-cors" })'),
  'fetch of a redirect': url => read('fetch(URL)')(redirect(url)),
  'XMLHttpRequest': read('new Promise((done, fail) => { const x = new XMLHttpRequest(); x.onload = done; x.onerror = fail; x.open("GET", URL); x.send() })'),
  'a script': load('script', 'src'),
  'a style sheet': load('link', 'href', 'rel: "stylesheet",'),
  'a module': read('import(URL)'),
  'a worker': read('new Promise((done, fail) => { const w = new Worker(URL); w.onerror = fail; setTimeout(done, 500) })')
}

describe('files and Chromium\'s own pages', { timeout: 240000 }, () => {
  /** URLs of all documents that there are or were in this page and in windows that it opened. */
  const watching = async () => {
    const cdp = await manager.connect(first.id)
    await cdp.call('Target.setDiscoverTargets', { discover: true })
    const seen = () => cdp.events.flatMap(({ params }) => params?.targetInfo?.url ?? params?.frame?.url ?? [])
    const page = async () => {
      const opened = await cdp.newPage(`${origin}/start`)
      await cdp.call('Page.enable', {}, opened.sessionId)
      await until(() => evaluate(cdp, opened.sessionId, 'document.title').then(title => title === 'site'), 'the page')
      return opened
    }
    const closeAll = async () => {
      const { targetInfos } = await cdp.call('Target.getTargets')
      for (const { targetId, type } of targetInfos) if (type === 'page') await cdp.call('Target.closeTarget', { targetId }).catch(() => {})
      await cdp.close()
    }
    return { cdp, seen, page, closeAll }
  }
  const forbidden = url => /^(file|chrome|chrome-untrusted|devtools|view-source):/.test(url)
  /** The text of every document that can be looked into, frames included. */
  const texts = async cdp => {
    const { targetInfos } = await cdp.call('Target.getTargets')
    const all = []
    for (const { targetId, type } of targetInfos) {
      if (type !== 'page' && type !== 'iframe') continue
      const { sessionId } = await cdp.call('Target.attachToTarget', { targetId, flatten: true })
      all.push(JSON.stringify(await cdp.call('DOMSnapshot.captureSnapshot', { computedStyles: [] }, sessionId).then(({ strings }) => strings, () => [])))
      await cdp.call('Target.detachFromTarget', { sessionId })
    }
    return all.join('\n')
  }

  for (const [name, how] of Object.entries(GOES)) {
    test(`${name} goes to neither`, async () => {
      const { cdp, seen, page, closeAll } = await watching()
      const landed = `${origin}/landed?${encodeURIComponent(name)}`
      await evaluate(cdp, (await page()).sessionId, how(landed))
      await until(() => hits.has(landed.slice(origin.length)), 'the allowed page to be asked for')
      await until(() => seen().includes(landed), 'the allowed page to be seen')
      for (const url of FORBIDDEN) await evaluate(cdp, (await page()).sessionId, how(url)).catch(() => {}) // the page may go meanwhile
      await sleep(500)
      assert.deepEqual(seen().filter(forbidden).filter(url => !url.startsWith('chrome-error:')), [])
      assert.doesNotMatch(await texts(cdp), /root:x:0|Chromium is made possible|Executable Path/)
      await closeAll()
    })
  }

  test('a page reads neither', async () => {
    const { cdp, page, closeAll } = await watching()
    const { sessionId } = await page()
    for (const [name, how] of Object.entries(READS)) {
      assert.equal(await evaluate(cdp, sessionId, how(`${origin}/script`)), 'read', name)
      for (const url of FORBIDDEN) assert.notEqual(await evaluate(cdp, sessionId, how(url)), 'read', `${name} of ${url}`)
    }
    await closeAll()
  })

  test('a client goes to neither', async () => {
    const { cdp, page, seen, closeAll } = await watching()
    const { sessionId } = await page()
    await cdp.call('Page.navigate', { url: redirect(`${origin}/landed?client`) }, sessionId)
    await until(() => seen().includes(`${origin}/landed?client`), 'the redirect')
    for (const url of FORBIDDEN) {
      await assert.rejects(cdp.call('Page.navigate', { url }, sessionId), /only web pages/, url)
      await assert.rejects(cdp.call('Target.createTarget', { url }), /only web pages/, url)
      const { errorText } = await cdp.call('Page.navigate', { url: redirect(url) }, sessionId)
      assert.match(errorText ?? 'it opened', /ERR_/, url)
    }
    assert.deepEqual(seen().filter(url => forbidden(url) && !url.startsWith('chrome-error:')), [])
    await closeAll()
  })

  test('a request held by a client is sent to neither', async () => {
    const { cdp, page, seen, closeAll } = await watching()
    const { sessionId } = await page()
    await cdp.call('Fetch.enable', { patterns: [{ urlPattern: '*/held*' }] }, sessionId)
    for (const [i, url] of FORBIDDEN.entries()) {
      cdp.call('Page.navigate', { url: `${origin}/held?${i}` }, sessionId).catch(() => {})
      const { params: { requestId } } = await cdp.waitEvent('Fetch.requestPaused', ({ params }) => params.request.url.endsWith(`/held?${i}`))
      await assert.rejects(cdp.call('Fetch.continueRequest', { requestId, url }, sessionId), /only web pages/)
      await cdp.call('Fetch.fulfillRequest', { requestId, responseCode: 302, responseHeaders: [{ name: 'Location', value: url }] }, sessionId)
      await sleep(100)
    }
    assert.deepEqual(seen().filter(url => forbidden(url) && !url.startsWith('chrome-error:')), [])
    await closeAll()
  })
})

describe('uploads and downloads', () => {
  const inContainer = file => `/proc/${first.pid}/root${file}`

  test('uploads come from the transfer folder alone', async () => {
    const { cdp } = first
    const { sessionId } = await cdp.newPage(origin)
    await until(() => evaluate(cdp, sessionId, 'document.title').then(title => title === 'site'), 'the page')
    const { root } = await cdp.call('DOM.getDocument', {}, sessionId)
    const { nodeId } = await cdp.call('DOM.querySelector', { nodeId: root.nodeId, selector: '#f' }, sessionId)
    for (const file of [HOST_FILE, '/etc/passwd', '/proc/self/environ', '/proc/1/root/etc/passwd', '/dev/fd/3', binary, manager.folder,
      'file:///etc/passwd', 'relative', `${TRANSFER}/../profile/Local State`, `${TRANSFER}/./x`, `${TRANSFER}x/y`, '//home/browser/transfer/x', ''])
      await assert.rejects(cdp.call('DOM.setFileInputFiles', { files: [file], nodeId }, sessionId), /files come from/, file)
    assert.equal(await evaluate(cdp, sessionId, 'document.querySelector("#f").files.length'), 0)
  })

  test('downloads land in the transfer folder, whatever client and server say', async () => {
    const { cdp } = first
    const { targetId, sessionId } = await cdp.newPage(origin)
    const { targetInfo: { browserContextId } } = await cdp.call('Target.getTargetInfo', { targetId })
    const names = ['plain.txt', '../../up.txt', '/etc/root.txt', '..%2f..%2fcoded.txt']
    const completed = () => cdp.events.filter(({ method, params }) => method === 'Browser.downloadProgress' && params.state === 'completed').length
    for (const call of [folder => cdp.call('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder, eventsEnabled: true }),
      folder => cdp.call('Browser.setDownloadBehavior', { behavior: 'allow', downloadPath: folder, browserContextId, eventsEnabled: true }),
      folder => cdp.call('Page.setDownloadBehavior', { behavior: 'allow', downloadPath: folder }, sessionId)]) {
      for (const folder of ['/tmp', '/home/browser', `${TRANSFER}/../profile`, '/var/tmp', '/']) await call(folder)
      for (const name of names) {
        const ended = completed()
        cdp.call('Page.navigate', { url: `${origin}/download?name=${encodeURIComponent(name)}` }, sessionId).catch(() => {})
        await until(() => completed() > ended, `the download of ${name}`)
      }
      const came = fs.readdirSync(inContainer(TRANSFER)).sort()
      assert.deepEqual(came, ['_.._coded.txt', '_.._up.txt', '_etc_root.txt', 'plain.txt'])
      for (const name of came) {
        assert.equal(fs.readFileSync(inContainer(`${TRANSFER}/${name}`), 'utf8'), 'from the web')
        fs.rmSync(inContainer(`${TRANSFER}/${name}`))
      }
    }
    for (const folder of ['/tmp', '/home/browser', '/home/browser/profile', '/'])
      assert.deepEqual(fs.readdirSync(inContainer(folder)).filter(name => /(plain|up|root|coded).*\.txt/.test(name)), [], folder)
    for (const folder of ['/tmp', '/var/tmp', '/etc', '/'])
      assert.deepEqual(fs.readdirSync(folder).filter(name => /^(plain|up|root|coded)( \(\d+\))?\.txt/.test(name)), [], folder)
  })
})
