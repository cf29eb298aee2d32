import { Artifact, Id, Page, PageQuery, Timestamp } from '@backlot/contract';
import { z } from 'zod';
import { Gap, SegmentContainer } from './segment.ts';

/**
 * live      it is being recorded, or was a moment ago
 * ended     it is over; all that nodes have told is taken in
 * removed   its files are in the trash or gone
 */
export const broadcastStates = ['live', 'ended', 'removed'] as const;
export const BroadcastState = z.enum(broadcastStates);
export type BroadcastState = z.infer<typeof BroadcastState>;
/** Back to `live`: a node that was away had gone on, or the source came back within the silence. */
export const broadcastTransitions: Readonly<Record<BroadcastState, readonly BroadcastState[]>> = {
  live: ['ended', 'removed'],
  ended: ['live', 'removed'],
  removed: [],
};

export const takeStates = ['open', 'closed'] as const;
export const TakeState = z.enum(takeStates);
export type TakeState = z.infer<typeof TakeState>;
export const takeTransitions: Readonly<Record<TakeState, readonly TakeState[]>> = {
  open: ['closed'],
  closed: [],
};

/** One recorder's attempt on one node. */
export const Take = z.object({
  id: Id,
  broadcastId: Id,
  nodeId: Id,
  number: z.number().int(),
  state: TakeState,
  address: z.string(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
  /** Why it ended. */
  why: z.string().nullable(),
});
export type Take = z.infer<typeof Take>;

/** An immutable piece of media. */
export const Segment = z.object({
  artifactId: Id,
  takeId: Id,
  number: z.number().int(),
  part: z.number().int(),
  container: SegmentContainer,
  firstWall: z.number(),
  lastWall: z.number(),
  size: z.number().int(),
  videoFrames: z.number().int(),
  audioFrames: z.number().int(),
  torn: z.boolean(),
  /** Nodes that hold it. */
  holders: z.array(Id),
});
export type Segment = z.infer<typeof Segment>;

/** One time that a channel was live, joined over drops and over nodes. */
export const Broadcast = z.object({
  id: Id,
  channelId: Id,
  channelName: z.string(),
  projectId: Id,
  state: BroadcastState,
  title: z.string().nullable(),
  startedAt: Timestamp,
  endedAt: Timestamp.nullable(),
  durationMs: z.number().describe('Wall time from first to last media, in milliseconds.'),
  lossMs: z.number().describe('Media that is missing in between, in milliseconds.'),
  bytes: z.number(),
  takes: z.number().int(),
  segments: z.number().int(),
  width: z.number().int(),
  height: z.number().int(),
  codecs: z.array(z.string()),
  verified: z.boolean().describe('Every segment is in a copy elsewhere that a flow has read back.'),
  flowRunId: Id.nullable().describe('The run of its flow, once there is one.'),
  restorableUntil: Timestamp.nullable()
    // Servers of before this field do not say it.
    .default(null)
    .describe(
      'For one that is `removed`: until when its files can be taken out of the trash; null: they are gone for good.',
    ),
});
export type Broadcast = z.infer<typeof Broadcast>;
export const BroadcastPage = Page(Broadcast);
export const BroadcastQuery = PageQuery.extend({
  projectId: Id.optional(),
  channelId: Id.optional(),
  state: BroadcastState.optional(),
  from: Timestamp.optional().describe('Those with media at or after this time.'),
  to: Timestamp.optional().describe('Those that began before this time.'),
  text: z.string().max(200).optional().describe('Part of the title or of the channel’s name.'),
});

/** `GET /api/v1/broadcasts/{id}/timeline`: all that is drawn of one broadcast. */
export const Timeline = z.object({
  broadcast: Broadcast,
  takes: z.array(Take),
  gaps: z.array(Gap),
  segments: z.array(Segment),
  /** Films and other files that flows have made of it. */
  files: z.array(Artifact),
});
export type Timeline = z.infer<typeof Timeline>;

/** `GET /api/v1/broadcasts/calendar?from&to&timeZone`: what was recorded on each day. */
export const CalendarQuery = z.object({
  from: Timestamp,
  to: Timestamp,
  timeZone: z.string().max(60).default('UTC').describe('IANA name; where a day begins and ends.'),
  projectId: Id.optional(),
  channelId: Id.optional(),
});
export const CalendarDay = z.object({
  /** `2026-11-26` in the time zone that was asked for. */
  day: z.iso.date(),
  broadcasts: z.number().int(),
  durationMs: z.number(),
  bytes: z.number(),
  lossMs: z.number(),
});
export const Calendar = z.object({ days: z.array(CalendarDay) });
export type Calendar = z.infer<typeof Calendar>;
