import type { Problem } from '@backlot/contract/errors/catalogue';
import { fill, type Language, type Phrase } from '@backlot/contract/phrase';
import { ApiError, UnexpectedAnswerError, UnreachableError } from '@backlot/sdk/errors';

/** What a page shows of an error: a sentence that says what to do, and whether trying again can help. */
export interface ShownProblem {
  readonly sentence: string;
  readonly code: string;
  readonly retryable: boolean;
  /** One for each place of the input that does not fit. */
  readonly issues: NonNullable<Problem['issues']>;
  /** Finds the log lines of this very request. */
  readonly requestId: string | undefined;
}

/** What no server says, because no answer came or none that we understand. */
const local = {
  unreachable: {
    en: 'The control plane does not answer. Running work goes on; this page tries again by itself.',
    'zh-CN': '控制面没有响应。正在运行的工作不受影响，本页会自动重试。',
  },
  timeout: {
    en: 'The control plane did not answer in time. Try again; if it stays so, look at its health.',
    'zh-CN': '控制面未能及时响应。请重试；如持续出现，请查看其健康状态。',
  },
  not_understood: {
    en: 'The answer is not what this page expects. The page may be older than the server: reload it.',
    'zh-CN': '响应内容与本页预期不符。页面版本可能较旧，请刷新。',
  },
  page_broken: {
    en: 'This part of the page has failed: {message} Reload it; if it stays so, report it with these words.',
    'zh-CN': '页面的这一部分出错：{message} 请刷新；如持续出现，请附上此信息反馈。',
  },
} as const satisfies Record<string, Phrase>;

/** Turns anything that was thrown into what a page shows. The server's sentences are in the page's language already. */
export function showProblem(error: unknown, language: Language): ShownProblem {
  const own = (code: keyof typeof local, retryable: boolean, params: Record<string, string> = {}) => ({
    sentence: fill(local[code], params, language),
    code: `console_${code}`,
    retryable,
    issues: [],
    requestId: undefined,
  });
  if (error instanceof ApiError) {
    const { detail, code, retryable, issues, requestId } = error.problem;
    // A proxy's bare 502 means the same as no answer at all.
    if (code === 'http_error' && retryable) return own('unreachable', true);
    return { sentence: detail, code, retryable, issues: issues ?? [], requestId };
  }
  if (error instanceof UnreachableError)
    return own(error.reason === 'timeout' ? 'timeout' : 'unreachable', true);
  if (error instanceof UnexpectedAnswerError) return own('not_understood', false);
  return own('page_broken', false, { message: error instanceof Error ? error.message : String(error) });
}

/** Whether asking again without any change can help; queries retry only then. */
export function isRetryable(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof ApiError && error.problem.retryable;
}

export function isUnauthenticated(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}
