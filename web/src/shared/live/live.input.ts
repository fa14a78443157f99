/** Turns what the person does over the picture into what the browser far away shall do. Pure but for its events. */
import type { LiveClientMessage, Modifier } from './live.types';

export interface Fit {
  /** The picture's place inside its box, in CSS pixels, and how many page pixels one of them is. */
  left: number;
  top: number;
  width: number;
  height: number;
  scale: number;
}

/** Letterbox: the whole page in the box, in the middle, never stretched. */
export const fitInside = (boxWidth: number, boxHeight: number, pageWidth: number, pageHeight: number): Fit => {
  const ratio = Math.min(boxWidth / pageWidth, boxHeight / pageHeight) || 1;
  const width = pageWidth * ratio;
  const height = pageHeight * ratio;
  return { left: (boxWidth - width) / 2, top: (boxHeight - height) / 2, width, height, scale: 1 / ratio };
};

export const toPage = (fit: Fit, x: number, y: number): { x: number; y: number } => ({
  x: Math.round(Math.min(Math.max(x - fit.left, 0), fit.width - 1) * fit.scale),
  y: Math.round(Math.min(Math.max(y - fit.top, 0), fit.height - 1) * fit.scale),
});

type WithModifiers = Pick<MouseEvent, 'altKey' | 'ctrlKey' | 'metaKey' | 'shiftKey'>;
export const modifiersOf = (event: WithModifiers): Modifier[] => {
  const held: [boolean, Modifier][] = [
    [event.altKey, 'Alt'],
    [event.ctrlKey, 'Control'],
    [event.metaKey, 'Meta'],
    [event.shiftKey, 'Shift'],
  ];
  return held.filter(([on]) => on).map(([, name]) => name);
};

const BUTTONS = ['left', 'middle', 'right'] as const;
const WHEEL_LINE = 40;
const WHEEL_PAGE = 600;

export const mouseMessage = (event: MouseEvent, kind: 'move' | 'down' | 'up', at: { x: number; y: number }): LiveClientMessage => ({
  type: 'mouse',
  event: kind,
  ...at,
  button: kind === 'move' ? 'none' : (BUTTONS[event.button] ?? 'none'),
  buttons: event.buttons & 7,
  clicks: kind === 'move' ? 0 : Math.min(Math.max(event.detail, 1), 3),
  delta_x: 0,
  delta_y: 0,
  modifiers: modifiersOf(event),
});

export const wheelMessage = (event: WheelEvent, at: { x: number; y: number }): LiveClientMessage => {
  const unit = [1, WHEEL_LINE, WHEEL_PAGE][event.deltaMode] ?? 1;
  return {
    type: 'mouse',
    event: 'wheel',
    ...at,
    button: 'none',
    buttons: event.buttons & 7,
    clicks: 0,
    delta_x: Math.round(event.deltaX * unit),
    delta_y: Math.round(event.deltaY * unit),
    modifiers: modifiersOf(event),
  };
};

/**
 * Keys that write something come in as text (input events of the hidden field: any layout, dead keys, input methods);
 * only those that do something are sent as keys.
 */
export const isWriting = (event: KeyboardEvent): boolean =>
  event.isComposing || event.key === 'Process' || event.key === 'Dead' || event.key === 'Unidentified' ||
  ([...event.key].length === 1 && !event.ctrlKey && !event.metaKey && !(event.altKey && !event.getModifierState('AltGraph')));

export const keyMessage = (event: KeyboardEvent, kind: 'down' | 'up'): LiveClientMessage => ({
  type: 'key',
  event: kind,
  key: event.key,
  code: event.code,
  key_code: event.keyCode, // what Chromium goes by for keys that do something
  ...(kind === 'down' && event.key === 'Enter' ? { text: '\r' } : {}),
  location: event.location,
  repeat: event.repeat,
  modifiers: modifiersOf(event),
});

const LOCAL = /^(localhost|[\d.]+|\[[\da-f:]+\])(:\d+)?([/?#]|$)/i;
const SCHEME = /^[a-z][a-z0-9+.-]*:(?!\d+([/?#]|$))/i;

/** What is typed as an address: a name's port is no scheme; numbers and this machine are rarely reached by TLS. */
export const addressOf = (typed: string): string => {
  const text = typed.trim();
  if (!text || SCHEME.test(text)) return text;
  return `${LOCAL.test(text) ? 'http' : 'https'}://${text}`;
};

/** Escape twice within this time gives the keyboard back to the app. */
export const ESCAPE_MS = 600;

/** At most one message of a kind per frame of the screen: moves and wheels are merged. */
export const perFrame = (send: (message: LiveClientMessage) => void) => {
  let waiting: LiveClientMessage | null = null;
  let asked = 0;
  const flush = (): void => {
    cancelAnimationFrame(asked);
    asked = 0;
    if (waiting) send(waiting);
    waiting = null;
  };
  const merge = (message: LiveClientMessage): LiveClientMessage => {
    if (message.type !== 'mouse' || message.event !== 'wheel' || waiting?.type !== 'mouse' || waiting.event !== 'wheel') return message;
    return { ...message, delta_x: message.delta_x + waiting.delta_x, delta_y: message.delta_y + waiting.delta_y };
  };
  return {
    later: (message: LiveClientMessage): void => {
      if (waiting?.type === 'mouse' && message.type === 'mouse' && waiting.event !== message.event) flush();
      waiting = merge(message);
      asked ||= requestAnimationFrame(flush);
    },
    now: (message: LiveClientMessage): void => {
      flush();
      send(message);
    },
  };
};
