import { Id } from '@backlot/contract/id';
import { z } from 'zod';

export const SEGMENT_KIND = 'recordings.segment';
/** A finished film of a broadcast. */
export const FILM_KIND = 'recordings.film';

export const segmentContainers = ['flv', 'ts', 'fmp4'] as const;
export const SegmentContainer = z.enum(segmentContainers);
export type SegmentContainer = z.infer<typeof SegmentContainer>;

/** Media that is missing, in wall time (milliseconds since 1970 by the node's clock). */
export const Gap = z.object({
  fromWall: z.number(),
  toWall: z.number(),
  ms: z.number(),
  /** reconnect, source (it paused), missing (named by it), jump, disk, restart */
  why: z.string().max(60),
  /** What the source calls the piece that is missing. */
  what: z
    .string()
    .transform((text) => text.slice(0, 200))
    .optional(),
});
export type Gap = z.infer<typeof Gap>;

/**
 * What a segment's artifact says about it. An immutable piece of one take. Source times are milliseconds on the source's
 * clock, unwrapped; within one `run` that clock goes on without a jump. Wall times are the node's clock.
 */
export const SegmentMeta = z.looseObject({
  broadcast: Id,
  take: Id,
  takeNumber: z.number().int(),
  /** Place among the segments of the broadcast at this node. */
  number: z.number().int(),
  /** Changes where the recording was cut, or the coding changed: each part is a film of its own. */
  part: z.number().int(),
  run: z.number().int(),
  container: SegmentContainer,
  /** Time 0 of the file on the source's clock. */
  baseMs: z.number(),
  firstMs: z.number(),
  lastMs: z.number(),
  firstWall: z.number(),
  lastWall: z.number(),
  videoFrames: z.number().int(),
  audioFrames: z.number().int(),
  keyframes: z.number().int(),
  startsWithKeyframe: z.boolean(),
  bytes: z.number().int(),
  codecs: z.array(z.string()),
  width: z.number().int(),
  height: z.number().int(),
  gaps: z.array(Gap),
  repairs: z.array(z.object({ kind: z.string(), count: z.number().int() })).default([]),
  /** Its recorder was killed: the last piece of a packet was cut off. */
  torn: z.boolean().optional(),
  title: z.string().optional(),
});
export type SegmentMeta = z.infer<typeof SegmentMeta>;
