/** browser_config as fields of a form: what the form does not know is kept as it is. */
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
  width: number | null;
  height: number | null;
  user_agent: string;
  locale: string;
  timezone: string;
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

export const fieldsOfConfig = (config: JsonObject): BrowserFields => {
  const viewport = isObject(config.viewport) ? config.viewport : {};
  return {
    allowed_domains: listOf(config.allowed_domains),
    blocked_domains: listOf(config.blocked_domains),
    proxy: isObject(config.proxy) ? JSON.stringify(config.proxy) : textOf(config.proxy),
    profile: config.profile === 'keep',
    memory_mb: numberOf(config.memory_mb),
    cpus: numberOf(config.cpus),
    timeout_ms: numberOf(config.timeout_ms),
    idle_ms: numberOf(config.idle_ms),
    width: numberOf(viewport.width),
    height: numberOf(viewport.height),
    user_agent: textOf(config.user_agent),
    locale: textOf(config.locale),
    timezone: textOf(config.timezone),
  };
};

const isNothing = (value: unknown): boolean => value === null || value === '' || value === undefined || (Array.isArray(value) && !value.length);

/** A proxy that was an object stays one as long as its text is untouched. */
const proxyOf = (text: string, before: JsonObject) => (isObject(before.proxy) && JSON.stringify(before.proxy) === text ? before.proxy : text.trim());

export const configOfFields = (fields: BrowserFields, before: JsonObject): JsonObject => {
  const { width, height, profile, proxy, allowed_domains, blocked_domains, memory_mb, cpus, timeout_ms, idle_ms, user_agent, locale, timezone } = fields;
  const plain = { allowed_domains, blocked_domains, memory_mb, cpus, timeout_ms, idle_ms, user_agent, locale, timezone };
  const viewport = width && height ? { ...(isObject(before.viewport) ? before.viewport : {}), width, height } : null;
  const config = { ...before, ...plain, proxy: proxyOf(proxy, before), viewport, profile: profile ? 'keep' : null };
  return Object.fromEntries(Object.entries(config).filter(([, value]) => !isNothing(value))) as JsonObject;
};
