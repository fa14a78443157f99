import en from '../src/shared/i18n/locales/en.json';
import { describe, expect, it } from 'vitest';
import type { JsonObject } from '@/shared/api/types';
import { formatBytes, formatDuration, formatRelative } from '@/shared/format';
import type { Step, ThreadEvent } from '@/features/threads/threads.types';
import { parametersOf, reasonOf, scriptOf, withProposals, wrongNames } from '@/features/threads/useScript';
import { takeStep } from '@/features/threads/useSteps';
import { fallbackWords, stepWords, type Speech } from '@/features/threads/useStepWords';
import { noteOf } from '@/features/threads/useNotes';
import { totalsOf } from '@/features/threads/useTurns';
import { cellText, tablesOf, valuesOf } from '@/features/threads/useResultTable';
import { configOfFields, fieldsOfConfig } from '@/features/agents/useBrowserConfig';

const lookUp = (key: string): string => {
  const found = key.split('.').reduce<unknown>((texts, name) => (texts as Record<string, unknown> | undefined)?.[name], en);
  return typeof found === 'string' ? found : key;
};
const english: Speech = { t: (key, values) => lookUp(key).replace(/\{(\w+)\}/g, (_, name: string) => String(values?.[name] ?? '')), knows: (key) => lookUp(key) !== key };

const event = (seq: number, kind: string, data: ThreadEvent['data'], message = ''): ThreadEvent => ({ seq, kind, data, message, level: 'info', time: '2026-11-25T10:00:00Z' });
const stepsOf = (...events: ThreadEvent[]): Step[] => {
  const steps: Step[] = [];
  for (const one of events) takeStep(steps, one);
  return steps;
};

describe('steps of a run', () => {
  it('come of their events', () => {
    const steps = stepsOf(
      event(1, 'run.started', {}),
      event(2, 'step.started', { path: 'steps[0]', action: 'goto' }, 'Goto x'),
      event(3, 'step.finished', { path: 'steps[0]', action: 'goto', duration_ms: 12, artifact: 'a' }),
      event(4, 'step.started', { path: 'steps[1]', action: 'click' }),
      event(5, 'step.failed', { path: 'steps[1]', action: 'click', error: { text: 'no', hint: 'try' } }),
    );
    expect(steps.map((step) => [step.title, step.state, step.durationMs, step.artifact])).toEqual([['Goto x', 'done', 12, 'a'], ['', 'failed', null, null]]);
    expect(steps[1].error).toEqual({ text: 'no', hint: 'try' });
  });
  it('of a loop are ended one by one', () => {
    const path = 'steps[0].repeat.steps[0]';
    const steps = stepsOf(event(1, 'step.started', { path }), event(2, 'step.finished', { path }), event(3, 'step.started', { path }));
    expect(steps.map((step) => [step.state, step.depth])).toEqual([['done', 1], ['running', 1]]);
  });
});

describe('turns of a model', () => {
  const observed = (seq: number, turn: number) => event(seq, 'model.observed', { turn, observation: 'o', screenshot: 's', elements: 12, hidden: 1, duration_ms: 40, url: 'http://a/', title: 'A' });
  const answered = (seq: number, turn: number) => event(seq, 'model.answered', { turn, text: 'Click', calls: [{ id: '1', name: 'click', arguments: { element: 3 } }], usage: { input_tokens: 100, output_tokens: 5, cached_tokens: 60 }, cost_micro: 250, attempts: 1, duration_ms: 900, model: 'm' });

  it('are what it saw and what it said, then its actions', () => {
    const steps = stepsOf(observed(1, 1), answered(2, 1), event(3, 'step.started', { path: 'turn[1].calls[0]', action: 'click' }, 'Click x'), event(4, 'step.finished', { path: 'turn[1].calls[0]' }), observed(5, 2));
    expect(steps.map((step) => [step.kind, step.state, step.depth])).toEqual([['turn', 'done', 0], ['step', 'done', 1], ['turn', 'running', 0]]);
    expect(steps[0]).toMatchObject({ title: 'A', artifact: 's', durationMs: 940, turn: { observation: 'o', elements: 12, answer: { text: 'Click', calls: [{ name: 'click', arguments: { element: 3 } }], cachedTokens: 60 } } });
    expect(totalsOf(steps)).toEqual({ turns: 1, input: 100, output: 5, costMicro: 250 });
  });
  it('have questions and warnings among them, and survive an answer without a turn', () => {
    const steps = stepsOf(answered(1, 1), event(2, 'question.asked', { kind: 'captcha', screenshot: 's' }, 'Please'), event(3, 'model.warned', {}, 'Again'), event(4, 'question.expired', {}));
    expect(steps.map((step) => [step.kind, step.state, step.artifact])).toEqual([['note', 'done', 's'], ['note', 'passed-over', null], ['note', 'failed', null]]);
  });
});

describe('what is said beside the steps', () => {
  const linesOf = (...events: ThreadEvent[]) => stepsOf(...events).map((step) => noteOf(step, english, (ms) => `${ms} ms`));

  it('is who did what with the browser in hand', () => {
    const lines = linesOf(
      event(1, 'control.taken', { by: 'Anna' }),
      event(2, 'person.acted', { action: 'click', by: 'Anna', url: 'http://a/', replay: { click: { role: 'button', name: 'Sign in', exact: true } } }),
      event(3, 'person.acted', { action: 'fill', by: 'Anna', url: 'http://a/' }),
      event(4, 'control.returned', { waited_ms: 900 }),
    );
    expect(lines.map(({ title, more }) => [title, more])).toEqual([
      ['Anna has the browser in hand; the run waits', ''],
      ['Anna: Click button “Sign in”', 'http://a/'],
      ['Anna: fill', 'http://a/'],
      ['The browser was given back; the run goes on', 'The run waited for 900 ms'],
    ]);
  });
  it('is what was mended, and how the model fared', () => {
    const [mended, retried, warned] = linesOf(
      event(1, 'script.mended', { path: 'steps[1]', before: { name: 'Who', fill: { label: 'Full name', value: '{{inputs.customer}}' } }, after: { name: 'Who', fill: { role: 'textbox', name: 'Name', value: '{{inputs.customer}}' } } }),
      event(2, 'model.retried', { attempt: 1, code: 'model_rate', pause_ms: 500 }, 'HTTP 429'),
      event(3, 'model.warned', { times: 3, warnings: 1 }),
    );
    expect(mended).toEqual({ title: 'The script was mended: Fill field “Name” with the input “customer”', more: '', mended: { before: 'the field “Full name”', after: 'field “Name”' } });
    expect([retried.title, retried.more]).toEqual(['The model’s provider limits calls: attempt 2 in 500 ms', 'HTTP 429']);
    expect(warned.title).toMatch(/^The model did the same 3 times/);
  });
});

describe('steps in words', () => {
  it.each([
    [{ goto: 'http://a/' }, 'Open http://a/'],
    [{ click: 'Next' }, 'Click “Next”'],
    [{ click: { role: 'link', name: 'Choose', nth: 2, within: { text: 'Black' } } }, 'Click link “Choose”, number 2, in “Black”'],
    [{ click: { role: 'rowheader' }, optional: true }, 'Click rowheader'],
    [{ fill: { label: 'Password', credential: 'Shop', part: 'password' } }, 'Fill the field “Password” from the credential “Shop”'],
    [{ select: { label: 'Country', option: 'Spain' } }, 'Choose “Spain” in the field “Country”'],
    [{ press: 'Enter' }, 'Press Enter'],
    [{ name: 'See what comes of it', wait_for: { ms: 500, page: 'quiet' }, timeout_ms: 15000 }, 'Wait until the page is at rest'],
    [{ download: { click: { text: 'Invoice' }, as: 'invoice' } }, 'Download “invoice” with a click on “Invoice”'],
    [{ evaluate: { script: '1' } }, 'evaluate'],
    [{ evaluate: { script: '1', as: 'sum' } }, 'Make “sum” of what was read'],
  ] as [JsonObject, string][])('%j', (step, words) => expect(stepWords(step, english)).toBe(words));

  it('tell what else an element is found by', () => {
    expect(fallbackWords({ click: { role: 'button', name: 'Buy', fallback: [{ test_id: 'buy' }, { css: 'form > button' }] } }, english)).toEqual(['the element with the test id buy', 'the element form > button']);
    expect(fallbackWords({ goto: 'http://a/' }, english)).toEqual([]);
  });
});

describe('a script of a run', () => {
  const typed = [{ text: 'Ada', name: 'name' }, { text: 'Mill Lane 1', name: 'street' }];
  it('has the inputs that were ticked, each with a name of its own', () => {
    const rows = withProposals([], typed).map((row) => ({ ...row, on: true }));
    expect(parametersOf(rows)).toEqual({ name: 'Ada', street: 'Mill Lane 1' });
    expect(parametersOf(withProposals([], typed))).toEqual({});
    expect([...wrongNames([{ ...rows[0], name: 'a b' }, rows[1], { ...rows[0], text: 'x', name: 'street' }])]).toEqual([0, 2]);
    expect(withProposals(rows, [typed[0], { text: 'new', name: 'n' }]).map(({ text, on }) => [text, on])).toEqual([['Ada', true], ['Mill Lane 1', true], ['new', false]]);
  });
  it('is an agent\u2019s script, mended or not', () => {
    const made = { steps: [{ goto: 'http://a/' }], input_schema: {}, left_out: [], proposals: typed };
    expect(scriptOf(made, false)).toEqual({ steps: made.steps });
    expect(scriptOf({ ...made, scripts: { a: [] } }, true)).toEqual({ steps: made.steps, scripts: { a: [] }, mend: true });
  });
  it('says why something is left out, in words of its own where it has them', () => {
    expect(reasonOf('something that only the server knows')).toBeNull();
    const known = ['it could not be done when it was tried', 'result items.price: no part of the page says exactly this; a script needs an extract step for it'].map(reasonOf);
    expect(known.map((reason) => [lookUp(reason!.key), reason!.name])).toEqual([[expect.stringMatching(/could not be done/), ''], [expect.stringMatching(/^“{name}”/), 'items.price']]);
  });
});

describe('results', () => {
  it('are tables where they are lists of objects', () => {
    const results: JsonObject = { items: [{ a: 1 }, { b: 'x', a: { c: 1 } }], total: 3, none: [] };
    expect(tablesOf(results)).toEqual([{ name: 'items', columns: ['a', 'b'], rows: results.items }]);
    expect(valuesOf(results)).toEqual([['total', 3], ['none', []]]);
    expect(cellText({ c: 1 })).toBe('{"c":1}');
  });
});

describe('browser_config', () => {
  it('keeps what the form does not know', () => {
    const config = { memory_mb: 512, viewport: { width: 800, height: 600, scale: 2 }, later: { a: 1 }, proxy: { kind: 'http', host: 'h', port: 1 } };
    expect(configOfFields(fieldsOfConfig(config), config)).toEqual(config);
  });
  it('leaves out what is empty', () => {
    expect(configOfFields(fieldsOfConfig({}), {})).toEqual({});
    expect(configOfFields({ ...fieldsOfConfig({}), profile: true, proxy: ' http://p:1 ' }, {})).toEqual({ profile: 'keep', proxy: 'http://p:1' });
  });
});

describe('formats', () => {
  it('say durations, sizes and times in the language', () => {
    expect(formatDuration(850, 'en')).toBe('850ms');
    expect(formatDuration(192_000, 'en')).toBe('3m 12s');
    expect(formatDuration(null, 'en')).toBe('–');
    expect(formatBytes(0, 'en')).toBe('0 byte');
    expect(formatBytes(1536, 'ru')).toMatch(/^1,5/);
    expect(formatRelative('2026-11-25T10:00:00Z', Date.parse('2026-11-25T10:05:00Z'), 'en')).toBe('5 min. ago');
  });
});
