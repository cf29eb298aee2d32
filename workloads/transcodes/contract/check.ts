import { z } from 'zod';
import { TrackFacts } from './remux.ts';

/** Counts every packet of a film, finds its holes, and says whether it is what was wanted. */
export const CHECK_TASK = 'transcodes.probe';

/** What a film must be. Whatever is left out is not asked for. */
export const CheckConditions = z.object({
  /** Counted by packets, never taken from what the container says. Milliseconds. */
  leastDurationMs: z.number().int().nonnegative().optional(),
  mostDurationMs: z.number().int().positive().optional(),
  video: z.boolean().default(true),
  audio: z.boolean().default(false),
  /** The longest stretch without a packet in any track. Milliseconds. */
  largestGapMs: z.number().int().nonnegative().optional(),
  /** ffmpeg's names of codecs of the picture, for example h264, hevc. */
  codecs: z.array(z.string().min(1).max(40)).max(20).optional(),
});
export type CheckConditions = z.infer<typeof CheckConditions>;

export const CheckParameters = z.object({
  conditions: CheckConditions.prefault({}),
  /** `fail` ends the step as failed when a condition is not kept; `tell` only says so in its data. */
  whenWrong: z.enum(['fail', 'tell']).default('fail'),
});
export type CheckParameters = z.infer<typeof CheckParameters>;

/** A stretch in which a track has nothing. Milliseconds from the first packet of the film. */
export const TrackGap = z.object({
  track: z.number().int(),
  atMs: z.number(),
  ms: z.number(),
});
export type TrackGap = z.infer<typeof TrackGap>;

/** At most so many gaps are listed, the longest ones; all are counted. */
export const listedGaps = 50;

export const CheckResult = z.object({
  passed: z.boolean(),
  /** What is wrong, a sentence for each condition that is not kept. */
  faults: z.array(z.string().max(300)).max(20),
  durationMs: z.number(),
  tracks: z.array(TrackFacts).max(64),
  gaps: z.array(TrackGap).max(listedGaps),
  gapCount: z.number().int(),
  largestGapMs: z.number(),
  /** Packets whose time to decode is before that of the packet before them. */
  backwards: z.number().int(),
  /** Bytes. */
  size: z.number().int(),
});
export type CheckResult = z.infer<typeof CheckResult>;
