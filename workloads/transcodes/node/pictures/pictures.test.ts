import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PictureTime } from '../../contract.ts';
import { shotArguments, timeFilter } from './picture-arguments.ts';
import { clockOf, evenTimes, timeIn } from './picture-times.ts';

describe('times of pictures', () => {
  it.each([
    ['10%', 6_000],
    ['100%', 59_900],
    ['0', 0],
    ['12.5', 12_500],
    ['0:30', 30_000],
    ['0:00:45.250', 45_250],
    ['1:00:00', 59_900],
  ])('%s of a minute is %i ms', (text, expected) => {
    expect(PictureTime.safeParse(text).success).toBe(true);
    expect(timeIn(text, 60_000)).toBe(expected);
  });

  it.each(['', '-1', 'now', '1:2:3:4', '$(id)', '50 %', "1';id"])('%j is none', (text) => {
    expect(PictureTime.safeParse(text).success).toBe(false);
  });

  it('are inside the film, whatever is asked', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), fc.nat(200), (durationMs, percent) => {
        const at = timeIn(`${percent}%`, durationMs);
        expect(at).toBeGreaterThanOrEqual(0);
        expect(at).toBeLessThanOrEqual(durationMs);
      }),
    );
    expect(evenTimes(4, 8_000)).toEqual([1_000, 3_000, 5_000, 7_000]);
  });

  it('are written as people read them', () => {
    expect(clockOf(0)).toBe('0:00:00');
    expect(clockOf(3_723_999)).toBe('1:02:03');
    expect(timeFilter(3_723_000, 180, 'usual')).toMatch(/^drawtext=text='1\\:02\\:03':expansion=none/);
  });
});

describe('a picture of a film', () => {
  const shot = {
    ffmpeg: 'ffmpeg',
    source: '/a/inputs/source',
    output: '/a/work/out/thumbnail-01.jpg',
    atMs: 1_500,
    width: 640,
    format: 'jpeg',
  } as const;

  it('is the first that is not black, or the one that is there', () => {
    expect(shotArguments({ ...shot, bright: true }).join(' ')).toMatch(/-ss 1\.500 -t 30 .*signalstats/);
    expect(shotArguments({ ...shot, bright: false }).join(' ')).not.toMatch(/signalstats| -t /);
  });

  it('opens nothing but files, and no lists of files', () => {
    expect(shotArguments({ ...shot, bright: true }).join(' ')).toMatch(
      /-protocol_whitelist file -format_whitelist \S+ -i file:\/a\/inputs\/source/,
    );
  });
});
