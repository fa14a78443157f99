// browser_config: what pages, windows, frames of other sites and workers see of it, from their first script on.
import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { startBrowserManager } from './lib/browser_manager.mjs'
import { startFactsSite } from './lib/facts_site.mjs'
import { runScript } from './lib/script_run.mjs'

let site, manager
before(async () => {
  site = await startFactsSite()
  manager = await startBrowserManager({ EGRESS_ALLOW: `127.0.0.1:${site.port},localhost:${site.port}`, POOL_WARM: '1', MAX_BROWSERS: '2' })
})
after(async () => {
  await manager?.stop()
  await site?.stop()
})
beforeEach(() => { site.requests.length = 0 })

async function seen (browserConfig) {
  const run = await runScript(manager, [{ goto: `${site.url}/page` }, { evaluate: { script: 'return await report()', as: 'seen' }, timeout_ms: 60000 }], { browserConfig, timeout: 90 })
  assert.equal(run.status, 'completed', `${run.reason}: ${run.error?.detail}\n${run.stderr}`)
  return run.results.seen
}

const windows = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
const everywhere = ['page', 'popup', 'frame', 'worker', 'shared', 'service']
const documents = everywhere.slice(0, 3)

describe('everything at once', () => {
  let got
  before(async () => {
    got = await seen({
      user_agent: windows, locale: 'de-DE', timezone: 'Asia/Tokyo', color_scheme: 'dark', geolocation: { latitude: 52.5, longitude: 13.4, accuracy: 25 },
      viewport: { width: 801, height: 602, device_scale_factor: 2, touch: true }, headers: { 'X-Agent': 'seven' }, memory_mb: 1024
    })
    got.requests = [...site.requests]
  })
  test('language, time zone and client hints, in workers too', () => {
    for (const where of everywhere) {
      const { languages, locale, zone, number, offset, hints } = got[where]
      assert.deepEqual({ languages, locale, zone, number, offset, hints }, {
        languages: ['de-DE', 'de'], locale: 'de-DE', zone: 'Asia/Tokyo', number: '1.234,5', offset: -540,
        hints: { brands: ['Not?A_Brand 24', 'Chromium 131', 'Google Chrome 131'], mobile: false, platform: 'Windows' }
      }, where)
    }
  })
  test('the user agent; what shared and service workers still say of themselves is as docs/browser_config.md says', () => {
    for (const where of everywhere) assert.equal(got[where].agent === windows, !['shared', 'service'].includes(where), where)
    for (const where of everywhere) assert.equal(got[where].platform, documents.includes(where) ? 'Win32' : 'Linux x86_64', where)
  })
  test('the screen and its colours in every document', () => {
    for (const where of ['page', 'popup']) {
      const { width, height, ratio, screen, dark, touch } = got[where]
      assert.deepEqual({ width, height, ratio, screen, dark, touch }, { width: 801, height: 602, ratio: 2, screen: [801, 602], dark: true, touch: 5 }, where)
    }
    assert.deepEqual([got.frame.dark, got.frame.touch, got.framelater], [true, 5, [1, 800, 600]])
  })
  test('the place, without a question, in a frame of another site too', () => {
    assert.deepEqual(got.place, [52.5, 13.4, 25])
    assert.deepEqual(got.frameplace, [52.5, 13.4])
  })
  test('what servers are told with each request, but for the file of a service worker', () => {
    const wrong = got.requests.filter(({ headers }) => headers['user-agent'] !== windows || headers['accept-language'] !== 'de-DE,de;q=0.9' || headers['x-agent'] !== 'seven')
    assert.deepEqual(wrong.map(request => request.path), ['/service.js'])
    for (const path of ['/page', '/style.css', '/frame', '/from-frame', '/popup', '/worker.js', '/from-worker', '/from-shared', '/from-service', '/data']) assert.ok(got.requests.some(request => request.path === path), path)
    const { headers } = got.requests.find(request => request.path === '/page')
    assert.deepEqual([headers['sec-ch-ua-platform'], headers['sec-ch-ua-mobile']], ['"Windows"', '?0'])
    assert.match(headers['sec-ch-ua'], /"Google Chrome";v="131"/)
  })
})

test('a phone', async () => {
  const agent = 'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36'
  const { page, popup, frame } = await seen({ user_agent: agent, viewport: { width: 390, height: 844, device_scale_factor: 3, mobile: true } })
  for (const one of [page, popup]) assert.deepEqual([one.width, one.ratio, one.touch, one.hints.mobile, one.hints.platform], [390, 3, 5, true, 'Android'])
  assert.deepEqual([frame.agent, frame.hints.mobile], [agent, true])
  assert.equal(site.headers('/page')['sec-ch-ua-mobile'], '?1')
})

test('a locale alone keeps the browser as it is; another kind of browser has no client hints', async () => {
  const french = await seen({ locale: 'fr', color_scheme: 'light' })
  assert.match(french.page.agent, /Chrome\/\d+/)
  assert.deepEqual([french.page.languages, french.worker.locale, french.page.dark], [['fr'], 'fr', false])
  assert.match(site.headers('/page')['sec-ch-ua'], /"Chromium";v="\d+"/)
  assert.equal(french.place, 'User denied Geolocation')
  const fox = await seen({ user_agent: 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0' })
  assert.deepEqual(fox.page.hints?.brands ?? [], [])
  assert.ok(!site.requests.some(({ path, headers }) => path === '/page' && /Firefox/.test(headers['user-agent']) && headers['sec-ch-ua']))
})

test('blocked kinds of resources are not asked for', async () => {
  const got = await seen({ blocked_resources: ['image', 'stylesheet', 'script', 'fetch'] })
  assert.deepEqual([got.styled, got.scripted, got.image, got.data], ['rgb(0, 0, 0)', false, 0, 'did not come'])
  const came = site.requests.map(request => request.path)
  for (const path of ['/style.css', '/script.js', '/image.svg', '/data', '/from-frame', '/from-worker']) assert.ok(!came.includes(path), `${path} was asked for`)
  for (const path of ['/page', '/frame', '/popup']) assert.ok(came.includes(path), path)
})

test('headers stay within the allowed domains: others are not reached at all', async () => {
  const run = await runScript(manager, [{ goto: `${site.url}/page` }, { evaluate: "await fetch('/data')" }], { browserConfig: { headers: { 'X-Agent': 'secret' }, allowed_domains: ['127.0.0.1'] } })
  assert.equal(run.status, 'completed', run.stderr)
  assert.equal(run.event('egress.refused').data.host, 'localhost')
  assert.deepEqual(site.requests.filter(request => request.host.startsWith('localhost')), [])
  assert.equal(site.headers('/data')['x-agent'], 'secret')
})

test('what is wrong is said before a browser is asked for', async () => {
  for (const [config, said] of [
    [{ viewprt: {} }, /browser_config.viewprt is not known; did you mean viewport\?/],
    [{ viewport: { width: 800 } }, /browser_config.viewport needs height/],
    [{ viewport: { width: 0, height: 1 } }, /viewport.width must be from 1 to 10000/],
    [{ geolocation: { latitude: 91, longitude: 0 } }, /geolocation.latitude must be a number from -90 to 90/],
    [{ locale: 'german!' }, /browser_config.locale must be a language such as de/],
    [{ timezone: 'Europe/Nowhere' }, /browser_config.timezone must be a time zone's name/],
    [{ color_scheme: 'pink' }, /color_scheme is "pink"; it must be one of light\|dark/],
    [{ headers: { Cookie: 'a=1' } }, /headers.Cookie cannot be set: use the step cookies/],
    [{ headers: { 'X-A': 'a\r\nX-B: c' } }, /headers.X-A must be a text of at most 4000 ASCII letters/],
    [{ headers: { 'X A': 'a' } }, /"X A" is no header's name/],
    [{ blocked_resources: ['images'] }, /blocked_resources\[0\] is "images"/],
    [{ user_agent: 'a\nb' }, /user_agent must be a text of 1 to 1000 ASCII letters/],
    [{ proxy: 'ftp://x' }, /browser_config.proxy must be a URL like socks5/],
    [{ memory_mb: 1 }, /memory_mb must be from 256 to 65536/],
    [{ cpus: 0 }, /cpus must be a number from 0.1 to 64/],
    [{ profile: 'always' }, /profile is "always"; it must be one of keep\|none/],
    [{ locale: '{{inputs.x}}' }, /templates are for scripts/]
  ]) {
    await assert.rejects(runScript(manager, [], { browserConfig: config }), said, JSON.stringify(config))
  }
})

// Pixels of each letter, drawn as a page would; a letter without a glyph looks like any other without one.
const draw = `
  const canvas = document.createElement('canvas'), size = 48
  canvas.width = canvas.height = size
  const context = canvas.getContext('2d', { willReadFrequently: true })
  const pixels = letter => {
    context.clearRect(0, 0, size, size)
    context.font = '32px sans-serif'
    context.fillText(letter, 4, 36)
    return context.getImageData(0, 0, size, size).data
  }
  return Object.fromEntries([...inputs.letters, '\\u{10fffe}', '\\u{e0fff}'].map(letter => {
    const data = pixels(letter)
    let ink = 0, colour = 0
    for (let i = 0; i < data.length; i += 4) { ink += data[i + 3] > 0; colour += data[i + 3] > 0 && (data[i] !== data[i + 1] || data[i] !== data[i + 2]) }
    return [letter, { ink, colour, print: Array.from(data).join() }]
  }))`

test('Chinese, Japanese and Korean letters and emoji are drawn, none as an empty box', async () => {
  const letters = ['漢', '字', '门', 'か', 'カ', '한', '글', '😀', '🦊', '🚀', '🇩🇪']
  const run = await runScript(manager, [{ goto: 'about:blank' }, { evaluate: { script: draw, as: 'drawn' } }], { inputs: { letters } })
  assert.equal(run.status, 'completed', run.stderr)
  const { drawn } = run.results
  const box = drawn['\u{10fffe}']
  assert.ok(box.ink > 0, 'what has no glyph shows as a box')
  for (const letter of letters) {
    assert.ok(drawn[letter].ink > 30, `${letter} is drawn`)
    assert.notEqual(drawn[letter].print, box.print, `${letter} is an empty box`)
  }
  assert.equal(new Set(letters.map(letter => drawn[letter].print)).size, letters.length, 'each looks its own way')
  // DejaVu draws 😀 itself, in black.
  for (const emoji of letters.slice(-3)) assert.ok(drawn[emoji].colour > 100, `${emoji} has colours`)
})
