import { onScopeDispose, ref, type Ref } from 'vue';

const clocks = new Map<number, { now: Ref<number>; users: number; timer: ReturnType<typeof setInterval> }>();

/** The time, renewed every `everyMs`; all users of one period share a timer. */
export const useNow = (everyMs = 15_000): Ref<number> => {
  let clock = clocks.get(everyMs);
  if (!clock) {
    const now = ref(Date.now());
    clock = { now, users: 0, timer: setInterval(() => (now.value = Date.now()), everyMs) };
    clocks.set(everyMs, clock);
  }
  const mine = clock;
  mine.users++;
  onScopeDispose(() => {
    if (--mine.users) return;
    clearInterval(mine.timer);
    clocks.delete(everyMs);
  });
  return mine.now;
};
