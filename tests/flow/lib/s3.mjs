// A real S3 server (s3rver), and a proxy before it that checks what s3rver does not (signatures of version 4, the hash of
// what is sent) and breaks what a test wants broken.
import crypto from 'node:crypto';
import { createServer, request } from 'node:http';
import S3rver from 's3rver';

// s3rver hides its place in a list with DES, which OpenSSL 3 leaves out; another cipher does as well.
for (const name of ['createCipheriv', 'createDecipheriv']) {
  const original = crypto[name];
  crypto[name] = (cipher, key, ...rest) =>
    cipher === 'des' ? original('aes-256-ecb', crypto.createHash('sha256').update(key).digest(), null) : original(cipher, key, ...rest);
}

export const KEYS = { S3_ACCESS_KEY: 'S3RVER', S3_SECRET_KEY: 'S3RVER', S3_REGION: 'us-east-1' };

const listening = (server) => new Promise((done) => server.listen(0, '127.0.0.1', () => done(server.address().port)));

const hmac = (key, text) => crypto.createHmac('sha256', key).update(text).digest();
const sha256 = (data) => crypto.createHash('sha256').update(data).digest('hex');

/** Whether a request is signed with the secret key, as AWS documents Signature Version 4. */
function isSigned({ method, url, headers }) {
  const [, id, date, region, service, names, signature] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '') ?? [];
  if (!id || region !== KEYS.S3_REGION || service !== 's3') return false;
  if (!names.split(';').includes('host') || !names.split(';').includes('x-amz-content-sha256')) return false;
  const [path, query = ''] = url.split('?');
  const canonical = [
    method, path, query.split('&').sort().join('&'),
    ...names.split(';').map((name) => `${name}:${headers[name]?.trim()}`), '', names, headers['x-amz-content-sha256'],
  ].join('\n');
  const time = headers['x-amz-date'];
  const key = [date, region, service, 'aws4_request'].reduce(hmac, `AWS4${KEYS.S3_SECRET_KEY}`);
  const wanted = hmac(key, ['AWS4-HMAC-SHA256', time, `${date}/${region}/${service}/aws4_request`, sha256(canonical)].join('\n'));
  return time.startsWith(date) && wanted.toString('hex') === signature;
}

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
    const answer = (status, code) => {
      from.resume();
      to.writeHead(status, { 'content-type': 'application/xml', connection: 'close' }).end(`<Error><Code>${code}</Code></Error>`);
    };
    if (fault.kind === 'status') return answer(fault.status, fault.code ?? 'InternalError');
    if (from.headers.authorization?.includes(`Credential=${KEYS.S3_ACCESS_KEY}/`) && !isSigned(from)) return answer(403, 'SignatureDoesNotMatch');
    const hash = crypto.createHash('sha256');
    const onward = request({ host: '127.0.0.1', port: proxy.target, method: from.method, path: from.url, headers: from.headers });
    onward.on('error', () => from.socket.destroy());
    onward.on('response', (reply) => {
      to.writeHead(reply.statusCode, reply.headers);
      let passed = 0;
      reply.on('data', (data) => {
        if (fault.kind === 'corrupt' && passed === 0) data[0] ^= 1;
        if (fault.kind === 'cut-answer' && passed + data.length > fault.bytes)
          return to.write(data.subarray(0, Math.max(0, fault.bytes - passed)), () => from.socket.destroy());
        passed += data.length;
        to.write(data);
      });
      reply.on('end', () => to.end());
      reply.on('error', () => from.socket.destroy());
    });
    let taken = 0;
    from.on('data', (data) => {
      if (fault.kind === 'cut-request' && (taken += data.length) > fault.bytes) {
        onward.destroy();
        return from.socket.destroy();
      }
      hash.update(data);
      onward.write(data);
    });
    from.on('end', () => {
      if (hash.digest('hex') === from.headers['x-amz-content-sha256']) return onward.end();
      onward.destroy();
      answer(400, 'XAmzContentSHA256Mismatch');
    });
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
