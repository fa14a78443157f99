/**
 * browser_config as fields of a form: a few by hand, the rest (`more`) as its schema tells, so that a new member has a field
 * by itself. What neither knows is kept as it is.
 */
import type { JsonObject } from '@/shared/api/types';
import { isObject } from '@/shared/json';

export interface BrowserFields {
  allowed_domains: string[];
  blocked_domains: string[];
  proxy: string;
  profile: boolean;
  memory_mb: number | null;
  cpus: number | null;
  timeout_ms: number | null;
  idle_ms: number | null;
  user_agent: string;
  locale: string;
  timezone: string;
  more: JsonObject;
}

const BY_HAND: ReadonlySet<string> = new Set(['allowed_domains', 'blocked_domains', 'proxy', 'profile', 'memory_mb', 'cpus', 'timeout_ms', 'idle_ms', 'user_agent', 'locale', 'timezone'] satisfies (keyof BrowserFields)[]);

const without = (members: JsonObject, left: ReadonlySet<string>): JsonObject => Object.fromEntries(Object.entries(members).filter(([name]) => !left.has(name)));

/** The schema's part that has no field made by hand. */
export const schemaOfMore = (schema: JsonObject | null): JsonObject | null =>
  schema && isObject(schema.properties) ? { ...schema, properties: without(schema.properties, BY_HAND) } : null;

/** Where a problem of the server's belongs: the field, or "more.geolocation.latitude". */
export const placeOfProblem = (path: string): string => {
  const inside = path.replace(/^browser_config\./, '');
  const [first] = inside.split('.');
  return inside === path ? path : BY_HAND.has(first) ? first : `more.${inside}`;
};

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export const fieldsOfConfig = (config: JsonObject): BrowserFields => ({
  allowed_domains: listOf(config.allowed_domains),
  blocked_domains: listOf(config.blocked_domains),
  proxy: isObject(config.proxy) ? JSON.stringify(config.proxy) : textOf(config.proxy),
  profile: config.profile === 'keep',
  memory_mb: numberOf(config.memory_mb),
  cpus: numberOf(config.cpus),
  timeout_ms: numberOf(config.timeout_ms),
  idle_ms: numberOf(config.idle_ms),
  user_agent: textOf(config.user_agent),
  locale: textOf(config.locale),
  timezone: textOf(config.timezone),
  more: without(config, BY_HAND),
});

const isNothing = (value: unknown): boolean => value === null || value === '' || value === undefined || (Array.isArray(value) && !value.length);

/** A proxy that was an object stays one as long as its text is untouched. */
const proxyOf = (text: string, before: JsonObject) => (isObject(before.proxy) && JSON.stringify(before.proxy) === text ? before.proxy : text.trim());

export const configOfFields = (fields: BrowserFields, before: JsonObject): JsonObject => {
  const { more, profile, proxy, ...plain } = fields;
  // "none" is the default: it is kept where it was written, and not written otherwise.
  const kept = profile ? 'keep' : before.profile === 'none' ? 'none' : null;
  const config = { ...more, ...plain, proxy: proxyOf(proxy, before), profile: kept };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => !isNothing(value))) as JsonObject;
};
