import { createHmac } from 'node:crypto';

/** A user name and password that a TURN server takes until `expiresAt`. */
export interface TurnCredentials {
  readonly username: string;
  readonly credential: string;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/**
 * Time-limited credentials after draft-uberti-behave-turn-rest-00, as coturn reads them with `use-auth-secret`: the
 * user name begins with the second at which it expires, the password is its HMAC under the shared secret. The server
 * keeps no accounts, and what leaks is of no use for long.
 */
export function turnCredentials(request: {
  readonly secret: string;
  /** Stands in the server's log. Colons are taken out: they separate. */
  readonly user: string;
  readonly ttlSeconds: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}): TurnCredentials {
  const expiresAt = Math.floor(request.now / 1_000) + request.ttlSeconds;
  const username = `${expiresAt}:${request.user.replaceAll(':', '-')}`;
  const credential = createHmac('sha1', request.secret).update(username).digest('base64');
  return { username, credential, expiresAt };
}
