import { Id } from '@backlot/contract/id';
import { z } from 'zod';
import { ChatMeta } from './chat.ts';
import { Gap, SegmentMeta } from './segment.ts';

export const JOIN_TASK = 'recordings.join';

/** How much of the picture, from its top, chat may cover as subtitles; `none`: no subtitles are made. */
export const chatCovers = ['none', 'quarter', 'half', 'whole'] as const;
export type ChatCover = (typeof chatCovers)[number];

/** Joins segments to films: one for each part. Inputs are named as `segments` says, in any order. */
export const JoinParameters = z.object({
  segments: z
    .array(z.object({ input: z.string().max(200), meta: SegmentMeta }))
    .min(1)
    .max(50_000),
  /** What people wrote meanwhile; named as `segments` are. Nothing in it can make a film fail. */
  chats: z
    .array(z.object({ input: z.string().max(200), meta: ChatMeta }))
    .max(50_000)
    .default([]),
  chatArea: z.enum(chatCovers).default('half'),
  /** What the films are of, as the trigger names it; without, as the first segment does. */
  broadcast: Id.optional(),
  /** Written into the film as data. */
  title: z.string().max(1_000).optional(),
  container: z.enum(['mp4', 'mkv']).default('mp4'),
  /** The film stays on the node until somebody asks for it. */
  hold: z.boolean().default(true),
});
export type JoinParameters = z.infer<typeof JoinParameters>;

/** What became of the chat, where files of it were given. */
export const JoinChatReport = z.object({
  files: z.number().int(),
  lines: z.number().int(),
  /** Messages for which the picture had no room; they are in the chat, and not in the subtitles. */
  notDrawn: z.number().int(),
  /** Files that could not be read. */
  unreadable: z.number().int(),
  /** Files of which only the beginning was taken: too much, or no chat. */
  cut: z.number().int(),
  /** Why there is no chat at all. */
  failed: z.string().max(300).optional(),
});
export type JoinChatReport = z.infer<typeof JoinChatReport>;

/** What a broadcast has become, counted packet by packet. */
export const JoinReport = z.looseObject({
  lossMs: z.number(),
  gaps: z.array(Gap),
  durationMs: z.number(),
  videoFrames: z.number().int(),
  audioFrames: z.number().int(),
  chat: JoinChatReport.optional(),
  parts: z.array(
    z.looseObject({
      name: z.string(),
      part: z.number().int(),
      durationMs: z.number(),
      videoFrames: z.number().int(),
      audioFrames: z.number().int(),
      bytes: z.number().int(),
    }),
  ),
});
export type JoinReport = z.infer<typeof JoinReport>;
