/** What was said beside a run's steps, in words: who took over and what they did, what the model was told, what was mended. */
import type { Json } from '@/shared/api/types';
import { isObject } from '@/shared/json';
import type { Step } from './threads.types';
import { elementOf, stepWords, type Speech } from './useStepWords';

export interface Note {
  title: string;
  /** Smaller, below. */
  more: string;
  /** A mended step: what it looked for, and what it looks for now. */
  mended: { before: string; after: string } | null;
}
type Read = (step: Step, speech: Speech, duration: (ms: number) => string) => Partial<Note>;

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
const numberOf = (value: Json | undefined): number => (typeof value === 'number' ? value : 0);
const whoOf = (step: Step, { t }: Speech): string => textOf(step.data.by) || t('threads.note.somebody');

const acted: Read = (step, speech) => {
  const action = textOf(step.data.action);
  const what = isObject(step.data.replay) ? stepWords(step.data.replay, speech) : speech.t('stepWords.other', { action, target: '' }).trim();
  return { title: speech.t('threads.note.acted', { who: whoOf(step, speech), what }), more: action === 'goto' ? '' : textOf(step.data.url) };
};
const mended: Read = ({ data }, speech) => ({
  title: speech.t('threads.note.mended', { step: isObject(data.after) ? stepWords(data.after, speech) : '' }),
  mended: isObject(data.before) && isObject(data.after) ? { before: elementOf(data.before, speech), after: elementOf(data.after, speech) } : null,
});
const retried: Read = (step, { t, knows }, duration) => {
  const code = textOf(step.data.code);
  const why = knows(`reason.${code}`) ? t(`reason.${code}`) : code;
  return { title: t('threads.note.retried', { why, attempt: numberOf(step.data.attempt) + 1, time: duration(numberOf(step.data.pause_ms)) }), more: step.title };
};
const answered: Read = (step, { t }) => {
  const answer = isObject(step.data.answer) ? step.data.answer : {};
  const said = typeof answer.approved === 'boolean' ? t(answer.approved ? 'threads.note.approved' : 'threads.note.declined') : answer.handled === true ? t('question.handled') : '';
  const values = isObject(answer.values) ? Object.entries(answer.values).map(([name, value]) => `${name}: ${String(value)}`) : [];
  return { title: t('threads.note.answered', { who: textOf(answer.by) || t('threads.note.somebody') }), more: [said, textOf(answer.text), ...values].filter(Boolean).join(' · ') };
};
const returned: Read = (step, { t }, duration) => {
  const waited = numberOf(step.data.waited_ms);
  return { title: t('threads.note.returned'), more: waited ? t('threads.note.waited', { time: duration(waited) }) : '' };
};

const READ: Record<string, Read> = {
  'control.taken': (step, speech) => ({ title: speech.t('threads.note.taken', { who: whoOf(step, speech) }) }),
  'control.returned': returned,
  'person.acted': acted,
  'script.mended': mended,
  'model.retried': retried,
  'model.warned': (step, { t }) => ({ title: t('threads.note.warned', { times: numberOf(step.data.times) }) }),
  'model.note': (step, { t }) => ({ title: t('threads.note.noted'), more: step.title }),
  'question.asked': (step, { t }) => ({ title: t(`question.kind.${textOf(step.data.kind) || 'question'}`), more: step.title }),
  'question.answered': answered,
  'question.expired': (_, { t }) => ({ title: t('threads.note.expired') }),
};

export const noteOf = (step: Step, speech: Speech, duration: (ms: number) => string): Note => ({ title: step.title, more: '', mended: null, ...READ[step.action]?.(step, speech, duration) });
