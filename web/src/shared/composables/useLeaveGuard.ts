import { onBeforeUnmount, onMounted } from 'vue';
import { useI18n } from 'vue-i18n';
import { onBeforeRouteLeave } from 'vue-router';
import { useConfirm } from '@/shared/stores/confirm.store';

/** Asks before a page with unsaved changes is left. */
export const useLeaveGuard = (isDirty: () => boolean): void => {
  const { t } = useI18n();
  const confirm = useConfirm();

  onBeforeRouteLeave(async () =>
    !isDirty() || confirm.ask({ title: t('leave.title'), text: t('leave.text'), action: t('leave.action'), danger: true }),
  );
  const onUnload = (event: BeforeUnloadEvent): void => {
    if (isDirty()) event.preventDefault();
  };
  onMounted(() => window.addEventListener('beforeunload', onUnload));
  onBeforeUnmount(() => window.removeEventListener('beforeunload', onUnload));
};
