/**
 * Why something about a room failed. `code` never changes; texts for people belong to the page, which knows their
 * language.
 *
 * refused        the server said no: `reason` is its own code (`rooms_locked`, `unauthenticated` …)
 * timeout        no answer in time; the request may have taken effect
 * disconnected   there was no connection, or it ended before the answer came
 * closed         the room was left or closed
 * device         camera, microphone or screen: `reason` is the browser's name (`NotAllowedError` …)
 * unsupported    this browser can't do it
 */
export type RoomErrorCode = 'refused' | 'timeout' | 'disconnected' | 'closed' | 'device' | 'unsupported';

export class RoomError extends Error {
  readonly code: RoomErrorCode;
  /** The server's code or the browser's name of the failure. */
  readonly reason: string | undefined;
  /** HTTP-like number of a refusal, as protoo carries it. */
  readonly status: number | undefined;

  constructor(
    code: RoomErrorCode,
    message: string,
    more: { reason?: string; status?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? {} : { cause: more.cause });
    this.name = 'RoomError';
    this.code = code;
    this.reason = more.reason;
    this.status = more.status;
  }
}
