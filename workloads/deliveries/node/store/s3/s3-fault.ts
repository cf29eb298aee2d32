import { retryAfterMs } from '../../../contract/retry-after.ts';
import { kindOfStatus, networkFault, StoreFault } from '../store-fault.ts';

/** Codes of S3's errors that say more than their status does (AWS, "List of error codes"; MinIO's have an X). */
const kinds: Readonly<Record<string, StoreFault['kind']>> = {
  NoSuchUpload: 'gone',
  NoSuchKey: 'missing',
  NotFound: 'missing',
  NoSuchBucket: 'refused',
  BadDigest: 'damaged',
  InvalidDigest: 'damaged',
  IncompleteBody: 'damaged',
  XAmzContentSHA256Mismatch: 'damaged',
  InvalidPart: 'damaged',
  InvalidPartOrder: 'damaged',
  RequestTimeout: 'away',
  RequestTimeTooSkewed: 'away',
  SlowDown: 'away',
  ThrottlingException: 'away',
  ConditionalRequestConflict: 'away',
  OperationAborted: 'away',
  PreconditionFailed: 'taken',
  QuotaExceeded: 'full',
  XMinioStorageFull: 'full',
};

interface Answered extends Error {
  /** `clockSkewCorrected`: the client has found our clock to be wrong, and signs by the store's from now on. */
  readonly $metadata?: { readonly httpStatusCode?: number; readonly clockSkewCorrected?: boolean };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** What an error of the SDK means. An abort stays what it is. */
export function s3Fault(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (!(error instanceof Error)) return error;
  const { $metadata, $response, name } = error as Answered;
  const status = $metadata?.httpStatusCode;
  const known = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (status === undefined && known === undefined) {
    // Neither an answer nor a known fault of a connection: cut off in the middle of a body, or nonsense.
    return networkFault(error) ?? new StoreFault('away', error.message || name, { cause: error });
  }
  // A good status with an error is an answer that was cut off or is no S3 answer at all.
  const told = known ?? (status === undefined || status < 300 ? 'away' : kindOfStatus(status));
  // An answer to HEAD has no body to say that the time was wrong; the same signed anew may be taken.
  const kind = status === 403 && $metadata?.clockSkewCorrected ? 'damaged' : told;
  const { date, 'retry-after': asked } = $response?.headers ?? {};
  const words = name === 'Error' || name === 'UnknownError' ? error.message : `${name}: ${error.message}`;
  return new StoreFault(kind, `${status ?? ''} ${words}`.trim(), {
    cause: error,
    retryAfterMs: retryAfterMs(asked, date, Date.now()),
  });
}

/** Whether a store simply has no such operation or header. */
export function isUnsupported(fault: unknown): boolean {
  if (!(fault instanceof StoreFault) || !(fault.cause instanceof Error)) return false;
  const { $metadata, name } = fault.cause as Answered;
  const status = $metadata?.httpStatusCode;
  return status === 501 || status === 405 || name === 'NotImplemented';
}

/** Whether a store refuses to put parts together, because of what they are; with the one that it names, as AWS does. */
export function refusedPart(fault: unknown): { readonly number: number | undefined } | undefined {
  if (!(fault instanceof StoreFault) || !(fault.cause instanceof Error)) return undefined;
  const { name, PartNumber } = fault.cause as Error & { readonly PartNumber?: unknown };
  if (name !== 'InvalidPart' && name !== 'InvalidPartOrder') return undefined;
  const number = Number(PartNumber);
  return { number: Number.isInteger(number) && number > 0 ? number : undefined };
}
