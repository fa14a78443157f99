import { api, newKey, type Query } from '@/shared/api/client';
import type { JsonObject, Model, Page, Preset, Revision, RevisionWhole } from '@/shared/api/types';

export type PresetInput = Pick<Preset, 'name' | 'description' | 'ai_model' | 'temperature' | 'max_tokens' | 'system_prompt' | 'additional_config'>;

export const listPresets = (query: Query, signal?: AbortSignal) => api.get<Page<Preset>>('/presets', { query, signal });
export const getPreset = (id: string, signal?: AbortSignal) => api.get<Preset>(`/presets/${id}`, { signal });
export const createPreset = (input: PresetInput) => api.post<Preset>('/presets', input, { idempotencyKey: newKey() });
export const updatePreset = (id: string, input: Partial<PresetInput>, revision: number) => api.patch<Preset>(`/presets/${id}`, input, { revision });
export const deletePreset = (preset: Pick<Preset, 'id' | 'revision'>) => api.delete(`/presets/${preset.id}`, { revision: preset.revision });
export const presetRevisions = async (id: string, signal?: AbortSignal) => (await api.get<{ items: Revision[] }>(`/presets/${id}/revisions`, { signal })).items;
export const presetRevision = (id: string, revision: number, signal?: AbortSignal) => api.get<RevisionWhole>(`/presets/${id}/revisions/${revision}`, { signal });
/** Only when the preset is still as it was at `current`. */
export const restorePreset = (id: string, revision: number, current: number) => api.post<Preset>(`/presets/${id}/revisions/${revision}/restore`, undefined, { revision: current });
export const allModels = async (signal?: AbortSignal) => (await api.get<{ items: Model[] }>('/models', { signal })).items;
export const configSchema = (signal?: AbortSignal) => api.get<JsonObject>('/schemas/additional_config', { signal });
