/** additional_config as a form shows it: money in units, not in millionths. */
import type { Json, JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';
import { microOf, unitsOf } from '@/shared/price';

const COST = 'cost_micro';

const inLimits = (config: JsonObject, change: (limits: JsonObject) => JsonObject): JsonObject => (isObject(config.limits) ? { ...config, limits: change(config.limits) } : config);
const withCost = (limits: JsonObject, change: (cost: number) => Json): JsonObject => (typeof limits[COST] === 'number' ? { ...limits, [COST]: change(limits[COST]) } : limits);

export const shownConfig = (config: JsonObject): JsonObject => inLimits(config, (limits) => withCost(limits, unitsOf));
export const sentConfig = (shown: JsonObject): JsonObject => inLimits(shown, (limits) => withCost(limits, microOf));

/** The schema of what is shown. */
export const shownSchema = (schema: JsonObject | null): JsonObject | null => {
  const limits = isObject(schema?.properties) ? schema.properties.limits : null;
  if (!schema || !isObject(schema.properties) || !isObject(limits) || !isObject(limits.properties) || !isObject(limits.properties[COST])) return schema;
  const { minimum, maximum, ...rest } = limits.properties[COST];
  const cost = { ...rest, type: 'number', minimum: unitsOf(Number(minimum)), maximum: unitsOf(Number(maximum)) };
  return { ...schema, properties: { ...schema.properties, limits: { ...limits, properties: { ...limits.properties, [COST]: cost } } } };
};
