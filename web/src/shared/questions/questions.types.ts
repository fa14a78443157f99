/** What a run asks a person, as the thread's page and the question's link show it. */
import type { JsonObject, LinkedQuestion } from '@/shared/api/types';

export type QuestionKind = LinkedQuestion['kind'];
/** What a form of a question needs to know of it. */
export type Asked = Pick<LinkedQuestion, 'kind' | 'text' | 'choices' | 'fields' | 'call' | 'deadline_at'>;

export interface Answer {
  text?: string;
  approved?: boolean;
  values?: Record<string, string>;
  /** It was done in the browser. */
  handled?: true;
}

export interface AskedField {
  name: string;
  label: string;
}
export const fieldsOfQuestion = (question: Asked): AskedField[] =>
  (question.fields ?? []).map((field: JsonObject) => ({ name: String(field.name ?? ''), label: String(field.label ?? field.name ?? '') }));

/** A thread that waits for these waits for a person's word. */
export const askingReasons: readonly string[] = ['question', 'approval', 'captcha', 'code', 'blocked'] satisfies QuestionKind[];
