import { shallowRef } from 'vue';
import { defineStore } from 'pinia';

export interface Question {
  title: string;
  text: string;
  action: string;
  danger?: boolean;
}

/** One dialog for the whole app: `if (await confirm.ask({...}))`. */
export const useConfirm = defineStore('confirm', () => {
  const question = shallowRef<Question | null>(null);
  let settle: ((yes: boolean) => void) | null = null;

  const answer = (yes: boolean): void => {
    settle?.(yes);
    settle = null;
    question.value = null;
  };

  const ask = (asked: Question): Promise<boolean> => {
    answer(false);
    question.value = asked;
    return new Promise((resolve) => {
      settle = resolve;
    });
  };

  return { question, ask, answer };
});
