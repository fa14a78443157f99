import { api, newKey, type Query } from '@/shared/api/client';
import type { Credential, Page } from '@/shared/api/types';

export interface CredentialInput {
  name: string;
  username: string;
  domains: string[];
  secret?: string;
  totp_secret?: string;
}
export const listCredentials = (query: Query, signal?: AbortSignal) => api.get<Page<Credential>>('/credentials', { query, signal });
export const createCredential = (input: CredentialInput) => api.post<Credential>('/credentials', input, { idempotencyKey: newKey() });
export const updateCredential = (id: string, input: Partial<CredentialInput>, revision: number) => api.patch<Credential>(`/credentials/${id}`, input, { revision });
export const deleteCredential = (credential: Credential) => api.delete(`/credentials/${credential.id}`, { revision: credential.revision });
