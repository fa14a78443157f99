import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from 'vue';
import { isAbort } from '@/shared/api/errors';

export interface Loaded<T> {
  value: ShallowRef<T | null>;
  error: ShallowRef<unknown>;
  loading: Ref<boolean>;
  /** Loads anew; what is shown stays meanwhile. */
  reload: () => Promise<void>;
}

/** Loads something whenever `key` changes; a newer load cancels an older one. `keep`: what is shown stays until then. */
export const useLoaded = <T>(
  key: () => string | null,
  load: (key: string, signal: AbortSignal) => Promise<T>,
  keep = false,
): Loaded<T> => {
  const value = shallowRef<T | null>(null);
  const error = shallowRef<unknown>(null);
  const loading = ref(false);
  let abort = new AbortController();

  const reload = async (): Promise<void> => {
    const wanted = key();
    abort.abort();
    abort = new AbortController();
    const { signal } = abort;
    if (wanted === null) return;
    loading.value = true;
    try {
      const found = await load(wanted, signal);
      if (signal.aborted) return;
      value.value = found;
      error.value = null;
    } catch (problem) {
      if (!signal.aborted && !isAbort(problem)) error.value = problem;
    } finally {
      if (!signal.aborted) loading.value = false;
    }
  };

  watch(
    key,
    () => {
      if (!keep) value.value = null;
      error.value = null;
      void reload();
    },
    { immediate: true },
  );
  onScopeDispose(() => abort.abort());
  return { value, error, loading, reload };
};
