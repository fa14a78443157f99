/** The part of JSON Schema that a form can show; everything else is a field of JSON text. */
import type { Json, JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';

export interface SchemaField {
  name: string;
  title: string;
  description: string;
  required: boolean;
  kind: 'text' | 'long' | 'number' | 'switch' | 'choice' | 'choices' | 'list' | 'group' | 'pairs' | 'json';
  input: string;
  whole: boolean;
  choices: string[];
  initial: Json | undefined;
  schema: JsonObject;
}

const INPUTS: Record<string, string> = { email: 'email', uri: 'url', url: 'url', date: 'date', time: 'time', password: 'password' };
const LONG_TEXT = 200;

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const partOf = (schema: JsonObject, name: string): JsonObject => (isObject(schema[name]) ? schema[name] : {});
const hasProperties = (schema: JsonObject): boolean => Object.keys(partOf(schema, 'properties')).length > 0;

/** `#/$defs/name` is replaced by what it names, whose own words yield to those beside the reference. */
const resolved = (part: JsonObject, root: JsonObject): JsonObject => {
  const name = textOf(part.$ref).match(/^#\/\$defs\/([^/]+)$/)?.[1];
  const target = name === undefined ? undefined : partOf(root, '$defs')[name];
  return isObject(target) && target.$ref === undefined ? { ...target, ...part, $ref: null } : part;
};

const kindOf = (schema: JsonObject): SchemaField['kind'] => {
  if (Array.isArray(schema.enum)) return 'choice';
  if (schema.type === 'array' && Array.isArray(partOf(schema, 'items').enum)) return 'choices';
  if (schema.type === 'object' && hasProperties(schema)) return 'group';
  if (schema.type === 'object' && partOf(schema, 'additionalProperties').type === 'string') return 'pairs';
  if (schema.type === 'boolean') return 'switch';
  if (schema.type === 'number' || schema.type === 'integer') return 'number';
  if (schema.type === 'array' && isObject(schema.items) && schema.items.type === 'string') return 'list';
  if (schema.type === 'string') return textOf(schema.format) === 'multiline' || Number(schema.maxLength) > LONG_TEXT ? 'long' : 'text';
  return schema.type === undefined ? 'text' : 'json';
};

const choicesOf = (schema: JsonObject): string[] => [schema.enum, partOf(schema, 'items').enum].flatMap((list) => (Array.isArray(list) ? list.map(String) : []));

const fieldOf = (name: string, part: JsonObject, required: boolean): SchemaField => ({
  name,
  title: textOf(part.title) || name,
  description: textOf(part.description),
  required,
  kind: kindOf(part),
  input: INPUTS[textOf(part.format)] ?? 'text',
  whole: part.type === 'integer',
  choices: choicesOf(part),
  initial: part.default,
  schema: part,
});

export const fieldsOf = (schema: JsonObject | null): SchemaField[] => {
  if (!schema || !isObject(schema.properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).flatMap(([name, part]) => (isObject(part) ? [fieldOf(name, resolved(part, schema), required.includes(name))] : []));
};

export const initialOf = (schema: JsonObject | null): JsonObject =>
  Object.fromEntries(fieldsOf(schema).flatMap((field) => (field.initial === undefined ? [] : [[field.name, field.initial]])));

export interface SchemaProblem {
  key: string;
  limit?: number;
}

/** Names of texts (schema.problem.*) by field, those of a group's fields by "group.field"; empty when the values will do. */
export const problemsOf = (schema: JsonObject | null, values: JsonObject): Record<string, SchemaProblem> => {
  const found: Record<string, SchemaProblem> = {};
  for (const field of fieldsOf(schema)) {
    const value = values[field.name];
    const inside = field.kind === 'group' && isObject(value) ? problemsOf(field.schema, value) : {};
    for (const [name, problem] of Object.entries(inside)) found[`${field.name}.${name}`] = problem;
    const problem = value === undefined ? (field.required && field.kind !== 'switch' ? { key: 'required' } : null) : problemOf(field, value);
    if (problem) found[field.name] = problem;
  }
  return found;
};

const problemOf = (field: SchemaField, value: Json): SchemaProblem | null => {
  const { minimum, maximum, minLength, maxLength, pattern } = field.schema;
  if (field.kind === 'number' && field.whole && !Number.isInteger(value)) return { key: 'whole' };
  if (typeof value === 'number' && typeof minimum === 'number' && value < minimum) return { key: 'least', limit: minimum };
  if (typeof value === 'number' && typeof maximum === 'number' && value > maximum) return { key: 'most', limit: maximum };
  if (field.kind === 'json' && typeof value === 'string') return { key: 'json' };
  if (field.kind === 'pairs' && typeof value === 'string') return { key: 'pairs' };
  if (typeof value !== 'string') return null;
  if (typeof minLength === 'number' && value.length < minLength) return { key: 'shortest', limit: minLength };
  if (typeof maxLength === 'number' && value.length > maxLength) return { key: 'longest', limit: maxLength };
  if (typeof pattern === 'string' && !matches(pattern, value)) return { key: 'pattern' };
  return null;
};

const matches = (pattern: string, value: string): boolean => {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true; // a pattern that this browser cannot read is the server's to check
  }
};

/** "Name: value" by line; the text itself as long as a line is no pair. */
export const pairsOf = (text: string): JsonObject | string | undefined => {
  const lines = text.split('\n').filter((line) => line.trim());
  const pairs = lines.map((line) => line.match(/^\s*([^:\s][^:]*?)\s*:\s*(.*?)\s*$/));
  if (!lines.length) return undefined;
  return pairs.every((pair) => pair !== null) ? Object.fromEntries(pairs.map(([, name, value]) => [name, value])) : text;
};
export const textOfPairs = (pairs: Json | undefined): string =>
  isObject(pairs) ? Object.entries(pairs).map(([name, value]) => `${name}: ${String(value)}`).join('\n') : textOf(pairs);
