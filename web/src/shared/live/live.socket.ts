/** The connection to a browser's screen: opens with a ticket, opens again after a break, gives frames and messages. */
import { api, socketUrl } from '@/shared/api/client';
import { ApiError } from '@/shared/api/errors';
import type { LiveClientMessage, LiveFrame, LiveServerMessage } from './live.types';

export type LiveKind = 'threads' | 'browsers';
export type LiveConnection = 'connecting' | 'open' | 'lost' | 'closed';
export interface LiveHandlers {
  onConnection: (state: LiveConnection) => void;
  onMessage: (message: LiveServerMessage) => void;
  /** Shows the frame; it is acknowledged when the promise is fulfilled, so a slow screen gets fewer. */
  onFrame: (frame: LiveFrame) => Promise<void>;
}

/** u32 seq, u16 x 4 sizes, u32 ms; big endian. */
const HEADER_BYTES = 16;
const BACKOFF_MS = [500, 1000, 2000, 4000, 8000];

export const parseFrame = (buffer: ArrayBuffer): LiveFrame | null => {
  if (buffer.byteLength <= HEADER_BYTES) return null;
  const view = new DataView(buffer);
  return {
    seq: view.getUint32(0),
    width: view.getUint16(4),
    height: view.getUint16(6),
    cssWidth: view.getUint16(8),
    cssHeight: view.getUint16(10),
    jpeg: new Uint8Array(buffer, HEADER_BYTES),
  };
};

export const openLive = (kind: LiveKind, id: string, handlers: LiveHandlers) => {
  let socket: WebSocket | null = null;
  let closed = false;
  let attempt = 0;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const send = (message: LiveClientMessage): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  const takeFrame = async (buffer: ArrayBuffer): Promise<void> => {
    const frame = parseFrame(buffer);
    if (!frame) return;
    await handlers.onFrame(frame).catch(() => undefined); // a frame that does not decode is passed over
    send({ type: 'ack', seq: frame.seq });
  };

  const close = (): void => {
    closed = true;
    clearTimeout(timer);
    socket?.close();
    handlers.onConnection('closed');
  };

  const receive = (data: string | ArrayBuffer): void => {
    if (typeof data !== 'string') return void takeFrame(data);
    const message = JSON.parse(data) as LiveServerMessage;
    handlers.onMessage(message);
    if (message.type === 'ended') close();
  };

  const retry = (): void => {
    if (closed) return;
    handlers.onConnection('lost');
    timer = setTimeout(() => void connect(), BACKOFF_MS[Math.min(attempt++, BACKOFF_MS.length - 1)]);
  };

  const open = (ticket: string): void => {
    const mine = new WebSocket(socketUrl(`/${kind}/${id}/live`, { ticket }));
    mine.binaryType = 'arraybuffer';
    socket = mine;
    mine.onopen = () => {
      attempt = 0;
      handlers.onConnection('open');
    };
    mine.onmessage = (event: MessageEvent<string | ArrayBuffer>) => receive(event.data);
    mine.onclose = () => {
      if (socket === mine) retry();
    };
  };

  const connect = async (): Promise<void> => {
    try {
      const { ticket } = await api.post<{ ticket: string }>('/auth/ticket', { purpose: 'live', id });
      if (!closed) open(ticket);
    } catch (error) {
      const isFinal = error instanceof ApiError && [403, 404, 409, 422].includes(error.status);
      if (isFinal) close();
      else retry();
    }
  };

  handlers.onConnection('connecting');
  void connect();
  return { send, close };
};
