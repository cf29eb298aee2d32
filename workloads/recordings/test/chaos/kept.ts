import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { beginsWithKeyframe, complaintsOf, countPackets } from '../sources/listeners.ts';
import { serialsIn } from '../sources/serial-stamp.ts';
import { readPes } from '../sources/ts-packets.ts';
import type { ReportedSegment } from './shard-process.ts';

/** Of a picture of the samples. */
export const frameMs = 40;

/** Pictures of a segment, by their numbers, read from its bytes. */
export function serialsOf({ meta, bytes }: ReportedSegment): number[] {
  const all = bytes();
  return serialsIn(meta.container === 'ts' ? Buffer.concat(readPes(all).map(({ payload }) => payload)) : all);
}

/** Numbers of each take, takes in their order. */
export function byTake(segments: readonly ReportedSegment[]): number[][] {
  return [...Map.groupBy(segments, ({ meta }) => meta.take).values()]
    .sort((a, b) => (a[0]?.meta.firstWall ?? 0) - (b[0]?.meta.firstWall ?? 0))
    .map((list) => list.toSorted((a, b) => a.meta.number - b.meta.number).flatMap(serialsOf));
}

/**
 * Each segment plays: ffmpeg decodes it to its end without a complaint, its first picture needs no other, and ffprobe counts
 * as many packets of picture in it as it is said to hold, and as there are numbers.
 * @param options.joinedMidway the source has let its viewers in between two keyframes
 */
export function expectEachPlays(
  folder: string,
  segments: readonly ReportedSegment[],
  { joinedMidway = false }: { readonly joinedMidway?: boolean } = {},
): void {
  expect(segments.length).toBeGreaterThan(0);
  for (const segment of segments) {
    const { name, meta, bytes } = segment;
    const file = join(folder, `play.${meta.container}`);
    writeFileSync(file, bytes());
    expect(complaintsOf(file), `${name} ${JSON.stringify(meta.repairs)}`).toBe('');
    if (!joinedMidway) expect(beginsWithKeyframe(file), name).toBe(true);
    expect({ name, video: countPackets(file).video }).toEqual({ name, video: meta.videoFrames });
    expect({ name, video: serialsOf(segment).length }).toEqual({ name, video: meta.videoFrames });
  }
}

/** Least, middle and most of some figures, with how many there were. */
export function spread(figures: readonly number[]): string {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted[sorted.length >> 1];
  const nothing = figures.filter((figure) => figure === 0).length;
  return `least ${sorted[0]}, middle ${middle}, most ${sorted.at(-1)} ms over ${figures.length} (${nothing} times nothing)`;
}
