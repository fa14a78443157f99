import type { Json, JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';

export interface ResultTable {
  name: string;
  columns: string[];
  rows: JsonObject[];
}

const isRows = (value: Json): value is JsonObject[] => Array.isArray(value) && value.length > 0 && value.every((item) => isObject(item));

const tableOf = (name: string, rows: JsonObject[]): ResultTable => ({ name, rows, columns: [...new Set(rows.flatMap((row) => Object.keys(row)))] });

/** The lists of objects among results, as tables. */
export const tablesOf = (results: Json): ResultTable[] => {
  if (isRows(results)) return [tableOf('', results)];
  return isObject(results) ? Object.entries(results).flatMap(([name, value]) => (isRows(value) ? [tableOf(name, value)] : [])) : [];
};

/** What is left beside the tables: single values. */
export const valuesOf = (results: Json): [string, Json][] => (isObject(results) ? Object.entries(results).filter(([, value]) => !isRows(value)) : []);

export const cellText = (value: Json | undefined): string => (value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value));
