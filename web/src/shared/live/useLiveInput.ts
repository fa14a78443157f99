import { onScopeDispose, ref, type Ref } from 'vue';
import { ESCAPE_MS, isWriting, keyMessage, mouseMessage, perFrame, toPage, wheelMessage, type Fit } from './live.input';
import type { LiveClientMessage } from './live.types';

interface Target {
  canvas: Ref<HTMLCanvasElement | null>;
  field: Ref<HTMLTextAreaElement | null>;
  fit: () => Fit;
  may: () => boolean;
  send: (message: LiveClientMessage) => void;
}

/** Mouse, wheel, keys and texts over the live picture while its keyboard is ours. Escape twice gives it back. */
export const useLiveInput = (target: Target) => {
  const focused = ref(false);
  const stream = perFrame(target.send);
  let escaped = 0;
  let composing = false;
  const held = new Map<string, KeyboardEvent>();

  const at = (event: MouseEvent) => toPage(target.fit(), event.offsetX, event.offsetY);
  const take = (event: Event): boolean => {
    if (!target.may()) return false;
    event.preventDefault();
    return true;
  };

  const onDown = (event: PointerEvent): void => {
    if (!take(event)) return;
    target.field.value?.focus({ preventScroll: true });
    target.canvas.value?.setPointerCapture(event.pointerId);
    stream.now(mouseMessage(event, 'down', at(event)));
  };
  const onUp = (event: PointerEvent): void => {
    if (take(event)) stream.now(mouseMessage(event, 'up', at(event)));
  };
  const onMove = (event: PointerEvent): void => {
    if (target.may()) stream.later(mouseMessage(event, 'move', at(event)));
  };
  const onWheel = (event: WheelEvent): void => {
    if (take(event)) stream.later(wheelMessage(event, at(event)));
  };

  const release = (): void => {
    for (const event of held.values()) target.send(keyMessage(event, 'up'));
    held.clear();
    target.field.value?.blur();
  };

  const isShortcut = (event: KeyboardEvent, key: string): boolean => (event.ctrlKey || event.metaKey) && !event.altKey && event.code === key;

  /** True when the key was for the app. */
  const ownKey = (event: KeyboardEvent): boolean => {
    if (event.key !== 'Escape') return false;
    const twice = event.timeStamp - escaped < ESCAPE_MS;
    escaped = event.timeStamp;
    if (twice) release();
    return twice;
  };

  const onKeyDown = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (!target.may() || ownKey(event)) return;
    // Pasting comes as an event with the text; copying asks the other side for its selection.
    if (isWriting(event) || isShortcut(event, 'KeyV')) return;
    event.preventDefault();
    if (isShortcut(event, 'KeyC') || isShortcut(event, 'KeyX')) target.send({ type: 'copy' });
    held.set(event.code, event);
    stream.now(keyMessage(event, 'down'));
  };
  const onKeyUp = (event: KeyboardEvent): void => {
    event.stopPropagation();
    if (!target.may() || !held.delete(event.code)) return;
    event.preventDefault();
    stream.now(keyMessage(event, 'up'));
  };

  const flushField = (): void => {
    const field = target.field.value;
    if (!field?.value) return;
    if (target.may()) stream.now({ type: 'text', text: field.value });
    field.value = '';
  };
  const onInput = (): void => {
    if (!composing) flushField();
  };
  const onCompositionStart = (): void => {
    composing = true;
  };
  const onCompositionUpdate = (event: CompositionEvent): void => {
    if (target.may()) stream.now({ type: 'composition', text: event.data });
  };
  const onCompositionEnd = (): void => {
    composing = false;
    flushField();
  };
  const onPaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData('text/plain') ?? '';
    if (take(event) && text) stream.now({ type: 'text', text });
  };
  const onBlur = (): void => {
    focused.value = false;
    for (const event of held.values()) if (target.may()) target.send(keyMessage(event, 'up'));
    held.clear();
  };
  const onFocus = (): void => {
    focused.value = true;
  };

  onScopeDispose(() => held.clear());
  return {
    focused, release,
    mouse: { pointerdown: onDown, pointerup: onUp, pointermove: onMove, wheel: onWheel, contextmenu: (event: Event) => void take(event) },
    keyboard: {
      keydown: onKeyDown, keyup: onKeyUp, input: onInput, paste: onPaste, blur: onBlur, focus: onFocus,
      compositionstart: onCompositionStart, compositionupdate: onCompositionUpdate, compositionend: onCompositionEnd,
    },
  };
};
