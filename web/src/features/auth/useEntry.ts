import { onMounted } from 'vue';
import { useI18n } from 'vue-i18n';
import { useRoute, useRouter } from 'vue-router';
import { useSession } from '@/shared/session/session.store';

const EMAIL = /^\S+@\S+$/;

/** What the pages before signing in share: checks, and where to go afterwards. */
export const useEntry = () => {
  const { t } = useI18n();
  const route = useRoute();
  const router = useRouter();
  const session = useSession();

  onMounted(() => void session.loadConfig().catch(() => undefined)); // the forms work without it

  const least = () => session.config?.password_min ?? 10;
  const email = (value: string) => (EMAIL.test(value.trim()) ? null : t('validation.email'));
  const password = (value: string) => (value.length >= least() ? null : t('validation.passwordMin', { count: least() }));

  /** Only a path of this app: an address in ?next= must not lead anywhere else. */
  const go = async (): Promise<void> => {
    const next = typeof route.query.next === 'string' ? route.query.next : '/';
    await router.replace(/^\/(?![/\\])/.test(next) ? next : '/');
  };
  return { session, email, password, least, go };
};
