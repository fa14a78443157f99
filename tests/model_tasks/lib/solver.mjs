// The model of the tasks: it is asked as any model is and answers by rules, from nothing but the conversation. The goals come of
// the task's sentences, where it stands of its own earlier answers and what became of them, what to do next of the page's
// text. It says which goal each answer is for, as models think aloud.
import { goalsOf } from './goals.mjs'
import { readObservation } from './observation.mjs'
import { pageIn, taskIn } from '../../flow/lib/model_talk.mjs'

const PATIENCE = 12

/* What came of the earlier answers: which goal is next, what was remembered, how often it waited. */
function standing (conversation, goals) {
  let goal = 0; let memory; let waited = 0; let turns = 0; let said = ''
  conversation.forEach((message, i) => {
    if (message.role !== 'assistant') return
    const first = /^Goal (\d+)( aside)?/.exec(message.text ?? '')
    if (!first) return
    const results = conversation[i + 1]?.results ?? []
    const index = Number(first[1])
    said = results.map(one => one.text).join('\n') + '\n' + said
    waited = index === goal && message.calls[0]?.name === 'wait' ? waited + 1 : 0
    turns = index === goal ? turns + 1 : 0
    if (first[2] || message.calls[0]?.name === 'wait' || goals[index].repeats) { goal = index; return }
    const failed = message.calls.findIndex((call, j) => !results[j] || results[j].error || /not carried out/i.test(results[j].text))
    goal = index + (failed < 0 ? message.calls.length : failed)
    for (const call of message.calls) if (call.name === 'note') memory = call.arguments.text.replace('remembered: ', '')
  })
  return { goal, memory, waited, turns, said }
}

/** What to answer to a conversation of src/agent/llm/llm.h: {text, calls}. */
export function solveTask (conversation) {
  const goals = goalsOf(/^Task:\n(.*)$/m.exec(taskIn(conversation))[1])
  const page = readObservation(pageIn(conversation))
  const stand = standing(conversation, goals)
  const { memory, waited, turns, said } = stand
  let { goal } = stand
  const calls = []
  const first = () => `Goal ${goal}`
  for (let i = goal; i < goals.length; i++) {
    const next = goals[i].next(page, memory, said, tableOf(said)) ?? otherTab(page, waited)
    if (next?.done) { if (calls.length) break; goal = i + 1; continue }
    if (next?.result !== undefined) return calls.length ? { text: first(), calls } : done(true, next.result)
    if (!next || next.aside || !goals[i].many) {
      if (calls.length && next && !next.aside && !goals[i].repeats) calls.push(next.call)
      else if (!calls.length && next) return { text: `${first()}${next.aside ? ' aside' : ''}`, calls: [next.call] }
      break
    }
    calls.push(next.call)
  }
  if (calls.length) return { text: first(), calls }
  if (goal >= goals.length) return done(true, null)
  if (waited >= PATIENCE || turns > 100) return done(false, null, `nothing on the page serves "${goals[goal].text}"`)
  return { text: first(), calls: [{ name: 'wait', arguments: { ms: 300 } }] }
}

/* What is not here may be in the tab that opened last. */
const otherTab = (page, waited) => waited > 0 && page.tab < page.tabs ? { call: { name: 'tab', arguments: { to: String(page.tabs) } }, aside: true } : null

const done = (success, result, text = success ? 'all done' : '') => ({ text: 'Done', calls: [{ name: 'done', arguments: { success, ...(success && { result: { value: result } }), text } }] })

/* The last table that read_page has told: rows of cells with bars between them. */
function tableOf (said) {
  const told = /Part \d+ of \d+:\n<page-\w+>([^]*?)<\/page-/.exec(said)?.[1]
  const rows = told?.split('\n').filter(line => line.includes(' | ')).map(line => line.split(' | ').map(cell => cell.trim())) ?? []
  return rows.length < 2 ? null : rows.slice(1).map(row => Object.fromEntries(rows[0].map((name, i) => [name, row[i]])))
}
