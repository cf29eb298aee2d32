import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDuration, readSize, writeDuration, writeFlowDuration, writeSize } from './quantities.ts';

describe('quantities as people type them', () => {
  it.each([
    ['2h', 7_200_000],
    ['1h 30m', 5_400_000],
    ['90', 90_000],
    ['1.5 h', 5_400_000],
    ['10min', 600_000],
    ['500ms', 500],
    ['1d2h', 93_600_000],
    ['', undefined],
    ['soon', undefined],
    ['-1h', undefined],
    ['2 hours', undefined],
  ])('reads the duration %j as %s', (text, ms) => expect(readDuration(text)).toBe(ms));

  it.each([
    ['10 GB', 10e9],
    ['256MiB', 256 * 1024 ** 2],
    ['1.5 g', 1.5 * 1024 ** 3],
    ['4096', 4096],
    ['', undefined],
    ['10 apples', undefined],
  ])('reads the size %j as %s', (text, bytes) => expect(readSize(text)).toBe(bytes));

  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 ** 10 }), (value) => {
        expect(readDuration(writeDuration(value))).toBe(value);
        expect(readDuration(writeFlowDuration(value))).toBe(value);
        expect(writeFlowDuration(value)).toMatch(/^\d+(ms|s|m|h|d)$/);
        expect(readSize(writeSize(value))).toBe(value);
      }),
    );
  });
});
