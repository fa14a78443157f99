import { useI18n } from 'vue-i18n';
import { ApiError } from '@/shared/api/errors';
import { useToasts } from '@/shared/stores/toasts.store';

/** Errors as a person reads them: known codes in the user's language, else what the server says. */
export const useProblem = () => {
  const { t, te } = useI18n();
  const toasts = useToasts();

  const textOf = (error: unknown): string => {
    if (!(error instanceof ApiError)) return t('error.unexpected');
    if (te(`error.code.${error.code}`)) return t(`error.code.${error.code}`);
    if (te(`error.status.${error.status}`) && error.message.startsWith('HTTP ')) return t(`error.status.${error.status}`);
    return error.message;
  };
  const hintOf = (error: unknown): string => (error instanceof ApiError ? error.hint : '');
  const tell = (error: unknown): void => toasts.error(textOf(error), hintOf(error));
  return { textOf, hintOf, tell };
};
