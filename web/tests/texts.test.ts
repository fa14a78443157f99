import fs from 'node:fs';
import path from 'node:path';
import { parse as parseSfc } from '@vue/compiler-sfc';
import { NodeTypes, type TemplateChildNode } from '@vue/compiler-core';
import { describe, expect, it } from 'vitest';
import en from '../src/shared/i18n/locales/en.json';
import ru from '../src/shared/i18n/locales/ru.json';

type Texts = { [key: string]: string | Texts };
const root = path.resolve(import.meta.dirname, '../src');
const sources = fs
  .readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(vue|ts)$/.test(name) && !name.endsWith('.d.ts'))
  .map((name) => ({ name, text: fs.readFileSync(path.join(root, name), 'utf8') }));

const flat = (texts: Texts, before = ''): Map<string, string> =>
  new Map(
    Object.entries(texts).flatMap(([key, value]) =>
      typeof value === 'string' ? [[before + key, value] as [string, string]] : [...flat(value, `${before}${key}.`)],
    ),
  );
const english = flat(en);
const russian = flat(ru);
const names = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

describe('texts', () => {
  it('are the same in both languages', () => {
    expect([...russian.keys()].sort()).toEqual([...english.keys()].sort());
  });
  it('take the same values in both languages', () => {
    for (const [key, text] of english) expect([key, ...names(russian.get(key) ?? '')]).toEqual([key, ...names(text)]);
  });
  it('are nowhere empty, and Russian ones are Russian', () => {
    const foreign = new Set(['field.id', 'field.userAgent', 'agents.proxyBad', 'auth.footer', 'agents.browser.proxyExample']);
    for (const [key, text] of russian) {
      const isWordless = !/\p{L}/u.test(text.replace(/\{\w+\}/g, ''));
      expect(text && (foreign.has(key) || isWordless || /[а-яё]/i.test(text)), `${key}: ${text}`).toBe(true);
    }
  });
  it('have every key that the sources name', () => {
    const missing = sources.flatMap(({ name, text }) =>
      [...text.matchAll(/(?:\$t|\bt|translate)\(\s*'([\w.-]+)'/g)].map((match) => match[1]).filter((key) => !english.has(key)).map((key) => `${name}: ${key}`),
    );
    expect(missing).toEqual([]);
  });
  it('are not written into templates', () => {
    expect(sources.flatMap(({ name, text }) => (name.endsWith('.vue') ? hardcoded(text).map((words) => `${name}: ${words}`) : []))).toEqual([]);
  });
});

/** Attributes that people read. */
const READ = new Set(['label', 'title', 'placeholder', 'hint', 'aria-label', 'alt', 'text', 'action']);
const WORDS = /\p{L}{2,}/u;
const NAMES = new Set(['Replinet', 'JSON', 'CSV']);

const hardcoded = (source: string): string[] => {
  const found: string[] = [];
  const visit = (node: TemplateChildNode): void => {
    if (node.type === NodeTypes.TEXT && WORDS.test(node.content) && !NAMES.has(node.content.trim())) found.push(node.content.trim());
    if (node.type === NodeTypes.ELEMENT) {
      for (const prop of node.props)
        if (prop.type === NodeTypes.ATTRIBUTE && READ.has(prop.name) && WORDS.test(prop.value?.content ?? '')) found.push(`${prop.name}="${prop.value?.content}"`);
      node.children.forEach(visit);
    }
  };
  parseSfc(source).descriptor.template?.ast?.children.forEach(visit);
  return found;
};
