import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { storeErrors } from '@backlot/contract/errors/store';
import pg from 'pg';

/** What a failure of the database means to the caller. */
export type DatabaseFailure =
  /** Nobody answers, or the session was ended: the same call may succeed in a moment. */
  | 'unavailable'
  /** The server has no room to write: nothing was changed, and nothing will be until there is some. */
  | 'full'
  /** The server ended the statement at its time limit. */
  | 'timeout'
  /** Two transactions met; the loser may simply run again. */
  | 'collision'
  /** A statement that is wrong for the data: a constraint, a type. The caller's business. */
  | 'statement';

/**
 * Classes and codes of PostgreSQL's appendix A that mean "the server, not the statement": connection
 * exceptions, insufficient resources, operator intervention, and system errors.
 */
const AWAY = /^(08...|53000|53200|53300|57P0[1-5]|58...)$/;

/** Node's codes for a server that can't be reached; a missing socket file is a server that is not up. */
const AWAY_SYSTEM = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ENOENT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);

/** `pg` reports a broken connection by message only, without a code (its client.js and pg-pool's index.js). */
const AWAY_MESSAGE =
  /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|Connection ended unexpectedly|not queryable/;

const CLOSED_MESSAGE = /not currently accepting connections/;

/** Sorts an error that `pg` threw. */
export function judgeDatabaseError(error: unknown): DatabaseFailure {
  const code = errorCode(error);
  if (code === '40001' || code === '40P01') return 'collision';
  if (code === '53100') return 'full';
  // 57014 is also a cancel that we asked for; then the abort's own reason reaches the caller first.
  if (code === '57014' || code === '55P03' || code === '25P03') return 'timeout';
  if (code !== undefined && (AWAY.test(code) || AWAY_SYSTEM.has(code))) return 'unavailable';
  // The code of many wrong statements, and of a database that an administrator has closed for a while.
  if (code === '55000' && error instanceof Error && CLOSED_MESSAGE.test(error.message)) return 'unavailable';
  if (code === undefined && error instanceof Error) {
    if (AWAY_MESSAGE.test(error.message)) return 'unavailable';
    if (error.message === 'Query read timeout') return 'timeout';
  }
  return 'statement';
}

/** Whether the connection that failed must not be used again: it ended, or still waits for its answer. */
export function isConnectionLost(error: unknown): boolean {
  const failure = judgeDatabaseError(error);
  return failure === 'unavailable' || (failure === 'timeout' && errorCode(error) === undefined);
}

/**
 * The error that a caller gets: typed when the database is the cause, untouched when the statement is.
 * Losing the connection during COMMIT leaves the outcome open, which is said as such.
 */
export function toStoreError(error: unknown, duringCommit = false): unknown {
  if (error instanceof BacklotError) return error;
  const failure = judgeDatabaseError(error);
  if (failure === 'unavailable' || (failure === 'timeout' && duringCommit)) {
    return new BacklotError(duringCommit ? storeErrors.commit_unknown : kernelErrors.database_unavailable, {
      cause: error,
      retryAfterS: 2,
    });
  }
  if (failure === 'timeout')
    return new BacklotError(storeErrors.database_timeout, { cause: error, retryAfterS: 2 });
  return error;
}

/** Whether the statement broke a unique constraint (of that name, when one is given). */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return violates(error, '23505', constraint);
}

/** Whether the statement broke a CHECK (of that name, when one is given): over-commit, an impossible state. */
export function isCheckViolation(error: unknown, constraint?: string): boolean {
  return violates(error, '23514', constraint);
}

/** Whether the statement names a row that does not exist, or would orphan one. */
export function isForeignKeyViolation(error: unknown, constraint?: string): boolean {
  return violates(error, '23503', constraint);
}

function violates(error: unknown, code: string, constraint: string | undefined): boolean {
  if (!(error instanceof pg.DatabaseError) || error.code !== code) return false;
  return constraint === undefined || error.constraint === constraint;
}

function errorCode(error: unknown): string | undefined {
  if (error instanceof AggregateError) return errorCode(error.errors[0]); // every address of a host refused
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
