import { api, newKey } from '@/shared/api/client';
import type { ModelPause, ModelProvider, ModelTest, ProviderModel } from '@/shared/api/types';

export interface ProviderInput {
  name: string;
  kind: ModelProvider['kind'];
  base_url: string;
  is_active: boolean;
  models: ProviderModel[];
  /** Left out: the one that is kept. */
  api_key?: string | null;
}

/** Those of the environment have no id and are read-only. */
export const isOwn = (provider: ModelProvider): boolean => provider.source === 'database';

export const listProviders = async (signal?: AbortSignal) => (await api.get<{ items: ModelProvider[] }>('/model-providers', { signal })).items;
export const createProvider = (input: ProviderInput) => api.post<ModelProvider>('/model-providers', input, { idempotencyKey: newKey() });
export const updateProvider = (provider: ModelProvider, input: Partial<ProviderInput>) => api.patch<ModelProvider>(`/model-providers/${provider.id}`, input, { revision: provider.revision ?? undefined });
export const deleteProvider = (provider: ModelProvider) => api.delete(`/model-providers/${provider.id}`, { revision: provider.revision ?? undefined });

/** A real call of its first model. */
export const testProvider = (provider: ModelProvider) => api.post<ModelTest>(`/model-providers/${provider.id ?? provider.name}/test`, {}, { timeoutMs: 120_000 });
export const getPause = (signal?: AbortSignal) => api.get<ModelPause>('/models/pause', { signal });
export const setPause = (paused: boolean) => api.put<ModelPause>('/models/pause', { paused });
