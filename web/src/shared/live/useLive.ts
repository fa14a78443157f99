import { onScopeDispose, ref, shallowRef, type Ref } from 'vue';
import { openLive, type LiveConnection, type LiveKind } from './live.socket';
import { fitInside, type Fit } from './live.input';
import type { LiveChooser, LiveClientMessage, LiveDialog, LiveFrame, LiveServerMessage, LiveState } from './live.types';

const BACKDROP = '#0c1114';

/** A browser's screen on a canvas, and what else its keeper tells. */
export const useLive = (kind: LiveKind, id: string, canvas: Ref<HTMLCanvasElement | null>, onClipboard: (text: string) => void, onProblem: (text: string) => void) => {
  const connection = ref<LiveConnection>('connecting');
  const state = shallowRef<LiveState | null>(null);
  const chooser = shallowRef<LiveChooser | null>(null);
  const dialog = shallowRef<LiveDialog | null>(null);
  const ended = shallowRef<{ reason: string; text: string } | null>(null);
  const hasPicture = ref(false);
  let picture: ImageBitmap | null = null;
  let page = { width: 1280, height: 800 };
  let fit: Fit = fitInside(1, 1, 1, 1);
  let drawn = 0;

  const draw = (): void => {
    const surface = canvas.value;
    const pen = surface?.getContext('2d');
    if (!surface || !pen) return;
    const density = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = surface;
    const [width, height] = [Math.round(clientWidth * density), Math.round(clientHeight * density)];
    if (surface.width !== width || surface.height !== height) Object.assign(surface, { width, height });
    fit = fitInside(clientWidth, clientHeight, page.width, page.height);
    pen.fillStyle = BACKDROP;
    pen.fillRect(0, 0, width, height);
    pen.imageSmoothingQuality = 'high';
    if (picture) pen.drawImage(picture, fit.left * density, fit.top * density, fit.width * density, fit.height * density);
  };

  const show = async (frame: LiveFrame): Promise<void> => {
    const next = await createImageBitmap(new Blob([frame.jpeg], { type: 'image/jpeg' }));
    // Two frames may decode at once; an older one must not cover a newer.
    if (frame.seq < drawn) return next.close();
    drawn = frame.seq;
    picture?.close();
    picture = next;
    page = { width: frame.cssWidth || frame.width, height: frame.cssHeight || frame.height };
    hasPicture.value = true;
    draw();
  };

  const watchSize = (): void => {
    const surface = canvas.value;
    if (!surface?.clientWidth) return;
    const density = Math.min(window.devicePixelRatio || 1, 2);
    live.send({ type: 'watch', max_width: Math.round(surface.clientWidth * density), max_height: Math.round(surface.clientHeight * density), quality: 75 });
  };

  const onMessage = (message: LiveServerMessage): void => {
    if (message.type === 'state') state.value = message;
    else if (message.type === 'chooser') chooser.value = message;
    else if (message.type === 'dialog') dialog.value = message;
    else if (message.type === 'dialog_closed') dialog.value = dialog.value?.id === message.id ? null : dialog.value;
    else if (message.type === 'clipboard') onClipboard(message.text);
    else if (message.type === 'error') onProblem(message.detail);
    else ended.value = message;
  };

  const live = openLive(kind, id, {
    onConnection: (now) => {
      connection.value = now;
      drawn = 0; // a new connection counts anew
      if (now === 'open') watchSize();
    },
    onMessage,
    onFrame: show,
  });

  const sizes = new ResizeObserver(() => {
    draw();
    watchSize();
  });
  const observe = (surface: HTMLCanvasElement): void => sizes.observe(surface);
  const answerDialog = (accept: boolean, text?: string): void => {
    if (dialog.value) live.send({ type: 'dialog', id: dialog.value.id, accept, ...(text === undefined ? {} : { text }) });
    dialog.value = null;
  };
  const answerChooser = (names: string[]): void => {
    if (chooser.value) live.send({ type: 'files', chooser: chooser.value.id, names });
    chooser.value = null;
  };

  onScopeDispose(() => {
    sizes.disconnect();
    live.close();
    picture?.close();
  });

  return {
    connection, state, chooser, dialog, ended, hasPicture, observe, answerDialog, answerChooser,
    fit: () => fit,
    send: (message: LiveClientMessage) => live.send(message),
  };
};
