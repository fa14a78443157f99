import { api } from '@/shared/api/client';
import type { ModelUsage } from '@/shared/api/types';

/** One's own, or everybody's for administrators. */
export const getUsage = (days: number, all: boolean, signal?: AbortSignal) => api.get<ModelUsage>('/usage', { query: { days, all }, signal });
