// A PostgreSQL that an instance is given by DATABASE_URL and that the test can trouble from outside: its clock jumps,
// the network to it hangs. The machine's clock stays: the server alone runs under libfaketime (timestamps only; what
// measures durations is not touched).
import fs from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { startPostgres } from './database.mjs';

const LIBRARY = `/usr/lib/${{ x64: 'x86_64', arm64: 'aarch64' }[process.arch]}-linux-gnu/faketime/libfaketime.so.1`;
const SOCKET = '.s.PGSQL.5432';

export class FarDatabase {
  skew = 0; // of its clock to ours, ms
  #clock;
  #proxy;
  async start(folder) {
    if (!fs.existsSync(LIBRARY)) throw new Error(`there is no ${LIBRARY}: apt-get install libfaketime`);
    this.#clock = `${folder}/clock`;
    this.jump(0);
    this.server = await startPostgres(folder, {
      LD_PRELOAD: LIBRARY, FAKETIME_TIMESTAMP_FILE: this.#clock, FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', NO_FAKE_STAT: '1',
    });
    this.socket = `${folder}/postgres`;
    fs.mkdirSync(`${folder}/proxy`, { mode: 0o755 });
    this.#proxy = new Worker(new URL(import.meta.url), { workerData: { from: `${folder}/proxy/${SOCKET}`, to: `${this.socket}/${SOCKET}` } });
    await once(this.#proxy, 'message');
    this.url = `host=${folder}/proxy dbname=replinet user=replinet`;
    return this;
  }
  jump(seconds) {
    this.skew += seconds * 1000;
    fs.writeFileSync(`${this.#clock}.new`, `${this.skew < 0 ? '-' : '+'}${Math.abs(this.skew) / 1000}\n`);
    fs.renameSync(`${this.#clock}.new`, this.#clock);
  }
  /** From now on connections are accepted and nothing is answered; resume() delivers what was sent meanwhile. */
  hang() {
    return this.#tell('pause');
  }
  resume() {
    return this.#tell('resume');
  }
  async #tell(word) {
    this.#proxy.postMessage(word);
    await once(this.#proxy, 'message');
  }
  async stop() {
    await this.#proxy?.terminate();
    await this.server?.stop();
  }
}

/** The network, in a thread of its own: a test that waits for another program does not slow it down. */
function forward({ from, to }) {
  const open = new Set();
  let word = 'resume';
  const join = (one, other) => {
    open.add(one);
    one.on('data', (data) => other.write(data));
    one.on('end', () => other.end());
    one.on('error', () => other.destroy());
    one.on('close', () => (open.delete(one), other.destroy()));
    one[word]();
  };
  const server = net.createServer((client) => {
    const upstream = net.connect(to);
    join(client, upstream);
    join(upstream, client);
  });
  server.listen(from, () => {
    fs.chmodSync(from, 0o777);
    parentPort.postMessage('ready');
  });
  parentPort.on('message', (next) => {
    word = next;
    for (const socket of open) socket[word]();
    parentPort.postMessage('done');
  });
}
if (!isMainThread && workerData?.from) forward(workerData);
