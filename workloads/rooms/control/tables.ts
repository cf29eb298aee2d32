import type { Db, Kernel, Tx } from '@backlot/control/workload';
import type { ColumnType, Selectable } from 'kysely';
import type { Permissions, Role } from '../contract/grants.ts';
import type { RoomSettings, RoomState } from '../contract/room.ts';

type Json<T> = ColumnType<T, string, string>;
type Time = ColumnType<Date, Date | undefined, Date>;
type MaybeTime = ColumnType<Date | null, Date | null | undefined, Date | null>;

export interface RoomTable {
  id: string;
  project_id: string;
  name: string;
  state: RoomState;
  settings: Json<RoomSettings>;
  locked: boolean;
  /** The job that holds its place; null before the first one is there, and after it was given back. */
  job_id: string | null;
  created_by: string;
  created_at: Time;
  /** When it last became empty; decides the time-outs. Null while somebody is there. */
  empty_since: MaybeTime;
  /** Whether anybody was ever there: then the departure time-out counts. */
  visited: boolean;
  closed_at: MaybeTime;
  /** Number of its last event, for webhooks. */
  event_seq: ColumnType<number, number | undefined, number>;
}

/** Somebody who is in an open room, as it must survive a restart of the control plane. Removed when they leave. */
export interface ParticipantTable {
  room_id: string;
  identity: string;
  /** SHA-256 of the session id that its client resumes with; null for programs. */
  session_hash: string | null;
  name: string;
  role: Role;
  permissions: Json<Permissions>;
  metadata: string;
  device: Json<Record<string, unknown>>;
  /** What its client is, and what it said when it joined: `SeatMemory` in `rooms/member.ts`. */
  memory: Json<Record<string, unknown>>;
  via: 'signalling' | 'api';
  token_id: string | null;
  joined_at: Time;
}

export interface RevocationTable {
  /** A token's id, or null: every token of the identity in the room issued before `before`. */
  token_id: string | null;
  room: string | null;
  identity: string | null;
  before: Time;
  /** The row is of no use any more after this. */
  expires_at: ColumnType<Date, Date, Date>;
}

export type RoomRow = Selectable<RoomTable>;
export type ParticipantRow = Selectable<ParticipantTable>;

export type RoomTables = {
  rooms_room: RoomTable;
  rooms_participant: ParticipantTable;
  rooms_revocation: RevocationTable;
};

/** The kernel's connection, with this workload's tables beside the kernel's. */
export function tables(db: Kernel['db'] | Db | Tx) {
  return db.withTables<RoomTables>();
}
