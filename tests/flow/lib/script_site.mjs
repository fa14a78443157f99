// The pages of the script tests, served on loopback: 127.0.0.1 is the site, localhost is another site (its frames live in
// processes of their own). {{OTHER}} and {{SAME}} in a page become those addresses.
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const pages = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'pages')

const catalogue = page => `<!doctype html><meta charset="utf-8"><title>Page ${page}</title><ul>${
  [1, 2, 3].map(i => `<li class="product"><h2>Product ${(page - 1) * 3 + i}</h2><a href="/p/${page}-${i}">more</a></li>`).join('')
}</ul>${page < 4 ? `<a href="/catalogue?page=${page + 1}">Next</a>` : ''}`

const routes = {
  '/catalogue': (url, response) => response.end(catalogue(Number(url.searchParams.get('page') ?? 1))),
  '/slow': (url, response) => setTimeout(() => response.end(`<title>Slow</title><h1>${url.searchParams.get('text')}</h1>`), Number(url.searchParams.get('ms'))),
  '/hang': () => {},
  '/half': (url, response) => { response.write('<title>Half</title><h1>Half a page</h1>'); setTimeout(() => response.end('<p>the rest</p>'), 800) },
  '/endless': (url, response) => response.write('<title>Endless</title><button onclick="this.textContent=\'pressed\'">Press</button>' + ' '.repeat(4096)),
  '/missing': (url, response) => { response.statusCode = 404; response.end('<h1>Not here</h1>') },
  '/redirect': (url, response) => { response.statusCode = 302; response.setHeader('location', '/data.html'); response.end() },
  '/files': (url, response) => response.end('<a href="/invoice.csv">Invoice</a> <a href="/report" download="report 2026.txt">Report</a> <a href="/data.html">No file</a> <a href="/huge">Huge</a> <button onclick="location.href=\'/invoice.csv\'">By script</button>'),
  '/invoice.csv': (url, response) => {
    response.setHeader('content-type', 'text/csv')
    response.setHeader('content-disposition', 'attachment; filename="../../in voice.csv"')
    response.end('sku;price\n' + 'tea;1\n'.repeat(1000))
  },
  '/huge': (url, response) => { // 200 MB, as fast as they are taken
    response.setHeader('content-disposition', 'attachment; filename="huge.bin"')
    response.setHeader('content-type', 'application/octet-stream')
    const piece = Buffer.alloc(1 << 20)
    let left = 200
    const more = () => { while (left-- > 0) if (!response.write(piece)) return response.once('drain', more); response.end() }
    more()
  },
  '/loop': (url, response) => { response.statusCode = 302; response.setHeader('location', `/loop?${Math.random()}`); response.end() },
  '/ping': (url, response) => response.end('<title>Ping</title><script>location.replace("/pong")</script>'),
  '/pong': (url, response) => response.end('<title>Pong</title><script>location.replace("/ping")</script>'),
  '/secret': (url, response, request) => {
    const [name, password] = Buffer.from((request.headers.authorization ?? '').replace('Basic ', ''), 'base64').toString().split(':')
    if (name === 'ann' && password === 's3cret') return response.end(`<title>Secret</title><h1>Hello ${name}</h1>`)
    response.statusCode = 401
    response.setHeader('www-authenticate', 'Basic realm="Staff only"')
    response.end('<title>401</title><h1>No entry</h1>')
  },
  '/report': (url, response) => { response.setHeader('content-type', 'text/plain'); response.end('report text') },
  '/form': (url, response) => response.end(`<title>Form</title><form action="/slow"><input type="hidden" name="ms" value="300"><label>Text <input name="text"></label><button>Send</button></form>`)
}

/** {port, url, stop()} */
export async function startSite () {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://site')
    const { port } = server.address()
    response.setHeader('content-type', 'text/html; charset=utf-8')
    if (routes[url.pathname]) return routes[url.pathname](url, response, request)
    const file = path.join(pages, path.basename(url.pathname))
    if (!fs.existsSync(file)) return routes['/missing'](url, response)
    response.end(fs.readFileSync(file, 'utf8').replaceAll('{{OTHER}}', `http://localhost:${port}`).replaceAll('{{SAME}}', `http://127.0.0.1:${port}`))
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    stop: () => new Promise(resolve => { server.closeAllConnections(); server.close(resolve) })
  }
}
