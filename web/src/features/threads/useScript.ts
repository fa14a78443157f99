/** A script of what was done in a thread: which texts of it are inputs, and what an agent is made of. Pure. */
import type { JsonObject, ThreadScript } from '@/shared/api/types';

/** A text that could be an input. */
export interface Parameter {
  text: string;
  name: string;
  on: boolean;
}

const NAME = /^[^\s.{}?]+$/;

/** Which rows may not be called what they are: empty, of letters that templates use, or twice. */
export const wrongNames = (rows: readonly Parameter[]): ReadonlySet<number> => {
  const taken = new Set<string>();
  const wrong = new Set<number>();
  rows.forEach((row, index) => {
    if (!row.on) return;
    if (!NAME.test(row.name) || taken.has(row.name)) wrong.add(index);
    taken.add(row.name);
  });
  return wrong;
};

/** As the API takes them. */
export const parametersOf = (rows: readonly Parameter[]): Record<string, string> => {
  const wrong = wrongNames(rows);
  return Object.fromEntries(rows.filter((row, index) => row.on && !wrong.has(index)).map((row) => [row.name, row.text]));
};

/** What was proposed once stays, also when it has become an input. */
export const withProposals = (rows: readonly Parameter[], proposals: ThreadScript['proposals']): Parameter[] => [
  ...rows,
  ...proposals.filter(({ text }) => !rows.some((row) => row.text === text)).map(({ text, name }) => ({ text, name, on: false })),
];

/** An agent's `script`. */
export const scriptOf = (made: ThreadScript, mend: boolean): JsonObject => ({
  steps: made.steps,
  ...(made.scripts ? { scripts: made.scripts } : {}),
  ...(mend ? { mend: true } : {}),
});

/** How the server's words for why something is left out begin, with the keys of their translations. */
const WHY: [RegExp, string][] = [
  [/^it could not be done when/, 'failed'],
  [/^nothing but its number/, 'nameless'],
  [/^the script language cannot say it: a text/, 'template'],
  [/^the script language cannot say it$/, 'unsayable'],
  [/^it showed the page/, 'shown'],
  [/^a script asks nobody/, 'asked'],
  [/^the model wrote it down/, 'noted'],
  [/^result (?<name>.+?): no part of the page/, 'result'],
];

/** The key of the reason and what it speaks of; null: only the server has words for it. */
export const reasonOf = (why: string): { key: string; name: string } | null => {
  const known = WHY.find(([words]) => words.test(why));
  return known ? { key: `threads.script.why.${known[1]}`, name: known[0].exec(why)?.groups?.name ?? '' } : null;
};
