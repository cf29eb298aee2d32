import type { Failure, PhraseParams, Reason } from '@backlot/contract';
import type { Db, Kernel, Tx } from '@backlot/control/workload';
import type { ColumnType, Generated, Selectable } from 'kysely';
import type {
  AppRecipe,
  AppSettings,
  InstanceEnd,
  InstanceState,
  PlayerRole,
  SessionEnd,
  SessionState,
} from '../contract.ts';

type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
type Time = ColumnType<Date, Date | undefined, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;

export interface AppTable {
  id: string;
  project_id: string;
  slug: string;
  /** All settings; `enabled`, `warm` and `max_instances` are also columns, because the keeper asks for them. */
  settings: Json<AppSettings>;
  enabled: boolean;
  warm: number;
  max_instances: number;
  last_version: Generated<number>;
  active_version: number | null;
  canary_version: number | null;
  /** Percent. */
  canary_share: number | null;
  created_at: Time;
  updated_at: Time;
  deleted_at: NullableTime;
}
export interface AppVersionTable {
  app_id: string;
  version: number;
  recipe: Json<AppRecipe>;
  note: string;
  used_at: NullableTime;
  /** In a row. */
  failures: Generated<number>;
  next_start_at: NullableTime;
  blocked_at: NullableTime;
  last_failure: NullableJson<Reason>;
  created_by: string;
  created_at: Time;
}
export interface InstanceTable {
  id: string;
  app_id: string;
  project_id: string;
  version: number;
  state: InstanceState;
  trial: Generated<boolean>;
  job_id: string;
  node_id: string | null;
  allocation_id: string | null;
  gpu: number | null;
  session_id: string | null;
  last_session_id: string | null;
  sessions: Generated<number>;
  streamer_at: NullableTime;
  streamer_gone_at: NullableTime;
  requested_at: Time;
  started_at: NullableTime;
  ready_at: NullableTime;
  free_since: NullableTime;
  reset_until: NullableTime;
  ended_at: NullableTime;
  retire: InstanceEnd | null;
  retire_params: NullableJson<PhraseParams>;
  end_reason: InstanceEnd | null;
  end_params: NullableJson<PhraseParams>;
  failure: NullableJson<Failure>;
}
export interface SessionTable {
  id: string;
  app_id: string;
  project_id: string;
  state: SessionState;
  /** Tries this version in an instance of its own. */
  trial_version: number | null;
  version: number | null;
  instance_id: string | null;
  subject: string;
  controller: number | null;
  /** The page of the one in control speaks `backlot.*`. */
  extensions: boolean;
  requested_at: Time;
  ready_at: NullableTime;
  active_at: NullableTime;
  activity_at: Time;
  away_since: NullableTime;
  warned: 'idle' | 'limit' | null;
  ending_at: NullableTime;
  ended_at: NullableTime;
  end_reason: SessionEnd | null;
  end_by: string | null;
}
export interface PlayerTable {
  id: Generated<number>;
  session_id: string;
  role: PlayerRole;
  /** What it came with allows it control; without, only somebody else can give it. */
  may_control: Generated<boolean>;
  extensions: Generated<boolean>;
  subject: string;
  address: string | null;
  user_agent: string | null;
  joined_at: Time;
  connected: Generated<boolean>;
  left_at: NullableTime;
}
export interface TimelineTable {
  seq: Generated<number>;
  session_id: string;
  at: Time;
  what: string;
  detail: Json<Record<string, unknown>>;
}
export interface StatTable {
  session_id: string;
  player_id: number;
  at: Time;
  bitrate_bps: number | null;
  rtt_ms: number | null;
  fps: number | null;
  lost_fraction: number | null;
  jitter_ms: number | null;
  width: number | null;
  height: number | null;
  frames_dropped: number | null;
  relayed: boolean | null;
}
export interface TicketUseTable {
  jti: string;
  session_id: string;
  expires_at: Date;
}
export type AppRow = Selectable<AppTable>;
export type AppVersionRow = Selectable<AppVersionTable>;
export type InstanceRow = Selectable<InstanceTable>;
export type SessionRow = Selectable<SessionTable>;
export type PlayerRow = Selectable<PlayerTable>;

type StreamTables = {
  streams_app: AppTable;
  streams_app_version: AppVersionTable;
  streams_instance: InstanceTable;
  streams_session: SessionTable;
  streams_player: PlayerTable;
  streams_timeline: TimelineTable;
  streams_stat: StatTable;
  streams_ticket_use: TicketUseTable;
};

/** The kernel's connection, with this workload's tables beside the kernel's. */
export function tables(db: Kernel['db'] | Db | Tx) {
  return db.withTables<StreamTables>();
}
