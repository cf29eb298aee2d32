import { expect, it } from 'vitest';
import { retryAfterMs } from './retry-after.ts';

const date = 'Fri, 27 Nov 2026 10:00:00 GMT';
const later = 'Fri, 27 Nov 2026 10:02:00 GMT';
const now = Date.parse(date);

it.each<[asked: string | undefined, sentAt: string | undefined, ms: number]>([
  ['120', undefined, 120_000],
  ['1.5', undefined, 1_500],
  [later, undefined, 120_000],
  // The server's clock is an hour ahead of ours; what it means is a minute.
  ['Fri, 27 Nov 2026 11:01:00 GMT', 'Fri, 27 Nov 2026 11:00:00 GMT', 60_000],
  [date, later, 0],
  ['-5', undefined, 0],
  ['soon', undefined, 0],
  ['1e400', undefined, 0],
  ['', undefined, 0],
  [undefined, undefined, 0],
])('Retry-After %j, sent at %j, asks for %d ms', (asked, sentAt, ms) =>
  expect(retryAfterMs(asked, sentAt, now)).toBe(ms),
);
