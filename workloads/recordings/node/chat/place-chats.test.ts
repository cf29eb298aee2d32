import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChatLine } from '../../contract/chat.ts';
import { type JoinSegment, planJoin } from '../join/plan-join.ts';
import { type FiledLine, orderLines } from './order-lines.ts';
import { filmMs, placeChats } from './place-chats.ts';

function segment(broadcast: string, number: number, more: Partial<JoinSegment> = {}): JoinSegment {
  const firstMs = more.firstMs ?? 0;
  const firstWall = more.firstWall ?? number * 20_000;
  return {
    ...{
      path: `${broadcast}${number}`,
      broadcast,
      number,
      part: 1,
      run: number,
      container: 'flv',
      baseMs: 0,
    },
    ...{ firstMs, lastMs: firstMs + 9_960, firstWall, lastWall: firstWall + 9_960 },
    ...{ videoFrames: 250, audioFrames: 400, codecs: ['h264'], width: 1280, height: 720 },
    ...more,
  };
}

describe('the time of what was said, on its film', () => {
  it('is that of its segment there: behind the hole between two takes, and without what the film leaves out', () => {
    // The film leaves 120 ms before its first keyframe out; the takes are 20 s apart by the wall, each on a clock of its own.
    const plan = planJoin([segment('a', 1, { firstMs: 500 }), segment('a', 2, { firstMs: 7_000 })]);
    const [first, second, other] = placeChats(
      [
        { broadcast: 'a', number: 1 },
        { broadcast: 'a', number: 2 },
        { broadcast: 'b', number: 1 },
      ],
      plan,
      [120],
    );
    expect(other).toBeUndefined();
    expect(first && filmMs(1.2344, first)).toBe(1_114);
    expect(second && filmMs(1.234, second)).toBe(20_000 + 1_234 - 120);
    // Never outside of its segment, and never before the film.
    expect(first && filmMs(-5, first)).toBe(0);
    expect(second && filmMs(-5, second)).toBe(19_880);
    expect(second && filmMs(1e15, second)).toBe(29_840);
  });

  it('is nowhere for a part that became no film, and for a twin that only fills holes', () => {
    const plan = planJoin(
      [
        segment('a', 1, { firstWall: 0 }),
        segment('a', 2, { part: 2 }),
        segment('b', 1, { firstWall: 0, videoFrames: 1 }),
      ],
      { sameClock: () => true, sameSetup: () => true },
    );
    const places = placeChats(
      [
        { broadcast: 'a', number: 1 },
        { broadcast: 'a', number: 2 },
        { broadcast: 'b', number: 1 },
      ],
      plan,
      [0, undefined],
    );
    expect(places.map((place) => place?.part)).toEqual([0, undefined, undefined]);
  });
});

describe('lines of several files', () => {
  const line = (file: number, ms: number, text: string, user = 'u'): FiledLine => ({
    file,
    line: { ms, kind: 'message', user, text },
  });
  const told = (lines: readonly ChatLine[]) => lines.map(({ ms, text }) => `${ms} ${text}`);

  it('are in the order of time, and what two files have of one saying is there once', () => {
    const lines = [
      line(1, 5_400, 'hi'),
      line(0, 5_000, 'hi'),
      line(0, 3_000, 'first'),
      line(0, 5_100, 'hi'),
      line(1, 7_101, 'hi'),
      line(1, 5_000, 'hi', 'another'),
    ];
    expect(told(orderLines(lines))).toEqual(['3000 first', '5000 hi', '5000 hi', '5100 hi', '7101 hi']);
  });

  it('of one file are all kept', () => {
    const many = fc.array(fc.record({ ms: fc.nat(9_999), text: fc.constantFrom('a', 'b') }));
    fc.assert(
      fc.property(many, (said) => {
        const ordered = orderLines(said.map(({ ms, text }) => line(0, ms, text)));
        expect(ordered).toHaveLength(said.length);
        expect(ordered.map(({ ms }) => ms)).toEqual(said.map(({ ms }) => ms).toSorted((a, b) => a - b));
      }),
    );
  });
});
