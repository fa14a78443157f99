// Pages that mean harm, or are made so badly that it comes to the same: each run ends in bounded time, says truly how and
// why, and leaves no browser behind.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { startBrowserManager } from './lib/browser_manager.mjs'
import { runScript } from './lib/script_run.mjs'
import { startSite } from './lib/script_site.mjs'

const RUN_S = 40
let site, manager
before(async () => {
  site = await startSite()
  manager = await startBrowserManager({
    EGRESS_ALLOW: `127.0.0.1:${site.port},localhost:${site.port}`, POOL_WARM: '1', MAX_BROWSERS: '3', TRANSFER_MAX_MB: '8'
  })
})
after(async () => {
  await manager?.stop()
  await site?.stop()
})

const go = scene => ({ goto: `${site.url}/hostile.html#${scene}` })
const press = [{ click: 'Press' }, { assert: { css: 'button', contains: 'pressed' } }]

/** Every run is bounded, and a failed one says why. */
async function run (steps, options) {
  const ran = await runScript(manager, steps, { timeout: RUN_S, ...options })
  assert.ok(ran.ms < (RUN_S + 20) * 1000, `took ${ran.ms} ms`)
  if (ran.status !== 'completed') assert.ok(ran.reason && ran.error?.detail, 'it ended without a reason')
  return ran
}
async function passes (steps, options) {
  const ran = await run(steps, options)
  assert.equal(ran.status, 'completed', `${ran.reason}: ${ran.error?.detail}\n${ran.stderr}`)
  return ran
}
async function fails (steps, reason, pattern, options) {
  const ran = await run(steps, options)
  assert.equal(ran.status, 'failed', ran.stderr)
  assert.match(ran.reason, reason, ran.error.detail)
  assert.match(ran.error.detail, pattern)
  return ran
}

describe('too much', () => {
  test('50,000 nodes', async () => {
    const { results } = await passes([go('fifty'), ...press.map(step => ({ ...step, timeout_ms: 30000 })), { extract: { as: 'nodes', list: { css: '.n', limit: 10 } } }])
    assert.equal(results.nodes.length, 10)
  })
  test('8 megabytes of text, and a target that is not in it', () =>
    fails([go('much'), ...press.map(step => ({ ...step, timeout_ms: 15000 })), { click: 'no such thing', timeout_ms: 3000 }], /step_failed/, /no such thing|did not answer/))
  test('alerts without end', async () => {
    const ran = await passes([go('alerts'), ...press, { dialog: { as: 'said' } }])
    assert.equal(ran.results.said.type, 'alert')
    assert.ok(ran.events.filter(event => event.kind === 'page.dialog').length <= 50)
  })
  test('windows without end', async () => {
    const ran = await run([go('windows'), { click: 'Press', optional: true }, { wait_for: { ms: 1000 } }, { tab: { as: 'tabs' } }])
    if (ran.status === 'completed') assert.ok(ran.results.tabs.length <= 24, String(ran.results.tabs.length))
  })
  test('a download larger than there is room', () =>
    fails([{ goto: `${site.url}/files` }, { download: { click: 'Huge', as: 'huge' }, timeout_ms: 20000 }], /step_failed/, /download of .* failed|did not end in time|full/))
})

describe('pages that do not stay', () => {
  test('a page that navigates all the time', async () => {
    const ran = await run([go('wanders'), { click: 'Press', timeout_ms: 3000 }, { goto: `${site.url}/data.html` }, { assert: { title: 'Data' } }])
    if (ran.status === 'failed') assert.match(ran.error.detail, /steps\[1\]/)
  })
  test('redirects without end', () => fails([{ goto: `${site.url}/loop` }], /step_failed/, /cannot be opened: net::ERR_TOO_MANY_REDIRECTS/))
  test('pages that send each other on without end', async () => {
    const ran = await run([{ goto: `${site.url}/pong`, timeout_ms: 3000 }, { click: 'Press', timeout_ms: 2000 }])
    assert.equal(ran.status, 'failed')
    assert.equal(ran.reason, 'step_failed')
  })
  test('every trap for those who leave', () =>
    passes([go('trap'), { click: 'Press' }, { goto: `${site.url}/data.html` }, { assert: { title: 'Data' } }]))
  test('frames that go while they are used', async () => {
    const ran = await run([go('frames'), { click: 'Inner', timeout_ms: 3000, optional: true }, { extract: { as: 'all', list: { css: 'button' } }, timeout_ms: 4000, optional: true }, ...press])
    assert.equal(ran.status, 'completed', ran.error?.detail)
  })
})

describe('pages that hang and crash', () => {
  test('blocked from the start', () =>
    fails([{ ...go('blocked'), timeout_ms: 3000 }], /step_failed/, /in time/))
  test('blocked later: click, fill, extract, evaluate and picture all give up', async () => {
    const ran = await run([go('busy'), { wait_for: { ms: 600 } },
      ...[{ click: 'Press' }, { extract: { as: 'x', css: 'button' } }, { evaluate: '1' }, { screenshot: 'x' }, { fill: { label: 'x', value: 'x' } }, { upload: { css: 'input', file: { name: 'x', text: 'x' } } }, { dialog: { as: 'none' } }]
        .map(step => ({ ...step, timeout_ms: 1000, optional: true }))])
    assert.equal(ran.events.filter(event => event.kind === 'step.failed').length, 7, ran.stderr)
  })
  test('a new page after a blocked one', () =>
    passes([go('busy'), { wait_for: { ms: 600 } }, { click: 'Press', timeout_ms: 1000, optional: true }, { tab: { open: `${site.url}/data.html` } }, { assert: { title: 'Data' } }]))
  test('a page that crashes by itself', () =>
    fails([go('crash'), { wait_for: 'never', timeout_ms: 30000 }], /^(crash|oom|unresponsive)$/, /./))
  test('a window that crashes takes the page with it only when the memory of both is gone', async () => {
    const ran = await run([go('crasher'), { click: 'Press' }, { wait_for: { ms: 1500 } }, { assert: { css: 'button', contains: 'pressed' } }])
    if (ran.status === 'failed') assert.match(ran.reason, /^(oom|crash)$/)
  })
})

describe('who asks for a password', () => {
  test('without one: says so and does not hang', () =>
    fails([{ goto: `${site.url}/secret`, timeout_ms: 8000 }], /step_failed/, /asks for a user name and password/))
  test('with one in the address', () =>
    passes([{ goto: `${site.url.replace('://', '://ann:s3cret@')}/secret` }, { assert: 'Hello ann' }]))
  test('with a wrong one', () =>
    fails([{ goto: `${site.url.replace('://', '://ann:wrong@')}/secret`, timeout_ms: 8000 }], /step_failed/, /asks for a user name and password/))
})

test('every browser was given back', async () => {
  for (let i = 0; (await manager.list()).some(one => one.state === 'leased'); i++) {
    assert.ok(i < 200, 'a browser is still leased')
    await new Promise(resolve => setTimeout(resolve, 100))
  }
})
