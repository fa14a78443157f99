import type { Json, JsonObject } from '@/shared/api/types';

export const isObject = (value: Json | undefined | null): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Parses; undefined when the text is no JSON. */
export const readJson = (text: string): Json | undefined => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
};

export const readObject = (text: string): JsonObject | null => {
  const value = readJson(text);
  return isObject(value) ? value : null;
};

export const textOfJson = (value: Json | undefined): string => (value === undefined || value === null ? '' : JSON.stringify(value, null, 2));
