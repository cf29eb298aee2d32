import type { Reason } from '@backlot/contract';
import type { Db, Kernel, Tx } from '@backlot/control/workload';
import type { ColumnType, Generated, Selectable } from 'kysely';
import type { AllowedCommand, Notice, TargetKind, TargetLimits } from '../contract.ts';

type Json<T> = ColumnType<T, string, string>;
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>;
type Time = ColumnType<Date, Date | undefined, Date>;
type NullableTime = ColumnType<Date | null, Date | null | undefined, Date | null>;

export interface TargetTable {
  id: string;
  project_id: string;
  name: string;
  kind: TargetKind;
  settings: Json<Record<string, unknown>>;
  /** The secrets, sealed; see `seal.ts`. */
  sealed: Buffer;
  secret_names: string[];
  limits: Json<TargetLimits>;
  enabled: Generated<boolean>;
  health: Generated<'up' | 'down' | 'unknown'>;
  health_since: NullableTime;
  fault: NullableJson<Reason>;
  created_at: Time;
  changed_at: Time;
}

export interface MessageTable {
  id: string;
  project_id: string;
  target_id: string;
  /** Names the occasion: the same told twice is one message. */
  occasion: string;
  group_key: string;
  notice: Json<Notice>;
  /** What a webhook gets instead of a notice. */
  payload: NullableJson<{ type: string; data: unknown }>;
  state: Generated<'pending' | 'delivered' | 'failed' | 'folded'>;
  attempts: Generated<number>;
  next_at: NullableTime;
  fault: string | null;
  created_at: Time;
  ended_at: NullableTime;
}

/** A group of messages of which one has gone out, and how many have been counted since. */
export interface GroupTable {
  target_id: string;
  group_key: string;
  until: ColumnType<Date, Date | string, Date | string>;
  folded: Generated<number>;
  /** Titles of what was counted, the first of them. */
  titles: Json<string[]>;
}

export interface SubscriptionTable {
  id: string;
  project_id: string;
  target_id: string;
  kinds: string[];
  language: Generated<'en' | 'zh-CN'>;
  enabled: Generated<boolean>;
  created_at: Time;
}

export interface CommandTable {
  name: string;
  spec: Json<AllowedCommand>;
  changed_at: Time;
}

export type TargetRow = Selectable<TargetTable>;
export type MessageRow = Selectable<MessageTable>;
export type SubscriptionRow = Selectable<SubscriptionTable>;

export type DeliveryTables = {
  delivery_target: TargetTable;
  delivery_message: MessageTable;
  delivery_group: GroupTable;
  delivery_subscription: SubscriptionTable;
  delivery_command: CommandTable;
};

/** The kernel's connection, with this workload's tables beside the kernel's. */
export function tables(db: Kernel['db'] | Db | Tx) {
  return db.withTables<DeliveryTables>();
}
