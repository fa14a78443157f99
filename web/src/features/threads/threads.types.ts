import type { EventLevel, JsonObject, ThreadEvent, ThreadStatus } from '@/shared/api/types';

export const activeStatuses: readonly ThreadStatus[] = ['queued', 'starting', 'running', 'waiting', 'stopping'];
export const endedStatuses: readonly ThreadStatus[] = ['completed', 'error', 'stopped'];
export const levels: readonly EventLevel[] = ['debug', 'info', 'warn', 'error'];

/** A step of a run, put together from its events. */
export interface Step {
  key: number;
  path: string;
  depth: number;
  action: string;
  title: string;
  state: 'running' | 'done' | 'failed' | 'passed-over';
  startedAt: string;
  durationMs: number | null;
  artifact: string | null;
  error: { text: string; hint: string } | null;
  data: JsonObject;
}
export type { ThreadEvent };
