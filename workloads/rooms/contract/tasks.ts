import { z } from 'zod';
import { ShardSettings } from './media/settings.ts';

/**
 * The kinds of tasks of this workload.
 *
 * rooms.shard   a room's place in the media host of a node; runs until it is canceled. Class interactive, needs the
 *               capability `sfu` and `resources.packets`.
 * rooms.record  writes tracks of one room on the same node (`constraints.nodes`) into one file per track and part. Class
 *               live. Ends well when it is told to stop or when the room ends.
 */
export const taskKinds = { shard: 'rooms.shard', record: 'rooms.record' } as const;

export const ShardParameters = z.object({
  roomId: z.string().min(1).max(64),
  /** For logs. */
  name: z.string().max(80),
  settings: ShardSettings,
});
export type ShardParameters = z.infer<typeof ShardParameters>;
export type ShardParametersInput = z.input<typeof ShardParameters>;
export const ShardResult = z.object({
  /** Milliseconds that the room had its place. */
  openMs: z.number().nonnegative(),
});
export type ShardResult = z.infer<typeof ShardResult>;

/** Which tracks of a room are recorded. Left out: any. Tracks that come later are taken too. */
export const TrackSelection = z.object({
  producerIds: z.array(z.string().max(64)).max(1_000).optional(),
  owners: z.array(z.string().max(120)).max(1_000).optional(),
  kinds: z.array(z.enum(['audio', 'video'])).optional(),
});
export type TrackSelection = z.infer<typeof TrackSelection>;

export const RecordParameters = z.object({
  recordingId: z.string().min(1).max(64),
  roomId: z.string().min(1).max(64),
  /** The shard's running allocation: names the place on the node where the room can be tapped. */
  shardAllocation: z.string().min(1).max(64),
  select: TrackSelection.default({}),
});
export type RecordParameters = z.infer<typeof RecordParameters>;
export type RecordParametersInput = z.input<typeof RecordParameters>;

/**
 * Facts of one finished part of one track: the `meta` of an output of kind `track`. Its sender reports are the output of kind
 * `clock` with the same name and `.clock.json`.
 */
export const TrackPart = z.object({
  recordingId: z.string(),
  producerId: z.string(),
  owner: z.string(),
  kind: z.enum(['audio', 'video']),
  /** The publisher's word for where it comes from; empty when it said none. */
  source: z.string(),
  codec: z.string(),
  /** From 1; the next one when a recorder was killed, the publisher's parameters changed, or it came back. */
  part: z.number().int().min(1),
  /** Wall clock of the first and the last packet, milliseconds since 1970. */
  startedAt: z.number(),
  endedAt: z.number(),
  durationMs: z.number().nonnegative(),
  /** Packets that were taken; null: not known, as the writer was killed. */
  packets: z.number().int().nullable(),
  /** Packets that never came, by sequence number; null: not known. */
  lost: z.number().int().nullable(),
  frames: z.number().int(),
  width: z.number().int().nullable(),
  height: z.number().int().nullable(),
  /** Its recorder was killed: the end may lack up to two seconds. */
  cutOff: z.boolean(),
});
export type TrackPart = z.infer<typeof TrackPart>;

/** The content of a `clock` output: pairs that tie a track's RTP time to the publisher's wall clock (RFC 3550, 6.4.1). */
export const TrackClock = z.object({
  clockRate: z.number().int(),
  /** RTP time of the file's time zero. */
  firstRtp: z.number().int(),
  /** `ntp`: milliseconds since 1970 by the sender's clock; `at`: when it came, by ours. */
  reports: z.array(z.object({ rtp: z.number().int(), ntp: z.number(), at: z.number() })),
});
export type TrackClock = z.infer<typeof TrackClock>;

export const RecordResult = z.object({
  tracks: z.number().int(),
  parts: z.number().int(),
  /** Why it ended: told to, or the room did. */
  ended: z.enum(['stopped', 'room']),
});
export type RecordResult = z.infer<typeof RecordResult>;

/** Call to a running `rooms.record` allocation: finish all parts and end well. Answers at once. */
export const recordStopMethod = 'rooms.record.stop';
/** Call to a running `rooms.record` allocation: what it writes just now. */
export const recordStatusMethod = 'rooms.record.status';
export const RecordStatus = z.object({
  /** False until the first track is being written. */
  recording: z.boolean(),
  tracks: z.array(
    z.object({
      producerId: z.string(),
      owner: z.string(),
      kind: z.enum(['audio', 'video']),
      part: z.number().int(),
      bytes: z.number().int(),
      durationMs: z.number(),
    }),
  ),
});
export type RecordStatus = z.infer<typeof RecordStatus>;
