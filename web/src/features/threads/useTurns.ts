/** Makes turns of a model's events: what it saw, then what it answered. Its actions are steps like those of a script. */
import type { Json, JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';
import type { Step, ThreadEvent, Turn, TurnAnswer } from './threads.types';

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);

const callsOf = (value: Json | undefined): TurnAnswer['calls'] =>
  (Array.isArray(value) ? value : []).flatMap((call) => (isObject(call) ? [{ name: textOf(call.name), arguments: call.arguments ?? null }] : []));

const answerOf = (data: JsonObject): TurnAnswer => {
  const usage = isObject(data.usage) ? data.usage : {};
  return {
    text: textOf(data.text),
    calls: callsOf(data.calls),
    inputTokens: numberOf(usage.input_tokens),
    outputTokens: numberOf(usage.output_tokens),
    cachedTokens: numberOf(usage.cached_tokens),
    costMicro: numberOf(data.cost_micro),
    attempts: numberOf(data.attempts),
    durationMs: numberOf(data.duration_ms),
    model: textOf(data.model),
  };
};

const turnOf = (data: JsonObject): Turn => ({
  number: numberOf(data.turn),
  url: textOf(data.url),
  title: textOf(data.title),
  observation: textOf(data.observation) || null,
  elements: numberOf(data.elements),
  hidden: numberOf(data.hidden),
  observedMs: numberOf(data.duration_ms),
  answer: null,
});

const row = (event: ThreadEvent, kind: Step['kind'], data: JsonObject, more: Partial<Step>): Step => ({
  kind, key: event.seq, path: '', depth: 0, action: event.kind, title: event.message, state: 'done', startedAt: event.time, durationMs: null, artifact: null, error: null, data, turn: null, ...more,
});

/** Events beside the turns that a person wants to see among them. */
const NOTES: Record<string, Step['state']> = {
  'model.retried': 'passed-over',
  'model.warned': 'passed-over',
  'model.shortened': 'passed-over',
  'model.note': 'done',
  'question.answered': 'done',
  'question.expired': 'failed',
  'control.taken': 'done',
  'person.acted': 'done',
  'control.returned': 'done',
  'script.mended': 'done',
};

/** True when the event was one of these. */
export const takeTurn = (steps: Step[], event: ThreadEvent): boolean => {
  const data = event.data ?? {};
  if (event.kind === 'model.observed') {
    const turn = turnOf(data);
    steps.push(row(event, 'turn', data, { state: 'running', title: turn.title || turn.url, artifact: textOf(data.screenshot) || null, turn }));
  } else if (event.kind === 'model.answered') {
    const step = steps.findLast((one) => one.kind === 'turn' && (one.turn?.answer === null || data.turn === one.turn?.number));
    if (!step?.turn) return true;
    step.turn = { ...step.turn, answer: answerOf(data) };
    step.state = 'done';
    step.durationMs = step.turn.observedMs + numberOf(data.duration_ms);
  } else if (event.kind === 'question.asked') {
    steps.push(row(event, 'note', data, { artifact: textOf(data.screenshot) || null }));
  } else if (NOTES[event.kind]) {
    steps.push(row(event, 'note', data, { state: NOTES[event.kind] }));
  } else return false;
  return true;
};

/** What a run has used so far. */
export const totalsOf = (steps: Step[]) => {
  const answers = steps.flatMap((step) => step.turn?.answer ?? []);
  const sum = (of: (answer: TurnAnswer) => number) => answers.reduce((total, answer) => total + of(answer), 0);
  return { turns: answers.length, input: sum((answer) => answer.inputTokens), output: sum((answer) => answer.outputTokens), costMicro: sum((answer) => answer.costMicro) };
};
