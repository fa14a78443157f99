import { onScopeDispose, type ShallowRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { ApiError } from '@/shared/api/errors';
import type { Agent } from '@/shared/api/types';
import { useLoaded } from '@/shared/composables/useRecord';
import { useUserFeed } from '@/shared/realtime/useFeed';
import { useToasts } from '@/shared/stores/toasts.store';
import { getAgent, updateAgent, type AgentInput } from './agents.api';

const RELOAD_MS = 500;

/** An agent that stays current, and saving parts of it without covering what somebody else has saved. */
export const useAgent = (id: () => string) => {
  const { t } = useI18n();
  const toasts = useToasts();
  const loaded = useLoaded<Agent>(id, getAgent);

  let timer: ReturnType<typeof setTimeout> | undefined;
  const reloadSoon = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void loaded.reload();
    }, RELOAD_MS);
  };
  onScopeDispose(() => clearTimeout(timer));
  useUserFeed((event) => {
    const mine = event.object_id === id() || event.data?.agent_id === id();
    if (mine && /^(agent|thread)\./.test(event.kind)) reloadSoon();
  }, reloadSoon);

  const save = async (input: AgentInput): Promise<void> => {
    const agent = loaded.value.value!;
    try {
      loaded.value.value = await updateAgent(agent.id, input, agent.revision);
      toasts.success(t('state.saved'));
    } catch (error) {
      if (error instanceof ApiError && error.isStale) await loaded.reload();
      throw error;
    }
  };
  return { agent: loaded.value as ShallowRef<Agent | null>, error: loaded.error, reload: loaded.reload, save };
};
export type SaveAgent = (input: AgentInput) => Promise<void>;
