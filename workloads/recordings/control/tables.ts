import type { Reason } from '@backlot/contract';
import type { Db, Tx } from '@backlot/control/workload';
import type { ColumnType, Selectable } from 'kysely';
import type { BroadcastState, TakeState } from '../contract/broadcast.ts';
import type { ChannelSettings, ChannelState } from '../contract/channel.ts';
import type { SegmentContainer } from '../contract/segment.ts';

type Json<T> = ColumnType<T, string, string>;
type MaybeJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
type Time = ColumnType<Date, Date | undefined, Date>;
type MaybeTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
/** int8: node-postgres reads it as text. */
type Big = ColumnType<string, number | string | undefined, number | string>;

export interface ChannelTable {
  id: string;
  project_id: string;
  settings: Json<ChannelSettings>;
  enabled: boolean;
  /** Grows with every change that its recorder must know: a job of an older revision is replaced. */
  revision: ColumnType<number, number | undefined, number>;
  state: ColumnType<ChannelState, ChannelState | undefined, ChannelState>;
  reason: MaybeJson<Reason>;
  /** What its recorder said of the source last: `live`, `offline`, `failing`. */
  source_state: string | null;
  source_reason: string | null;
  /** `source_reason` as it can be said in any language; missing where its recorder knows no codes. */
  source_words: MaybeJson<Reason>;
  title: string | null;
  /** The job whose task watches it; null while it is off, and for a moment between two. */
  job_id: string | null;
  job_revision: number | null;
  /** Where it was recorded last: placed there again when that is possible. */
  last_node_id: string | null;
  /** Jobs that ended by themselves, one after the other; decides how long the next waits. */
  failures: ColumnType<number, number | undefined, number>;
  retry_at: MaybeTime;
  created_at: Time;
  removed_at: MaybeTime;
  last_live_at: MaybeTime;
}

/** Which channel a job was for, also after it was replaced: what comes late from a node names only its job. */
export interface ChannelJobTable {
  job_id: string;
  channel_id: string;
  revision: number;
  submitted_at: Time;
}

export interface BroadcastTable {
  id: string;
  channel_id: string;
  project_id: string;
  channel_name: string;
  state: BroadcastState;
  title: string | null;
  started_at: Time;
  /** Newest media, by the clock of the node. */
  last_at: Time;
  ended_at: MaybeTime;
  loss_ms: ColumnType<number, number | undefined, number>;
  bytes: Big;
  segments: ColumnType<number, number | undefined, number>;
  width: ColumnType<number, number | undefined, number>;
  height: ColumnType<number, number | undefined, number>;
  codecs: ColumnType<string[], string[] | undefined, string[]>;
  /** A flow has verified a copy elsewhere. */
  verified_at: MaybeTime;
  /** Said to the log as over; once, so that its flow begins once. */
  told_at: MaybeTime;
  removed_at: MaybeTime;
}

/** What a node calls a broadcast. Two nodes that recorded the same one have a row each. */
export interface SightingTable {
  /** The id that the node made. */
  id: string;
  broadcast_id: string;
  node_id: string;
  allocation_id: string;
  /** The node has said that it is over. */
  ended: ColumnType<boolean, boolean | undefined, boolean>;
  /** The version of a flow that the node said was to follow: what it runs when it is cut off. */
  flow_version: ColumnType<string | null, string | null | undefined, string | null>;
}

export interface TakeTable {
  id: string;
  broadcast_id: string;
  sighting_id: string;
  node_id: string;
  number: number;
  state: ColumnType<TakeState, TakeState | undefined, TakeState>;
  address: string;
  started_at: Time;
  ended_at: MaybeTime;
  why: string | null;
}

export interface SegmentTable {
  artifact_id: string;
  broadcast_id: string;
  take_id: string;
  number: number;
  part: number;
  container: SegmentContainer;
  first_at: ColumnType<Date, Date, Date>;
  last_at: ColumnType<Date, Date, Date>;
  size: Big;
  video_frames: number;
  audio_frames: number;
  torn: boolean;
}

export interface GapTable {
  broadcast_id: string;
  sighting_id: string;
  from_at: ColumnType<Date, Date, Date>;
  to_at: ColumnType<Date, Date, Date>;
  ms: number;
  why: string;
  what: string | null;
}

export type RecordingTables = {
  recordings_channel: ChannelTable;
  recordings_channel_job: ChannelJobTable;
  recordings_broadcast: BroadcastTable;
  recordings_sighting: SightingTable;
  recordings_take: TakeTable;
  recordings_segment: SegmentTable;
  recordings_gap: GapTable;
};
export type ChannelRow = Selectable<ChannelTable>;
export type BroadcastRow = Selectable<BroadcastTable>;
export type TakeRow = Selectable<TakeTable>;

/** The kernel's tables and ours. */
export function tables(db: Db | Tx) {
  return db.withTables<RecordingTables>();
}
