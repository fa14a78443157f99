import { describe, expect, it } from 'vitest';
import { addressOf, fitInside, isWriting, keyMessage, modifiersOf, toPage } from '@/shared/live/live.input';
import { parseFrame } from '@/shared/live/live.socket';

describe('the live view', () => {
  it('reads a frame', () => {
    const bytes = new Uint8Array([0, 0, 1, 2, 4, 0, 2, 0x80, 5, 0, 3, 0x20, 0, 0, 0, 9, 0xff, 0xd8]);
    expect(parseFrame(bytes.buffer)).toMatchObject({ seq: 258, width: 1024, height: 640, cssWidth: 1280, cssHeight: 800, jpeg: new Uint8Array([0xff, 0xd8]) });
    expect(parseFrame(new ArrayBuffer(16))).toBeNull();
  });
  it('letterboxes and finds the page below the pointer', () => {
    const fit = fitInside(800, 800, 1600, 800);
    expect(fit).toEqual({ left: 0, top: 200, width: 800, height: 400, scale: 2 });
    expect(toPage(fit, 400, 400)).toEqual({ x: 800, y: 400 });
    expect(toPage(fit, -5, 9999)).toEqual({ x: 0, y: 798 });
  });
  it('tells writing from doing', () => {
    const key = (init: KeyboardEventInit) => new KeyboardEvent('keydown', init);
    const plain = { getModifierState: () => false };
    const is = (init: KeyboardEventInit) => isWriting(Object.assign(key(init), plain));
    expect(is({ key: 'ж' })).toBe(true);
    expect(is({ key: 'Dead' })).toBe(true);
    expect(is({ key: 'Enter' })).toBe(false);
    expect(is({ key: 'a', ctrlKey: true })).toBe(false);
    expect(modifiersOf(key({ key: 'a', ctrlKey: true, shiftKey: true }))).toEqual(['Control', 'Shift']);
  });
  it('sends keys by the number that Chromium goes by', () => {
    const event = new KeyboardEvent('keydown', { key: 'Backspace', code: 'Backspace', keyCode: 8, repeat: true });
    expect(keyMessage(event, 'down')).toMatchObject({ key: 'Backspace', key_code: 8, repeat: true });
  });
  it.each([
    ['example.com', 'https://example.com'],
    [' example.com:8443/a ', 'https://example.com:8443/a'],
    ['localhost:3000', 'http://localhost:3000'],
    ['127.0.0.1:80/x?y', 'http://127.0.0.1:80/x?y'],
    ['http://example.com', 'http://example.com'],
    ['about:blank', 'about:blank'],
    ['', ''],
  ])('takes %s for an address', (typed, url) => expect(addressOf(typed)).toBe(url));
});
