// What suites of models start: a site, an instance whose one model (one/seer) is a function of the suite, and its threads.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { startInstance, traces, until } from './instance.mjs';
import { startModel } from './model_server.mjs';

/** A server of pages: {'/path': (url) => HTML}. */
export async function startPages(pages) {
  const server = http.createServer((request, response) => {
    const url = new URL(request.url, 'http://site');
    const make = pages[url.pathname];
    response.writeHead(make ? 200 : 404, { 'content-type': 'text/html' });
    response.end(make ? make(url) : '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

/** {site, model, replinet, stop()}: `solve` is asked as of startModel; browsers reach the site as 127.0.0.1 and as localhost. */
export async function startModelWorld(site, solve, settings = {}) {
  const { port } = site.address(), model = await startModel({ solve, key: 'sk-test' });
  const replinet = await startInstance({
    SECRET_KEY: randomBytes(32).toString('hex'),
    EGRESS_ALLOW: `127.0.0.1:${port},localhost:${port}`,
    MODEL_PROVIDERS: JSON.stringify({ one: { kind: 'openai', base_url: model.openai, api_key: 'sk-test', models: [{ name: 'seer', context_tokens: 32000 }] } }),
    ...settings,
  });
  const stop = async () => {
    await replinet.stop();
    assert.deepEqual(traces(replinet), []);
    replinet.remove();
    await model.stop();
    site.close();
  };
  return { site, model, replinet, stop };
}

/** Threads as the command line tells them; `replinet()` gives the instance. */
export function threadsOf(replinet, ms = 150000) {
  const show = (id) => replinet().json('thread', 'show', id);
  const isOver = (thread) => ['completed', 'error', 'stopped'].includes(thread.status);
  const when = (id, what, check) => until(what, async () => { const found = await show(id); return check(found) && found; }, ms);
  return { show, isOver, when, ended: (id) => when(id, `the end of thread ${id}`, isOver) };
}
