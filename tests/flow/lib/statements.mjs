// Every `struct statement` of a folder of sources, as the compiler sees it: no list of them has to be kept.
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const INCLUDES = ['/usr/include/postgresql', '/usr/include/hiredis'];

/** The text of the C string literals at the beginning of `source`, joined; and what follows them. */
function literals(source) {
  let text = '';
  let rest = source;
  for (let match; (match = /^\s*"((?:[^"\\]|\\.)*)"/.exec(rest)); rest = rest.slice(match[0].length))
    text += JSON.parse(`"${match[1].replaceAll("\\'", "'")}"`);
  return { text, rest };
}

/** {"name": "SQL"} of one preprocessed file: each `{ "name", "text" }` behind a `struct statement`. */
function statementsOf(source) {
  const found = {};
  for (const { index, 0: head } of source.matchAll(/struct statement\s+\w+\s*(?:\[\w*\])?\s*=\s*/g)) {
    let rest = source.slice(index + head.length);
    for (let match; (match = /^[\s{},]*(?=[{]?\s*")/.exec(rest)); ) {
      const name = literals(rest.slice(match[0].length));
      const text = literals(name.rest.replace(/^\s*,/, ''));
      if (!/^\s*\}/.test(text.rest)) throw new Error(`the statement ${name.text} is not made of literals alone`);
      found[name.text] = text.text;
      rest = text.rest.replace(/^\s*\}/, '');
      if (!/^\s*,\s*\{/.test(rest)) break;
    }
  }
  return found;
}

export async function statementsIn(root, folder) {
  const files = readdirSync(join(root, folder)).filter((name) => name.endsWith('.c'));
  const all = await Promise.all(
    files.map(async (name) => {
      const { stdout } = await run('cc', ['-E', '-P', '-D_GNU_SOURCE', `-I${join(root, 'src')}`, ...INCLUDES.map((path) => `-I${path}`), join(root, folder, name)], { maxBuffer: 64 << 20 });
      return statementsOf(stdout);
    }),
  );
  return Object.assign({}, ...all);
}
