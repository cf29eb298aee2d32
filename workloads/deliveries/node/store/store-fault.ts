import { Heard } from '../../contract/redact.ts';

/**
 * What a target's refusal or silence means for what to do next.
 *
 * away      can't be reached, answers that it is overloaded, or broke off: the same again, later
 * slow      it sends or takes next to nothing, however steadily: the same again, later
 * damaged   it says, or shows, that the bytes did not arrive as they were sent: the same again, at once
 * refused   it won't have us: settings, keys and rights have to change first
 * full      no room there
 * missing   no such file
 * taken     something stands under the name already
 * gone      it has forgotten what was begun: from the beginning
 */
export type FaultKind = 'away' | 'slow' | 'damaged' | 'refused' | 'full' | 'missing' | 'taken' | 'gone';

/**
 * A fault with a target. Its message is no more than its kind: what the target has said may hold secrets, and is told by
 * whoever knows them (`Redactor`).
 */
export class StoreFault extends Error {
  readonly kind: FaultKind;
  /** Why, in English, uncut. */
  readonly heard: Heard;
  /** What the target asked for (`Retry-After`), in milliseconds. */
  readonly retryAfterMs: number;

  constructor(
    kind: FaultKind,
    heard: string | Heard,
    options: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(kind, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'StoreFault';
    this.kind = kind;
    this.heard = typeof heard === 'string' ? new Heard(heard) : heard;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** By the status of an HTTP answer (RFC 9110; 507 is WebDAV's, RFC 4918 §11.5). */
export function kindOfStatus(status: number): FaultKind {
  if (status === 404) return 'missing';
  if (status === 412) return 'taken';
  if (status === 507 || status === 413) return 'full';
  // 408 and 425 ask for the same again; 423 is a lock that somebody holds for a while.
  if (status === 408 || status === 423 || status === 425 || status === 429 || status >= 500) return 'away';
  return 'refused';
}

/** Faults of the connection itself. @returns undefined for what is no fault of a network: our own mistakes */
export function networkFault(error: unknown): StoreFault | undefined {
  if (error instanceof StoreFault) return error;
  if (!(error instanceof Error)) return undefined;
  const code = codeOf(error);
  if (code === undefined) return undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT') return new StoreFault('full', error.message, { cause: error });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new StoreFault('refused', error.message, { cause: error });
  }
  // A certificate that is not trusted does not become so by waiting; a name that is not known may.
  if (/CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)/.test(code)) {
    return new StoreFault('refused', `its certificate is not trusted (${code})`, { cause: error });
  }
  return new StoreFault('away', error.message || code, { cause: error });
}

function codeOf(error: Error): string | undefined {
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code;
  if (error.name === 'TimeoutError') return 'ETIMEDOUT';
  const { cause } = error;
  return cause instanceof Error ? codeOf(cause) : undefined;
}
