/** Steps of scripts as a person would say them. Pure but for `useStepWords`: how a text is looked up comes in. */
import { useI18n } from 'vue-i18n';
import type { Json, JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';

export interface Speech {
  t: (key: string, values?: Record<string, unknown>) => string;
  knows: (key: string) => boolean;
}
type Say = (given: JsonObject, speech: Speech) => string;

const textOf = (value: Json | undefined): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** What a bare text in place of an action's members means. */
const BARE: Record<string, string> = { goto: 'url', press: 'key', screenshot: 'as', call: 'script', stop: 'message', fail: 'message', evaluate: 'script' };
const BESIDE = ['name', 'timeout_ms', 'optional'];
const IN_PAGE = ['role', 'text', 'label', 'placeholder', 'test_id', 'css'];

export const actionOf = (step: JsonObject): string => Object.keys(step).find((key) => !BESIDE.includes(key)) ?? '';
const membersOf = (action: string, given: Json | undefined): JsonObject => (isObject(given) ? given : { [BARE[action] ?? 'text']: given ?? null });

const elementWords = (target: JsonObject, { t, knows }: Speech): string => {
  const role = textOf(target.role);
  const kind = role && (knows(`stepWords.role.${role}`) ? t(`stepWords.role.${role}`) : role);
  if (kind) return textOf(target.name) ? t('stepWords.named', { kind, name: textOf(target.name) }) : kind;
  const by = IN_PAGE.find((member) => textOf(target[member]));
  return by ? t(`stepWords.by.${by}`, { value: textOf(target[by]) }) : t('stepWords.by.page');
};

/** Where an element is searched for, after the element itself. */
const placeWords = (target: JsonObject, speech: Speech): string[] => [
  ...(target.nth ? [speech.t('stepWords.nth', { number: textOf(target.nth) })] : []),
  ...(isObject(target.within) ? [speech.t('stepWords.within', { around: elementWords(target.within, speech) })] : []),
  ...(isObject(target.frame) ? [speech.t('stepWords.framed')] : []),
];

export const targetWords = (target: Json | undefined, speech: Speech): string => {
  const members = membersOf('', target);
  return [elementWords(members, speech), ...placeWords(members, speech)].join(', ');
};

const has = (given: JsonObject): boolean => IN_PAGE.some((member) => textOf(given[member]));
const onTarget = (key: string): Say => (given, speech) => speech.t(key, { target: targetWords(given, speech) });
const bare = (key: string, ...members: string[]): Say => (given, { t }) => t(key, Object.fromEntries(members.map((member) => [member, textOf(given[member])])));

const fill: Say = (given, speech) => {
  const target = targetWords(given, speech);
  const input = /^\{\{inputs\.([^{}]+)\}\}$/.exec(textOf(given.value));
  if (given.credential) return speech.t('stepWords.fillCredential', { target, credential: textOf(given.credential) });
  return input ? speech.t('stepWords.fillInput', { target, input: input[1] }) : speech.t('stepWords.fill', { target, value: textOf(given.value) });
};
const select: Say = (given, speech) => {
  const options = Array.isArray(given.options) ? given.options.map(textOf).join(', ') : [given.option, given.value, given.index].map(textOf).find(Boolean);
  return speech.t('stepWords.select', { target: targetWords(given, speech), option: options ?? '' });
};
const waitFor: Say = (given, speech) => {
  if (given.page) return speech.t('stepWords.waitPage');
  if (has(given)) return speech.t('stepWords.waitFor', { target: targetWords(given, speech) });
  return given.ms ? speech.t('stepWords.waitMs', { ms: textOf(given.ms) }) : speech.t('stepWords.waitOther');
};
const press: Say = (given, speech) => (has(given) ? speech.t('stepWords.pressIn', { key: textOf(given.key), target: targetWords(given, speech) }) : speech.t('stepWords.press', { key: textOf(given.key) }));
const scroll: Say = (given, speech) => (has(given) ? speech.t('stepWords.scrollTo', { target: targetWords(given, speech) }) : speech.t('stepWords.scroll'));
const drag: Say = (given, speech) => speech.t('stepWords.drag', { target: targetWords(given, speech), to: isObject(given.to) ? targetWords(given.to, speech) : '…' });
const download: Say = (given, speech) => speech.t('stepWords.download', { target: targetWords(given.click, speech), as: textOf(given.as) });
const evaluate: Say = (given, { t }) => (given.as ? t('stepWords.evaluate', { as: textOf(given.as) }) : t('stepWords.other', { action: 'evaluate', target: '' }).trim());

const SAY: Record<string, Say> = {
  goto: bare('stepWords.goto', 'url'),
  click: onTarget('stepWords.click'),
  fill,
  press,
  wait_for: waitFor,
  extract: bare('stepWords.extract', 'as'),
  screenshot: bare('stepWords.screenshot', 'as'),
  download,
  upload: onTarget('stepWords.upload'),
  select,
  check: onTarget('stepWords.check'),
  uncheck: onTarget('stepWords.uncheck'),
  hover: onTarget('stepWords.hover'),
  scroll,
  drag,
  back: bare('stepWords.back'),
  forward: bare('stepWords.forward'),
  reload: bare('stepWords.reload'),
  tab: bare('stepWords.tab'),
  dialog: bare('stepWords.dialog'),
  evaluate,
};

export const stepWords = (step: JsonObject, speech: Speech): string => {
  const action = actionOf(step);
  const given = membersOf(action, step[action]);
  return SAY[action]?.(given, speech) ?? speech.t('stepWords.other', { action, target: has(given) ? targetWords(given, speech) : '' }).trim();
};

/** What else the step's element is found by when its first target fits nothing. */
export const fallbackWords = (step: JsonObject, speech: Speech): string[] => {
  const action = actionOf(step);
  const given = membersOf(action, step[action]);
  const element = action === 'download' && isObject(given.click) ? given.click : given;
  return Array.isArray(element.fallback) ? element.fallback.map((target) => targetWords(target, speech)) : [];
};

/** The element of a step; all of the step when it has none. */
export const elementOf = (step: JsonObject, speech: Speech): string => {
  const given = membersOf(actionOf(step), step[actionOf(step)]);
  return has(given) ? targetWords(given, speech) : stepWords(step, speech);
};

export const useSpeech = (): Speech => {
  const { t, te } = useI18n();
  return { t: (key, values) => t(key, values ?? {}), knows: (key) => te(key) };
};
