import { watchEffect } from 'vue';

/** The document's title while a page is shown. */
export const useTitle = (title: () => string): void => {
  watchEffect(() => {
    const text = title();
    document.title = text ? `${text} · Replinet` : 'Replinet';
  });
};
