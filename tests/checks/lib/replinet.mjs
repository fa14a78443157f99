// Drives the pages with scripts over the whole stack: many checks in one run, so in one browser. Every step is optional,
// so that a check that fails does not take those after it along; a check with a failed step has failed.
import { runScript } from '../../flow/lib/script_run.mjs'
import { addressOf } from './site.mjs'

const STEP_MS = 20000
const VERDICT_MS = 15000

const stepsOf = (site, row, i) => {
  const own = [{ goto: site.url + encodeURI(addressOf(row)) }, ...row.steps]
  const verdict = row.reads ? [] : [
    { wait_for: { css: '#verdict[data-ok=true]', state: 'attached' }, timeout_ms: VERDICT_MS },
    { extract: { as: `verdict${i}`, css: '#verdict', attribute: 'data-text' } },
    { extract: { as: `ok${i}`, css: '#verdict', attribute: 'data-ok' } }
  ]
  return [...own.map(step => ({ timeout_ms: STEP_MS, ...step })), ...verdict].map(step => ({ ...step, optional: true }))
}

/** Carries checks out in one browser, in turn: [{ok, text, reads}]. Those that a run did not reach get a browser of their own. */
export async function runWithReplinet (manager, site, rows) {
  const owners = []
  const steps = rows.flatMap((row, i) => {
    const own = stepsOf(site, row, i)
    owners.push(...own.map(() => i))
    return own
  })
  const run = await runScript(manager, steps, { timeout: 60 + 20 * rows.length })
  const failures = rows.map(() => [])
  const ownerOf = data => owners[Number(/^steps\[(\d+)\]/.exec(data.path)?.[1])]
  let reached = 0
  for (const { kind, data } of run.events) {
    if (kind === 'step.started') reached = Math.max(reached, ownerOf(data) ?? 0)
    if (kind === 'step.failed') failures[ownerOf(data)]?.push(`${data.path} ${data.error?.detail ?? JSON.stringify(data)}`)
  }
  const ended = run.status === 'completed' ? rows.length : reached + 1
  if (run.status !== 'completed') failures[reached].push(`the run ended: ${run.reason}: ${run.error?.detail}`)
  const answers = rows.slice(0, ended).map((row, i) => {
    const text = [run.results[`verdict${i}`], ...failures[i]].filter(Boolean).join('\n')
    const ok = failures[i].length === 0 && (row.reads ? true : run.results[`ok${i}`] === 'true')
    const reads = row.reads && Object.fromEntries(Object.keys(row.reads).map(name => [name, run.results[name]]))
    return { ok, text, reads }
  })
  return ended < rows.length ? [...answers, ...await runWithReplinet(manager, site, rows.slice(ended))] : answers
}
