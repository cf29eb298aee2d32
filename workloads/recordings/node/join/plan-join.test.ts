import { describe, expect, it } from 'vitest';
import { type JoinSegment, planJoin } from './plan-join.ts';
import { lackingMs } from './wall-cover.ts';

const containers = ['flv', 'ts', 'fmp4'] as const;

/** Segments of ten seconds of one recorder, whose clock has 0 at the start. */
function recorded(
  broadcast: string,
  [fromS, toS]: readonly [number, number],
  more: Partial<JoinSegment> = {},
): JoinSegment[] {
  return Array.from({ length: (toS - fromS) / 10 }, (_, index) => ({
    path: `${broadcast}-${index}`,
    broadcast,
    number: index + 1,
    part: 1,
    run: 1,
    container: 'ts' as const,
    baseMs: 0,
    firstMs: index * 10_000,
    lastMs: index * 10_000 + 9_960,
    firstWall: fromS * 1_000 + index * 10_000,
    lastWall: fromS * 1_000 + index * 10_000 + 9_960,
    videoFrames: 250,
    audioFrames: 400,
    codecs: ['h264', 'aac'],
    width: 1280,
    height: 720,
    ...more,
  }));
}
const pathsOf = (parts: ReturnType<typeof planJoin>) =>
  parts.flatMap(({ runs }) => runs.flatMap(({ segments }) => segments.map(({ path }) => path)));

describe('the order of a film', () => {
  it.each(containers)(
    'of %s has what each node has recorded, in its place, when a channel moved',
    (container) => {
      const [a, b, c] = [
        recorded('a', [0, 30], { container }),
        recorded('b', [40, 100], { container }),
        recorded('c', [110, 130], { container }),
      ];
      const parts = planJoin([...c, ...b, ...a]);
      expect(pathsOf(parts)).toEqual([...a, ...b, ...c].map(({ path }) => path));
      expect(parts).toHaveLength(1);
      const starts = parts[0]?.runs.map(({ segments, offsetMs }) => (segments[0]?.firstMs ?? 0) + offsetMs);
      expect(starts).toEqual([0, 40_000, 110_000]);
    },
  );

  it('takes each moment from one recorder, and whole segments at the seam', () => {
    const lead = recorded('a', [0, 60]);
    const late = recorded('b', [35, 95]);
    expect(pathsOf(planJoin([...late.slice(0, 5), ...lead]))).toEqual([
      ...lead.map(({ path }) => path),
      'b-2',
      'b-3',
      'b-4',
    ]);
  });

  it('fills a hole of a clock that goes on with what another has of it', () => {
    const lead = recorded('a', [0, 60]).filter(({ number }) => number !== 3);
    const other = recorded('b', [20, 30]);
    const parts = planJoin([...lead, ...other]);
    expect(pathsOf(parts)).toEqual(['a-0', 'a-1', 'b-0', 'a-3', 'a-4', 'a-5']);
    const last = parts[0]?.runs.at(-1);
    expect((last?.segments[0]?.firstMs ?? 0) + (last?.offsetMs ?? 0)).toBe(30_000);
  });

  it('only fills by frames where the clock is proven, up to the next run and no further', () => {
    const lead = [
      ...recorded('a', [0, 60], { container: 'flv' }),
      ...recorded('a', [80, 140], { container: 'flv', run: 2 }).map((segment) => ({
        ...segment,
        number: segment.number + 6,
      })),
    ];
    const other = recorded('b', [0, 160], { container: 'flv', videoFrames: 1, audioFrames: 1 });
    const parts = planJoin([...lead, ...other], {
      sameClock: (_, [own]) => own?.run === 1,
      sameSetup: () => true,
    });
    const [first, second, third] = parts[0]?.runs ?? [];
    expect(first?.toMs).toBe(80_000);
    expect(second?.offsetMs).toBe(80_000);
    expect(second?.spares).toEqual([]);
    expect(third?.segments.map(({ path }) => path)).toEqual(['b-14', 'b-15']);
  });

  it('makes a part of its own of what is coded differently, and numbers never meet', () => {
    const parts = planJoin([
      ...recorded('a', [0, 60]),
      ...recorded('b', [70, 100], { width: 640, height: 360 }),
      ...recorded('c', [110, 130]).map((segment, index) => ({ ...segment, part: index + 1 })),
    ]);
    expect(parts.map(({ part }) => part)).toEqual([1, 2, 3, 4]);
  });
});

describe('what a film lacks', () => {
  it('is told when it does not have what its segments cover', () => {
    const segments = [...recorded('a', [0, 300]), ...recorded('b', [310, 400])];
    expect(lackingMs(segments, [{ durationMs: 300_000 }])).toBeGreaterThan(50_000);
    expect(lackingMs(segments, [{ durationMs: 400_000 }])).toBe(0);
    expect(lackingMs(segments.slice(0, 30), [{ durationMs: 299_900 }])).toBe(0);
  });
});
