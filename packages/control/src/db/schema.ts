import type {
  AllocationOutcome,
  AllocationState,
  Failure,
  Grant,
  Inventory,
  JobIntent,
  JobState,
  NodeLoad,
  NodeState,
  Progress,
  Quota,
  Reason,
  Role,
  Schedulability,
  TaskClass,
  TaskCounts,
  TaskDraft,
  TaskState,
  Usage,
} from '@backlot/contract';
import type { ColumnType, Generated, Kysely, Selectable, Transaction } from 'kysely';
import type { Json, JsonDefault, NullableJson, NullableTime, Time, WholeNumber } from './columns.ts';
import type { FlowRunTable, FlowStepTable, FlowTable, FlowVersionTable } from './flow-tables.ts';

export type { FlowRunTable, FlowStepTable, FlowTable, FlowVersionTable };

export interface ProjectTable {
  id: string;
  slug: string;
  name: string;
  weight: Generated<number>;
  quota: JsonDefault<Quota>;
  retention_days: number | null;
  created_at: Time;
}
export interface AccountTable {
  id: string;
  email: string;
  name: string;
  password_hash: string | null;
  language: Generated<string>;
  disabled_at: NullableTime;
  last_seen_at: NullableTime;
  created_at: Time;
}
export interface RoleGrantTable {
  account_id: string;
  project_id: string | null;
  role: Role;
  created_at: Time;
}
export interface LoginSessionTable {
  id: string;
  account_id: string;
  token_hash: Buffer;
  csrf_token: string;
  user_agent: string | null;
  address: string | null;
  created_at: Time;
  last_used_at: Time;
  expires_at: ColumnType<Date, Date | string, Date | string>;
}
export interface ApiTokenTable {
  id: string;
  account_id: string;
  project_id: string | null;
  name: string;
  token_hash: Buffer;
  scopes: string[];
  expires_at: NullableTime;
  last_used_at: NullableTime;
  revoked_at: NullableTime;
  created_at: Time;
}
export interface OneTimeLinkTable {
  token_hash: Buffer;
  purpose: 'setup' | 'password';
  account_id: string | null;
  expires_at: ColumnType<Date, Date | string, Date | string>;
  used_at: NullableTime;
  created_at: Time;
}
export interface AuditTable {
  seq: Generated<WholeNumber>;
  at: Time;
  actor_kind: string;
  actor_id: string | null;
  actor_name: string;
  action: string;
  subject_kind: string;
  subject_id: string | null;
  project_id: string | null;
  before: NullableJson<unknown>;
  after: NullableJson<unknown>;
  request_id: string | null;
  address: string | null;
}
export interface EventTable {
  seq: Generated<WholeNumber>;
  id: string;
  at: Time;
  txid: Generated<string>;
  project_id: string | null;
  kind: string;
  subject_kind: string;
  subject_id: string;
  body: JsonDefault<Record<string, unknown>>;
}
export interface WebhookTable {
  id: string;
  project_id: string;
  url: string;
  secret: string;
  kinds: string[];
  enabled: Generated<boolean>;
  created_at: Time;
}
export interface WebhookDeliveryTable {
  id: string;
  webhook_id: string;
  event_seq: WholeNumber;
  event_kind: string;
  state: Generated<'pending' | 'delivered' | 'failed'>;
  attempts: Generated<number>;
  next_at: NullableTime;
  status: number | null;
  error: string | null;
  duration_ms: number | null;
  at: Time;
}
export interface EventCursorTable {
  name: string;
  seq: WholeNumber;
  updated_at: Time;
}
/** Events that a reaction was given up on. */
export interface ReactionFailureTable {
  name: string;
  event_seq: WholeNumber;
  attempts: number;
  error: string;
  at: Time;
}
export interface IdempotencyTable {
  actor: string;
  key: string;
  request_hash: Buffer;
  status: number | null;
  response: NullableJson<unknown>;
  created_at: Time;
}
export interface LeaderTable {
  name: string;
  holder: string;
  until: ColumnType<Date, Date | string, Date | string>;
}
export interface SettingTable {
  key: string;
  value: Json<unknown>;
  updated_at: Time;
}
export interface PoolTable {
  name: string;
  selector: JsonDefault<Record<string, string>>;
  policy: JsonDefault<Record<string, unknown>>;
  created_at: Time;
}
export interface JoinTokenTable {
  id: string;
  token_hash: Buffer;
  pool: string;
  labels: JsonDefault<Record<string, string>>;
  uses_left: number;
  expires_at: ColumnType<Date, Date | string, Date | string>;
  created_by: string | null;
  created_at: Time;
}
export interface NodeTable {
  id: string;
  name: string;
  public_key: string;
  state: Generated<NodeState>;
  schedulable: Generated<Schedulability>;
  epoch: Generated<number>;
  boot_id: string | null;
  replica: string | null;
  pool: string;
  labels: JsonDefault<Record<string, string>>;
  inventory: NullableJson<Inventory>;
  inventory_hash: string | null;
  agent_version: string | null;
  quarantine_until: NullableTime;
  unreachable_since: NullableTime;
  created_at: Time;
}
export interface NodeLeaseTable {
  node_id: string;
  lease_until: ColumnType<Date, Date | string, Date | string>;
  seen_at: ColumnType<Date, Date | string, Date | string>;
  load: NullableJson<NodeLoad>;
}
export interface NodeSampleTable {
  node_id: string;
  at: ColumnType<Date, Date | string, Date | string>;
  load: Json<NodeLoad>;
}
export interface NodeUsageTable {
  node_id: string;
  cpu_total: number;
  cpu_used: Generated<number>;
  memory_total: WholeNumber;
  memory_used: Generated<WholeNumber>;
  disk_total: WholeNumber;
  disk_used: Generated<WholeNumber>;
  packets_total: Generated<WholeNumber>;
  packets_used: Generated<WholeNumber>;
}
export interface GpuUsageTable {
  node_id: string;
  index: number;
  name: string;
  vram_total: WholeNumber;
  vram_used: Generated<WholeNumber>;
  encoder_sessions_total: number;
  encoder_sessions_used: Generated<number>;
}
export interface JobTable {
  id: string;
  project_id: string;
  kind: string;
  name: string;
  intent: Generated<JobIntent>;
  priority: Generated<number>;
  parameters: JsonDefault<Record<string, unknown>>;
  facts: JsonDefault<Record<string, unknown>>;
  /** How many tasks are in each state; kept by the same transaction that moves a task. */
  counts: JsonDefault<TaskCounts>;
  /** `deriveJobState(counts, intent)`, stored only so that lists can be filtered; never read as the truth. */
  state: Generated<JobState>;
  weight_total: Generated<number>;
  weight_done: Generated<number>;
  failure: NullableJson<Failure>;
  /** Failed tasks that its flow has got over: they don't make it fail. */
  forgiven: Generated<number>;
  actor_id: string | null;
  actor_name: Generated<string>;
  created_at: Time;
  started_at: NullableTime;
  ended_at: NullableTime;
}
export interface TaskTable {
  id: string;
  job_id: string | null;
  project_id: string;
  key: string;
  kind: string;
  class: TaskClass;
  state: TaskState;
  pool: Generated<string>;
  /** What it asks of a node, as a digest: tasks of one shape fit the same nodes. */
  shape: Generated<string>;
  priority: Generated<number>;
  /** Attempts that failed and were charged. */
  attempt: Generated<number>;
  max_attempts: Generated<number>;
  weight: Generated<number>;
  spec: Json<TaskDraft>;
  /** Needs that have not succeeded yet; the task leaves `blocked` when it reaches 0. */
  open_needs: Generated<number>;
  not_before: NullableTime;
  /** The job's intent is pause: not placed, whatever the state. */
  paused: Generated<boolean>;
  wait: NullableJson<Reason>;
  failure: NullableJson<Failure>;
  result: NullableJson<Record<string, unknown>>;
  progress: NullableJson<Progress>;
  created_at: Time;
  ready_at: NullableTime;
  ended_at: NullableTime;
}
export interface TaskNeedTable {
  task_id: string;
  needs_task_id: string;
}
export interface AvoidanceTable {
  id: string;
  task_id: string | null;
  job_id: string | null;
  node_id: string;
  signature: string;
  /** Not on this node at all until then; otherwise only while there is another one. */
  strict: Generated<boolean>;
  until: ColumnType<Date, Date | string, Date | string>;
  created_at: Time;
}
export interface AllocationTable {
  id: string;
  task_id: string;
  job_id: string | null;
  project_id: string;
  node_id: string;
  node_epoch: number;
  fence: Generated<WholeNumber>;
  state: Generated<AllocationState>;
  known_state: AllocationState | null;
  seq: Generated<number>;
  attempt: number;
  class: TaskClass;
  resources: Json<Grant>;
  /** Whether its cores count as used; frozen work gives them back. */
  cpu_held: Generated<boolean>;
  outcome: AllocationOutcome | null;
  failure: NullableJson<Failure>;
  reason: NullableJson<Reason>;
  usage: NullableJson<Usage>;
  stop_why: string | null;
  offer_until: ColumnType<Date, Date | string, Date | string>;
  offered_at: Time;
  started_at: NullableTime;
  stop_at: NullableTime;
  ended_at: NullableTime;
}
export interface BlobTable {
  digest: string;
  size: WholeNumber;
  /** The bytes are in the store; otherwise only nodes have them. */
  stored: Generated<boolean>;
  created_at: Time;
  unreferenced_at: NullableTime;
}
export interface ArtifactTable {
  id: string;
  project_id: string;
  job_id: string | null;
  task_id: string | null;
  allocation_id: string | null;
  name: string;
  kind: string;
  digest: string;
  size: WholeNumber;
  media_type: string;
  meta: JsonDefault<Record<string, unknown>>;
  retention_until: NullableTime;
  deleted_at: NullableTime;
  /** What `blob.stored` and the table of holders say, so that a row tells all of it. Kept by a trigger on both. */
  stored: Generated<boolean>;
  holders: Generated<string[]>;
  created_at: Time;
}
/** A node that has, or had, the bytes of a digest. */
export interface ArtifactHolderTable {
  digest: string;
  node_id: string;
  /**
   * held       the node has them
   * trashing   the node is to put them into its trash, and has not said that it did
   * trashed    they are in its trash
   * restoring  the node is to take them out again, and has not said that it did
   */
  state: Generated<'held' | 'trashing' | 'trashed' | 'restoring'>;
  since: Time;
  /** When the node is asked next. */
  ask_at: Time;
}
/** Facts that have been made events, so that each becomes one once. */
export interface TaskFactTable {
  allocation_id: string;
  key: string;
  at: Time;
}
export interface StagedOutputTable {
  allocation_id: string;
  name: string;
  digest: string;
  size: WholeNumber;
  created_at: Time;
}
export interface UploadTable {
  id: string;
  project_id: string;
  actor_id: string | null;
  name: string;
  media_type: string;
  size: WholeNumber;
  claimed_digest: string | null;
  /** What the bytes were found to be, once all have arrived. */
  digest: string | null;
  received: Generated<WholeNumber>;
  artifact_id: string | null;
  created_at: Time;
  finished_at: NullableTime;
}
export interface BlobMultipartTable {
  id: string;
  store_key: string;
  store_upload_id: string;
  part_size: WholeNumber;
  digest: string | null;
  created_at: Time;
}
export interface BlobPartTable {
  multipart_id: string;
  number: number;
  size: WholeNumber;
  etag: string;
  sha256: string;
}
export interface LogChunkTable {
  allocation_id: string;
  stream: 'stdout' | 'stderr';
  position: WholeNumber;
  length: number;
  digest: string;
  created_at: Time;
}

/** The kernel's tables. A workload reads and writes its own tables through `db.withTables<…>()`. */
export interface Tables {
  project: ProjectTable;
  account: AccountTable;
  role_grant: RoleGrantTable;
  login_session: LoginSessionTable;
  api_token: ApiTokenTable;
  one_time_link: OneTimeLinkTable;
  audit: AuditTable;
  event: EventTable;
  webhook: WebhookTable;
  webhook_delivery: WebhookDeliveryTable;
  event_cursor: EventCursorTable;
  reaction_failure: ReactionFailureTable;
  idempotency: IdempotencyTable;
  leader: LeaderTable;
  setting: SettingTable;
  pool: PoolTable;
  join_token: JoinTokenTable;
  node: NodeTable;
  node_lease: NodeLeaseTable;
  node_sample: NodeSampleTable;
  node_usage: NodeUsageTable;
  gpu_usage: GpuUsageTable;
  job: JobTable;
  task: TaskTable;
  task_need: TaskNeedTable;
  avoidance: AvoidanceTable;
  allocation: AllocationTable;
  task_history: TaskTable;
  allocation_history: AllocationTable;
  task_need_history: TaskNeedTable;
  blob: BlobTable;
  artifact: ArtifactTable;
  artifact_holder: ArtifactHolderTable;
  task_fact: TaskFactTable;
  staged_output: StagedOutputTable;
  upload: UploadTable;
  blob_multipart: BlobMultipartTable;
  blob_part: BlobPartTable;
  log_chunk: LogChunkTable;
  flow: FlowTable;
  flow_version: FlowVersionTable;
  flow_run: FlowRunTable;
  flow_step: FlowStepTable;
}

export type Db = Kysely<Tables>;
/** Handed to everything that must happen together with a state change. */
export type Tx = Transaction<Tables>;
export type JobRow = Selectable<JobTable>;
export type TaskRow = Selectable<TaskTable>;
export type AllocationRow = Selectable<AllocationTable>;
export type NodeRow = Selectable<NodeTable>;
export type ArtifactRow = Selectable<ArtifactTable>;
export type FlowRow = Selectable<FlowTable>;
export type FlowRunRow = Selectable<FlowRunTable>;
export type FlowStepRow = Selectable<FlowStepTable>;
