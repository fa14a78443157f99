// A browser that is looked at as a model looks at it (observe_program.c):
//   const eyes = await startEyes(manager)
//   await eyes.step({ goto: url }); const seen = await eyes.look(); await eyes.step({ click: { element: seen.number('button "Send"') } })
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import readline from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

function findProgram () {
  const builds = [process.env.REPLINET_BUILD, `${root}build-asan`, `${root}build`].filter(Boolean)
  const found = builds.map(build => `${build}/tests/flow/observe_program`).find(existsSync)
  if (!found) throw new Error(`no observe_program in ${builds.join(', ')}; build first, or set REPLINET_BUILD`)
  return found
}

/** What is told, with the ways to read it that tests need. */
function readable (seen) {
  if (seen.text === undefined) return seen
  const lines = seen.text.split('\n')
  const elementLines = lines.filter(line => /^ *\[\d+\]\*? /.test(line))
  return {
    ...seen,
    lines,
    /** The elements without numbers and indentation. */
    plain: elementLines.map(line => line.trim().replace(/^\[\d+\]\*? /, '')),
    line: part => lines.find(line => line.includes(part)),
    /** The number of the only element whose line holds `part`. */
    number: part => {
      const found = elementLines.filter(line => line.includes(part))
      if (found.length !== 1) throw new Error(`${found.length} elements have ${part} in:\n${seen.text}`)
      return Number(/\[(\d+)\]/.exec(found[0])[1])
    }
  }
}

export async function startEyes (manager, settings = {}) {
  const child = spawn(findProgram(), { env: { ...manager.environment ?? manager.env, STEP_TIMEOUT_SECONDS: '10', ...settings }, stdio: ['pipe', 'pipe', 'pipe'] })
  const waiting = []
  let stderr = ''
  child.stderr.on('data', data => { stderr += data })
  const ended = new Promise(resolve => child.on('close', code => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`observe_program ended with ${code}:\n${stderr}`))
    resolve(code)
  }))
  readline.createInterface({ input: child.stdout }).on('line', line => waiting.shift().resolve(JSON.parse(line)))
  const next = () => new Promise((resolve, reject) => waiting.push({ resolve, reject }))
  const ask = command => {
    child.stdin.write(JSON.stringify(command) + '\n')
    return next()
  }
  await next()
  return {
    ask,
    look: async how => readable(await ask({ look: how ?? {} })),
    read: async how => await ask({ read: how ?? {} }),
    tryStep: step => ask({ step }),
    step: async step => {
      const answer = await ask({ step })
      if (answer.error) throw new Error(`${JSON.stringify(step)}: ${answer.error}`)
      return answer
    },
    stop: async () => {
      child.stdin.end()
      const code = await ended
      if (code !== 0 || /Sanitizer|runtime error:/.test(stderr)) throw new Error(`observe_program ended with ${code}:\n${stderr}`)
    }
  }
}
