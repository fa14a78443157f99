// A real S3 server (s3rver, which checks signatures) and a proxy before it that breaks what a test wants broken.
import { createServer, request } from 'node:http';
import S3rver from 's3rver';

export const KEYS = { S3_ACCESS_KEY: 'S3RVER', S3_SECRET_KEY: 'S3RVER', S3_REGION: 'us-east-1' };

const listening = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

/** {port, stop()}: buckets `names`, their objects below `directory`. */
export async function startS3(directory, names) {
  const server = new S3rver({ port: 0, address: '127.0.0.1', silent: true, directory, serviceEndpoint: 'localhost', configureBuckets: names.map((name) => ({ name })) });
  const { port } = await server.run();
  return { port, stop: () => new Promise((done) => server.close(done)) };
}

/** Passes requests on to `target`. `fault`: null, or what happens to the next `times` requests:
 *  'refuse' (no answer), 'status' (that `status`), 'hang', 'cut-request' and 'cut-answer' (after `bytes`), 'corrupt' (one
 *  byte of the answer). `seen` counts requests by method. */
export async function startProxy(target) {
  const proxy = { fault: null, seen: {}, target };
  const sockets = new Set();
  const server = createServer((from, to) => {
    proxy.seen[from.method] = (proxy.seen[from.method] ?? 0) + 1;
    const fault = proxy.fault && (!proxy.fault.method || proxy.fault.method === from.method) && proxy.fault.times-- > 0 ? proxy.fault : {};
    if (fault.kind === 'refuse') return from.socket.destroy();
    if (fault.kind === 'hang') return from.resume();
    if (fault.kind === 'status') {
      from.resume();
      return to.writeHead(fault.status, { 'content-type': 'application/xml', connection: 'close' }).end(`<Error><Code>${fault.code ?? 'InternalError'}</Code></Error>`);
    }
    const onward = request({ host: '127.0.0.1', port: proxy.target, method: from.method, path: from.url, headers: from.headers });
    onward.on('error', () => from.socket.destroy());
    onward.on('response', (answer) => {
      to.writeHead(answer.statusCode, answer.headers);
      let passed = 0;
      answer.on('data', (data) => {
        if (fault.kind === 'corrupt' && passed === 0) data[0] ^= 1;
        if (fault.kind === 'cut-answer' && passed + data.length > fault.bytes)
          return to.write(data.subarray(0, Math.max(0, fault.bytes - passed)), () => from.socket.destroy());
        passed += data.length;
        to.write(data);
      });
      answer.on('end', () => to.end());
      answer.on('error', () => from.socket.destroy());
    });
    let taken = 0;
    from.on('data', (data) => {
      if (fault.kind === 'cut-request' && (taken += data.length) > fault.bytes) {
        onward.destroy();
        return from.socket.destroy();
      }
      onward.write(data);
    });
    from.on('end', () => onward.end());
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  proxy.port = await listening(server);
  proxy.stop = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise((done) => server.close(done));
  };
  proxy.break = (kind, options = {}) => {
    proxy.fault = { kind, times: 1, ...options };
    proxy.seen = {};
  };
  return proxy;
}
