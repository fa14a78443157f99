/* The far side of network_world.mjs: answers on every address, and writes down what came.
 *   TCP ports 80, 443, 8080, 22: HTTP in the clear (also WebSocket echo and raw bytes); 1080: a SOCKS5 proxy that wants
 *   PROXY_CREDENTIALS; 3128: an HTTP proxy that wants them; UDP 53, 443, 3478: only written down. */
import { createHash } from 'node:crypto'
import dgram from 'node:dgram'
import http from 'node:http'
import net from 'node:net'
import { PROXY_CREDENTIALS } from './network_world.mjs'

let seen = []
const plain = (address) => (address ?? '').replace(/^::ffff:(?=\d+\.)/, '')
const note = (kind, socket, more) =>
    seen.push({ kind, address: plain(socket.localAddress), port: socket.localPort, ...more })

/* ---- the web ---- */

const pages = {
    '/': (request, response, url) => html(response, `<title>${request.headers.host}</title>hello`),
    '/page': (request, response, url) => html(response, url.searchParams.get('html') ?? ''),
    '/redirect': (request, response, url) => {
        response.writeHead(302, { location: url.searchParams.get('to') })
        response.end()
    },
    '/big': (request, response, url) => {
        const chunk = Buffer.alloc(65536, 'x')
        let left = Number(url.searchParams.get('bytes'))
        response.writeHead(200, { 'content-length': left })
        const more = () => {
            while (left > 0) {
                const part = chunk.subarray(0, Math.min(left, chunk.length))
                left -= part.length
                if (!response.write(part)) return response.once('drain', more)
            }
            response.end()
        }
        more()
    },
    '/count': (request, response) => {
        let bytes = 0
        request.on('data', (data) => (bytes += data.length))
        request.on('end', () => response.end(String(bytes)))
    },
}

function html(response, body) {
    response.writeHead(200, { 'content-type': 'text/html', 'access-control-allow-origin': '*' })
    response.end(body)
}

const web = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://there')
    note('http', request.socket, { host: request.headers.host, method: request.method, path: url.pathname })
    const page = pages[url.pathname]
    if (page) return page(request, response, url)
    response.writeHead(url.pathname === '/favicon.ico' ? 204 : 404)
    response.end()
})
web.keepAliveTimeout = 1000

/* An echo of short text frames; enough of RFC 6455 to see that frames travel. */
web.on('upgrade', (request, socket) => {
    note('websocket', socket, { host: request.headers.host })
    const accept = createHash('sha1')
        .update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11')
        .digest('base64')
    socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    )
    socket.on('error', () => {})
    socket.on('data', (frame) => {
        if ((frame[0] & 15) === 8) return socket.end()
        const length = frame[1] & 127
        const text = Buffer.from(frame.subarray(6, 6 + length).map((byte, i) => byte ^ frame[2 + (i % 4)]))
        socket.write(Buffer.concat([Buffer.from([0x81, length]), text]))
    })
})

function serveWeb(port) {
    const server = net.createServer({ allowHalfOpen: true }, (socket) => {
        socket.on('error', () => {})
        note('tcp', socket)
        socket.on('end', () => socket.bytesRead || socket.end())
        socket.once('data', (first) => {
            if (first.toString('latin1').startsWith('ECHO')) {
                socket.write(first)
                socket.on('data', (data) => socket.write(data))
                socket.on('end', () => socket.end('|END'))
            } else if (first.toString('latin1').startsWith('LAST')) {
                socket.end('the last word') // ours ends first; the other side may go on
                socket.on('data', (data) => note('late', socket, { text: data.toString() }))
            } else if (first.toString('latin1').startsWith('STALL')) {
                socket.pause() // reads nothing more
            } else if (first.toString('latin1').startsWith('RESET')) {
                socket.write('half an ans', () => setTimeout(() => socket.resetAndDestroy(), 50))
            } else {
                socket.pause()
                socket.unshift(first)
                web.emit('connection', socket)
                socket.resume()
            }
        })
    })
    return new Promise((resolve) => server.listen({ port, host: '::' }, resolve))
}

/* ---- proxies ---- */

function tunnel(socket, host, port, answer) {
    note('proxied', socket, { target: `${host}:${port}` })
    const target = net.connect({ host, port }, () => {
        socket.write(answer)
        socket.pipe(target).pipe(socket)
    })
    target.on('error', () => socket.destroy())
}

const { username, password } = PROXY_CREDENTIALS

function serveSocks(port) {
    const server = net.createServer(async (socket) => {
        socket.on('error', () => {})
        note('tcp', socket)
        const read = async () => (await new Promise((resolve) => socket.once('data', resolve)))
        const greeting = await read()
        if (!greeting.subarray(2).includes(2)) return socket.end(Buffer.from([5, 255]))
        socket.write(Buffer.from([5, 2]))
        const auth = (await read()).toString('latin1')
        const good = auth === `\x01${String.fromCharCode(username.length)}${username}${String.fromCharCode(password.length)}${password}`
        socket.write(Buffer.from([1, good ? 0 : 1]))
        if (!good) return socket.end()
        const request = await read()
        if (request[3] === 3) {
            note('proxied', socket, { target: 'a name' })
            return socket.end(Buffer.from([5, 2, 0, 1, 0, 0, 0, 0, 0, 0]))
        }
        const v6 = request[3] === 4
        const bytes = request.subarray(4, v6 ? 20 : 8)
        const host = v6 ? bytes.toString('hex').match(/.{4}/g).join(':') : [...bytes].join('.')
        tunnel(socket, host, request.readUInt16BE(v6 ? 20 : 8), Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
    })
    return new Promise((resolve) => server.listen({ port, host: '::' }, resolve))
}

function serveHttpProxy(port) {
    const expected = 'Basic ' + Buffer.from(`${username}:${password}`).toString('base64')
    const server = http.createServer((request, response) => {
        note('proxied', request.socket, { target: request.url })
        response.writeHead(400).end()
    })
    server.on('connection', (socket) => note('tcp', socket))
    server.on('connect', (request, socket) => {
        socket.on('error', () => {})
        if (request.headers['proxy-authorization'] !== expected)
            return socket.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
        const [, host, targetPort] = request.url.match(/^\[?([^\]]*)\]?:(\d+)$/)
        tunnel(socket, host, Number(targetPort), 'HTTP/1.1 200 Connection established\r\n\r\n')
    })
    return new Promise((resolve) => server.listen({ port, host: '::' }, resolve))
}

function noteUdp(port) {
    const socket = dgram.createSocket({ type: 'udp6' })
    socket.on('message', (message, from) => seen.push({ kind: 'udp', port, from: plain(from.address) }))
    return new Promise((resolve) => socket.bind(port, '::', resolve))
}

const operations = {
    listen: () =>
        Promise.all([
            ...[22, 80, 443, 8080].map(serveWeb),
            serveSocks(1080),
            serveHttpProxy(3128),
            ...[53, 443, 3478, 5353].map(noteUdp),
        ]).then(() => true),
    seen: () => {
        const all = seen
        seen = []
        return all
    },
}

process.on('message', async ({ serial, op }) => process.send({ serial, result: await operations[op]() }))
process.on('disconnect', () => process.exit(0))
process.send({ ready: true })
