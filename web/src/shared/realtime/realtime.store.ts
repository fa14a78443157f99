/**
 * One WebSocket for everything that changes by itself. Channels are subscribed while somebody listens; after a break
 * each resumes behind the last event that was seen, and `reset` tells listeners to load anew.
 */
import { computed, ref } from 'vue';
import { defineStore } from 'pinia';
import { api, socketUrl } from '@/shared/api/client';
import type { JsonObject } from '@/shared/api/types';

export type FeedMessage = { type: 'event'; seq: number; data: JsonObject } | { type: 'reset'; seq: number };
export type Listener = (message: FeedMessage) => void;

interface Channel {
  listeners: Set<Listener>;
  /** The last event seen; null: from now on. */
  seq: number | null;
}
interface ServerMessage {
  type: 'hello' | 'subscribed' | 'event' | 'reset' | 'error' | 'pong';
  channel?: string;
  seq?: number;
  data?: JsonObject;
  code?: string;
}

const PING_MS = 25_000;
const SILENCE_MS = 60_000;
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15000];
/** A break shorter than this is mended without a word. */
const PATIENCE_MS = 3000;
const LOOK_MS = 4000;

export const useRealtime = defineStore('realtime', () => {
  const connected = ref(false);
  const wanted = ref(false);
  const troubled = ref(false);
  const channels = new Map<string, Channel>();
  let socket: WebSocket | null = null;
  let attempt = 0;
  let heard = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let pulse: ReturnType<typeof setInterval> | undefined;
  let patience: ReturnType<typeof setTimeout> | undefined;

  const isOffline = computed(() => wanted.value && troubled.value);

  const send = (message: JsonObject): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  const subscribe = (name: string): void => {
    const seq = channels.get(name)?.seq ?? null;
    send(seq === null ? { op: 'subscribe', channel: name } : { op: 'subscribe', channel: name, after: seq });
  };

  const deliver = (channel: Channel, message: FeedMessage): void => {
    if (message.type === 'event' && channel.seq !== null && message.seq <= channel.seq) return;
    channel.seq = message.seq;
    for (const listener of channel.listeners) listener(message);
  };

  const receive = (message: ServerMessage): void => {
    const channel = message.channel ? channels.get(message.channel) : undefined;
    if (message.type === 'hello') for (const name of channels.keys()) subscribe(name);
    if (!channel || message.seq === undefined) return;
    if (message.type === 'subscribed') channel.seq ??= message.seq;
    if (message.type === 'event') deliver(channel, { type: 'event', seq: message.seq, data: message.data ?? {} });
    if (message.type === 'reset') deliver(channel, { type: 'reset', seq: message.seq });
  };

  const onOpen = (): void => {
    attempt = 0;
    connected.value = true;
    troubled.value = false;
    clearTimeout(patience);
    patience = undefined;
  };

  const onDown = (): void => {
    socket = null;
    connected.value = false;
    clearInterval(pulse);
    if (!wanted.value) return;
    patience ??= setTimeout(() => (troubled.value = !connected.value), PATIENCE_MS);
    const pause = BACKOFF_MS[Math.min(attempt++, BACKOFF_MS.length - 1)];
    clearTimeout(timer);
    timer = setTimeout(() => void connect(), pause * (0.75 + Math.random() / 2));
  };

  /** A connection that says nothing at all is dead, whatever the network stack believes. */
  const watchPulse = (mine: WebSocket): void => {
    heard = Date.now();
    pulse = setInterval(() => {
      if (Date.now() - heard > SILENCE_MS) mine.close();
      else send({ op: 'ping' });
    }, PING_MS);
  };

  const open = (ticket: string): void => {
    const mine = new WebSocket(socketUrl('/ws', { ticket }));
    socket = mine;
    mine.onopen = () => {
      onOpen();
      watchPulse(mine);
    };
    mine.onmessage = (message: MessageEvent<string>) => {
      heard = Date.now();
      receive(JSON.parse(message.data) as ServerMessage);
    };
    mine.onclose = () => {
      if (socket === mine) onDown();
    };
  };

  const connect = async (): Promise<void> => {
    if (!wanted.value || socket) return;
    try {
      const { ticket } = await api.post<{ ticket: string }>('/auth/ticket', { purpose: 'ws' });
      if (wanted.value && !socket) open(ticket);
    } catch {
      onDown();
    }
  };

  const start = (): void => {
    if (wanted.value) return;
    wanted.value = true;
    void connect();
  };

  const stop = (): void => {
    wanted.value = false;
    troubled.value = false;
    clearTimeout(timer);
    clearTimeout(patience);
    patience = undefined;
    socket?.close();
    channels.clear();
  };

  const retryNow = (): void => {
    attempt = 0;
    clearTimeout(timer);
    void connect();
  };

  /** Listens to a channel; `after` resumes behind an event that REST has delivered. Returns how to stop. */
  const listen = (name: string, listener: Listener, after: number | null = null): (() => void) => {
    let channel = channels.get(name);
    if (!channel) {
      channel = { listeners: new Set(), seq: after };
      channels.set(name, channel);
      channel.listeners.add(listener);
      subscribe(name);
    }
    channel.listeners.add(listener);
    return () => {
      const there = channels.get(name);
      if (!there) return;
      there.listeners.delete(listener);
      if (there.listeners.size) return;
      channels.delete(name);
      send({ op: 'unsubscribe', channel: name });
    };
  };

  /** While there is no connection (a proxy may let none through), listeners look for themselves now and then. */
  const whileDown = (look: () => void): (() => void) => {
    const watch = setInterval(() => {
      if (wanted.value && !connected.value && document.visibilityState === 'visible') look();
    }, LOOK_MS);
    return () => clearInterval(watch);
  };

  window.addEventListener('online', retryNow);

  return { connected, isOffline, start, stop, retryNow, listen, whileDown };
});
