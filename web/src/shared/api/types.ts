/**
 * The API's objects as the app names them: made of schema.d.ts, which is generated from /openapi.json. What the document
 * leaves open (JSON values, parts of statistics) is said here.
 */
import type { components } from './schema';

/** An answer holds every member; `Sharper` says more of some. */
type Answer<Name extends keyof components['schemas'], Sharper = object> = Omit<Required<components['schemas'][Name]>, keyof Sharper> & Sharper;

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type Role = components['schemas']['User']['role'];
export type ThreadStatus = components['schemas']['Thread']['status'];
export type EventLevel = components['schemas']['ThreadEvent']['level'];

export interface Page<T> {
  items: T[];
  total: number;
  page: number;
  size: number;
  pages: number;
}
export interface Cursor<T> {
  items: T[];
  next: string | null;
}
export interface Quota {
  /** null: a cap, nothing that is used up. */
  used: number | null;
  limit: number;
}

export type User = Answer<'User', { settings: JsonObject }>;
export type Me = Answer<'Me', { settings: JsonObject; quotas: Record<string, Quota> }>;
export type RoleLimits = Answer<'Role', { quotas: Record<string, number> }>;
export type Tokens = Omit<components['schemas']['Tokens'], 'user'>;
export type PublicConfig = Answer<'Config'>;
export type Model = Answer<'Model'>;
export type ModelTest = Answer<'ModelProviderTestResult', { error: { code: string; detail: string; hint: string } | null; duration_ms?: number; text?: string }>;
export type ModelPause = Answer<'ModelPause'>;
export interface Used {
  calls: number;
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
  cost_micro: number;
}
export type ModelUsage = Answer<
  'ModelUsage',
  {
    today: { tokens: number; tokens_limit: number; cost_micro: number; cost_limit: number };
    total: Used;
    by_day: (Used & { date: string })[];
    by_model: (Used & { model: string })[];
    by_user: (Used & { user_id: string | null; email: string | null })[];
  }
>;
export type ProviderModel = components['schemas']['ProviderModel'];
export type ModelProvider = Answer<'ModelProvider', { models: ProviderModel[] }>;
export type Preset = Answer<'Preset', { additional_config: JsonObject; agents_count: number }>;
/** An action of a model that waits for a person, or does not; what is missing fits anything. */
export interface ApprovalRule {
  action?: string;
  text?: string;
  url?: string;
  ask: boolean;
}
export type Agent = Answer<
  'Agent',
  { approvals: ApprovalRule[]; script: Json; input_schema: JsonObject | null; result_schema: JsonObject | null; browser_config: JsonObject }
>;
export type Revision = Answer<'Revision'>;
export type RevisionWhole = Answer<'RevisionWhole', { body: JsonObject; changes: Record<string, { from: Json; to: Json }> }>;
/** `script` (steps and scripts), `input_schema` and `result_schema` are what a new agent takes. */
export type ThreadScript = Omit<components['schemas']['ThreadScript'], 'steps' | 'scripts' | 'input_schema' | 'result_schema'> & { steps: JsonObject[]; scripts?: JsonObject; input_schema: JsonObject; result_schema?: JsonObject };
export type Thread = Answer<'Thread', { inputs: JsonObject; results: Json; usage: JsonObject }>;
export type ThreadBrief = Pick<
  Thread,
  'id' | 'agent_id' | 'agent_name' | 'status' | 'reason' | 'task' | 'queued_at' | 'start_time' | 'end_time' | 'execution_time_ms'
>;
export type Question = Answer<'Question', { fields: JsonObject[] | null; call: Json; answer: Json; choices: string[] | null; screenshot_id: string | null; link?: string }>;
export type LinkedQuestion = Answer<'LinkedQuestion', { fields: JsonObject[] | null; call: Json; choices: string[] | null }>;
export type ThreadEvent = Answer<'ThreadEvent', { data: JsonObject | null }>;
export type Credential = Answer<'Credential'>;
export type Session = Answer<'Session'>;
export type ApiKey = Omit<Answer<'ApiKey'>, 'key'>;
export type NewApiKey = ApiKey & { key: string };
export type Dashboard = Answer<
  'Dashboard',
  {
    threads: { by_status: Partial<Record<ThreadStatus, number>>; today: number; total: number; success_rate: number | null };
    series: { date: string; completed: number; error: number; stopped: number }[];
    durations: { p50_ms: number | null; p95_ms: number | null };
    agents: { total: number; active: number };
    models: { tokens: number; cost_micro: number; series: { date: string; tokens: number; cost_micro: number }[] };
    browsers: { active: number; warm: number; max: number } | null; // null: the engine does not answer
    recent: ThreadBrief[];
    top_agents: { id: string; name: string; threads: number; completed: number; failed: number }[];
  }
>;

export interface Artifact {
  id: string;
  kind: 'screenshot' | 'download' | 'other';
  name: string;
  media_type: string;
  size: number;
  created_at: string;
}
export interface Browser {
  id: string;
  state: string;
  thread_id: string | null;
  cdp_url: string;
  live_url: string;
  created_at: string;
  expires_at: string | null;
}
