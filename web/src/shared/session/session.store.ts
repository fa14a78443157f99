/**
 * Who is signed in. The access token lives in memory only; the refresh token is a cookie that scripts cannot read.
 * Tabs share one session: a lock lets one of them renew (the cookie rotates, a second use of the old one would end the
 * session), and a channel tells the others.
 */
import { computed, ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { api, useTokenSource } from '@/shared/api/client';
import { ApiError } from '@/shared/api/errors';
import type { Me, PublicConfig, Role, Tokens } from '@/shared/api/types';

interface Access {
  token: string;
  /** By this tab's performance clock: a wrong wall clock must not end sessions. */
  expiresAt: number;
}
type Notice = { kind: 'access'; token: string; expiresIn: number } | { kind: 'signed-out' };

const LOCK = 'replinet.session';
/** A token is renewed so long before its end, so that no request meets its last second. */
const MARGIN_MS = 20_000;
const RANKS: readonly Role[] = ['guest', 'free_user', 'pro_user', 'team_member', 'team_organizer', 'admin', 'super_admin'];

export const rankOf = (role: Role): number => RANKS.indexOf(role);
export const roles = RANKS;

/** On plain http there are no locks; then tabs renew each for themselves. */
const exclusively = async (work: () => Promise<string | null>): Promise<string | null> => {
  if (!window.isSecureContext) return work();
  let token: string | null = null;
  await navigator.locks.request(LOCK, async () => {
    token = await work();
  });
  return token;
};

export const useSession = defineStore('session', () => {
  const me = shallowRef<Me | null>(null);
  const config = shallowRef<PublicConfig | null>(null);
  const started = ref(false);
  /** Set when the session ended without the user asking for it. */
  const expired = ref(false);
  let access: Access | null = null;
  let renewal: Promise<string | null> | null = null;
  let starting: Promise<void> | null = null;
  const channel = 'BroadcastChannel' in window ? new BroadcastChannel(LOCK) : null;

  const isSignedIn = computed(() => me.value !== null);
  const isAdmin = computed(() => me.value !== null && rankOf(me.value.role) >= rankOf('admin'));

  const keep = (token: string, expiresIn: number): void => {
    access = { token, expiresAt: performance.now() + expiresIn * 1000 };
  };

  const forget = (): void => {
    access = null;
    me.value = null;
  };

  const announce = (notice: Notice): void => channel?.postMessage(notice);

  const take = (tokens: Tokens): void => {
    keep(tokens.access_token, tokens.expires_in);
    announce({ kind: 'access', token: tokens.access_token, expiresIn: tokens.expires_in });
  };

  const end = (): void => {
    if (me.value) expired.value = true;
    forget();
  };

  const refresh = async (refused: string | null): Promise<string | null> => {
    // Another tab may have renewed while this one waited for the lock.
    if (access && access.token !== refused && access.expiresAt - performance.now() > MARGIN_MS) return access.token;
    try {
      take(await api.post<Tokens>('/auth/refresh', {}, { anonymous: true }));
      return access!.token;
    } catch (error) {
      if (error instanceof ApiError && (error.status === 401 || error.status === 403)) {
        end();
        return null;
      }
      throw error;
    }
  };

  const renew = (refused: string | null): Promise<string | null> => {
    renewal ??= exclusively(() => refresh(refused)).finally(() => {
      renewal = null;
    });
    return renewal;
  };

  const current = async (): Promise<string | null> => {
    if (!access) return null;
    return access.expiresAt - performance.now() > MARGIN_MS ? access.token : renew(access.token);
  };

  useTokenSource({ current, renew });

  const loadMe = async (): Promise<void> => {
    me.value = await api.get<Me>('/users/me');
    expired.value = false;
  };

  const loadConfig = async (): Promise<PublicConfig> => {
    config.value ??= await api.get<PublicConfig>('/config', { anonymous: true });
    return config.value;
  };

  /** Takes up the session that the cookie holds, if any. A server that cannot be reached is an error, not a sign-out. */
  const start = (): Promise<void> => {
    starting ??= (async () => {
      if (await renew(null)) await loadMe();
      started.value = true;
    })().finally(() => {
      starting = null;
    });
    return starting;
  };

  const enter = async (path: string, body: unknown): Promise<void> => {
    take(await api.post<Tokens>(path, body, { anonymous: true }));
    await loadMe();
    started.value = true;
  };

  const signOut = async (everywhere = false): Promise<void> => {
    await api.post(everywhere ? '/auth/logout-all' : '/auth/logout').catch((error: unknown) => {
      // The session is over on this side whatever the server says; only "cannot reach it" is told.
      if (!(error instanceof ApiError) || error.isOffline) throw error;
    });
    forget();
    announce({ kind: 'signed-out' });
  };

  channel?.addEventListener('message', (message: MessageEvent<Notice>) => {
    if (message.data.kind === 'signed-out') forget();
    else keep(message.data.token, message.data.expiresIn);
  });

  return { me, config, started, expired, isSignedIn, isAdmin, start, enter, signOut, loadMe, loadConfig };
});
