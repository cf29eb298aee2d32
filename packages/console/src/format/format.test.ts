import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatRate } from './bytes.ts';
import { formatClock, formatDuration } from './duration.ts';
import { formatCount, formatPercent } from './number.ts';
import { formatRelative, toMs } from './time.ts';

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [512, '512 B'],
    [1023, '1,023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [10 * 1024 ** 2, '10 MiB'],
    [1.456 * 1024 ** 3, '1.46 GiB'],
    [1024 ** 2 - 1, '1 MiB'],
    [null, '–'],
    [-1, '–'],
  ])('%s is written %s', (value, text) => expect(formatBytes(value)).toBe(text));

  it('never shows a number of 1024 or more before a unit that has a larger one', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1024 ** 5, noNaN: true }), (value) => {
        const shown = Number.parseFloat(formatBytes(value).replaceAll(',', ''));
        expect(shown).toBeLessThan(1024);
      }),
    );
  });

  it('puts the second behind rates only', () => {
    expect(formatRate(2048)).toBe('2 KiB/s');
    expect(formatRate(undefined)).toBe('–');
  });
});

describe('durations', () => {
  it.each([
    [0, '0 ms'],
    [420, '420 ms'],
    [999.7, '1 s'],
    [8_312, '8.3 s'],
    [9_960, '10 s'],
    [59_600, '1 min'],
    [252_000, '4 min 12 s'],
    [7_500_000, '2 h 5 min'],
    [3 * 86_400_000 + 4 * 3_600_000, '3 d 4 h'],
    [Number.NaN, '–'],
  ])('%s ms is written %s', (value, text) => expect(formatDuration(value)).toBe(text));

  it('is written without gaps in Chinese', () => expect(formatDuration(252_000, 'zh-CN')).toBe('4分 12秒'));

  it('never carries 60 of a unit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 ** 9 }), (value) => {
        expect(formatDuration(value)).not.toMatch(/\b60 (min|s)\b|\b24 h\b/);
      }),
    );
  });

  it('ticks like a clock', () => {
    expect(formatClock(7_900)).toBe('0:07');
    expect(formatClock(3_725_000)).toBe('1:02:05');
  });
});

describe('shares and counts', () => {
  it('does not call unfinished work 100 %', () => {
    expect(formatPercent(0.999)).toBe('99 %');
    expect(formatPercent(1)).toBe('100 %');
    expect(formatPercent(0.426, 'zh-CN')).toBe('43%');
  });

  it.each([
    [999, '999'],
    [9_999, '9999'],
    [12_345, '12.3k'],
    [123_456, '123k'],
    [1_234_567, '1.2M'],
  ])('%s is shortened to %s', (value, text) => expect(formatCount(value)).toBe(text));
});

describe('moments', () => {
  const now = Date.parse('2026-11-20T12:00:00Z');
  it.each([
    ['2026-11-20T11:59:30Z', '30 sec. ago'],
    ['2026-11-20T11:57:00Z', '3 min. ago'],
    ['2026-11-20T14:00:00Z', 'in 2 hr.'],
    ['2026-11-18T12:00:00Z', '2 days ago'],
  ])('%s is %s', (at, text) => expect(formatRelative(at, now)).toBe(text));

  it('reads what the API writes', () => {
    expect(toMs('2026-11-20T12:00:00Z')).toBe(now);
    expect(toMs(null)).toBeNull();
    expect(toMs('nonsense')).toBeNull();
  });
});
