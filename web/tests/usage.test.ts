import { describe, expect, it } from 'vitest';
import { daysOf } from '@/shared/usage/days';

describe('days of usage', () => {
  it('are all of the period, in UTC, today last', () => {
    const used = { calls: 2, input_tokens: 5, output_tokens: 1, cached_tokens: 0, cost_micro: 9, date: '2026-11-24' };
    const days = daysOf(3, [used], Date.parse('2026-11-25T00:30:00Z'));
    expect(days.map(({ date, cost_micro: cost }) => [date, cost])).toEqual([['2026-11-23', 0], ['2026-11-24', 9], ['2026-11-25', 0]]);
  });
});
