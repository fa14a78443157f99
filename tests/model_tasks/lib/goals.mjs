// The language of the tasks: each sentence is a goal. A rule says how it reads and what is to be called for it, seen from the
// page as it is now. `next` gives {call}, {done: true} when the page has it already, or null: look again in a moment.
import { find, wordsOf } from './observation.mjs'

const role = '(?:the )?(?:(button|link|tab|option|menuitem|combobox|treeitem|checkbox) )?'
const call = (name, args) => ({ call: { name, arguments: args } })
const onElement = (page, name, where, make) => {
  const one = find(page, name, where)
  if (!one) return null
  const inTheWay = one.has('covered') && page.elements.find(other => !other.has('covered') && /^(accept|close|ok|got it|dismiss)$/i.test(other.name))
  return inTheWay ? { ...call('click', { element: inTheWay.element }), aside: true } : one.has('disabled') ? null : make(one)
}
const click = (page, name, where, more = {}) => onElement(page, name, where, one => call('click', { element: one.element, ...more }))
const sees = (page, text) => wordsOf(page).some(line => line.includes(text))
const after = (page, label) => {
  const line = wordsOf(page).find(one => one.includes(label))
  return line === undefined ? null : line.slice(line.indexOf(label) + label.length).trim() || null
}
const fill = (page, field, value) => onElement(page, field, {}, one => one.role === 'button' ? null : call('fill', { element: one.element, value }))
const answer = result => result === null || result === undefined ? null : { result }
const numbers = page => page.elements.filter(one => one.role === 'button' && /^-?\d+$/.test(one.name))
const by = (list, pick) => list.reduce((best, one) => best === undefined || pick(Number(one.name), Number(best.name)) ? one : best, undefined)
const onNumber = (page, pick) => { const one = by(numbers(page), pick); return one ? call('click', { element: one.element }) : null }
const ticked = one => one.has('checked') || one.has('on') || one.has('selected')
const sum = page => { const found = /(\d+) \+ (\d+)/.exec(wordsOf(page).join('\n')); return found && String(Number(found[1]) + Number(found[2])) }

const rowsOf = lines => lines.map(line => line.split(' | ')).filter(cells => cells.length > 1).map(cells => cells.map(cell => cell.trim()))
/* Reads the table of each page, turns over, and adds up what all of them had; a row that was read twice counts once. */
function sumOver (page, name, said) {
  const read = new Map(rowsOf(said.split(/\n|<\/?page-\w+>/)).map(cells => [cells[0], cells]))
  const first = rowsOf(wordsOf(page)).find(cells => /\d/.test(cells[0]))
  const [, at, last] = /Page (\d+) of (\d+)/.exec(wordsOf(page).join('\n')) ?? []
  if (!first || !last) return null
  if (!read.has(first[0])) return call('read_page', { what: 'tables' })
  if (at !== last) return click(page, 'Next', { role: 'button' })
  const head = [...read.values()].find(cells => cells.includes(name))
  return { result: [...read.values()].filter(cells => cells !== head).reduce((sum, cells) => sum + Number(cells[head.indexOf(name)]), 0) }
}

/* [how the sentence reads, (page, groups, memory) => what is next, options]. `many`: may stand with others in one answer. */
const RULES = [
  [/^Open "(.+)"$/, (page, [url]) => call('goto', { url })],
  [RegExp(`^Keep clicking ${role}"(.+)" until you see "(.+)"$`), (page, [kind, name, text]) => sees(page, text) ? { done: true } : click(page, name, { role: kind }), { repeats: true }],
  [RegExp(`^Follow ${role}"(.+)" until you see "(.+)"$`), (page, [kind, name, text]) => sees(page, text) ? { done: true } : click(page, name, { role: kind }), { repeats: true }],
  [/^Scroll "(.+)" until you see "(.+)"$/, (page, [area, text]) => find(page, text) || sees(page, text) ? { done: true } : onElement(page, area, {}, one => call('scroll', { inside: one.element, down: 160 })), { repeats: true, most: 80 }],
  [/^Scroll the page until you see "(.+)"$/, (page, [text]) => sees(page, text) ? { done: true } : call('scroll', { down: 800 }), { repeats: true, most: 80 }],
  [/^Click the button with the largest number$/, page => onNumber(page, (one, best) => one > best)],
  [/^Click the button with the smallest number$/, page => onNumber(page, (one, best) => one < best)],
  [RegExp(`^Click ${role}"(.+)" in the row of "(.+)"$`), (page, [kind, name, row]) => click(page, name, { role: kind, row })],
  [RegExp(`^Click ${role}"(.+)"$`), (page, [kind, name]) => click(page, name, { role: kind })],
  [RegExp(`^Double-click ${role}"(.+)"$`), (page, [kind, name]) => click(page, name, { role: kind }, { times: 2 })],
  [RegExp(`^Right-click ${role}"(.+)"$`), (page, [kind, name]) => click(page, name, { role: kind }, { button: 'right' })],
  [/^Hover "(.+)"$/, (page, [name]) => onElement(page, name, {}, one => call('hover', { element: one.element }))],
  [/^Type "(.*)" into "(.+)"$/, (page, [value, field]) => fill(page, field, value), { many: true }],
  [/^Type what you remembered into "(.+)"$/, (page, [field], memory) => memory && fill(page, field, memory)],
  [/^Type the answer of the sum into "(.+)"$/, (page, [field]) => sum(page) && fill(page, field, sum(page))],
  [/^Copy the text after "(.+)" into "(.+)"$/, (page, [label, field]) => after(page, label) && fill(page, field, after(page, label))],
  [/^Choose "(.+)" in "(.+)"$/, (page, [option, list]) => onElement(page, list, {}, one => call('select', { element: one.element, option })), { many: true }],
  [/^Tick "(.+)"$/, (page, [name]) => onElement(page, name, {}, one => ticked(one) ? { done: true } : call('check', { element: one.element })), { many: true }],
  [/^Untick "(.+)"$/, (page, [name]) => onElement(page, name, {}, one => ticked(one) ? call('uncheck', { element: one.element }) : { done: true }), { many: true }],
  [/^Press (\w+) in "(.+)" (\d+) times$/, (page, [key, name, times]) => onElement(page, name, {}, one => call('press', { element: one.element, key, times: Number(times) }))],
  [/^Press (\w+)$/, (page, [key]) => call('press', { key })],
  [/^Drag "(.+)" to "(.+)"$/, (page, [what, to]) => onElement(page, what, {}, one => onElement(page, to, {}, place => call('drag', { element: one.element, to: place.element })))],
  [/^Accept the next dialog$/, () => call('dialog', { answer: 'accept' })],
  [/^Go to the tab "(.+)"$/, (page, [name]) => call('tab', { to: name })],
  [/^Go back$/, () => call('back', {})],
  [/^Remember the text after "(.+)"$/, (page, [label]) => after(page, label) && { ...call('note', { text: `remembered: ${after(page, label)}` }) }],
  [/^Answer with the text after "(.+)"$/, (page, [label]) => answer(after(page, label))],
  [/^Answer with the value of "(.+)"$/, (page, [field]) => answer(find(page, field)?.value)],
  [/^Answer with whether "(.+)" is ticked$/, (page, [name]) => { const one = find(page, name); return one ? { result: ticked(one) } : null }],
  [/^Answer with how many links there are$/, page => ({ result: page.elements.filter(one => one.role === 'link').length })],
  [/^Answer with how many buttons named "(.+)" there are$/, (page, [name]) => ({ result: page.elements.filter(one => one.role === 'button' && one.name === name).length })],
  [/^Answer with the address of the page$/, page => answer(page.url)],
  [/^Answer with the title of the page$/, page => answer(page.title)],
  [/^Answer with what the dialog said$/, (page, groups, memory, said) => answer(/that said <page-\w+>\s*([^]*?)\s*<\/page-/.exec(said)?.[1])],
  [/^Answer with the sum of "(.+)" over all pages$/, (page, [name], memory, said) => sumOver(page, name, said), { repeats: true }],
  [/^Answer with the table as a list$/, (page, groups, memory, said, tables) => tables ? { result: tables } : call('read_page', { what: 'tables' }), { repeats: true }]
]

/** The goals of a task, each with `next(page, memory, said)`. A sentence that no rule reads is an error of the table. */
export function goalsOf (task) {
  const sentences = task.trim().match(/(?:"[^"]*"|[^".])+\./g) ?? []
  return sentences.map(sentence => {
    const text = sentence.trim().replace(/\.$/, '')
    for (const [form, next, options = {}] of RULES) {
      const match = form.exec(text)
      if (match) return { text, ...options, next: (...seen) => next(seen[0], match.slice(1), ...seen.slice(1)) }
    }
    throw new Error(`no rule reads "${text}"`)
  })
}
