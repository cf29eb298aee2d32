import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PacketTally } from './packet-tally.ts';
import { readPacketLine } from './scan-film.ts';

/** A track of 25 pictures a second with some of them missing. */
function tallyOf(present: (index: number) => boolean, count: number): PacketTally {
  const tally = new PacketTally();
  for (let index = 0; index < count; index += 1) {
    if (present(index)) tally.add({ pts: index * 0.04, dts: index * 0.04, duration: 0.04 });
  }
  return tally;
}

describe('the count of a track', () => {
  it('has no holes where packets come as they use to', () => {
    const tally = tallyOf(() => true, 1_000);
    expect(tally).toMatchObject({ packets: 1_000, startMs: 0, endMs: 40_000, backwards: 0 });
    expect(tally.gaps(0, 0)).toEqual({ count: 0, largestMs: 0, listed: [] });
  });

  it('finds every run of missing packets, where it is and how long', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 1, max: 19 }), { maxLength: 10 }),
        fc.integer({ min: 1, max: 20 }),
        (places, length) => {
          // Holes of `length` packets that begin at multiples of fifty: never beside each other.
          const tally = tallyOf(
            (index) => !places.some((place) => index >= place * 50 && index < place * 50 + length),
            1_000,
          );
          const { count, largestMs, listed } = tally.gaps(3, 0);
          expect(count).toBe(places.length);
          expect(largestMs).toBe(places.length === 0 ? 0 : length * 40);
          expect(listed).toEqual(
            places
              .toSorted((one, other) => one - other)
              .map((place) => ({ track: 3, atMs: (place * 50 - 1) * 40, ms: length * 40 })),
          );
        },
      ),
    );
  });

  it('counts what runs backwards, and copes with packets without times', () => {
    const tally = new PacketTally();
    tally.add({ pts: undefined, dts: undefined, duration: undefined });
    expect(tally).toMatchObject({ packets: 1, startMs: 0, endMs: 0 });
    for (const at of [0, 0.04, 0.02, 0.06]) tally.add({ pts: at, dts: at, duration: 0.04 });
    expect(tally).toMatchObject({ packets: 5, backwards: 1, endMs: 100 });
  });

  it('lists the longest of very many holes, and counts all', () => {
    const tally = new PacketTally();
    let at = 0;
    for (let index = 0; index < 4_000; index += 1) {
      tally.add({ pts: at, dts: at, duration: 0.04 });
      at += index % 10 === 9 ? 0.04 + (index + 1) / 4_000 : 0.04;
    }
    const { count, listed, largestMs } = tally.gaps(0, 0);
    expect(listed).toHaveLength(50);
    expect(count).toBeGreaterThan(380);
    expect(largestMs).toBeCloseTo(997.5, 3);
  });
});

describe('a line of ffprobe', () => {
  it.each([
    ['0,1.5,1.46,0.04', { stream: 0, pts: 1.5, dts: 1.46, duration: 0.04 }],
    ['1,N/A,2.0,N/A', { stream: 1, pts: undefined, dts: 2, duration: undefined }],
    ['0,1,1,1,side data', { stream: 0, pts: 1, dts: 1, duration: 1 }],
    ['', undefined],
    ['x,1,1,1', undefined],
  ])('%j', (line, expected) => {
    expect(readPacketLine(line)).toEqual(expected);
  });
});
