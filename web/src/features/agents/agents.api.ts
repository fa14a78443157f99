import { api, newKey, type Query } from '@/shared/api/client';
import type { Agent, Credential, JsonObject, Page, Preset, Revision, RevisionWhole, Thread } from '@/shared/api/types';

export type AgentInput = Partial<
  Pick<Agent, 'name' | 'description' | 'is_active' | 'personal_instructions' | 'script' | 'input_schema' | 'result_schema' | 'browser_config' | 'repeat_after_loss' | 'preset_id' | 'approvals'>
>;
export interface RunInput {
  task?: string;
  inputs?: JsonObject;
}

export const listAgents = (query: Query, signal?: AbortSignal) => api.get<Page<Agent>>('/agents', { query, signal });
export const getAgent = (id: string, signal?: AbortSignal) => api.get<Agent>(`/agents/${id}`, { signal });
export const createAgent = (input: AgentInput, key: string) => api.post<Agent>('/agents', input, { idempotencyKey: key });
export const updateAgent = (id: string, input: AgentInput, revision: number) => api.patch<Agent>(`/agents/${id}`, input, { revision });
export const deleteAgent = (agent: Agent) => api.delete(`/agents/${agent.id}`, { revision: agent.revision });
export const duplicateAgent = (id: string) => api.post<Agent>(`/agents/${id}/duplicate`, undefined, { idempotencyKey: newKey() });
export const agentRevisions = async (id: string, signal?: AbortSignal) => (await api.get<{ items: Revision[] }>(`/agents/${id}/revisions`, { signal })).items;
export const agentRevision = (id: string, revision: number, signal?: AbortSignal) => api.get<RevisionWhole>(`/agents/${id}/revisions/${revision}`, { signal });
/** Only when the agent is still as it was at `current`. */
export const restoreAgent = (id: string, revision: number, current: number) => api.post<Agent>(`/agents/${id}/revisions/${revision}/restore`, undefined, { revision: current });
export const startThread = (id: string, input: RunInput, key: string) => api.post<Thread>(`/agents/${id}/threads`, input, { idempotencyKey: key });
export const agentThreads = (id: string, query: Query, signal?: AbortSignal) => api.get<Page<Thread>>(`/agents/${id}/threads`, { query, signal });
export const linkCredential = (id: string, credential: string) => api.put<void>(`/agents/${id}/credentials/${credential}`);
export const unlinkCredential = (id: string, credential: string) => api.delete(`/agents/${id}/credentials/${credential}`);

export const allPresets = async (signal?: AbortSignal) => (await api.get<Page<Preset>>('/presets', { query: { size: 100, sort: 'name' }, signal })).items;
export const getPreset = (id: string, signal?: AbortSignal) => api.get<Preset>(`/presets/${id}`, { signal });
/** Whether there is any model that the user may use. */
export const hasModels = async (signal?: AbortSignal) => (await api.get<{ items: unknown[] }>('/models', { signal })).items.length > 0;
export const createScriptPreset = (name: string, description: string) => api.post<Preset>('/presets', { name, description, ai_model: 'script' }, { idempotencyKey: newKey() });
export const allCredentials = async (signal?: AbortSignal) => (await api.get<Page<Credential>>('/credentials', { query: { size: 100, sort: 'name' }, signal })).items;
export const scriptSchema = (signal?: AbortSignal) => api.get<JsonObject>('/schemas/script', { signal });
export const browserSchema = (signal?: AbortSignal) => api.get<JsonObject>('/schemas/browser_config', { signal });
