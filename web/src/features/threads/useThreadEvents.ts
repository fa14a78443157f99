import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { useRealtime } from '@/shared/realtime/realtime.store';
import { threadEvents } from './threads.api';
import { takeStep } from './useSteps';
import type { Step, ThreadEvent } from './threads.types';

export interface ThreadLog {
  events: ShallowRef<ThreadEvent[]>;
  steps: ShallowRef<Step[]>;
  loading: Ref<boolean>;
  error: ShallowRef<unknown>;
  reload: () => Promise<void>;
}

const SHOW_MS = 120;

/** A thread's events: what was, by REST, then what comes, by WebSocket, in order and without a gap. */
export const useThreadEvents = (id: string, onNews: (event: ThreadEvent) => void): ThreadLog => {
  const events = shallowRef<ThreadEvent[]>([]);
  const steps = shallowRef<Step[]>([]);
  const loading = ref(true);
  const error = shallowRef<unknown>(null);
  const abort = new AbortController();
  const allEvents: ThreadEvent[] = [];
  const allSteps: Step[] = [];
  let last = 0;
  let stop: (() => void) | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const show = (): void => {
    timer = undefined;
    events.value = [...allEvents];
    steps.value = allSteps.map((step) => ({ ...step }));
  };
  /** Renders a few times a second however fast events come. */
  const showSoon = (): void => {
    timer ??= setTimeout(show, SHOW_MS);
  };

  const take = (event: ThreadEvent): boolean => {
    if (event.seq <= last) return false;
    last = event.seq;
    allEvents.push(event);
    takeStep(allSteps, event);
    showSoon();
    return true;
  };

  const catchUp = async (): Promise<void> => {
    for (;;) {
      const page = await threadEvents(id, last, abort.signal);
      page.items.forEach(take);
      if (!page.next || !page.items.length) return;
    }
  };

  const follow = (): void => {
    stop ??= useRealtime().listen(
      `thread:${id}`,
      (message) => {
        if (message.type === 'reset') return void reload();
        const event = message.data as unknown as ThreadEvent;
        if (take(event)) onNews(event);
      },
      last,
    );
  };

  const reload = async (): Promise<void> => {
    loading.value = true;
    try {
      await catchUp();
      error.value = null;
      if (!abort.signal.aborted) follow();
    } catch (problem) {
      if (!abort.signal.aborted) error.value = problem;
    } finally {
      loading.value = false;
    }
  };

  void reload();
  const stopLooking = useRealtime().whileDown(() => void reload());
  onScopeDispose(() => {
    abort.abort();
    stop?.();
    stopLooking();
    clearTimeout(timer);
  });
  return { events, steps, loading, error, reload };
};
