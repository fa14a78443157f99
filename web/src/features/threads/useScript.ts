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

/** The server's words for why something is left out, by the keys of their translations. */
const WHY: Record<string, string> = {
  'it could not be done when it was tried': 'failed',
  'nothing but its number meant the element, or the page was too busy to say what else does': 'nameless',
  'the script language cannot say it: a text in it would be read as a template': 'template',
  'the script language cannot say it': 'unsayable',
};
const TOOLS = ['read_page', 'extract', 'ask_user', 'note', 'done'];

/** The key of the reason; null: only the server knows it. */
export const reasonKeyOf = ({ action, why }: ThreadScript['left_out'][number]): string | null => {
  if (WHY[why]) return `threads.script.why.${WHY[why]}`;
  return TOOLS.includes(action) ? `threads.script.why.${action}` : null;
};
