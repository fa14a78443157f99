/**
 * Threads that wait for a person's word: how many (the navigation says so), and a notification of the browser's for each
 * new one, when the user wants them. Statuses come by the user's feed; the list is read once and after a gap.
 */
import { computed, ref } from 'vue';
import { defineStore } from 'pinia';
import { api } from '@/shared/api/client';
import type { JsonObject, Page, ThreadBrief } from '@/shared/api/types';
import { useRealtime } from '@/shared/realtime/realtime.store';
import { translate } from '@/shared/i18n';
import { askingReasons } from './questions.types';

const NOTIFY_KEY = 'replinet.notify';
const MOST = 100;

const isAsking = (thread: Pick<ThreadBrief, 'status' | 'reason'>): boolean => thread.status === 'waiting' && askingReasons.includes(thread.reason);

const canNotify = (): boolean => 'Notification' in window && window.isSecureContext;

/** What the user chose: "on", "off", null when they were never asked. Storage may be forbidden; then it holds for this visit. */
const recall = (): string | null => {
  try {
    return localStorage.getItem(NOTIFY_KEY);
  } catch {
    return null;
  }
};
const remember = (choice: 'on' | 'off'): void => {
  try {
    localStorage.setItem(NOTIFY_KEY, choice);
  } catch {
    // see recall
  }
};

export const useWaiting = defineStore('waiting', () => {
  const asking = ref<ReadonlySet<string>>(new Set());
  const wantsNotices = ref(canNotify() && Notification.permission === 'granted' && recall() === 'on');
  /** Worth asking about: they are possible, and the user has neither switched them on nor off. */
  const mayOffer = ref(canNotify() && Notification.permission !== 'denied' && recall() === null);
  let stop: (() => void) | null = null;
  const count = computed(() => asking.value.size);

  const load = async (): Promise<void> => {
    try {
      const { items } = await api.get<Page<ThreadBrief>>('/threads', { query: { status: ['waiting'], size: MOST } });
      asking.value = new Set(items.filter(isAsking).map((thread) => thread.id));
    } catch {
      // The number is a hint; the next event or reset mends it.
    }
  };

  const note = (thread: ThreadBrief): void => {
    if (isAsking(thread) === asking.value.has(thread.id)) return;
    const next = new Set(asking.value);
    if (!next.delete(thread.id)) next.add(thread.id);
    asking.value = next;
  };

  /** `question` is what the feed says of one that was just asked. */
  const notify = (question: JsonObject, show: (thread: string) => void): void => {
    if (!wantsNotices.value || document.visibilityState === 'visible') return;
    const notice = new Notification(translate(`question.kind.${String(question.kind)}`), { body: String(question.text ?? ''), tag: String(question.id) });
    notice.onclick = () => {
      window.focus();
      notice.close();
      show(String(question.thread_id));
    };
  };

  /** Follows the feed until `end`; `show` leads to a thread. */
  const start = (show: (thread: string) => void): void => {
    if (stop) return;
    void load();
    stop = useRealtime().listen('user', (message) => {
      if (message.type === 'reset') return void load();
      const { kind, object_id: id, data } = message.data as unknown as { kind: string; object_id: string; data: JsonObject | null };
      if (kind === 'thread.status' && data) note({ ...(data as unknown as ThreadBrief), id });
      if (kind === 'thread.deleted') note({ id, status: 'stopped', reason: '' } as ThreadBrief);
      if (kind === 'question.asked' && data) notify(data, show);
    });
  };
  const end = (): void => {
    stop?.();
    stop = null;
    asking.value = new Set();
  };

  /** Asks the browser for permission when it is switched on; says whether notices come now. */
  const setNotices = async (on: boolean): Promise<boolean> => {
    wantsNotices.value = on && canNotify() && (await Notification.requestPermission()) === 'granted';
    remember(wantsNotices.value ? 'on' : 'off');
    mayOffer.value = false;
    return wantsNotices.value;
  };

  return { asking, count, wantsNotices, mayOffer, canNotify: canNotify(), start, end, load, setNotices };
});
