import { api, newKey, type Query } from '@/shared/api/client';
import type { Artifact, Cursor, JsonObject, Page, Question, Thread, ThreadEvent } from '@/shared/api/types';
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
