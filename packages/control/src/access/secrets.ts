import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** Where random bytes come from; tests give their own. */
export type RandomBytes = (size: number) => Buffer;

/** API tokens are recognisable, so that secret scanners and people find them in places where they shouldn't be. */
export const apiTokenPrefix = 'blt_';

/** 256 random bits as base64url, with a prefix that says what it is. */
export function newSecret(prefix: string, random: RandomBytes = randomBytes): string {
  return `${prefix}${random(32).toString('base64url')}`;
}

/**
 * What is stored of a secret. A plain hash is right for secrets that we made: 256 random bits can't be guessed,
 * so there is nothing that a slow hash would slow down.
 */
export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Compares two secrets in a time that does not depend on where they differ. */
export function sameSecret(given: string, expected: string): boolean {
  return timingSafeEqual(hashSecret(given), hashSecret(expected));
}
