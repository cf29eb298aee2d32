import { Id, Name, Page, PageQuery, Reason, Timestamp } from '@backlot/contract';
import { z } from 'zod';
import { SourceSpec } from './source.ts';
import { CutRules, Schedule } from './watch.ts';

/**
 * off       a person has stopped it: nothing watches
 * waiting   its task has no place yet, or its node is away
 * watching  a node looks whether the source is live
 * live      a node records
 * removed   taken out; its broadcasts stay
 */
export const channelStates = ['off', 'waiting', 'watching', 'live', 'removed'] as const;
export const ChannelState = z.enum(channelStates);
export type ChannelState = z.infer<typeof ChannelState>;

/** Allowed changes of a channel's state; anything else is refused with `illegal_transition`. */
export const channelTransitions: Readonly<Record<ChannelState, readonly ChannelState[]>> = {
  off: ['waiting', 'removed'],
  waiting: ['watching', 'live', 'off', 'removed'],
  watching: ['live', 'waiting', 'off', 'removed'],
  live: ['watching', 'waiting', 'off', 'removed'],
  removed: [],
};

/**
 * How long recordings of a channel are kept. What goes lies in the trash for a day. A broadcast that runs is never touched; nor,
 * where `onlyVerified` asks for a copy, is one of which a segment is in no verified copy. Without that, rules by days,
 * broadcasts and bytes let go of broadcasts that have no copy at all.
 *
 * A rule also agrees to less: while the disk of a node that holds them is nearly full, the oldest broadcasts may go before their
 * time, but only with every file of theirs in a verified copy, whatever `onlyVerified` says, and never the newest of the channel.
 */
export const Retention = z.object({
  days: z.number().int().min(1).max(36_500).optional().describe('Days after the end of a broadcast.'),
  broadcasts: z.number().int().min(1).max(100_000).optional().describe('So many of the newest are kept.'),
  bytes: z.number().int().positive().optional().describe('Bytes of all broadcasts; the oldest go first.'),
  onlyVerified: z
    .boolean()
    .default(true)
    .describe(
      'Only what a flow has read back from a copy elsewhere. `false` lets go of broadcasts without any copy.',
    ),
});
export type Retention = z.infer<typeof Retention>;

/** Each thing that a person decides about a channel, without what holds when nothing is said: a change says only what changes. */
const fields = {
  name: Name,
  qualities: z
    .array(z.string().min(1).max(60))
    .max(20)
    .describe('Wanted qualities, best first; empty: the best there is.'),
  schedule: Schedule.nullable().describe('When to watch; null: always.'),
  cut: CutRules.describe('When a part ends and another begins, at the next keyframe; empty: one part.'),
  segmentMs: z
    .number()
    .int()
    .min(1_000)
    .max(120_000)
    .describe('Milliseconds of media in a segment, at least; it ends at the next keyframe.'),
  silenceMs: z
    .number()
    .int()
    .min(1_000)
    .max(86_400_000)
    .describe('A broadcast is over after so many milliseconds without media.'),
  flow: z
    .object({ flowId: Id, versionId: Id.nullable().default(null) })
    .nullable()
    .describe(
      'What follows a broadcast, in place of flows for all channels; version null: the newest when the channel is taken up.',
    ),
  retention: Retention.nullable().describe('How long broadcasts are kept; null: for ever.'),
  pool: z.string().max(100).nullable().describe('Name of the pool; null: the usual one.'),
  labels: z.record(z.string(), z.string()).describe('Only nodes with all of these labels.'),
  expectedBitrate: z
    .number()
    .int()
    .min(8_000)
    .max(1_000_000_000)
    .describe('Bits per second that are expected, for the forecast of disk.'),
};

/** What a person decides about a channel. */
export const ChannelSettings = z.object({
  name: fields.name,
  source: SourceSpec,
  qualities: fields.qualities.default([]),
  schedule: fields.schedule.default(null),
  cut: fields.cut.prefault({}),
  segmentMs: fields.segmentMs.default(10_000),
  silenceMs: fields.silenceMs.default(600_000),
  flow: fields.flow.default(null),
  retention: fields.retention.default(null),
  pool: fields.pool.default(null),
  labels: fields.labels.default({}),
  expectedBitrate: fields.expectedBitrate.default(4_000_000),
});
export type ChannelSettings = z.infer<typeof ChannelSettings>;

/** A source as it may be given: an address alone, or a wish to publish without a key of one's own. */
const SourceInput = z.union([
  SourceSpec,
  z.object({ kind: z.literal('auto'), url: z.string().trim().min(1).max(4_000) }),
  z.object({ kind: z.literal('push') }),
]);

/** `POST /api/v1/channels`. */
export const ChannelCreate = ChannelSettings.omit({ source: true }).extend({
  projectId: Id,
  source: SourceInput,
  enabled: z.boolean().default(true).describe('`false`: nothing is watched until it is started.'),
});
export type ChannelCreate = z.infer<typeof ChannelCreate>;
export type ChannelCreateInput = z.input<typeof ChannelCreate>;
/** `PATCH /api/v1/channels/{id}`: only what is to change. */
export const ChannelPatch = z.object({ ...fields, source: SourceInput }).partial();
export type ChannelPatch = z.infer<typeof ChannelPatch>;

/** What a recorder says now; lost figures come again in a second. */
export const ChannelLive = z.looseObject({
  state: z.string().optional(),
  live: z.boolean().optional(),
  /** Bits per second. */
  bitrate: z.number().optional(),
  /** Media seconds for each second; healthy about 1. */
  ratio: z.number().optional(),
  lossMs: z.number().optional(),
  bytes: z.number().optional(),
  segments: z.number().optional(),
  startedWall: z.number().nullable().optional(),
  codecs: z.array(z.string()).optional(),
  width: z.number().optional(),
  height: z.number().optional(),
  title: z.string().optional(),
  reason: z.string().optional(),
});
export type ChannelLive = z.infer<typeof ChannelLive>;

export const Channel = z.object({
  id: Id,
  projectId: Id,
  settings: ChannelSettings,
  /** The source as people may see it: no user, password, query or key. */
  address: z.string(),
  enabled: z.boolean(),
  state: ChannelState,
  /** Why it is in this state: what it waits for, why the source is not live. */
  reason: Reason.nullable(),
  /** As the source said last. */
  title: z.string().nullable(),
  /** Of its recorder, where one runs. */
  nodeId: Id.nullable(),
  jobId: Id.nullable(),
  broadcastId: Id.nullable(),
  live: ChannelLive.nullable(),
  /** When the next window of its schedule opens. */
  nextAt: Timestamp.nullable(),
  createdAt: Timestamp,
  /** End of its last broadcast. */
  lastLiveAt: Timestamp.nullable(),
});
export type Channel = z.infer<typeof Channel>;
export const ChannelPage = Page(Channel);
export const ChannelQuery = PageQuery.extend({
  projectId: Id.optional(),
  state: ChannelState.optional(),
  text: z.string().max(200).optional().describe('Part of the name, or of the title.'),
});
/** How a program publishes to a channel of kind `push`. Shown to whoever may change the channel. */
export const IngestAddress = z.object({
  server: z.string().nullable().describe('`rtmp://host:port/live`; null while no node takes it.'),
  key: z.string().describe('The stream key: whoever has it can publish.'),
});
export type IngestAddress = z.infer<typeof IngestAddress>;
