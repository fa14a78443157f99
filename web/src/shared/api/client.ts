/**
 * The one place that speaks HTTP with the API: bearer token, request id, deadline, retries of what may be repeated,
 * one silent renewal of an expired token. The session gives it tokens, so it knows nothing of stores.
 */
import { ApiError, errorOfResponse, isAbort } from './errors';

export type QueryValue = string | number | boolean | null | undefined | readonly string[];
export type Query = Record<string, QueryValue>;

export interface RequestOptions {
  query?: Query;
  body?: unknown;
  signal?: AbortSignal;
  /** The revision that an edit was made on; a newer one on the server refuses the edit with 412. */
  revision?: number;
  /** Lets a creating POST be repeated without creating twice. */
  idempotencyKey?: string;
  /** For what comes before signing in: sends no token and never renews. */
  anonymous?: boolean;
  timeoutMs?: number;
}

export interface TokenSource {
  /** A token that is good for a while yet, or null when nobody is signed in. */
  current(): Promise<string | null>;
  /** A new token after the server refused `refused`; null when the session is over. */
  renew(refused: string): Promise<string | null>;
}

const BASE = '/api/v1';
const TIMEOUT_MS = 30_000;
const ATTEMPTS = 3;
const REPEATABLE = new Set(['GET', 'HEAD', 'PUT', 'DELETE']);
const PASSING = new Set([502, 503, 504]);

let tokens: TokenSource = { current: async () => null, renew: async () => null };

export const useTokenSource = (source: TokenSource): void => {
  tokens = source;
};

export const newKey = (): string =>
  // randomUUID exists on https and localhost only; a self-hosted instance may be on plain http.
  window.isSecureContext
    ? crypto.randomUUID()
    : Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('aborted', 'AbortError'));
    });
  });

export const queryText = (query: Query | undefined): string => {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined || value === '') continue;
    for (const item of Array.isArray(value) ? value : [value]) search.append(name, String(item));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
};

const headersOf = (options: RequestOptions, token: string | null): Headers => {
  const headers = new Headers({ Accept: 'application/json', 'X-Request-Id': newKey() });
  if (token) headers.set('Authorization', `Bearer ${token}`);
  if (options.revision !== undefined) headers.set('If-Match', `"${options.revision}"`);
  if (options.idempotencyKey) headers.set('Idempotency-Key', options.idempotencyKey);
  if (options.body !== undefined && !(options.body instanceof Blob)) headers.set('Content-Type', 'application/json');
  return headers;
};

const bodyOf = (options: RequestOptions): BodyInit | undefined => {
  if (options.body === undefined) return undefined;
  return options.body instanceof Blob ? options.body : JSON.stringify(options.body);
};

const fetchOnce = async (method: string, path: string, options: RequestOptions, token: string | null): Promise<Response> => {
  const deadline = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
  try {
    return await fetch(`${BASE}${path}${queryText(options.query)}`, {
      method,
      signal,
      headers: headersOf(options, token),
      body: bodyOf(options),
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch (error) {
    if (options.signal?.aborted || isAbort(error)) throw error;
    throw new ApiError(0, 'network', 'The server cannot be reached.');
  }
};

const mayRepeat = (method: string, options: RequestOptions): boolean =>
  REPEATABLE.has(method) || options.idempotencyKey !== undefined;

const isPassing = (error: ApiError): boolean => error.status === 0 || PASSING.has(error.status);

const pauseMs = (attempt: number, error: ApiError): number =>
  Math.min(error.retryAfterMs ?? 300 * 2 ** attempt + Math.random() * 200, 5_000);

const withToken = async (method: string, path: string, options: RequestOptions): Promise<Response> => {
  const token = options.anonymous ? null : await tokens.current();
  const response = await fetchOnce(method, path, options, token);
  if (response.status !== 401 || options.anonymous || !token) return response;
  const renewed = await tokens.renew(token);
  return renewed ? fetchOnce(method, path, options, renewed) : response;
};

const respond = async (method: string, path: string, options: RequestOptions): Promise<Response> => {
  for (let attempt = 0; ; attempt++) {
    let problem: ApiError;
    try {
      const response = await withToken(method, path, options);
      if (response.ok) return response;
      problem = await errorOfResponse(response);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      problem = error;
    }
    if (attempt + 1 >= ATTEMPTS || !isPassing(problem) || !mayRepeat(method, options)) throw problem;
    await sleep(pauseMs(attempt, problem), options.signal);
  }
};

const asJson = async <T>(method: string, path: string, options: RequestOptions): Promise<T> => {
  const response = await respond(method, path, options);
  return (response.status === 204 || response.status === 202 ? undefined : await response.json()) as T;
};

export const api = {
  get: <T>(path: string, options: RequestOptions = {}) => asJson<T>('GET', path, options),
  post: <T>(path: string, body?: unknown, options: RequestOptions = {}) => asJson<T>('POST', path, { ...options, body }),
  put: <T>(path: string, body?: unknown, options: RequestOptions = {}) => asJson<T>('PUT', path, { ...options, body }),
  patch: <T>(path: string, body: unknown, options: RequestOptions = {}) => asJson<T>('PATCH', path, { ...options, body }),
  delete: (path: string, options: RequestOptions = {}) => asJson<void>('DELETE', path, options),
  blob: async (path: string, options: RequestOptions = {}): Promise<Blob> => (await respond('GET', path, options)).blob(),
};

/** An absolute ws:// or wss:// address of the API. */
export const socketUrl = (path: string, query: Query): string => {
  const url = new URL(`${BASE}${path}${queryText(query)}`, window.location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.href;
};
