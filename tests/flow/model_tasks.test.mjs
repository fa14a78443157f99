// Tasks in plain language, done by threads with a model over the whole stack: api, worker, job, browser, observation, tools. The
// model (tests/model_tasks/lib) follows rules and knows nothing but the conversation, so that a page that is told wrongly,
// or an action that does something else, fails the task. A task is a row in tests/model_tasks/tasks; its README says how to
// write one. TASKS=word runs only those with the word in their theme or name.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { loadTasks } from '../model_tasks/lib/table.mjs'
import { solveTask } from '../model_tasks/lib/solver.mjs'
import { addressOf, startSite } from '../checks/lib/site.mjs'
import { sleep, startInstance, traces, until } from './lib/instance.mjs'
import { startModel } from './lib/model_server.mjs'

const AT_ONCE = 2
const rows = await loadTasks(process.env.TASKS)
const verdicts = new Map()
const runs = new Map()
const consents = []
let site, model, replinet, user

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
    MAX_BROWSERS: '3',
    POOL_WARM: '2',
    WORKER_CONCURRENCY: String(AT_ONCE),
    RATE_LIMIT_WRITE: '0',
    RATE_LIMIT_READ: '0',
    EGRESS_ALLOW: `127.0.0.1:${site.port},localhost:${site.port}`,
    MODEL_PROVIDERS: JSON.stringify({ chat: provider('openai'), messages: provider('anthropic') })
  })
  user = replinet.makeUser('admin')
  for (const name of ['chat', 'messages']) await send('POST', '/presets', { name, ai_model: `${name}/rules` })
  const waiting = [...rows.entries()]
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) runs.set(next[1], await carryOut(...next).catch(error => ({ problem: error })))
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

/* What buys, pays or deletes waits for a person, who says yes. */
async function consent ({ id }) {
  const { items } = await send('GET', `/threads/${id}/questions`)
  const open = items.find(one => one.status === 'open')
  if (!open) return
  assert.equal(open.kind, 'approval', open.text)
  await send('POST', `/threads/${id}/questions/${open.id}/answer`, { approved: true })
  consents.push(open.text)
}

for (const theme of new Set(rows.map(row => row.theme))) {
  describe(theme, () => {
    for (const row of rows.filter(one => one.theme === theme)) {
      test(row.name, () => {
        const thread = runs.get(row)
        assert.ifError(thread.problem)
        assert.equal(thread.status, 'completed', `${thread.reason}: ${thread.error_message}; the page: ${verdicts.get(row)?.text ?? 'has said nothing'}`)
        const found = thread.results?.value
        if (row.result instanceof RegExp) assert.match(found, row.result)
        else if ('result' in row) assert.deepEqual(found, row.result)
        else assert.ok(verdicts.get(row)?.ok, `the page: ${verdicts.get(row)?.text ?? 'has said nothing'}`)
      })
    }
  })
}

test('what is consequential was asked about first', { skip: Boolean(process.env.TASKS) }, () => {
  assert.ok(consents.some(text => /Buy/.test(text)) && consents.some(text => /Pay/.test(text)), consents.join('\n'))
})
