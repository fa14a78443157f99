import type { EventLevel, Json, JsonObject, ThreadEvent, ThreadStatus } from '@/shared/api/types';

export const activeStatuses: readonly ThreadStatus[] = ['queued', 'starting', 'running', 'waiting', 'stopping'];
export const endedStatuses: readonly ThreadStatus[] = ['completed', 'error', 'stopped'];
export const levels: readonly EventLevel[] = ['debug', 'info', 'warn', 'error'];

/** What a model saw and said in one turn, as far as it is known. */
export interface Turn {
  number: number;
  url: string;
  title: string;
  /** An artifact: the page as the model was told it. */
  observation: string | null;
  elements: number;
  hidden: number;
  observedMs: number;
  /** null until it has answered. */
  answer: TurnAnswer | null;
}
export interface TurnAnswer {
  text: string;
  calls: { name: string; arguments: Json }[];
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  costMicro: number;
  attempts: number;
  durationMs: number;
  model: string;
}

/** A step of a run, a turn of its model or what was said meanwhile, put together from its events. */
export interface Step {
  kind: 'step' | 'turn' | 'note';
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
  turn: Turn | null;
}
export type { ThreadEvent };
