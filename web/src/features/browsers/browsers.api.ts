import { api, type Query } from '@/shared/api/client';
import type { Browser, Page } from '@/shared/api/types';

export interface BrowserInput {
  timeout_ms?: number;
  idle_ms?: number;
  memory_mb?: number;
  cpus?: number;
  allowed_domains?: string[];
  blocked_domains?: string[];
  proxy?: string;
}
export const listBrowsers = (query: Query, signal?: AbortSignal) => api.get<Page<Browser>>('/browsers', { query, signal });
export const getBrowser = (id: string, signal?: AbortSignal) => api.get<Browser>(`/browsers/${id}`, { signal });
export const createBrowser = (input: BrowserInput) => api.post<Browser>('/browsers', input, { timeoutMs: 120_000 });
export const deleteBrowser = (id: string) => api.delete(`/browsers/${id}`);
