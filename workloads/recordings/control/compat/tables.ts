import type { Db, Tx } from '@backlot/control/workload';
import type { ColumnType, Selectable } from 'kysely';

type Json<T> = ColumnType<T, string, string>;
type Time = ColumnType<Date, Date | undefined, Date>;
type MaybeTime = ColumnType<Date | null, Date | null | undefined, Date | null>;
/** The pool reads int8 as a number. */
type Whole = ColumnType<number, number, number>;
type MaybeWhole = ColumnType<number | null, number | null | undefined, number | null>;

/** NGlive's door into a project. */
export interface GatewayTable {
  project_id: string;
  /** What heartbeats call `UUID`. */
  id: string;
  enabled: boolean;
  name: string;
  /** SHA-256 of the token. */
  token_hash: string | null;
  recorder: 'bililive' | 'resolver';
  flow: Json<{ flowId: string; versionId: string | null } | null>;
  /** Where to dial to, with tokens: encrypted. */
  reverse: Buffer | null;
  /** Grows with every change. */
  revision: ColumnType<number, number | undefined, number>;
  /** The control process that dials, until when; by the database's clock. */
  lease_by: string | null;
  lease_until: MaybeTime;
}
export interface BlockTable {
  project_id: string;
  room_id: Whole;
  reason: string;
  by_name: string;
  at: Time;
}
export interface WebhookEventTable {
  project_id: string;
  event_id: string;
  at: Time;
}
/** A session of a BililiveRecorder, as its webhooks tell of it. */
export interface WebhookSessionTable {
  project_id: string;
  source: string;
  session_id: string;
  room_id: Whole;
  started_at: MaybeTime;
  ended_at: MaybeTime;
  /** When something was told of it last. By the control plane's clock. */
  seen_at: Time;
}
/** A file of a BililiveRecorder, as its webhooks tell of it. */
export interface WebhookFileTable {
  id: string;
  project_id: string;
  source: string;
  /** Empty while only version 1 has told of it. */
  session_id: string;
  path: string;
  room_id: Whole;
  name: string;
  title: string;
  state: 'open' | 'closed';
  opened_at: MaybeTime;
  closed_at: MaybeTime;
  size: MaybeWhole;
  duration_ms: MaybeWhole;
  /** Nobody has said that it was closed: it followed from what came later. */
  assumed: ColumnType<boolean, boolean | undefined, boolean>;
  seen_at: Time;
  /** While it is open: nothing can follow for it before then. By the control plane's clock. */
  look_at: Time;
}
// A type, not an interface: Kysely wants its index signature.
export type CompatTables = {
  recordings_nglive: GatewayTable;
  recordings_nglive_block: BlockTable;
  recordings_webhook_event: WebhookEventTable;
  recordings_webhook_session: WebhookSessionTable;
  recordings_webhook_file: WebhookFileTable;
};
export type GatewayRow = Selectable<GatewayTable>;
export type WebhookFileRow = Selectable<WebhookFileTable>;

export function compatTables(db: Db | Tx) {
  return db.withTables<CompatTables>();
}
