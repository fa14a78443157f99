import { watchEffect } from 'vue';
import { useWaiting } from '@/shared/questions/waiting.store';

/** The document's title while a page is shown; before it stands how many threads wait for an answer. */
export const useTitle = (title: () => string): void => {
  const waiting = useWaiting();
  watchEffect(() => {
    const text = title();
    const count = waiting.count ? `(${waiting.count}) ` : '';
    document.title = `${count}${text ? `${text} · Replinet` : 'Replinet'}`;
  });
};
