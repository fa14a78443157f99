/** A paged list whose page, order and filters are the address's query, and which follows the user's feed. */
import { computed, onScopeDispose } from 'vue';
import { useRoute, useRouter, type LocationQueryRaw } from 'vue-router';
import type { Query } from '@/shared/api/client';
import type { Page } from '@/shared/api/types';
import { useUserFeed, type UserEvent } from '@/shared/realtime/useFeed';
import { useLoaded } from './useRecord';

export interface ListOptions<T> {
  load: (query: Query, signal: AbortSignal) => Promise<Page<T>>;
  /** Names of query parameters that are filters of this list. */
  filters?: readonly string[];
  sort?: string;
  size?: number;
  /** The feed's kinds that concern this list begin with one of these: "thread.". */
  topics?: readonly string[];
  /** Filters that are not in the address. */
  fixed?: () => Query;
  /** Takes an event in at once; the list is loaded anew a moment later all the same. */
  patch?: (item: T, event: UserEvent) => T;
}

const RELOAD_MS = 400;

const one = (value: unknown): string => (Array.isArray(value) ? String(value[0] ?? '') : String(value ?? ''));

export const useList = <T extends { id: string }>(options: ListOptions<T>) => {
  const route = useRoute();
  const router = useRouter();
  const names = ['page', 'search', 'sort', ...(options.filters ?? [])];
  const path = route.path;

  const query = computed<Query>(() => ({
    page: Number(one(route.query.page)) || 1,
    size: options.size ?? 20,
    sort: one(route.query.sort) || options.sort,
    search: one(route.query.search),
    ...Object.fromEntries((options.filters ?? []).map((name) => [name, one(route.query[name])])),
    ...options.fixed?.(),
  }));
  const loaded = useLoaded(
    () => (route.path === path ? JSON.stringify(query.value) : null),
    (_, signal) => options.load(query.value, signal),
    true,
  );

  const set = (changes: Record<string, string | number | null | undefined>): void => {
    const next: LocationQueryRaw = { ...route.query };
    if (!('page' in changes)) delete next.page;
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === undefined || value === '' || (name === 'page' && value === 1)) delete next[name];
      else next[name] = String(value);
    }
    void router.replace({ query: next });
  };

  const isFiltered = computed(() => names.some((name) => !['page', 'sort'].includes(name) && one(route.query[name]) !== ''));
  const clear = (): void => set(Object.fromEntries(names.map((name) => [name, null])));

  let timer: ReturnType<typeof setTimeout> | undefined;
  const reloadSoon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void loaded.reload();
    }, RELOAD_MS);
  };
  const takeIn = (event: UserEvent): void => {
    if (!options.topics?.some((topic) => event.kind.startsWith(topic))) return;
    const page = loaded.value.value;
    if (page && options.patch) loaded.value.value = { ...page, items: page.items.map((item) => options.patch!(item, event)) };
    reloadSoon();
  };
  if (options.topics) useUserFeed(takeIn, () => void loaded.reload());
  onScopeDispose(() => clearTimeout(timer));

  return {
    items: computed(() => loaded.value.value?.items ?? null),
    total: computed(() => loaded.value.value?.total ?? 0),
    pages: computed(() => loaded.value.value?.pages ?? 0),
    page: computed(() => Number(query.value.page)),
    sort: computed(() => String(query.value.sort ?? '')),
    search: computed(() => String(query.value.search ?? '')),
    filter: (name: string) => String(query.value[name] ?? ''),
    loading: loaded.loading,
    error: loaded.error,
    isFiltered,
    set,
    clear,
    reload: loaded.reload,
  };
};
