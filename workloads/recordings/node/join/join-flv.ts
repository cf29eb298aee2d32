import type { Writable } from 'node:stream';
import { flvTagTypes } from '../flv/tag-head.ts';
import { BatchWriter } from './batch-writer.ts';
import { FilmClock } from './film-clock.ts';
import { flvSink, fragmentSink } from './film-sink.ts';
import type { FileTag } from './flv-file.ts';
import type { JoinedPart } from './joined.ts';
import type { JoinPart } from './plan-join.ts';
import { type UnionCounts, unionFlv } from './union-flv.ts';

/**
 * Writes a part as one stream: one set-up, every frame once, times from 0 that keep every hole. Frames before the first
 * keyframe can't be shown by anybody and are left out.
 * @param foreign its codecs are none that FLV readers know: the stream is fragmented MP4 then
 */
export async function joinFlv(part: JoinPart, out: Writable, foreign: boolean): Promise<JoinedPart> {
  const writer = new BatchWriter(out);
  const sink = foreign ? fragmentSink(writer) : flvSink(writer);
  const clock = new FilmClock();
  const counts: UnionCounts = { repeated: 0, fromSpares: 0, disordered: 0 };
  const configs = new Map<number, FileTag>();
  let videoFrames = 0;
  let audioFrames = 0;
  let leading = 0;
  let zero: number | undefined;
  const all = part.runs.flatMap(({ segments }) => segments);
  const hasVideo = all.some((segment) => segment.videoFrames > 0);
  const size = all.find(({ width }) => width > 0) ?? { width: 0, height: 0 };
  for (const run of part.runs) {
    for (const tag of unionFlv(run, counts)) {
      if (tag.role === 'config') {
        if (configs.get(tag.type)?.body.equals(tag.body)) continue;
        configs.set(tag.type, tag);
        if (zero !== undefined) await sink.config(tag, clock.endMs);
        continue;
      }
      if (zero === undefined) {
        if (hasVideo && tag.role !== 'key') {
          leading += 1;
          continue;
        }
        const known = [flvTagTypes.video, flvTagTypes.audio].flatMap((type) => configs.get(type) ?? []);
        await sink.begin(known, size);
        zero = tag.ms + run.offsetMs;
      }
      const ms = Math.max(0, Math.round(tag.ms + run.offsetMs - zero));
      clock.see(tag.type, ms, tag.ms + run.anchor);
      if (tag.type === flvTagTypes.video) videoFrames += 1;
      else audioFrames += 1;
      await sink.frame(tag, ms);
    }
  }
  await writer.flush();
  const { endMs: durationMs, gaps, lossMs } = clock;
  const zeroMs = zero ?? 0;
  return { part: part.part, zeroMs, videoFrames, audioFrames, durationMs, gaps, lossMs, leading, ...counts };
}
