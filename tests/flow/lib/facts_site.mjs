// A site whose pages, frames and workers write down what they see of the browser, and which knows every request's headers.
// /page opens on 127.0.0.1; its frame is of another site (localhost); window.report() gathers everything.
import http from 'node:http'

// Runs at once, before anything else of the document or worker.
const facts = `self.facts = (() => { const options = Intl.DateTimeFormat().resolvedOptions(); return {
  agent: navigator.userAgent, platform: navigator.platform, languages: navigator.languages,
  hints: navigator.userAgentData && { brands: navigator.userAgentData.brands.map(b => b.brand + ' ' + b.version), mobile: navigator.userAgentData.mobile, platform: navigator.userAgentData.platform },
  locale: options.locale, zone: options.timeZone, number: (1234.5).toLocaleString(), offset: new Date(2026, 0, 1).getTimezoneOffset(),
  width: self.innerWidth, height: self.innerHeight, ratio: self.devicePixelRatio, screen: self.screen && [screen.width, screen.height],
  dark: self.matchMedia && matchMedia('(prefers-color-scheme: dark)').matches, touch: navigator.maxTouchPoints } })();`

const files = {
  '/frame': ['text/html', `<!doctype html><script>${facts}</script><script>
    parent.postMessage({ frame: facts }, '*')
    fetch('/from-frame')
    setTimeout(() => parent.postMessage({ framelater: [devicePixelRatio, screen.width, screen.height] }, '*'), 300)
    navigator.geolocation?.getCurrentPosition(p => parent.postMessage({ frameplace: [p.coords.latitude, p.coords.longitude] }, '*'), e => parent.postMessage({ frameplace: e.message }, '*'))</script>`],
  '/popup': ['text/html', `<!doctype html><meta name=viewport content="width=device-width"><script>${facts}</script><script>opener.postMessage({ popup: facts }, '*')</script>`],
  '/worker.js': ['text/javascript', `${facts} postMessage(facts); fetch('/from-worker')`],
  '/shared.js': ['text/javascript', `${facts} onconnect = e => e.ports[0].postMessage(facts); fetch('/from-shared')`],
  '/service.js': ['text/javascript', `${facts} oninstall = () => skipWaiting(); onactivate = e => e.waitUntil(clients.claim()); onmessage = e => { e.source.postMessage(facts); fetch('/from-service') }`],
  '/style.css': ['text/css', 'body { color: rgb(1, 2, 3) }'],
  '/script.js': ['text/javascript', 'window.scripted = true'],
  '/image.svg': ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'],
  '/data': ['application/json', '{}'],
}

const page = port => `<!doctype html><meta name=viewport content="width=device-width"><script>${facts}</script>
<link rel=stylesheet href=/style.css><script src=/script.js></script><img src=/image.svg>
<iframe src="http://localhost:${port}/frame" allow="geolocation"></iframe>
<script>
const got = { page: facts }
addEventListener('message', e => Object.assign(got, e.data))
const until = async name => { while (!(name in got)) await new Promise(done => setTimeout(done, 20)); return got[name] }
async function report () {
  open('/popup')
  new Worker('/worker.js').onmessage = e => { got.worker = e.data }
  new SharedWorker('/shared.js').port.onmessage = e => { got.shared = e.data }
  navigator.serviceWorker.onmessage = e => { got.service = e.data }
  await navigator.serviceWorker.register('/service.js')
  ;(await navigator.serviceWorker.ready).active.postMessage('facts')
  navigator.geolocation.getCurrentPosition(p => { got.place = [p.coords.latitude, p.coords.longitude, p.coords.accuracy] }, e => { got.place = e.message })
  got.data = await fetch('/data').then(() => 'came', () => 'did not come')
  for (const name of ['popup', 'frame', 'framelater', 'frameplace', 'worker', 'shared', 'service', 'place']) await Promise.race([until(name), new Promise(done => setTimeout(done, 8000))])
  got.styled = getComputedStyle(document.body).color
  got.scripted = !!window.scripted
  got.image = document.images[0].naturalWidth
  return got
}
</script>`

export async function startFactsSite () {
  const requests = []
  const server = http.createServer((request, response) => {
    const path = request.url.split('?')[0]
    requests.push({ path, host: request.headers.host, headers: request.headers })
    const file = path === '/page' ? ['text/html', page(server.address().port)] : files[path] ?? ['text/plain', '']
    response.writeHead(200, { 'content-type': file[0] + '; charset=utf-8', 'cache-control': 'no-store' })
    response.end(file[1])
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    port: server.address().port,
    url: `http://127.0.0.1:${server.address().port}`,
    requests,
    headers: path => requests.findLast(request => request.path === path)?.headers,
    stop: () => new Promise(resolve => { server.closeAllConnections(); server.close(resolve) })
  }
}
