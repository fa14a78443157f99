/** Which lines of a text went and came: the longest common subsequence of its lines. */
export interface DiffLine {
  kind: 'same' | 'out' | 'in' | 'gap';
  text: string;
  /** Of a gap: how many lines it stands for. */
  count: number;
}

/** Lines around a change that stay visible. */
const CONTEXT = 3;
/** Above this many comparisons the texts are shown as replaced: nobody reads such a difference line by line. */
const MOST_CELLS = 4_000_000;

const line = (kind: DiffLine['kind'], text: string): DiffLine => ({ kind, text, count: 1 });

/** lengths[i][j]: the longest common subsequence of what follows line i and line j. */
const tableOf = (before: string[], after: string[]): Uint32Array[] => {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      lengths[i][j] = before[i] === after[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
  return lengths;
};

const walk = (before: string[], after: string[]): DiffLine[] => {
  const lengths = tableOf(before, after);
  const found: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      found.push(line('same', before[i++]));
      j++;
    } else if (lengths[i + 1][j] >= lengths[i][j + 1]) found.push(line('out', before[i++]));
    else found.push(line('in', after[j++]));
  }
  return [...found, ...before.slice(i).map((text) => line('out', text)), ...after.slice(j).map((text) => line('in', text))];
};

/** Every line of both texts in one order. */
export const diffLines = (from: string, to: string): DiffLine[] => {
  const [before, after] = [from, to].map((text) => (text === '' ? [] : text.split('\n')));
  if (before.length * after.length > MOST_CELLS) return [...before.map((text) => line('out', text)), ...after.map((text) => line('in', text))];
  return walk(before, after);
};

/** Long stretches without a change become one line that says how many there are. */
export const foldLines = (lines: DiffLine[]): DiffLine[] => {
  const near = new Set<number>();
  lines.forEach((one, at) => {
    if (one.kind !== 'same') for (let n = at - CONTEXT; n <= at + CONTEXT; n++) near.add(n);
  });
  const folded: DiffLine[] = [];
  lines.forEach((one, at) => {
    const last = folded.at(-1);
    if (near.has(at)) folded.push(one);
    else if (last?.kind === 'gap') last.count++;
    else folded.push({ kind: 'gap', text: '', count: 1 });
  });
  return folded;
};
