import { TaskInput } from '@backlot/contract';
import { z } from 'zod';
import { TranscodeSettings } from './settings.ts';

export const TRANSCODE_JOB = 'transcodes.transcode';
export const TRANSCODE_TASK = 'transcodes.encode';

/** Names inside an allocation's folder; what people called their files travels beside them, as data. */
export const names = { source: 'source', subtitles: 'subtitles', video: 'video' } as const;

/** Kinds of subtitles that are burnt in, by their ending. */
export const subtitleEndings = ['ass', 'srt', 'vtt'] as const;

export const TranscodeJob = z.object({
  source: TaskInput,
  subtitles: TaskInput.nullable().default(null),
  settings: TranscodeSettings,
});
export type TranscodeJob = z.infer<typeof TranscodeJob>;

export const EncodeParameters = z.object({
  settings: TranscodeSettings,
  /** Name of the input with the subtitles that are burnt in. */
  subtitles: z.string().nullable().default(null),
  /** The film stays on the node that made it, until somebody asks for its bytes. */
  hold: z.boolean().default(false),
});
export type EncodeParameters = z.infer<typeof EncodeParameters>;

/** Times are milliseconds, counted packet by packet and never taken from what a container claims. */
export const VideoFacts = z.object({
  codec: z.string(),
  width: z.number().int(),
  height: z.number().int(),
  pixelFormat: z.string(),
  frames: z.number().int(),
  startMs: z.number(),
  endMs: z.number(),
});
export type VideoFacts = z.infer<typeof VideoFacts>;
export const AudioFacts = z.object({
  codec: z.string(),
  channels: z.number().int(),
  sampleRate: z.number().int(),
  packets: z.number().int(),
  startMs: z.number(),
  endMs: z.number(),
});
export type AudioFacts = z.infer<typeof AudioFacts>;
export const MediaFacts = z.object({ video: VideoFacts.nullable(), audio: AudioFacts.nullable() });
export type MediaFacts = z.infer<typeof MediaFacts>;

/** What an attempt did: as asked, in software after hardware has failed, or the packets as they are. */
export const howMade = ['asked', 'software', 'remux'] as const;
export type HowMade = (typeof howMade)[number];

export const EncodeResult = z.object({
  how: z.enum(howMade),
  /** ffmpeg's name of the encoder; null when nothing was encoded. */
  encoder: z.string().nullable(),
  source: MediaFacts,
  output: MediaFacts,
  /** Bytes. */
  size: z.number().int(),
  /** Bits per second of the whole file. */
  bitrate: z.number(),
  /** Seconds of film for each second of work. */
  speed: z.number(),
  /** What proves the mode: the words that the encoder has left in the stream, or how packets were compared. */
  proof: z.string().max(500).nullable(),
});
export type EncodeResult = z.infer<typeof EncodeResult>;

/** What a job remembers: what its one task has found. */
export const TranscodeFacts = z.object({ result: EncodeResult.optional() });
export type TranscodeFacts = z.infer<typeof TranscodeFacts>;
