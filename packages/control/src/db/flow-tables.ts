import type {
  Failure,
  FlowDefinition,
  FlowRunState,
  FlowStepState,
  PortValues,
  Reason,
} from '@backlot/contract';
import type { Generated } from 'kysely';
import type { Json, NullableJson, NullableTime, Time } from './columns.ts';

/** A flow as it is now; a removed one stays for its runs. */
export interface FlowTable {
  id: string;
  project_id: string;
  name: string;
  description: Generated<string>;
  enabled: Generated<boolean>;
  version: number;
  version_id: string;
  trigger_kind: string;
  /** What its trigger says under `with`. */
  trigger: Json<Record<string, unknown>>;
  step_kinds: Json<string[]>;
  step_count: number;
  /** When its schedule fires next. */
  next_at: NullableTime;
  actor_id: string | null;
  actor_name: Generated<string>;
  created_at: Time;
  updated_at: Time;
  removed_at: NullableTime;
}
/** Never changes once it is written. */
export interface FlowVersionTable {
  id: string;
  flow_id: string;
  number: number;
  definition: Json<FlowDefinition>;
  text: string;
  note: Generated<string>;
  actor_id: string | null;
  actor_name: Generated<string>;
  created_at: Time;
}
export interface FlowRunTable {
  id: string;
  flow_id: string;
  version_id: string;
  project_id: string;
  job_id: string;
  name: string;
  key: string;
  trigger_kind: string;
  trigger_data: Json<unknown>;
  trigger_ports: Json<PortValues>;
  subject_kind: string | null;
  subject_id: string | null;
  state: FlowRunState;
  failure: NullableJson<Failure>;
  due_at: NullableTime;
  retry_of: string | null;
  alone_on: string | null;
  /** A node goes on with it, or may: nothing of it is placed or performed here. */
  alone_open: Generated<boolean>;
  /** That node is lost, and it goes on elsewhere as far as that is possible; since then. */
  alone_lost_at: NullableTime;
  /** What is to be said of how it began: why it is of another version than the newest. */
  note: NullableJson<Reason>;
  actor_id: string | null;
  actor_name: Generated<string>;
  started_at: Time;
  ended_at: NullableTime;
}
export interface FlowStepTable {
  run_id: string;
  key: string;
  id: string;
  step: string;
  at: Json<number[]>;
  kind: string;
  state: FlowStepState;
  branch: string | null;
  ports: Json<PortValues>;
  failure: NullableJson<Failure>;
  task_id: string | null;
  due_at: NullableTime;
  /** When it has taken too long. */
  deadline_at: NullableTime;
  /** When the control plane performs it, for steps that are not tasks. */
  perform_at: NullableTime;
  attempts: Generated<number>;
  reused_from: string | null;
  started_at: Time;
  ended_at: NullableTime;
}
