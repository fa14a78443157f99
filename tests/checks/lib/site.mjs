// The pages of the script checks on loopback: 127.0.0.1 is the site, localhost is another site (its frames live in processes
// of their own).
//
//   /THEME/NAME            the page of a check: its html, then its script
//   /THEME/NAME/PATH       a row's further page or file: files: { PATH: 'html' } or { PATH: { headers, body } } or
//                          { PATH: (request, response) => ... }; a text ending in .html or without an ending gets lib/page.js too
//
// {{OTHER}} and {{SAME}} become the two sites' addresses of that row.
//
// With `verdicts` (a Map) each page posts what its checker says, whenever that changes: row -> {ok, text}.
import fs from 'node:fs'
import http from 'node:http'

const library = fs.readFileSync(new URL('page.js', import.meta.url), 'utf8')
const slug = text => text.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-').replace(/^-|-$/g, '')
export const addressOf = row => `/${row.theme}/${slug(row.name)}`

const teller = "<script>window.tellVerdict = answer => navigator.sendBeacon(location.pathname + '?verdict', JSON.stringify(answer))</script>"
const wrap = (html, script) =>
  `<!doctype html><meta charset="utf-8">${html.includes('<title>') ? '' : '<title>Check</title>'}<link rel="icon" href="data:,"><script>${library}</script>\n${html}\n${
    script ? `<script>(${script})()</script>` : ''}`

function send (response, content, fill) {
  const { headers = {}, body } = typeof content === 'string' ? { body: wrap(content) } : content
  for (const [name, value] of Object.entries({ 'content-type': 'text/html; charset=utf-8', ...headers })) response.setHeader(name, value)
  response.end(typeof body === 'string' ? fill(body) : body)
}

async function keepVerdict (verdicts, row, request, response) {
  let body = ''
  for await (const piece of request) body += piece
  verdicts?.set(row, JSON.parse(body))
  response.end()
}

/** Serves these rows: {port, url, stop()}. */
export async function startSite (rows, { verdicts } = {}) {
  const byAddress = new Map(rows.map(row => [addressOf(row), row]))
  const server = http.createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://site').pathname)
    const [, theme, name, ...rest] = path.split('/')
    const row = byAddress.get(`/${theme}/${name}`)
    if (row && request.method === 'POST' && request.url.endsWith('?verdict')) return keepVerdict(verdicts, row, request, response)
    const content = row && (rest.length ? row.files?.[rest.join('/')] : wrap(row.html, row.script))
    if (!content) { response.statusCode = 404; return response.end('not here') }
    if (typeof content === 'function') return content(request, response)
    const { port } = server.address()
    const fill = text => (verdicts ? text.replace('<link rel="icon"', `${teller}<link rel="icon"`) : text).replaceAll('{{OTHER}}', `http://localhost:${port}${encodeURI(addressOf(row))}`)
      .replaceAll('{{SAME}}', `http://127.0.0.1:${port}${encodeURI(addressOf(row))}`)
    send(response, rest.length ? content : { body: content }, fill)
  })
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address()
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    stop: () => new Promise(resolve => { server.closeAllConnections(); server.close(resolve) })
  }
}
