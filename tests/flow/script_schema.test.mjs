// quick
// docs/script.schema.json and `replinet script check` take the same scripts: those of the repository, and some two thousand
// small changes of them, most of them wrong. ajv is the judge of the schema.
import Ajv2020 from 'ajv/dist/2020.js'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { after, before, test } from 'node:test'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const binary = process.env.REPLINET_BIN ?? path.join(root, 'build-asan/src/cli/replinet')
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replinet-schema-'))
after(() => fs.rmSync(folder, { recursive: true }))

let validate
before(() => {
  const printed = spawnSync(binary, ['script', '--schema'], { encoding: 'utf8' }).stdout
  validate = new Ajv2020({ strictTypes: false, allowUnionTypes: true }).compile(JSON.parse(printed))
})

const seeds = path.join(root, 'tests/fuzz/seeds/script')
const parsed = file => { try { return JSON.parse(fs.readFileSync(file, 'utf8')) } catch { return undefined } }
const files = [path.join(root, 'demo/shop.json'), ...fs.readdirSync(seeds).map(name => path.join(seeds, name))]

// One step of every action and way to write it that the seeds may lack.
const samples = [
  { goto: 'https://example.org/' }, { goto: { url: '{{inputs.url}}', until: 'quiet' }, timeout_ms: 5, optional: true, name: 'first' },
  { click: { role: 'button', name: 'Go', nth: -1, modifiers: ['Shift'], within: 'Form', times: 2 } }, { press: 'Enter' }, { press: { key: 'a', css: '#x', times: 3 } },
  { fill: { label: 'Name', value: 'x {{inputs.name}} y' } }, { fill: { label: 'Password', credential: '{{inputs.shop}}', part: 'password' } }, { wait_for: { ms: 10 } }, { wait_for: { css: 'a', state: 'hidden', count: '{{vars.n}}' } }, { assert: { title: 'T', message: 'm' } },
  { extract: { as: 'x', list: { css: 'li', fields: { a: 'a@href', b: { css: 'b', type: 'number' } }, limit: 3 } } }, { extract: { as: 't', table: { css: 'table' } } }, { extract: { as: 'o', fields: { a: '@id' } } },
  { screenshot: 'end' }, { screenshot: { as: 'x', full_page: true, format: 'jpeg' } }, { download: { click: 'Invoice', as: 'i' } }, { select: { css: 'select', option: 'One' } }, { check: 'I agree' }, { uncheck: { label: 'News' } }, { hover: 'Menu' },
  { scroll: { down: 10 } }, { scroll: 'there' }, { scroll: { until: { url: '*x*' }, max: 4 } }, { drag: { css: 'a', to: 'b' } }, { drag: { css: 'a', right: 5 } }, { evaluate: 'a {{ b' }, { evaluate: { script: 'a {{ b' } }, { evaluate: { script: '1', as: 'x', world: 'isolated' } },
  { cookies: { set: [{ name: 'a', value: 'b', same_site: 'Lax' }], as: 'c' } }, { back: {} }, { forward: 'load' }, { reload: { until: 'dom' } }, { set: { a: 1, b: null } },
  { if: { given: '{{results.x?}}', equals: 3, then: [{ stop: 'enough' }], else: [{ fail: 'no' }], wait_ms: 5 } }, { if: { all: ['a', { not: { css: 'b', value: 'x' } }], then: [] } },
  { repeat: { times: 2, steps: [{ press: 'Tab' }], between: [] } }, { repeat: { until: 'x', steps: [] } }, { for_each: { in: '{{inputs.list}}', steps: [{ goto: '{{loop.item}}' }] } }, { for_each: { css: 'a', steps: [], max: 2 } },
  { tab: 'Second' }, { tab: { open: 'about:blank' } }, { tab: { close: true } }, { dialog: 'accept' }, { dialog: { text: 'x', on: 'prompt' } }, { dialog: { as: 'd' } }
]
const good = [...samples.map(step => [step]), { steps: samples, name: 'all', description: 'd' }, { steps: [{ call: 'a' }], scripts: { a: [{ call: { script: 'b', inputs: { x: 1 }, as: 'y' } }], b: { steps: [] } } }]

/** {valid, line} of each, by `replinet script check`. */
function checkAll (scripts) {
  const names = scripts.map((script, i) => `${folder}/${i}.json`)
  scripts.forEach((script, i) => fs.writeFileSync(names[i], JSON.stringify(script)))
  const said = new Map()
  for (let i = 0; i < names.length; i += 500) {
    const { stdout, stderr } = spawnSync(binary, ['script', 'check', ...names.slice(i, i + 500)], { encoding: 'utf8', maxBuffer: 64 << 20 })
    assert.doesNotMatch(stderr, /Sanitizer|runtime error/)
    for (const line of (stdout + stderr).split('\n')) said.set(line.split(': ', 1)[0], line)
  }
  return names.map(name => ({ valid: /steps, no error$/.test(said.get(name) ?? assert.fail(`nothing about ${name}`)), line: said.get(name) }))
}

function * places (value, path = []) {
  yield path
  if (value && typeof value === 'object') for (const key of Object.keys(value)) yield * places(value[key], [...path, key])
}

const values = ['x', '', 0, 5, -1, 1e9, 1.5, true, null, [], {}, ['x'], '{{inputs.a}}', '{{nothing}}', '{{', { css: 'a' }, { text: 'x', name: 'y' }, [{ click: 'a' }], [{}]]
const names = ['name', 'role', 'text', 'css', 'value', 'state', 'url', 'as', 'to', 'in', 'times', 'until', 'fields', 'list', 'table', 'clik', 'each', 'count', 'steps', 'answer', 'open']

/** Every place of a script changed in one way each: taken out, renamed, given another value, given another member. */
function * changes (script) {
  let turn = 0
  for (const place of places(script)) {
    for (const way of place.length ? ['out', 'name', 'value', 'value', 'value', 'more'] : ['value', 'more']) {
      const copy = structuredClone({ it: script })
      const key = place.length ? place.at(-1) : 'it'
      const holder = place.slice(0, -1).reduce((at, one) => at[one], place.length ? copy.it : copy)
      turn++
      if (way === 'out') Array.isArray(holder) ? holder.splice(key, 1) : delete holder[key]
      else if (way === 'value') holder[key] = values[turn % values.length]
      else if (way === 'name' && !Array.isArray(holder)) { holder[names[turn % names.length]] = holder[key]; delete holder[key] } else if (way === 'more' && holder[key]?.constructor === Object) holder[key][names[turn % names.length]] = values[(turn * 7) % values.length]
      yield copy.it
    }
  }
}

function compare (scripts) {
  const answers = checkAll(scripts)
  const unlike = []
  scripts.forEach((script, i) => {
    const { valid, line } = answers[i]
    // A schema cannot follow names.
    if (/there is no script named/.test(line)) return
    if (validate(script) !== valid) unlike.push(`${line.split(': ').slice(1).join(': ')}\n   schema: ${valid ? validate.errors.slice(0, 3).map(e => `${e.instancePath} ${e.message}`).join('; ') : 'takes it'}\n   ${JSON.stringify(script).slice(0, 300)}`)
  })
  assert.deepEqual(unlike, [], `${unlike.length} of ${scripts.length}:\n${unlike.slice(0, 20).join('\n')}`)
  return answers
}

test('the scripts of the repository', () => {
  const scripts = files.map(parsed).filter(script => script !== undefined)
  assert.ok(scripts.length > 3)
  const answers = compare(scripts)
  assert.ok(answers[0].valid, answers[0].line)
})

test('every action, in the ways to write it', () => {
  for (const { valid, line } of compare(good)) assert.ok(valid, line)
})

test('changes of one place each', () => {
  const scripts = [...good.filter(script => script.name !== 'all'), parsed(files[0])].flatMap(script => [...changes(script)])
  const answers = compare(scripts)
  const valid = answers.filter(answer => answer.valid).length
  assert.ok(scripts.length > 1500 && valid > 200 && valid < scripts.length / 2, `${valid} of ${scripts.length} are valid`)
})
