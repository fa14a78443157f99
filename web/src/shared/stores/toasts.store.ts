import { ref } from 'vue';
import { defineStore } from 'pinia';

export interface Toast {
  id: number;
  kind: 'success' | 'error' | 'info';
  text: string;
  detail?: string;
}

const SHOWN_MS = { success: 4000, info: 5000, error: 9000 };
const MOST = 4;

export const useToasts = defineStore('toasts', () => {
  const toasts = ref<Toast[]>([]);
  let last = 0;

  const close = (id: number): void => {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  };

  const show = (kind: Toast['kind'], text: string, detail?: string): void => {
    const id = ++last;
    toasts.value = [...toasts.value.slice(1 - MOST), { id, kind, text, detail }];
    setTimeout(() => close(id), SHOWN_MS[kind]);
  };

  return {
    toasts,
    close,
    success: (text: string, detail?: string) => show('success', text, detail),
    info: (text: string, detail?: string) => show('info', text, detail),
    error: (text: string, detail?: string) => show('error', text, detail),
  };
});
