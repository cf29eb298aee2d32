import type { TokenClaims } from '../../contract/grants.ts';

/**
 * When a token was made, in milliseconds since 1970. Its `iat` has seconds only; its id is a UUIDv7, which has
 * milliseconds, and is believed when it falls into that second: so a token that is issued right after a revocation holds.
 */
export function issuedAt(claims: Pick<TokenClaims, 'iat' | 'jti'>): number {
  const ms = Number.parseInt(claims.jti.replaceAll('-', '').slice(0, 12), 16);
  return Math.floor(ms / 1_000) === claims.iat ? ms : claims.iat * 1_000;
}
