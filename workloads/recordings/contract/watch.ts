import { Id } from '@backlot/contract/id';
import { z } from 'zod';
import { SourceSpec } from './source.ts';

/** Kind of the job that holds a channel, of its one task, and of the hosts in which such tasks live. */
export const CHANNEL_JOB = 'recordings.channel';
export const WATCH_TASK = 'recordings.watch';
export const RECORDER_HOST = 'recordings.recorder';
export const INGEST_HOST = 'recordings.ingest';
/** What a node has proved by recording a second of a generated stream. */
export const RECORDER = 'recorder';

/** When a part ends and another begins: at the first keyframe after any of these. */
export const CutRules = z.object({
  /** Milliseconds of media. */
  everyMs: z.number().int().min(10_000).optional(),
  bytes: z
    .number()
    .int()
    .min(1024 * 1024)
    .optional(),
  /** When the title changes. */
  onTitle: z.boolean().optional(),
});
export type CutRules = z.infer<typeof CutRules>;

/** When to watch; outside of these the channel sleeps. A broadcast that runs is not cut by the end of a window. */
export const Schedule = z.object({
  windows: z
    .array(
      z.object({
        /** Five fields, as cron has them: when the window opens. */
        cron: z.string().min(9).max(200),
        /** How long it is open, in minutes. */
        minutes: z.number().int().min(1).max(10_080),
      }),
    )
    .min(1)
    .max(50),
  /** IANA name. */
  timeZone: z.string().max(60).default('UTC'),
});
export type Schedule = z.infer<typeof Schedule>;

/** Parameters of a watch task: all that a node needs to record a channel, also when it is alone. */
export const WatchParameters = z.object({
  channelId: Id,
  /** Data for people, never part of a path. */
  name: z.string().max(200).default(''),
  source: SourceSpec,
  /** Wanted qualities, best first; empty: the best there is. */
  qualities: z.array(z.string().min(1).max(60)).max(20).default([]),
  schedule: Schedule.nullable().default(null),
  cut: CutRules.prefault({}),
  /** Milliseconds of media in a segment, at least; it ends at the next keyframe. */
  segmentMs: z.number().int().min(1_000).max(120_000).default(10_000),
  /** A broadcast is over after this long without media. */
  silenceMs: z.number().int().min(1_000).max(86_400_000).default(600_000),
  flow: z.object({ versionId: Id }).nullable().default(null),
});
export type WatchParameters = z.infer<typeof WatchParameters>;
export type WatchParametersInput = z.input<typeof WatchParameters>;

/** What the shard says at the end of an attempt. */
export const WatchResult = z.looseObject({
  broadcasts: z.number().int().nonnegative().default(0),
  segments: z.number().int().nonnegative().default(0),
});
export type WatchResult = z.infer<typeof WatchResult>;

/** Calls to a running channel. */
export const watchMethods = {
  split: 'recordings.split',
  /** Ends the broadcast now; the channel goes on watching and begins another when the source is still live. */
  stopBroadcast: 'recordings.stop-broadcast',
  preview: 'recordings.preview',
  thumbnail: 'recordings.thumbnail',
  state: 'recordings.state',
} as const;

/** Whether there was a broadcast to do it to. */
export const CutAnswer = z.object({ done: z.boolean().default(true) });

/** Asks for the live media at an address: a pipe of the control plane. */
export const PreviewRequest = z.object({ url: z.string().max(2_000) });
export const PreviewAnswer = z.object({ container: z.enum(['flv', 'ts', 'fmp4']) });
export const ThumbnailRequest = z.object({ width: z.number().int().min(64).max(1_280).default(320) });
/** JPEG in base64; null while there is no picture. */
export const ThumbnailAnswer = z.object({
  jpeg: z.string().max(200_000).nullable(),
  at: z.number().nullable(),
});
