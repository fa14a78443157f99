// The command line beside real browsers: `replinet run` with a private Browser Manager and with a running one,
// `replinet browser`.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { binary, freePort, processTree, sleep, startBrowserManager } from './lib/browser_manager.mjs'
import { startModel } from './lib/model_server.mjs'
import { startSite } from './lib/script_site.mjs'

let site, folder

/** Runs the command to its end: {status, out, err, json}. `when` gets the child while it runs. */
function run (args, { env = {}, when } = {}) {
  return new Promise(resolve => {
    const child = spawn(binary, args, { cwd: folder, env: { ...clean(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    const seen = { out: '', err: '', child }
    child.stdout.on('data', data => { seen.out += data })
    child.stderr.on('data', data => { seen.err += data; when?.(seen) })
    child.on('close', (status, signal) => {
      let json = null
      try { json = JSON.parse(seen.out) } catch { /* not every command prints JSON */ }
      resolve({ status, signal, out: seen.out, err: seen.err, json })
    })
  })
}

/** An environment in which no instance runs. */
function clean () {
  const keep = Object.entries(process.env).filter(([name]) => /^(PATH|([ALUT]|UB)SAN_OPTIONS)$/.test(name))
  return { ...Object.fromEntries(keep), LANG: 'C.UTF-8', REPLINET_ENV: '/nonexistent', STATE_DIR: path.join(folder, 'none'), DOOR_PORT: String(unusedPort), POOL_MIN_FREE_MB: '64' }
}
let unusedPort

function write (name, steps) {
  const file = path.join(folder, name)
  fs.writeFileSync(file, JSON.stringify({ steps }))
  return file
}

const leftovers = () => fs.readdirSync('/run').filter(name => name.startsWith('replinet-run-'))

before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replinet-run-test-'))
  fs.chmodSync(folder, 0o755)
  unusedPort = await freePort()
  site = await startSite()
})
after(async () => {
  await site.stop()
  fs.rmSync(folder, { recursive: true, force: true })
})

describe('replinet run, private', { timeout: 240000 }, () => {
  test('a script ends with status 0, its result on standard output, its files in the folder', async () => {
    const script = write('files.json', [
      { goto: '{{inputs.site}}/files' },
      { extract: { as: 'title', css: 'a' } },
      { download: { click: 'Invoice', as: 'invoice' } },
      { download: { click: 'Invoice', as: 'again' } },
      { screenshot: 'end' }
    ])
    const before = leftovers()
    const result = await run(['run', script, '--allow', `127.0.0.1:${site.port}`, '--inputs', JSON.stringify({ site: site.url }), '--output', 'files', '--screenshot-dir', 'shots'])
    assert.equal(result.status, 0, result.err)
    assert.equal(result.json.status, 'completed')
    assert.equal(result.json.results.title, 'Invoice')
    assert.equal(result.json.error, null)
    assert.match(result.err, /✓ .*\(\d+ ms\)/)
    assert.doesNotMatch(result.err, /\x1b/, 'no live line without a terminal')
    const downloads = fs.readdirSync(path.join(folder, 'files'))
    assert.equal(downloads.length, 2, `an existing file is not written over: ${downloads}`)
    for (const name of downloads) assert.equal(fs.readFileSync(path.join(folder, 'files', name), 'utf8'), 'sku;price\n' + 'tea;1\n'.repeat(1000))
    assert.deepEqual(fs.readdirSync(path.join(folder, 'shots')).length, 1)
    for (const { path: file, bytes } of result.json.artifacts) assert.equal(fs.statSync(path.join(folder, file)).size, bytes)
    assert.deepEqual(leftovers(), before, 'the private instance is gone')
  })

  test('a refused address ends with status 1 and names host and rule', async () => {
    const script = write('refused.json', [{ goto: site.url, timeout_ms: 5000 }])
    const result = await run(['run', script, '--output', 'files'])
    assert.equal(result.status, 1)
    assert.equal(result.json.status, 'failed')
    assert.match(result.json.error.detail, new RegExp(`127.0.0.1:${site.port}`))
    assert.match(result.err, /⊘ .*refused/)
  })

  test('Ctrl-C stops it with status 130 and leaves nothing', async () => {
    const script = write('wait.json', [{ goto: 'about:blank' }, { wait_for: { text: 'never' }, timeout_ms: 60000 }])
    const before = leftovers()
    let tree = []
    const result = await run(['run', script], {
      when: seen => {
        if (!/about:blank/.test(seen.err) || tree.length) return
        tree = processTree(seen.child.pid)
        seen.child.kill('SIGINT')
      }
    })
    assert.equal(result.status, 130, result.err)
    assert.equal(result.json.status, 'stopped')
    assert.ok(tree.length > 5, 'there was a browser')
    assert.deepEqual(leftovers(), before)
    for (const { pid } of tree) assert.equal(fs.existsSync(`/proc/${pid}`), false, `process ${pid} is left`)
  })

  test('its time limit ends it with status 1 and that reason', async () => {
    const script = write('wait.json', [{ goto: 'about:blank' }, { wait_for: { text: 'never' }, timeout_ms: 60000 }])
    const result = await run(['run', script, '--timeout', '3'])
    assert.equal(result.status, 1)
    assert.equal(result.json.reason, 'timeout')
  })

  test('a model does a task: it looks, acts, and its result fits the schema', async () => {
    const heard = []
    const solve = conversation => {
      const text = JSON.stringify(conversation)
      heard.push(conversation)
      if (!text.includes('Invoice')) return { calls: [{ name: 'goto', arguments: { url: `${site.url}/files` } }] }
      return { text: 'There it is.', calls: [{ name: 'done', arguments: { success: true, text: 'found', result: { title: 'Invoice' } } }] }
    }
    const model = await startModel({ key: 'sk-run', solve })
    const schema = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] }
    const args = ['run', '--task', 'Find the title of the only link', '--model', 'acme/m', '--result-schema', JSON.stringify(schema), '--allow', `127.0.0.1:${site.port}`, '--events', 'model.jsonl']
    const result = await run(args, { env: { MODEL_PROVIDERS: JSON.stringify({ acme: { kind: 'anthropic', base_url: model.anthropic, api_key: 'sk-run' } }) } })
    await model.stop()
    assert.equal(result.status, 0, result.err)
    assert.equal(result.json.results.title, 'Invoice', result.out)
    assert.equal(result.json.usage.turns, model.requests.length)
    assert.ok(result.json.usage.input_tokens > 0)
    assert.match(JSON.stringify(heard[0]), /Find the title of the only link/)
    assert.ok(!fs.readFileSync(path.join(folder, 'model.jsonl'), 'utf8').includes('sk-run'))
  })

  test('a model asks the person at the terminal', async () => {
    const solve = conversation => {
      const answer = conversation.filter(m => m.role === 'tool').flatMap(m => m.results).find(r => r.text.includes('Riga'))
      return answer ? { calls: [{ name: 'done', arguments: { success: true, text: 'known', result: { city: 'Riga' } } }] }
        : { calls: [{ name: 'ask_user', arguments: { text: 'Which city?', choices: ['Riga', 'Tartu'] } }] }
    }
    const model = await startModel({ solve })
    const env = { ...clean(), TERM: 'dumb', SHELL: '/bin/sh', MODEL_PROVIDERS: JSON.stringify({ acme: { kind: 'openai', base_url: model.openai } }) }
    const child = spawn('script', ['-qefc', `'${binary}' run --task 'Find out the city' --model acme/m`, '/dev/null'], { cwd: folder, env, stdio: ['pipe', 'pipe', 'inherit'] })
    let seen = ''
    let answered = false
    child.stdout.on('data', data => {
      seen += data
      if (answered || !/Which city\?[^]*Tartu[^]*\(the answer\)/.test(seen)) return
      answered = true
      child.stdin.write('Riga\n')
    })
    const code = await new Promise(resolve => child.on('close', resolve))
    await model.stop()
    assert.equal(code, 0, seen)
    assert.match(seen, /"city": "Riga"/)
  })

  test('wrong use is told before anything starts', async () => {
    const wrong = write('wrong.json', [{ gto: 'x' }])
    for (const [args, status, text] of [
      [['run'], 2, /one script file/],
      [['run', '--task', 'x'], 2, /--task and --model go together/],
      [['run', wrong, '--max-steps', '3'], 2, /for a model/],
      [['run', '--task', 'x', '--model', 'nobody/m'], 1, /no provider "nobody"/],
      [['run', '--task', ' ', '--model', 'nobody/m'], 1, /--task is empty/],
      [['run', wrong, '--memory', '1'], 2, /--memory takes a number from 256/],
      [['run', wrong, '--frobnicate'], 2, /no option --frobnicate/],
      [['run', wrong, '--timeout'], 2, /--timeout takes SECONDS/],
      [['run', wrong, '--private=1'], 2, /--private takes no value/],
      [['run', wrong], 1, /steps\[0\]/],
      [['run', path.join(folder, 'missing.json')], 1, /missing\.json/],
      [['run', write('good.json', [{ goto: 'about:blank' }]), '--inputs', '[1]'], 1, /JSON object/]
    ]) {
      const result = await run(args)
      assert.equal(result.status, status, result.err)
      assert.match(result.err, text)
    }
  })
})

describe('beside a running instance', { timeout: 240000 }, () => {
  let manager, env

  before(async () => {
    manager = await startBrowserManager({ MAX_BROWSERS: '2', POOL_WARM: '0' })
    env = { SECRET_KEY: manager.secret, DOOR_PORT: String(manager.port) }
  })
  after(() => manager.stop())

  test('run leases there and gives the browser back', async () => {
    const result = await run(['run', write('blank.json', [{ goto: 'about:blank' }])], { env })
    assert.equal(result.status, 0, result.err)
    const { items } = (await run(['browser', 'ls', '--json'], { env })).json
    assert.ok(items.every(({ id, state }) => id !== result.json.browser_id || state === 'closing'))
  })

  test('run does not promise an address that the instance would refuse', async () => {
    const result = await run(['run', write('blank.json', [{ goto: 'about:blank' }]), '--allow', '127.0.0.1:1'], { env })
    assert.equal(result.status, 1)
    assert.match(result.err, /--private/)
  })

  test('browser ls, kill and stats', async () => {
    const browser = await manager.lease({ thread_id: '019ab0a4-0000-7000-8000-000000000001' })
    const list = await run(['browser', 'ls'], { env })
    assert.equal(list.status, 0)
    assert.match(list.out, new RegExp(`${browser.id} +leased .* MB .*019ab0a4-0000-7000-8000-000000000001`))
    const stats = await run(['browser', 'stats'], { env })
    assert.match(stats.out, /max_browsers +2/)
    const killed = await run(['browser', 'kill', browser.id.slice(0, -3)], { env })
    assert.equal(killed.status, 0, killed.err)
    assert.equal(killed.out, `${browser.id} ended\n`)
    assert.equal((await run(['browser', 'kill', browser.id], { env })).status, 1)
    for (let i = 0; i < 50 && (await run(['browser', 'ls', '--json'], { env })).json.total; i++) await sleep(100)
    assert.equal((await run(['browser', 'ls'], { env })).out, 'No browsers.\n')
  })

  test('a browser that is killed under a run ends it with status 1 and says so', async () => {
    let killing
    const script = write('wait.json', [{ goto: 'about:blank' }, { wait_for: { text: 'never' }, timeout_ms: 60000 }])
    const result = await run(['run', script], {
      env,
      when: seen => {
        if (!/about:blank/.test(seen.err) || killing) return
        killing = run(['browser', 'ls', '--json'], { env }).then(({ json }) => run(['browser', 'kill', json.items.find(({ state }) => state === 'leased').id], { env }))
      }
    })
    assert.equal((await killing).status, 0)
    assert.equal(result.status, 1, result.err)
    assert.equal(result.json.reason, 'killed')
  })

  test('no door: says what to start', async () => {
    const result = await run(['browser', 'ls', '--json'], { env: { SECRET_KEY: manager.secret } })
    assert.equal(result.status, 1)
    assert.equal(result.json.error.code, 'unavailable')
    assert.match(result.json.error.hint, /replinet up/)
  })
})
