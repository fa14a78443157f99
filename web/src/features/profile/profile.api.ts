import { api } from '@/shared/api/client';
import type { ApiKey, JsonObject, Me, NewApiKey, Session } from '@/shared/api/types';

export interface ProfileInput {
  name?: string;
  email?: string;
  current_password?: string;
  settings?: JsonObject;
}
export const updateMe = (input: ProfileInput) => api.patch<Me>('/users/me', input);
export const changePassword = (current_password: string, new_password: string) => api.post<void>('/auth/password', { current_password, new_password });
export const listSessions = async (signal?: AbortSignal) => (await api.get<{ items: Session[] }>('/auth/sessions', { signal })).items;
export const endSession = (id: string) => api.delete(`/auth/sessions/${id}`);
export const listKeys = async (signal?: AbortSignal) => (await api.get<{ items: ApiKey[] }>('/auth/api-keys', { signal })).items;
export const createKey = (name: string, scopes: string[], expires_at: string | null) =>
  api.post<NewApiKey>('/auth/api-keys', { name, scopes, ...(expires_at ? { expires_at } : {}) });
export const deleteKey = (id: string) => api.delete(`/auth/api-keys/${id}`);
