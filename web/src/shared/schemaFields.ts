/** The part of JSON Schema that a form can show; everything else is a field of JSON text. */
import type { Json, JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';

export interface SchemaField {
  name: string;
  title: string;
  description: string;
  required: boolean;
  kind: 'text' | 'long' | 'number' | 'switch' | 'choice' | 'list' | 'json';
  input: string;
  whole: boolean;
  choices: string[];
  initial: Json | undefined;
  schema: JsonObject;
}

const INPUTS: Record<string, string> = { email: 'email', uri: 'url', url: 'url', date: 'date', time: 'time', password: 'password' };
const LONG_TEXT = 200;

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

const kindOf = (schema: JsonObject): SchemaField['kind'] => {
  if (Array.isArray(schema.enum)) return 'choice';
  if (schema.type === 'boolean') return 'switch';
  if (schema.type === 'number' || schema.type === 'integer') return 'number';
  if (schema.type === 'array' && isObject(schema.items) && schema.items.type === 'string') return 'list';
  if (schema.type === 'string') return textOf(schema.format) === 'multiline' || Number(schema.maxLength) > LONG_TEXT ? 'long' : 'text';
  return schema.type === undefined ? 'text' : 'json';
};

export const fieldsOf = (schema: JsonObject | null): SchemaField[] => {
  if (!schema || !isObject(schema.properties)) return [];
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(schema.properties).flatMap(([name, part]) =>
    isObject(part)
      ? [
          {
            name,
            title: textOf(part.title) || name,
            description: textOf(part.description),
            required: required.includes(name),
            kind: kindOf(part),
            input: INPUTS[textOf(part.format)] ?? 'text',
            whole: part.type === 'integer',
            choices: Array.isArray(part.enum) ? part.enum.map(String) : [],
            initial: part.default,
            schema: part,
          },
        ]
      : [],
  );
};

export const initialOf = (schema: JsonObject | null): JsonObject =>
  Object.fromEntries(fieldsOf(schema).flatMap((field) => (field.initial === undefined ? [] : [[field.name, field.initial]])));

/** Names of texts (schema.problem.*) by field; empty when the values will do. */
export const problemsOf = (schema: JsonObject | null, values: JsonObject): Record<string, { key: string; limit?: number }> => {
  const found: Record<string, { key: string; limit?: number }> = {};
  for (const field of fieldsOf(schema)) {
    const value = values[field.name];
    const problem = value === undefined ? (field.required && field.kind !== 'switch' ? { key: 'required' } : null) : problemOf(field, value);
    if (problem) found[field.name] = problem;
  }
  return found;
};

const problemOf = (field: SchemaField, value: Json): { key: string; limit?: number } | null => {
  const { minimum, maximum, minLength, maxLength, pattern } = field.schema;
  if (field.kind === 'number' && field.whole && !Number.isInteger(value)) return { key: 'whole' };
  if (typeof value === 'number' && typeof minimum === 'number' && value < minimum) return { key: 'least', limit: minimum };
  if (typeof value === 'number' && typeof maximum === 'number' && value > maximum) return { key: 'most', limit: maximum };
  if (field.kind === 'json' && typeof value === 'string') return { key: 'json' };
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
