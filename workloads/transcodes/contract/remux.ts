import { z } from 'zod';
import { containers } from './settings.ts';

/** Packets as they are, in another container: every track of picture and sound, each counted before and after. */
export const REMUX_TASK = 'transcodes.remux';

export const RemuxParameters = z.object({
  container: z.enum(containers).default('mp4'),
  /** The film stays on the node that made it, until somebody asks for its bytes. */
  hold: z.boolean().default(false),
});
export type RemuxParameters = z.infer<typeof RemuxParameters>;

/** A track of a film, packet by packet. Times are milliseconds. */
export const TrackFacts = z.object({
  kind: z.enum(['video', 'audio']),
  codec: z.string(),
  packets: z.number().int(),
  startMs: z.number(),
  endMs: z.number(),
  /** Pixels; 0 for sound. */
  width: z.number().int(),
  height: z.number().int(),
});
export type TrackFacts = z.infer<typeof TrackFacts>;

export const RemuxResult = z.object({
  tracks: z.array(TrackFacts).max(64),
  /** Bytes. */
  size: z.number().int(),
  durationMs: z.number(),
  /** How packets were compared, and what could not be; older results have none. */
  proof: z.string().max(500).optional(),
});
export type RemuxResult = z.infer<typeof RemuxResult>;
