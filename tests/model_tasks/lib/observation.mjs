// Reads the text that a model is shown of a page (docs/model.md, "What the model sees") back into lines and elements. It
// knows nothing of the page but this text, so a wrong observation makes a task fail.

const ELEMENT = /^(\s*)\[(\d+)\](\*?) (\S+)(?: "((?:[^"\\]|\\.)*)")?(.*)$/
const unquote = text => text.replace(/\\(.)/g, '$1')

function element (match) {
  const [, indent, number, mark, role, name = '', rest] = match
  const value = /\bvalue="((?:[^"\\]|\\.)*)"/.exec(rest)
  const flags = rest.replace(/"(?:[^"\\]|\\.)*"/g, '""').split(' options:')[0]
  return { element: Number(number), isNew: mark === '*', role, name: unquote(name), value: value && unquote(value[1]), flags, rest, depth: indent.length, has: word => new RegExp(`(^| )${word}( |$)`).test(flags) }
}

/** {title, url, tab, tabs, lines: [{text} | element], elements}; of the last observation in `text`. Null when there is none. */
export function readObservation (text) {
  const at = text.lastIndexOf('\nPage: ') + 1 || (text.startsWith('Page: ') ? 0 : -1)
  if (at < 0) return null
  const rows = text.slice(at).split('\n')
  const head = name => rows.find(row => row.startsWith(`${name}: `))?.slice(name.length + 2) ?? ''
  const lines = rows.map(row => { const match = ELEMENT.exec(row); return match ? element(match) : { text: row.trim().replace(/^(text|heading|alert|status): /, '') } })
  const elements = lines.filter(line => line.element !== undefined)
  const [, tab, tabs] = /^Tab (\d+) of (\d+)/m.exec(rows.join('\n')) ?? []
  return { title: head('Page'), url: head('URL'), tab: Number(tab ?? 1), tabs: Number(tabs ?? 1), lines, elements }
}

/** Everything that can be read on the page, a line each. */
export const wordsOf = page => page.lines.map(line => line.text ?? line.name)

/**
 * The element that is meant: by role when given, by its name (whole before a part of it), in the row of some text. Those
 * that are covered come last.
 */
export function find (page, name, { role, row } = {}) {
  const wanted = name.toLowerCase()
  const fits = page.elements.filter(one => !role || one.role === role)
  const named = [one => one.name.toLowerCase() === wanted, one => one.name.toLowerCase().includes(wanted)]
    .map(rule => fits.filter(rule)).find(found => found.length) ?? []
  const inRow = row === undefined ? named : named.filter(one => rowOf(page, one).includes(row))
  return inRow.find(one => !one.has('covered') && !one.has('disabled')) ?? inRow[0]
}

/* What stands before an element since the last one of the same name: the rest of its row. */
function rowOf (page, one) {
  const at = page.lines.indexOf(one)
  let from = at - 1
  while (from >= 0 && !(page.lines[from].role === one.role && page.lines[from].name === one.name)) from--
  return page.lines.slice(from + 1, at).map(line => line.text ?? line.name).join(' ')
}
