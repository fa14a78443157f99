// Runs a script with `replinet run` and tells everything about it:
// {status, reason, error, results, artifacts, events, event(kind), failed, exit, stderr, ms}
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

export const binary = process.env.REPLINET_BIN

/** `steps` with options {inputs, timeout (seconds), stopAfter (ms)}; `manager` from browser_manager.mjs. */
export async function runScript (manager, steps, options) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'replinet-script-'))
  try {
    return await runIn(folder, manager, steps, options)
  } finally {
    fs.rmSync(folder, { recursive: true, force: true })
  }
}

async function runIn (folder, manager, steps, { inputs, timeout = 60, stopAfter, memory, browserConfig } = {}) {
  const file = path.join(folder, 'script.json')
  const eventsFile = path.join(folder, 'events')
  fs.writeFileSync(file, JSON.stringify({ steps }))
  const options = ['run', file, '--timeout', String(timeout), '--output', folder, '--events', eventsFile]
  if (inputs) options.push('--inputs', JSON.stringify(inputs))
  if (browserConfig) options.push('--browser-config', JSON.stringify(browserConfig))
  if (memory) options.push('--memory', String(memory))
  const began = Date.now()
  const child = spawn(binary, options, { env: { ...manager.environment, STEP_TIMEOUT_SECONDS: '10' }, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  let stderr = ''
  child.stdout.on('data', data => { stdout += data })
  child.stderr.on('data', data => { stderr += data })
  const timer = stopAfter && setTimeout(() => child.kill('SIGTERM'), stopAfter)
  const exit = await new Promise(resolve => child.on('close', resolve))
  clearTimeout(timer)
  const ms = Date.now() - began
  if (/AddressSanitizer|LeakSanitizer|runtime error:/.test(stderr)) throw new Error(stderr)
  let answer
  try { answer = JSON.parse(stdout) } catch { throw new Error(`replinet run gave no result (exit ${exit}):\n${stderr}`) }
  const events = fs.readFileSync(eventsFile, 'utf8').trim().split('\n').map(line => JSON.parse(line))
  for (const artifact of answer.artifacts) artifact.content = fs.readFileSync(artifact.path)
  return {
    ...answer,
    exit,
    stderr,
    ms,
    events,
    event: kind => events.find(event => event.kind === kind),
    failed: events.find(event => event.kind === 'step.failed')
  }
}
