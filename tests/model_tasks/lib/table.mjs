// All tasks: each file in ../tasks exports a list of rows as default; the file's name is their theme.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { goalsOf } from './goals.mjs'

const folder = new URL('../tasks/', import.meta.url)

/** Rows with `theme` added; only those with `word` in theme or name, when given. */
export async function loadTasks (word = '') {
  const rows = []
  for (const file of fs.readdirSync(folder).filter(name => name.endsWith('.mjs')).sort()) {
    const theme = file.replace('.mjs', '')
    for (const row of (await import(new URL(file, folder))).default) rows.push({ theme, ...row })
  }
  const names = rows.map(row => `${row.theme}: ${row.name}`)
  assert.equal(new Set(names).size, names.length, 'two tasks have the same name')
  for (const row of rows) goalsOf(row.task)
  return rows.filter((row, i) => names[i].includes(word))
}
