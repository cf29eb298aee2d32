import { Reason } from '@backlot/contract';
import { Id } from '@backlot/contract/id';
import { z } from 'zod';
import { Gap } from './segment.ts';

/** What nodes tell of channels: kinds of durable facts, which become events, with the shape of their bodies. */
export const factKinds = {
  broadcastStarted: 'recordings.broadcast.started',
  broadcastEnded: 'recordings.broadcast.ended',
  takeStarted: 'recordings.take.started',
  takeEnded: 'recordings.take.ended',
  gap: 'recordings.gap',
  stall: 'recordings.stall',
  title: 'recordings.title',
  source: 'recordings.source',
  disk: 'recordings.disk',
} as const;

const OfChannel = z.looseObject({ channelId: Id });
/** Words of somebody else: what does not fit is cut, and never a reason to refuse the fact that it came with. */
const said = (most: number) =>
  z.string().transform((text) => text.replaceAll('\0', '').slice(0, most).toWellFormed());
const Title = said(1_000).catch('');

export const BroadcastStarted = OfChannel.extend({
  broadcast: Id,
  startedWall: z.number(),
  title: Title.optional(),
});
export const BroadcastEnded = OfChannel.extend({
  broadcast: Id,
  /** silence, finished (said by the source), stopped (by a person), canceled */
  why: said(60),
  startedWall: z.number(),
  endedWall: z.number(),
  lossMs: z.number(),
  takes: z.number().int(),
  segments: z.number().int(),
  bytes: z.number(),
  title: Title.optional(),
});
export type BroadcastEnded = z.infer<typeof BroadcastEnded>;
export const TakeStarted = OfChannel.extend({
  broadcast: Id,
  take: Id,
  number: z.number().int(),
  address: said(4_000).catch(''),
});
export const TakeEnded = OfChannel.extend({
  broadcast: Id,
  take: Id,
  number: z.number().int(),
  why: said(200),
});
export const GapFact = OfChannel.extend({ broadcast: Id, ...Gap.shape });
export const StallFact = OfChannel.extend({ broadcast: Id, take: Id, stall: said(60) });
export const TitleFact = OfChannel.extend({ title: Title, broadcast: Id.optional() });
export const sourceStates = ['offline', 'connecting', 'live', 'failing', 'asleep'] as const;
export const SourceFact = OfChannel.extend({
  state: said(40),
  /** In English, for programs. */
  reason: said(500).optional(),
  /** The same, to be said in any language. */
  words: Reason.optional().catch(undefined),
});
export const DiskFact = OfChannel.extend({ reason: said(300) });

/** What every fact's event carries beside its body. */
export const FactEnvelope = z.looseObject({
  taskId: Id,
  jobId: Id.nullable(),
  nodeId: Id,
  allocationId: Id,
  key: z.string(),
  at: z.iso.datetime(),
});
