/** Makes steps of events, one event at a time, so that ten thousand of them cost one pass. */
import type { Json, JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';
import type { Step, ThreadEvent } from './threads.types';
import { takeTurn } from './useTurns';

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

/** steps[2].repeat.steps[0] lies two deep. */
const depthOf = (path: string): number => Math.max(0, (path.match(/\[\d+\]/g)?.length ?? 1) - 1);

const begin = (event: ThreadEvent, data: JsonObject): Step => ({
  kind: 'step',
  key: event.seq,
  path: textOf(data.path),
  depth: depthOf(textOf(data.path)),
  action: textOf(data.action),
  title: event.message,
  state: 'running',
  startedAt: event.time,
  durationMs: null,
  artifact: null,
  error: null,
  data,
  turn: null,
});

const finish = (step: Step, event: ThreadEvent, data: JsonObject): void => {
  step.durationMs = typeof data.duration_ms === 'number' ? data.duration_ms : null;
  step.artifact = textOf(data.artifact) || textOf(data.screenshot) || null;
  step.data = data;
  step.state = event.kind === 'step.finished' ? 'done' : data.optional === true ? 'passed-over' : 'failed';
  const error = data.error;
  if (isObject(error)) step.error = { text: textOf(error.text), hint: textOf(error.hint) };
};

export const takeStep = (steps: Step[], event: ThreadEvent): void => {
  if (takeTurn(steps, event) || !event.kind.startsWith('step.')) return;
  const data = event.data ?? {};
  if (event.kind === 'step.started') {
    steps.push(begin(event, data));
    return;
  }
  // The same path starts again in a loop: the newest that still runs is meant.
  const step = steps.findLast((one) => one.path === textOf(data.path) && one.state === 'running');
  if (step) finish(step, event, data);
};
