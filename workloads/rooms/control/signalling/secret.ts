import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether somebody knows a secret, in a time that tells nothing about it. */
export function sameSecret(given: string, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(secret));
}
