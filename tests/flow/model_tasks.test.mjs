// Tasks in plain language, done by threads with a model over the whole stack: api, worker, job, browser, observation, tools. The
// model (tests/model_tasks/lib) follows rules and knows nothing but the conversation, so that a page that is told wrongly,
// or an action that does something else, fails the task. A task is a row in tests/model_tasks/tasks; its README says how to
// write one. TASKS=word runs only those with the word in their theme or name. What was done is then done again by the thread's
// script, without the model: every REPLAY_EACH-th task, and all that answer something (REPLAY=all: every one).
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { loadTasks } from '../model_tasks/lib/table.mjs'
import { solveTask } from '../model_tasks/lib/solver.mjs'
import { addressOf, startSite } from '../checks/lib/site.mjs'
import { sleep, startInstance, traces, until } from './lib/instance.mjs'
import { startModel } from './lib/model_server.mjs'

const AT_ONCE = 3
const REPLAY_EACH = 3
const rows = await loadTasks(process.env.TASKS)
const verdicts = new Map()
const runs = new Map()
const replays = new Map()
const consents = []
let site, model, replinet, user, scripted

async function send (method, path, body) {
  const answer = await fetch(`${replinet.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${user.key}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body)
  })
  const text = await answer.text()
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`)
  return text ? JSON.parse(text) : null
}

before(async () => {
  site = await startSite(rows, { verdicts })
  /* What was done last is told by the page before the browser goes away. */
  const solve = async conversation => {
    const answer = solveTask(conversation)
    if (process.env.DEBUG_TASKS) console.log(JSON.stringify([conversation.slice(-3), answer], null, 1).replaceAll('\\n', '\n'))
    if (answer.calls[0]?.name === 'done') await sleep(150)
    return answer
  }
  model = await startModel({ solve, key: 'sk-tasks' })
  const provider = kind => ({ kind, base_url: model[kind], api_key: 'sk-tasks', models: [{ name: 'rules', context_tokens: 60000 }] })
  replinet = await startInstance({
    SECRET_KEY: randomBytes(32).toString('hex'),
    MAX_BROWSERS: '4',
    POOL_WARM: '2',
    WORKER_CONCURRENCY: String(AT_ONCE),
    RATE_LIMIT_WRITE: '0',
    RATE_LIMIT_READ: '0',
    EGRESS_ALLOW: `127.0.0.1:${site.port},localhost:${site.port}`,
    MODEL_PROVIDERS: JSON.stringify({ chat: provider('openai'), messages: provider('anthropic') })
  })
  user = replinet.makeUser('admin')
  for (const name of ['chat', 'messages']) await send('POST', '/presets', { name, ai_model: `${name}/rules` })
  scripted = (await send('POST', '/presets', { name: 'scripted', ai_model: 'script' })).id
  const waiting = [...rows.entries()]
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [number, row] = next
      const run = await carryOut(number, row).catch(error => ({ problem: error }))
      runs.set(row, { ...run, verdict: verdicts.get(row) })
      if (isReplayed(number, row) && run.status === 'completed') replays.set(row, await replay(number, row, run).catch(error => ({ problem: error })))
    }
  }))
})
after(async () => {
  await replinet?.stop()
  if (replinet) assert.deepEqual(traces(replinet), [])
  replinet?.remove()
  await model?.stop()
  await site?.stop()
})

async function carryOut (number, row) {
  const name = `task ${number}`
  const preset_id = (await send('GET', `/presets?search=${number % 2 ? 'chat' : 'messages'}`)).items[0].id
  const agent = await send('POST', '/agents', { name, preset_id, browser_config: { timeout_ms: 120000 } })
  const task = `Open "${site.url}${encodeURI(addressOf(row))}". ${row.task}`
  const { id } = await send('POST', `/agents/${agent.id}/threads`, { task })
  return await until(`the end of "${row.name}"`, async () => {
    const thread = await send('GET', `/threads/${id}`)
    if (thread.status === 'waiting') await consent(thread)
    return ['completed', 'error', 'stopped'].includes(thread.status) && thread
  }, 180000)
}

const isReplayed = (number, row) => !row.unsayable && (process.env.REPLAY === 'all' || number % REPLAY_EACH === 0 || 'result' in row)

/* The thread's script as an agent of its own, as the API proposes it. */
async function replay (number, row, run) {
  const { steps, scripts, input_schema, left_out } = await send('GET', `/threads/${run.id}/script`)
  const agent = await send('POST', '/agents', { name: `script ${number}`, preset_id: scripted, script: { steps, ...(scripts && { scripts }) }, input_schema, browser_config: { timeout_ms: 120000 } })
  verdicts.delete(row)
  const { id } = await send('POST', `/agents/${agent.id}/threads`, { inputs: input_schema.properties.password ? { password: row.password } : {} })
  const thread = await until(`the end of the script of "${row.name}"`, async () => {
    const found = await send('GET', `/threads/${id}`)
    return ['completed', 'error', 'stopped'].includes(found.status) && found
  }, 180000)
  return { ...thread, verdict: verdicts.get(row), left_out, steps }
}

/* What buys, pays or deletes waits for a person, who says yes. */
async function consent ({ id }) {
  const { items } = await send('GET', `/threads/${id}/questions`)
  const open = items.find(one => one.status === 'open')
  if (!open) return
  assert.equal(open.kind, 'approval', open.text)
  await send('POST', `/threads/${id}/questions/${open.id}/answer`, { approved: true })
  consents.push(open.text)
}

function check (row, run) {
  const said = `the page: ${run.verdict?.text ?? 'has said nothing'}`
  assert.ifError(run.problem)
  assert.equal(run.status, 'completed', `${run.reason}: ${run.error_message}; ${said}`)
  const found = run.results?.value
  if (row.result instanceof RegExp) assert.match(found, row.result)
  else if ('result' in row) assert.deepEqual(found, row.result)
  else assert.ok(run.verdict?.ok, said)
}

for (const theme of new Set(rows.map(row => row.theme))) {
  describe(theme, () => {
    for (const [number, row] of rows.entries()) {
      if (row.theme !== theme) continue
      test(row.name, () => check(row, runs.get(row)))
      if (isReplayed(number, row)) test(`${row.name}, by its script`, () => {
        assert.ok(replays.has(row), 'its run did not come to its end')
        check(row, replays.get(row))
      })
    }
  })
}

test('what is consequential was asked about first', { skip: Boolean(process.env.TASKS) }, () => {
  assert.ok(consents.some(text => /Buy/.test(text)) && consents.some(text => /Pay/.test(text)), consents.join('\n'))
})
