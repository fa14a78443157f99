/** Reads JSON Schemas for the editor: what may stand at a place, and what is wrong with a value. */
import type { Json, JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';

export type Path = (string | number)[];
export interface Finding {
  path: Path;
  /** A text of schema.finding.*, and what goes into it. */
  key: 'unknown' | 'missing' | 'type' | 'choice' | 'least' | 'most' | 'none';
  values: Record<string, string>;
}
export interface Offer {
  name: string;
  description: string;
  schema: JsonObject;
}

const DEEPEST = 40;


/** Follows $ref and unfolds anyOf, oneOf, allOf: the plain schemas that may apply. */
export const unfold = (root: JsonObject, schema: Json | undefined, depth = 0): JsonObject[] => {
  if (!isObject(schema) || depth > DEEPEST) return [];
  if (typeof schema.$ref === 'string') return unfold(root, follow(root, schema.$ref), depth + 1);
  const parts = [schema.anyOf, schema.oneOf, schema.allOf].flatMap((list) => (Array.isArray(list) ? list : []));
  const plain = schema.properties || schema.type || schema.enum || schema.const !== undefined || schema.items ? [schema] : [];
  return [...plain, ...parts.flatMap((part) => unfold(root, part, depth + 1))];
};

const follow = (root: JsonObject, ref: string): Json | undefined =>
  ref
    .replace(/^#\/?/, '')
    .split('/')
    .filter(Boolean)
    .map((part) => decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<Json | undefined>((at, part) => (isObject(at) ? at[part] : undefined), root);

const step = (schema: JsonObject, part: string | number): Json[] => {
  if (typeof part === 'number') return schema.items === undefined ? [] : [schema.items];
  const named = isObject(schema.properties) ? schema.properties[part] : undefined;
  if (named !== undefined) return [named];
  return isObject(schema.additionalProperties) ? [schema.additionalProperties] : [];
};

export const schemasAt = (root: JsonObject, path: Path): JsonObject[] =>
  path.reduce<JsonObject[]>(
    (found, part) => found.flatMap((schema) => step(schema, part)).flatMap((next) => unfold(root, next)),
    unfold(root, root),
  );

/** Names that an object at `path` may have. */
export const namesAt = (root: JsonObject, path: Path): Offer[] => {
  const found = new Map<string, Offer>();
  for (const schema of schemasAt(root, path)) {
    for (const [name, part] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
      if (found.has(name) || !isObject(part)) continue;
      const target = unfold(root, part)[0] ?? part;
      const description = [part.description, target.description].find((text) => typeof text === 'string');
      found.set(name, { name, description: String(description ?? ''), schema: target });
    }
  }
  return [...found.values()];
};

/** Values that may stand at `path`, as JSON. */
export const choicesAt = (root: JsonObject, path: Path): string[] => [
  ...new Set(
    schemasAt(root, path).flatMap((schema) => {
      if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value));
      if (schema.const !== undefined) return [JSON.stringify(schema.const)];
      return schema.type === 'boolean' ? ['true', 'false'] : [];
    }),
  ),
];

const typeOf = (value: Json): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
};
const fits = (type: Json | undefined, value: Json): boolean => {
  if (type === undefined) return true;
  const actual = typeOf(value);
  return (Array.isArray(type) ? type : [type]).some((wanted) => wanted === actual || (wanted === 'number' && actual === 'integer'));
};

const checkObject = (root: JsonObject, schema: JsonObject, value: JsonObject, path: Path, depth: number): Finding[] => {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const missing = (Array.isArray(schema.required) ? schema.required : [])
    .filter((name) => !(String(name) in value))
    .map((name): Finding => ({ path, key: 'missing', values: { name: String(name) } }));
  const inside = Object.entries(value).flatMap(([name, item]): Finding[] => {
    const part = properties[name] ?? schema.additionalProperties;
    if (part === false) return [{ path: [...path, name], key: 'unknown', values: { name } }];
    return isObject(part) ? check(root, part, item, [...path, name], depth + 1) : [];
  });
  return [...inside, ...missing];
};

const checkPlain = (root: JsonObject, schema: JsonObject, value: Json, path: Path, depth: number): Finding[] => {
  if (!fits(schema.type, value)) return [{ path, key: 'type', values: { wanted: [schema.type].flat().join(', ') } }];
  if (Array.isArray(schema.enum) && !schema.enum.some((one) => one === value))
    return [{ path, key: 'choice', values: { wanted: schema.enum.map((one) => JSON.stringify(one)).join(', ') } }];
  if (typeof value === 'number' && typeof schema.minimum === 'number' && value < schema.minimum)
    return [{ path, key: 'least', values: { limit: String(schema.minimum) } }];
  if (typeof value === 'number' && typeof schema.maximum === 'number' && value > schema.maximum)
    return [{ path, key: 'most', values: { limit: String(schema.maximum) } }];
  if (Array.isArray(value)) return value.flatMap((item, index) => check(root, schema.items, item, [...path, index], depth + 1));
  return isObject(value) ? checkObject(root, schema, value, path, depth) : [];
};

const deepest = (findings: Finding[]): number => Math.max(...findings.map((finding) => finding.path.length));

/** Of alternatives that all refuse the value, the one that got furthest says why. */
const checkAny = (root: JsonObject, list: Json[], value: Json, path: Path, depth: number): Finding[] => {
  const tries = list.map((part) => check(root, part, value, path, depth + 1));
  if (!tries.length || tries.some((findings) => !findings.length)) return [];
  const best = Math.max(...tries.map(deepest));
  const close = tries.filter((findings) => deepest(findings) === best).sort((a, b) => a.length - b.length);
  return best === path.length && close.length > 1 ? [{ path, key: 'none', values: {} }] : close[0];
};

/** What is wrong with a value under a schema; empty when nothing is. */
export const check = (root: JsonObject, schema: Json | undefined, value: Json, path: Path = [], depth = 0): Finding[] => {
  if (!isObject(schema) || depth > DEEPEST) return [];
  if (typeof schema.$ref === 'string') return check(root, follow(root, schema.$ref), value, path, depth + 1);
  const any = [schema.anyOf, schema.oneOf].filter(Array.isArray);
  const all = Array.isArray(schema.allOf) ? schema.allOf : [];
  return [
    ...checkPlain(root, schema, value, path, depth),
    ...any.flatMap((list) => checkAny(root, list, value, path, depth)),
    ...all.flatMap((part) => check(root, part, value, path, depth + 1)),
  ];
};
