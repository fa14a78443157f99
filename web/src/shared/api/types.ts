/** The API's objects as the app names them. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export type Role = 'guest' | 'free_user' | 'pro_user' | 'team_member' | 'team_organizer' | 'admin' | 'super_admin';
export type ThreadStatus = 'queued' | 'starting' | 'running' | 'waiting' | 'stopping' | 'completed' | 'error' | 'stopped';
export type EventLevel = 'debug' | 'info' | 'warn' | 'error';

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
interface Stored {
  id: string;
  created_at: string;
  updated_at: string;
  revision: number;
}
export interface User extends Stored {
  email: string;
  name: string;
  role: Role;
  is_active: boolean;
  settings: JsonObject;
  last_seen_at: string | null;
}
export interface Quota {
  /** null: a cap, nothing that is used up. */
  used: number | null;
  limit: number;
}
export interface Me extends User {
  permissions: string[];
  quotas: Record<string, Quota>;
}
export interface Tokens {
  access_token: string;
  token_type: string;
  expires_in: number;
  user: User;
}
export interface PublicConfig {
  version: string;
  registration_open: boolean;
  password_min: number;
  languages: string[];
  script_only: boolean;
}
export interface Preset extends Stored {
  name: string;
  description: string;
  ai_model: string;
  temperature: number;
  max_tokens: number;
  system_prompt: string;
  additional_config: JsonObject;
  agents_count: number;
}
export interface Agent extends Stored {
  name: string;
  description: string;
  is_active: boolean;
  status: 'idle' | 'running' | 'error';
  personal_instructions: string;
  script: Json;
  input_schema: JsonObject | null;
  result_schema: JsonObject | null;
  browser_config: JsonObject;
  repeat_after_loss: boolean;
  preset_id: string;
  preset_name: string;
  threads_total: number;
  threads_completed: number;
  threads_failed: number;
  last_thread_at: string | null;
  credential_ids: string[];
}
export interface Revision {
  revision: number;
  created_at: string;
  body: JsonObject;
}
export interface ThreadBrief {
  id: string;
  agent_id: string | null;
  agent_name: string | null;
  status: ThreadStatus;
  reason: string;
  task: string;
  queued_at: string;
  start_time: string | null;
  end_time: string | null;
  execution_time_ms: number | null;
}
export interface Thread extends ThreadBrief, Stored {
  agent_revision: number;
  preset_revision: number;
  retry_of: string | null;
  inputs: JsonObject;
  error_message: string;
  browser_id: string | null;
  results: Json;
  usage: JsonObject;
  cost_micro: number;
}
export interface ThreadEvent {
  seq: number;
  time: string;
  kind: string;
  level: EventLevel;
  message: string;
  data: JsonObject | null;
}
export interface Artifact {
  id: string;
  kind: 'screenshot' | 'download' | 'other';
  name: string;
  media_type: string;
  size: number;
  created_at: string;
}
export interface Credential extends Stored {
  name: string;
  username: string;
  domains: string[];
  has_totp: boolean;
  agent_ids: string[];
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
export interface Session {
  id: string;
  created_at: string;
  last_used_at: string | null;
  expires_at: string;
  ip: string;
  user_agent: string;
  current: boolean;
}
export interface ApiKey {
  id: string;
  name: string;
  scopes: string[];
  created_at: string;
  last_used_at: string | null;
  expires_at: string | null;
}
export interface NewApiKey extends ApiKey {
  key: string;
}
export interface Dashboard {
  threads: { by_status: Partial<Record<ThreadStatus, number>>; today: number; total: number; success_rate: number | null };
  series: { date: string; completed: number; error: number; stopped: number }[];
  durations: { p50_ms: number | null; p95_ms: number | null };
  agents: { total: number; active: number };
  browsers?: { active: number; warm: number; max: number };
  recent: ThreadBrief[];
  top_agents: { id: string; name: string; threads: number; completed: number; failed: number }[];
}
