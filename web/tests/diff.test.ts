import { describe, expect, it } from 'vitest';
import { diffLines, foldLines } from '@/shared/diff';

const short = (from: string, to: string) => diffLines(from, to).map(({ kind, text }) => `${{ same: ' ', out: '-', in: '+', gap: '~' }[kind]}${text}`);

describe('the difference of two texts', () => {
  it('keeps what is in both', () => {
    expect(short('a\nb\nc', 'a\nx\nc\nd')).toEqual([' a', '-b', '+x', ' c', '+d']);
    expect(short('', 'a')).toEqual(['+a']);
    expect(short('a', '')).toEqual(['-a']);
    expect(short('a', 'a')).toEqual([' a']);
  });
  it('folds what is far from a change', () => {
    const before = Array.from({ length: 30 }, (_, n) => `line ${n}`);
    const folded = foldLines(diffLines(before.join('\n'), before.with(15, 'other').join('\n')));
    expect(folded.map(({ kind, count }) => `${kind}${kind === 'gap' ? count : ''}`)).toEqual(['gap12', 'same', 'same', 'same', 'out', 'in', 'same', 'same', 'same', 'gap11']);
  });
  it('does not compare huge texts line by line', () => {
    const many = (word: string) => Array.from({ length: 3000 }, () => word).join('\n');
    expect(diffLines(many('a'), many('b'))).toHaveLength(6000);
  });
});
