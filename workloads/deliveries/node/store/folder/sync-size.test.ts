import { expect, it } from 'vitest';
import { firstSync, nextSync } from './sync-size.ts';

const MiB = 1024 ** 2;

it.each([
  ['a quick one doubles', firstSync, 10, 2 * firstSync],
  ['up to 64 MiB', 64 * MiB, 10, 64 * MiB],
  ['one that is neither stays', MiB, 5_000, MiB],
  ['a long one halves', 64 * MiB, 60_000, 32 * MiB],
  ['down to where it began', firstSync, 60_000, firstSync],
])('the size of a sync: %s', (_what, bytes, tookMs, next) => expect(nextSync(bytes, tookMs)).toBe(next));
