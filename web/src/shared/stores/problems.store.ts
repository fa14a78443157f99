import { shallowRef } from 'vue';
import { defineStore } from 'pinia';

/** A mistake of the app itself, which replaces the page that made it. */
export const useProblems = defineStore('problems', () => {
  const problem = shallowRef<unknown>(null);

  const report = (error: unknown): void => {
    problem.value = error;
    // eslint-disable-next-line no-console -- the one place where a mistake of the app reaches the console
    console.error(error);
  };
  const clear = (): void => {
    problem.value = null;
  };
  return { problem, report, clear };
});
