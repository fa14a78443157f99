/** One problem with one place of a request, in FastAPI's shape. */
export interface FieldProblem {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** What the API, or the way to it, answered instead of what was asked for. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string;
  readonly requestId: string;
  readonly problems: FieldProblem[];
  readonly retryAfterMs: number | null;

  constructor(
    status: number,
    code: string,
    text: string,
    more: { hint?: string; requestId?: string; problems?: FieldProblem[]; retryAfterMs?: number | null } = {},
  ) {
    super(text);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.hint = more.hint ?? '';
    this.requestId = more.requestId ?? '';
    this.problems = more.problems ?? [];
    this.retryAfterMs = more.retryAfterMs ?? null;
  }

  get isOffline(): boolean {
    return this.status === 0;
  }

  get isStale(): boolean {
    return this.status === 412;
  }

  /** Problems by the field that they belong to: "name", "settings.theme", "domains". */
  get fields(): Record<string, FieldProblem[]> {
    const found: Record<string, FieldProblem[]> = {};
    for (const problem of this.problems) {
      const [first, ...rest] = problem.loc;
      const parts = first === 'body' || first === 'query' || first === 'path' ? rest : problem.loc;
      const names = parts.filter((part, index) => typeof part === 'string' || index === 0).map(String);
      (found[names.join('.') || String(first)] ??= []).push(problem);
    }
    return found;
  }
}

export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

interface ErrorBody {
  detail?: string | FieldProblem[];
  code?: string;
  hint?: string;
  request_id?: string;
}

const retryAfterOf = (response: Response): number | null => {
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
};

/** The error that a response stands for. Bodies that are no JSON (a proxy's page) are not shown to anybody. */
export const errorOfResponse = async (response: Response): Promise<ApiError> => {
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  const problems = Array.isArray(body.detail) ? body.detail : [];
  const text = typeof body.detail === 'string' ? body.detail : (problems[0]?.msg ?? `HTTP ${response.status}`);
  return new ApiError(response.status, body.code ?? (problems.length ? 'validation' : `http_${response.status}`), text, {
    hint: body.hint ?? '',
    requestId: body.request_id ?? response.headers.get('X-Request-Id') ?? '',
    problems,
    retryAfterMs: retryAfterOf(response),
  });
};
