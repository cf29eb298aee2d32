import { Problem } from '@backlot/contract/errors/catalogue';

/**
 * What the control plane answered instead of a result: a problem document (RFC 9457) with a stable `code`.
 * `message` is the sentence for a person, in the language that the client asked for.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly problem: Problem;
  /** Seconds after which the same call may succeed, from `Retry-After`. */
  readonly retryAfterS: number | undefined;

  constructor(problem: Problem, retryAfterS?: number) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfterS = retryAfterS;
  }

  get code(): string {
    return this.problem.code;
  }

  get status(): number {
    return this.problem.status;
  }
}

/** No answer came: nobody listens there, the connection broke, or the time was up. The call may or may not have worked. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly url: string;
  readonly reason: 'network' | 'timeout';

  constructor(url: string, reason: 'network' | 'timeout', cause: unknown) {
    super(
      reason === 'timeout'
        ? `${url} did not answer in time.`
        : `${url} can't be reached (${innermostMessage(cause)}).`,
      { cause },
    );
    this.url = url;
    this.reason = reason;
  }
}

/** An answer came that is not in the contract: another program listens there, or a release far from this one. */
export class UnexpectedAnswerError extends Error {
  override readonly name = 'UnexpectedAnswerError';
  readonly url: string;
  readonly status: number;

  constructor(url: string, status: number, why: string, cause?: unknown) {
    super(`${url} answered ${status} with something that is not part of this API: ${why}.`, { cause });
    this.url = url;
    this.status = status;
  }
}

/** Makes the error of an answer that is not a success. An answer without a problem document gets one from its status. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '');
  return new ApiError(parseProblem(text) ?? bareProblem(response), retryAfter(response.headers));
}

function parseProblem(text: string): Problem | undefined {
  try {
    return Problem.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** A proxy on the way answers without our documents; 502, 503 and 504 are its way of saying "not now". */
function bareProblem(response: Response): Problem {
  const words = `${response.status} ${response.statusText}`.trim();
  return {
    type: 'about:blank',
    title: words,
    status: response.status,
    detail: `${response.url} answered ${words}.`,
    code: 'http_error',
    retryable: response.status >= 502 && response.status <= 504,
  };
}

/** `Retry-After` in seconds; the date form (RFC 9110 §10.2.3) is turned into a distance. */
function retryAfter(headers: Headers): number | undefined {
  const value = headers.get('retry-after');
  if (value === null) return undefined;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds);
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}

/** `fetch failed` says nothing; what it wraps ("connect ECONNREFUSED 127.0.0.1:8080") does. */
function innermostMessage(error: unknown): string {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  if (current instanceof AggregateError && current.errors[0] instanceof Error)
    return current.errors[0].message;
  return current instanceof Error ? current.message || current.name : String(current);
}
