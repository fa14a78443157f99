/** What the live view and the browser's keeper say to each other; docs of the protocol are the API's. */
export interface LiveTab {
  id: string;
  title: string;
  url: string;
  active: boolean;
}
export interface LiveState {
  type: 'state';
  tabs: LiveTab[];
  url: string;
  title: string;
  viewport: { width: number; height: number };
  control: { held: boolean; mine: boolean; by: string | null };
  run: 'running' | 'paused' | 'none';
}
export interface LiveDialog {
  id: number;
  kind: 'alert' | 'confirm' | 'prompt' | 'beforeunload';
  message: string;
  default?: string;
}
export interface LiveChooser {
  id: number;
  multiple: boolean;
}
export type LiveServerMessage =
  | LiveState
  | ({ type: 'chooser' } & LiveChooser)
  | ({ type: 'dialog' } & LiveDialog)
  | { type: 'dialog_closed'; id: number }
  | { type: 'clipboard'; text: string }
  | { type: 'error'; code: string; detail: string }
  | { type: 'ended'; reason: string; text: string };

export type Modifier = 'Alt' | 'Control' | 'Meta' | 'Shift';
export type LiveClientMessage =
  | { type: 'ack'; seq: number }
  | { type: 'watch'; max_width: number; max_height: number; quality: number }
  | { type: 'take_control' }
  | { type: 'return_control' }
  | { type: 'mouse'; event: 'move' | 'down' | 'up' | 'wheel'; x: number; y: number; button: 'none' | 'left' | 'middle' | 'right'; buttons: number; clicks: number; delta_x: number; delta_y: number; modifiers: Modifier[] }
  | { type: 'key'; event: 'down' | 'up'; key: string; code: string; key_code: number; text?: string; location: number; repeat: boolean; modifiers: Modifier[] }
  | { type: 'text'; text: string }
  | { type: 'composition'; text: string }
  | { type: 'copy' }
  | { type: 'navigate'; url: string }
  | { type: 'navigate'; action: 'back' | 'forward' | 'reload' | 'stop' }
  | { type: 'tab'; action: 'activate' | 'close'; id: string }
  | { type: 'tab'; action: 'new' }
  | { type: 'files'; chooser: number; names: string[] }
  | { type: 'dialog'; id: number; accept: boolean; text?: string };

export interface LiveFrame {
  seq: number;
  width: number;
  height: number;
  cssWidth: number;
  cssHeight: number;
  jpeg: Uint8Array<ArrayBuffer>;
}
