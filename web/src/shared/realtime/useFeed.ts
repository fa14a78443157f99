import { onScopeDispose } from 'vue';
import type { JsonObject } from '@/shared/api/types';
import { useRealtime } from './realtime.store';

/** What the feed of a user tells: an object of some kind was made, changed or removed. */
export interface UserEvent {
  time: string;
  kind: string;
  object_id: string;
  data: JsonObject | null;
}

/** Follows the user's feed while the component lives. `onReset`: too much was missed, load anew. */
export const useUserFeed = (onEvent: (event: UserEvent) => void, onReset: () => void): void => {
  const realtime = useRealtime();
  const stop = realtime.listen('user', (message) => {
    if (message.type === 'reset') onReset();
    else onEvent(message.data as unknown as UserEvent);
  });
  const stopLooking = realtime.whileDown(onReset);
  onScopeDispose(() => {
    stop();
    stopLooking();
  });
};
