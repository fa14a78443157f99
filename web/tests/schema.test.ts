import { describe, expect, it } from 'vitest';
import { check, choicesAt, namesAt } from '@/shared/editor/schemaHelp';
import type { JsonObject } from '@/shared/api/types';
import { configOfFields, fieldsOfConfig, placeOfProblem, schemaOfMore } from '@/features/agents/useBrowserConfig';
import { fieldsOf, initialOf, pairsOf, problemsOf, textOfPairs } from '@/shared/schemaFields';

const script: JsonObject = {
  type: 'object',
  required: ['steps'],
  additionalProperties: false,
  properties: { steps: { type: 'array', items: { $ref: '#/$defs/step' } } },
  $defs: {
    step: {
      type: 'object',
      properties: {
        name: { type: 'string', description: 'what it is for' },
        goto: { anyOf: [{ type: 'string' }, { type: 'object', properties: { url: { type: 'string' }, until: { enum: ['load', 'quiet'] } }, required: ['url'], additionalProperties: false }] },
      },
      additionalProperties: false,
    },
  },
};

describe('help from a JSON Schema', () => {
  it('offers names through references', () => {
    expect(namesAt(script, ['steps', 0]).map((offer) => offer.name)).toEqual(['name', 'goto']);
    expect(namesAt(script, ['steps', 0])[0].description).toBe('what it is for');
    expect(namesAt(script, ['steps', 3, 'goto']).map((offer) => offer.name)).toEqual(['url', 'until']);
  });
  it('offers values', () => {
    expect(choicesAt(script, ['steps', 0, 'goto', 'until'])).toEqual(['"load"', '"quiet"']);
  });
  it('accepts what fits', () => {
    expect(check(script, script, { steps: [{ goto: 'https://a' }, { goto: { url: 'https://a', until: 'load' } }] })).toEqual([]);
  });
  it('says where and what does not fit', () => {
    expect(check(script, script, { steps: [{ gotoo: 'x' }] })).toEqual([{ path: ['steps', 0, 'gotoo'], key: 'unknown', values: { name: 'gotoo' } }]);
    expect(check(script, script, {})).toEqual([{ path: [], key: 'missing', values: { name: 'steps' } }]);
    expect(check(script, script, { steps: 3 })[0].key).toBe('type');
    expect(check(script, script, { steps: [{ goto: { url: 'a', until: 'soon' } }] })[0]).toMatchObject({ path: ['steps', 0, 'goto', 'until'], key: 'choice' });
  });
  it('ends on a schema that refers to itself', () => {
    const loop: JsonObject = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } };
    expect(check(loop, loop, { x: 1 })).toEqual([]);
  });
});

describe('a form of a JSON Schema', () => {
  const schema: JsonObject = { type: 'object', required: ['url', 'count'], properties: { url: { type: 'string', format: 'uri', title: 'Address' }, count: { type: 'integer', minimum: 1, maximum: 5, default: 2 }, kind: { enum: ['a', 'b'] }, tags: { type: 'array', items: { type: 'string' } }, on: { type: 'boolean' } } };

  it('has a field of a fitting kind for each property', () => {
    expect(fieldsOf(schema).map((field) => [field.name, field.kind, field.required])).toEqual([['url', 'text', true], ['count', 'number', true], ['kind', 'choice', false], ['tags', 'list', false], ['on', 'switch', false]]);
    expect(initialOf(schema)).toEqual({ count: 2 });
  });
  it('finds what is missing or out of bounds', () => {
    expect(problemsOf(schema, { count: 9 })).toEqual({ url: { key: 'required' }, count: { key: 'most', limit: 5 } });
    expect(problemsOf(schema, { url: 'x', count: 1.5 })).toEqual({ count: { key: 'whole' } });
    expect(problemsOf(schema, { url: 'x', count: 3 })).toEqual({});
  });
});

describe('a form of browser_config', () => {
  const schema: JsonObject = {
    type: 'object',
    properties: { locale: { type: 'string' }, spot: { $ref: '#/$defs/spot', description: 'here' }, kinds: { type: 'array', items: { enum: ['a', 'b'] } }, headers: { type: 'object', properties: {}, additionalProperties: { type: 'string' } } },
    $defs: { spot: { type: 'object', required: ['north'], properties: { north: { type: 'number', minimum: -90, maximum: 90 } }, description: 'there' } },
  };
  const more = schemaOfMore(schema);

  it('has what is not made by hand, through references', () => {
    expect(fieldsOf(more).map((field) => [field.name, field.kind, field.description])).toEqual([['spot', 'group', 'here'], ['kinds', 'choices', ''], ['headers', 'pairs', '']]);
    expect(fieldsOf(more)[1].choices).toEqual(['a', 'b']);
  });
  it('finds what is wrong inside a group', () => {
    expect(problemsOf(more, { spot: { north: 91 } })).toEqual({ 'spot.north': { key: 'most', limit: 90 } });
    expect(problemsOf(more, { spot: { other: 1 } })).toEqual({ 'spot.north': { key: 'required' } });
    expect(problemsOf(more, { headers: 'no pair' })).toEqual({ headers: { key: 'pairs' } });
  });
  it('keeps members that it does not know, and says no more than was said', () => {
    const config: JsonObject = { locale: 'de', future: { a: 1 }, viewport: { width: 1, height: 2, touch: false }, proxy: { url: 'http://a:1' } };
    expect(configOfFields(fieldsOfConfig(config), config)).toEqual(config);
  });
  it('knows where a problem is shown', () => {
    expect(['browser_config.memory_mb', 'browser_config.spot.north', 'name'].map(placeOfProblem)).toEqual(['memory_mb', 'more.spot.north', 'name']);
  });
  it('reads pairs by line', () => {
    expect(pairsOf('X-A: 1\n\nB:  two: 2 ')).toEqual({ 'X-A': '1', B: 'two: 2' });
    expect(pairsOf('X-A')).toBe('X-A');
    expect(pairsOf(' ')).toBeUndefined();
    expect(textOfPairs({ a: 'b', c: 'd' })).toBe('a: b\nc: d');
  });
});
