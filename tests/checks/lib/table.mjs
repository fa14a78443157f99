// All checks: each file in ../checks exports a list of rows as default; the file's name is their theme.
import assert from 'node:assert/strict'
import fs from 'node:fs'

const folder = new URL('../checks/', import.meta.url)

/** Rows with `theme` added; only those with `word` in theme or name, when given. Result names are the table's, not a row's. */
export async function loadChecks (word = '') {
  const rows = []
  for (const file of fs.readdirSync(folder).filter(name => name.endsWith('.mjs')).sort()) {
    const theme = file.replace('.mjs', '')
    for (const row of (await import(new URL(file, folder))).default) rows.push({ theme, ...row })
  }
  const names = rows.map(row => `${row.theme}: ${row.name}`)
  assert.equal(new Set(names).size, names.length, 'two checks have the same name')
  const taken = rows.flatMap(row => Object.keys(row.reads ?? {}))
  assert.equal(new Set(taken).size, taken.length, 'two checks read into the same result')
  return rows.filter((row, i) => names[i].includes(word))
}
