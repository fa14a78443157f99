import { api, newKey, type Query } from '@/shared/api/client';
import type { Agent, Artifact, Credential, Cursor, JsonObject, Page, Preset, Question, Thread, ThreadEvent, ThreadScript } from '@/shared/api/types';
import type { Answer } from '@/shared/questions/questions.types';

export const listThreads = ({ status, ...query }: Query, signal?: AbortSignal) =>
  api.get<Page<Thread>>('/threads', { query: { ...query, status: String(status ?? '').split(',').filter(Boolean) }, signal });
export const getThread = (id: string, signal?: AbortSignal) => api.get<Thread>(`/threads/${id}`, { signal });
export const deleteThread = (id: string) => api.delete(`/threads/${id}`);
export const stopThread = (id: string) => api.post<Thread>(`/threads/${id}/stop`);
export const retryThread = (id: string) => api.post<Thread>(`/threads/${id}/retry`, undefined, { idempotencyKey: newKey() });
export const threadEvents = (id: string, after: number, signal?: AbortSignal) =>
  api.get<Cursor<ThreadEvent>>(`/threads/${id}/events`, { query: { after, limit: 1000 }, signal });
export const threadQuestions = async (id: string, signal?: AbortSignal) => (await api.get<{ items: Question[] }>(`/threads/${id}/questions`, { signal })).items;
export const answerQuestion = (id: string, question: string, answer: Answer) => api.post<Question>(`/threads/${id}/questions/${question}/answer`, answer);
export const threadArtifacts = async (id: string, signal?: AbortSignal) => (await api.get<{ items: Artifact[] }>(`/threads/${id}/artifacts`, { signal })).items;
export const artifactBlob = (id: string, signal?: AbortSignal) => api.blob(`/artifacts/${id}`, { signal, timeoutMs: 300_000 });
/** The whole run as one HTML file. */
export const traceBlob = (id: string) => api.blob(`/threads/${id}/trace.html`, { timeoutMs: 300_000 });
export const resultsBlob = (id: string, format: 'json' | 'csv') => api.blob(`/threads/${id}/results`, { query: { format } });
export const agentNames = async (signal?: AbortSignal) =>
  (await api.get<Page<{ id: string; name: string } & JsonObject>>('/agents', { query: { size: 100, sort: 'name' }, signal })).items;

/** What was done in an ended thread as a script; `parameters` are texts that become its inputs, by name. */
export const threadScript = (id: string, parameters: Record<string, string>, signal?: AbortSignal) =>
  api.get<ThreadScript>(`/threads/${id}/script`, { query: Object.keys(parameters).length ? { parameters: JSON.stringify(parameters) } : {}, signal });
/** What an agent that is made of a script begins with. */
export type ScriptAgent = Pick<Agent, 'name' | 'preset_id' | 'script' | 'input_schema' | 'result_schema' | 'browser_config'>;
export const createAgent = (input: ScriptAgent, key: string) => api.post<Agent>('/agents', input, { idempotencyKey: key });
export const getAgent = (id: string, signal?: AbortSignal) => api.get<Agent>(`/agents/${id}`, { signal });
export const allPresets = async (signal?: AbortSignal) => (await api.get<Page<Preset>>('/presets', { query: { size: 100, sort: 'name' }, signal })).items;
export const createScriptPreset = (name: string) => api.post<Preset>('/presets', { name, ai_model: 'script' }, { idempotencyKey: newKey() });
/** Gives an agent the credentials of these names; those that do not exist are passed over. */
export const linkCredentials = async (agent: string, names: readonly string[]) => {
  const { items } = await api.get<Page<Credential>>('/credentials', { query: { size: 100 } });
  for (const { id } of items.filter(({ name }) => names.includes(name))) await api.put<void>(`/agents/${agent}/credentials/${id}`);
};
