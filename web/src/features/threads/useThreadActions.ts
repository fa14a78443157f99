import { ref } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRouter } from 'vue-router';
import type { Thread } from '@/shared/api/types';
import { useProblem } from '@/shared/composables/useProblem';
import { useConfirm } from '@/shared/stores/confirm.store';
import { useToasts } from '@/shared/stores/toasts.store';
import { deleteThread, retryThread, stopThread } from './threads.api';

/** Stop, retry, delete: with questions, progress and words about the outcome. */
export const useThreadActions = () => {
  const { t } = useI18n();
  const router = useRouter();
  const toasts = useToasts();
  const confirm = useConfirm();
  const { tell } = useProblem();
  const busy = ref('');

  const during = async (what: string, work: () => Promise<void>): Promise<void> => {
    busy.value = what;
    await work().catch(tell);
    busy.value = '';
  };
  const stop = (thread: Thread) =>
    during('stop', async () => {
      await stopThread(thread.id);
      toasts.info(t('threads.stopAsked'));
    });
  const retry = (thread: Thread) =>
    during('retry', async () => {
      const again = await retryThread(thread.id);
      toasts.success(t('threads.started'));
      await router.push({ name: 'thread', params: { id: again.id } });
    });
  const remove = async (thread: Thread): Promise<void> => {
    if (!(await confirm.ask({ title: t('threads.deleteTitle'), text: t('threads.deleteText'), action: t('action.delete'), danger: true }))) return;
    await during('delete', async () => {
      await deleteThread(thread.id);
      toasts.success(t('threads.deleted'));
      await router.replace({ name: 'threads' });
    });
  };
  return { busy, stop, retry, remove };
};
