import { api } from '@/shared/api/client';
import type { Dashboard } from '@/shared/api/types';

export const getDashboard = (days: number, signal?: AbortSignal) => api.get<Dashboard>('/statistics/dashboard', { query: { days }, signal });
