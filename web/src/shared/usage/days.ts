/** The days of a period, each with what was used on it: the API leaves out days without any. */
import type { Used } from '@/shared/api/types';

export type Day = Used & { date: string };

const NOTHING: Used = { calls: 0, input_tokens: 0, output_tokens: 0, cached_tokens: 0, cost_micro: 0 };
const DAY_MS = 86_400_000;

/** `now`: the last day is its day in UTC, as the API counts. */
export const daysOf = (days: number, used: readonly Day[], now: number): Day[] => {
  const known = new Map(used.map((day) => [day.date, day]));
  return Array.from({ length: days }, (_, index) => {
    const date = new Date(now - (days - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return known.get(date) ?? { ...NOTHING, date };
  });
};

export const tokensOf = (used: Used): number => used.input_tokens + used.output_tokens;
