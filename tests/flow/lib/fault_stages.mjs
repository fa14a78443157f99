// Brings threads to known stages of a run and holds them there until told, without a line of the product knowing.
//
// What holds them is outside: a site of the test's own that answers when it is told; triggers that the test adds to its
// own database and that wait for an advisory lock (a write in progress stays in progress); and numbers that are used up
// (places of the worker, browsers).
import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { until } from './instance.mjs';

/** Stages in the order of a run. `hold` is the write at which the database stops the thread, `at` the page at which the
 * site does before that. */
export const STAGES = {
  queued: { doc: 'acknowledged, no worker has it' },
  leasing: { doc: 'a worker has it, it waits for its browser', hold: 'browser.leased' },
  leased: { doc: 'its browser is leased, before the first action', hold: 'browser.leased' },
  between: { doc: 'between two actions', at: '/form', hold: 'step.started steps[1]' },
  effect: { doc: 'an action is under way: the site has it and has not answered', at: '/effect' },
  artifact: { doc: 'while a file is written', at: '/form', hold: 'artifact' },
  finishing: { doc: 'the browser is given back, the end is being written', at: '/effect', hold: 'thread.completed' },
  stopping: { doc: 'somebody stopped it, it is ending', at: '/effect', hold: 'run.finished' },
  repeatable: { doc: 'as effect, of an agent with repeat_after_loss', at: '/effect' },
};
const LOCK = 4711;

/** The far side: counts what it is asked for, with the time, and answers /form and /effect of a held key when told. */
export class Site {
  visits = []; // {path, key, time}
  #waiting = new Map();
  #held = new Map(); // key -> path
  async start() {
    this.server = http.createServer((request, response) => {
      const url = new URL(request.url, 'http://site');
      const key = url.searchParams.get('key');
      if (!key) return response.writeHead(404).end();
      this.visits.push({ path: url.pathname, key, time: Date.now() });
      const answer = () =>
        response
          .writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close', 'cache-control': 'no-store' })
          .end(`<title>${key}</title><link rel=icon href=data:,><h1>Page ${url.pathname}</h1><a href="/effect?key=${key}">Buy</a>`);
      if (this.#held.get(key) === url.pathname) this.#waiting.set(key, answer);
      else answer();
    });
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.address = `127.0.0.1:${this.server.address().port}`;
    return this;
  }
  hold(key, path) {
    this.#held.set(key, path);
  }
  isWaiting(key) {
    return this.#waiting.has(key);
  }
  release(key) {
    this.#held.delete(key);
    this.#waiting.get(key)?.();
    this.#waiting.delete(key);
  }
  count(path, key) {
    return this.visits.filter((visit) => visit.path === path && visit.key === key).length;
  }
  stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}

export const script = (site) => ({
  steps: [
    { goto: `http://${site.address}/form?key={{inputs.key}}`, timeout_ms: 60000 },
    { click: { text: 'Buy' }, timeout_ms: 60000 },
    { screenshot: { as: 'bought' }, timeout_ms: 60000 },
    { extract: { as: 'title', css: 'h1' }, timeout_ms: 60000 },
  ],
});

/** SQL on the instance's database as root; `socket` is the folder of its socket. */
export class Database {
  constructor(socket) {
    this.socket = socket;
  }
  #arguments(...more) {
    return ['-h', this.socket, '-U', 'replinet', '-d', 'replinet', '-XqAt', '-F', '\t', '-v', 'ON_ERROR_STOP=1', ...more];
  }
  sql(text) {
    const options = { cwd: '/', timeout: 20000, stdio: ['ignore', 'pipe', 'pipe'] };
    return execFileSync('psql', this.#arguments('-c', text), options).toString().split('\n').filter(Boolean).map((line) => line.split('\t'));
  }
  value(text) {
    return this.sql(text)[0]?.[0];
  }
  /** A database that is away or hangs is asked again. */
  patiently(text, ms = 60000) {
    return until(`an answer to ${text}`, () => ({ rows: this.sql(text) }), ms).then(({ rows }) => rows);
  }

  /** Triggers that stop a thread at its `hold`; without a lock holder they let everything pass. */
  prepare() {
    this.sql(`
      CREATE TABLE fault_holds (thread_id uuid PRIMARY KEY, at text NOT NULL, number int NOT NULL);
      CREATE FUNCTION fault_hold() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE place text := 'artifact'; chosen int;
      BEGIN
        IF TG_TABLE_NAME <> 'artifacts' THEN
          place := NEW.kind || CASE NEW.kind WHEN 'step.started' THEN ' ' || (NEW.data->>'path') ELSE '' END;
        END IF;
        SELECT number INTO chosen FROM fault_holds h WHERE h.thread_id = NEW.thread_id AND h.at = place;
        IF FOUND THEN PERFORM pg_advisory_xact_lock_shared(${LOCK}, chosen); END IF;
        RETURN NEW;
      END $$;
      CREATE TRIGGER fault_hold BEFORE INSERT ON thread_events FOR EACH ROW EXECUTE FUNCTION fault_hold();
      CREATE TRIGGER fault_hold BEFORE INSERT ON artifacts FOR EACH ROW EXECUTE FUNCTION fault_hold();`);
  }

  /** From now on threads stop at their holds; the function that is returned lets them all go. */
  async lockHolds() {
    const locks = Array.from({ length: Object.keys(STAGES).length }, (_, i) => `pg_advisory_lock(${LOCK}, ${i})`);
    const holder = spawn('psql', this.#arguments(), { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
    holder.stdin.on('error', () => {});
    holder.stdin.write(`SELECT ${locks.join(', ')};\n`);
    await once(holder.stdout, 'data');
    return () => holder.kill('SIGKILL');
  }
  hold(id, at, number) {
    this.sql(`INSERT INTO fault_holds VALUES ('${id}', '${at}', ${number})`);
  }
  /** Numbers of the holds at which somebody waits. */
  waiting() {
    return this.sql(`SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = ${LOCK} AND NOT granted`).map(([n]) => Number(n));
  }
}

/** One thread in each stage. `start(agent, key)` starts a thread and gives its id, `stop(id)` asks it to stop.
 * Returns {threads: {stage: {id, key}}, letGo(except)}. */
export async function stage({ site, database, start, stop, row, browsers }) {
  const names = Object.keys(STAGES), threads = {};
  const begin = async (name) => {
    const key = `${row.replaceAll(/\W+/g, '-')}-${name}`;
    const { at, hold } = STAGES[name];
    if (at) site.hold(key, at);
    const id = await start(name === 'repeatable' ? 'repeatable' : 'once', key);
    if (hold) database.hold(id, hold, names.indexOf(name));
    threads[name] = { id, key };
  };
  const stopped = (name) => until(`${row}: ${name} at its hold`, () => database.waiting().includes(names.indexOf(name)), 30000);
  const atSite = (name) => until(`${row}: ${name} at the site`, () => site.isWaiting(threads[name].key), 60000);

  const withPage = names.filter((name) => STAGES[name].at);
  const unlock = await database.lockHolds();
  try {
    await Promise.all(withPage.map(begin));
    await Promise.all(withPage.map(atSite));
    if (browsers !== withPage.length) throw new Error(`MAX_BROWSERS must be ${withPage.length}`);
    await begin('leased');
    await until('the thread to ask for a browser', async () => database.value(`SELECT status FROM threads WHERE id = '${threads.leased.id}'`) === 'starting');
    await begin('leasing');
    await until('the thread to ask for a browser', async () => database.value(`SELECT status FROM threads WHERE id = '${threads.leasing.id}'`) === 'starting');
    await begin('queued');
    // From here on each hold is a transaction in progress, which nobody can renew: quickly.
    await stop(threads.stopping.id);
    await stopped('leased');
    for (const name of ['between', 'artifact', 'finishing']) site.release(threads[name].key);
    await Promise.all(['between', 'artifact', 'finishing', 'stopping'].map(stopped));
    await until(`${row}: the effect before the artifact`, () => site.count('/effect', threads.artifact.key), 20000);
  } catch (error) {
    unlock();
    throw error;
  }
  const letGo = (except = []) => {
    unlock();
    for (const name of names) if (!except.includes(name)) site.release(threads[name].key);
  };
  return { threads, letGo };
}
