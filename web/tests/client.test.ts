import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, useTokenSource } from '@/shared/api/client';
import { ApiError } from '@/shared/api/errors';

const json = (status: number, body: unknown, headers: Record<string, string> = {}) => new Response(JSON.stringify(body), { status, headers });
const answers = (...list: (Response | Error)[]) => {
  const calls: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    calls.push({ url, init });
    const next = list[Math.min(calls.length - 1, list.length - 1)];
    if (next instanceof Error) throw next;
    return next.clone();
  });
  return calls;
};
const caught = async (work: Promise<unknown>): Promise<ApiError> => {
  const error = await work.then(() => null, (problem: unknown) => problem);
  expect(error).toBeInstanceOf(ApiError);
  return error as ApiError;
};
const headersOf = (call: { init: RequestInit }) => call.init.headers as Headers;

afterEach(() => {
  vi.unstubAllGlobals();
  useTokenSource({ current: async () => null, renew: async () => null });
});

describe('the API client', () => {
  it('sends token, request id, If-Match and Idempotency-Key', async () => {
    useTokenSource({ current: async () => 'abc', renew: async () => null });
    const calls = answers(json(200, { id: 1 }));
    await api.patch('/agents/1', { name: 'x' }, { revision: 7 });
    expect(headersOf(calls[0]).get('Authorization')).toBe('Bearer abc');
    expect(headersOf(calls[0]).get('If-Match')).toBe('"7"');
    expect(headersOf(calls[0]).get('X-Request-Id')).toBeTruthy();
    await api.post('/agents', {}, { idempotencyKey: 'k' });
    expect(headersOf(calls[1]).get('Idempotency-Key')).toBe('k');
  });
  it('leaves empty filters out of the address and repeats lists', async () => {
    const calls = answers(json(200, {}));
    await api.get('/threads', { query: { page: 1, search: '', status: ['error', 'stopped'], agent_id: null } });
    expect(calls[0].url).toBe('/api/v1/threads?page=1&status=error&status=stopped');
  });
  it('names the fields of a 422', async () => {
    answers(json(422, { detail: [{ loc: ['body', 'name'], msg: 'too long', type: 'string_too_long' }, { loc: ['body', 'domains', 0], msg: 'bad', type: 'value_error' }] }));
    const error = await caught(api.post('/agents', {}));
    expect(Object.keys(error.fields)).toEqual(['name', 'domains']);
    expect(error.fields.name[0].msg).toBe('too long');
  });
  it('renews a refused token once and asks again', async () => {
    useTokenSource({ current: async () => 'old', renew: async (refused) => (refused === 'old' ? 'new' : null) });
    const calls = answers(json(401, { detail: 'expired', code: 'token_expired' }), json(200, { ok: true }));
    expect(await api.get('/users/me')).toEqual({ ok: true });
    expect(headersOf(calls[1]).get('Authorization')).toBe('Bearer new');
  });
  it('repeats what may be repeated and nothing else', async () => {
    vi.useFakeTimers();
    const again = answers(new TypeError('down'), json(200, { ok: true }));
    const good = api.get('/agents');
    await vi.runAllTimersAsync();
    expect(await good).toEqual({ ok: true });
    expect(again.length).toBe(2);
    const once = answers(json(503, { detail: 'busy', code: 'unavailable' }));
    expect((await caught(api.post('/agents', {}))).status).toBe(503);
    expect(once.length).toBe(1);
    vi.useRealTimers();
  });
  it('shows nothing of an answer that is no JSON', async () => {
    answers(new Response('<html><script>alert(1)</script>', { status: 500 }));
    expect((await caught(api.post('/agents', {}))).message).toBe('HTTP 500');
  });
});
