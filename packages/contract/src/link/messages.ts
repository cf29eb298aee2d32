import { z } from 'zod';
import { Capability } from '../capability.ts';
import { FactDraft } from '../fact.ts';
import { Failure } from '../failure.ts';
import { Id } from '../id.ts';
import { Output, Usage } from '../output.ts';
import { Reason } from '../phrase.ts';
import { Capacity, Grant } from '../resources.ts';
import { AllocationOutcome, AllocationState } from '../states/allocation.ts';
import { TaskClass, TaskInput, TaskLimits } from '../task.ts';
import { Traceparent } from '../trace/traceparent.ts';

/** First message of a node. `proof` signs `challenge|nodeId|epoch|bootId` with the node's Ed25519 key, base64url. */
export const Hello = z.object({
  protocol: z.object({ min: z.number().int(), max: z.number().int() }),
  agentVersion: z.string().max(60),
  features: z.array(z.string().max(60)).max(100),
  nodeId: Id,
  /** The last epoch that the server told this node; 0 before the first. */
  epoch: z.number().int().nonnegative(),
  /** New on every start of the agent; tells a restart from a reconnect. */
  bootId: Id,
  proof: z.string().max(200),
});
export type Hello = z.infer<typeof Hello>;

/** Sent by the server as soon as the socket is open. */
export const Challenge = z.object({
  nonce: z.string(),
  protocol: z.object({ min: z.number().int(), max: z.number().int() }),
});
export type Challenge = z.infer<typeof Challenge>;

/**
 * How long a node's work goes on without a lease, unless the control plane says otherwise. Long, because the node can't tell a
 * control plane that is gone from one that it can't reach: when it is gone nobody has given the work away, and ending it is
 * the only harm that is done. When it is alive the work runs twice for so long; a fence keeps what counts from counting twice,
 * and nothing else can be placed on a node that nobody reaches. Milliseconds.
 */
export const usualSelfFenceMs = { interactive: 600_000, batch: 3_600_000 } as const;

/** Intervals and leases are the server's to set. Times are milliseconds. */
export const Welcome = z.object({
  protocol: z.number().int(),
  epoch: z.number().int(),
  replica: z.string(),
  features: z.array(z.string()),
  heartbeatMs: z.number().int().positive(),
  leaseMs: z.number().int().positive(),
  /**
   * After this long without a renewed lease the node ends its own work of a class by itself: by then the control
   * plane may have given it to others. Live work is never ended so: a second recording is better than none.
   */
  selfFenceMs: z.object({
    interactive: z.number().int().positive(),
    batch: z.number().int().positive(),
  }),
  serverTime: z.iso.datetime(),
  /** Allocations that the server believes to be on this node. The node ends all others. */
  allocations: z.array(z.object({ allocation: Id, fence: z.number().int(), state: AllocationState })),
});
export type Welcome = z.infer<typeof Welcome>;

/** All that is known about a machine. Sent after `welcome` and whenever its hash changes. */
export const Inventory = z.object({
  hash: z.string().max(64),
  hostname: z.string().max(255),
  os: z.object({
    platform: z.string(),
    release: z.string(),
    distribution: z.string().optional(),
    arch: z.string(),
  }),
  cpu: z.object({ model: z.string(), cores: z.number().int().positive(), mhz: z.number().optional() }),
  capacity: Capacity,
  capabilities: z.array(Capability),
  labels: z.record(z.string(), z.string()).default({}),
  addresses: z.array(z.string()).default([]),
  driverVersion: z.string().optional(),
});
export type Inventory = z.infer<typeof Inventory>;

/**
 * How full a node's disk is: `low` takes no new batch work, `full` takes nothing new and lets what writes close cleanly.
 */
export const DiskState = z.enum(['ok', 'low', 'full']);
export type DiskState = z.infer<typeof DiskState>;

/** What a node holds for others, and how its disk stands. Amounts are bytes. */
export const NodeDisk = z.object({
  state: DiskState,
  /** Below so many free bytes it is `low`, and `full`. */
  soft: z.number().nonnegative(),
  hard: z.number().nonnegative(),
  held: z.object({ files: z.number().int().nonnegative(), bytes: z.number().nonnegative() }),
  trash: z.object({ files: z.number().int().nonnegative(), bytes: z.number().nonnegative() }),
});
export type NodeDisk = z.infer<typeof NodeDisk>;

/** Load right now. Fractions are 0..1, amounts are bytes, rates are bytes per second. */
export const NodeLoad = z.object({
  at: z.iso.datetime(),
  cpu: z.number().min(0).max(1),
  memoryUsed: z.number().nonnegative(),
  memoryTotal: z.number().nonnegative(),
  diskUsed: z.number().nonnegative(),
  diskTotal: z.number().nonnegative(),
  networkIn: z.number().nonnegative(),
  networkOut: z.number().nonnegative(),
  disk: NodeDisk.optional(),
  gpus: z
    .array(
      z.object({
        index: z.number().int(),
        utilization: z.number().min(0).max(1),
        vramUsed: z.number().nonnegative(),
        vramTotal: z.number().nonnegative(),
        encoderSessions: z.number().int().nonnegative().default(0),
        temperature: z.number().optional(),
      }),
    )
    .default([]),
});
export type NodeLoad = z.infer<typeof NodeLoad>;

const AllocationRef = z.object({ allocation: Id, fence: z.number().int().positive() });

/** Small, every `heartbeatMs`; renews the node's lease. */
export const Heartbeat = z.object({
  inventoryHash: z.string().max(64),
  load: NodeLoad.optional(),
  allocations: z.array(AllocationRef.extend({ state: AllocationState, seq: z.number().int().nonnegative() })),
});
export type Heartbeat = z.infer<typeof Heartbeat>;

/** Work for a node. Whoever accepts must have written it down first. */
export const Offer = AllocationRef.extend({
  task: Id,
  job: Id.nullable(),
  project: Id,
  kind: z.string(),
  class: TaskClass,
  parameters: z.record(z.string(), z.unknown()),
  resources: Grant,
  inputs: z.array(TaskInput),
  limits: TaskLimits,
  host: z.string().nullable(),
  attempt: z.number().int().positive(),
  /** Names of outputs that earlier attempts have committed; they need not be made again. */
  committed: z.array(z.string()),
  /** Bearer token for inputs, outputs and logs of this allocation alone. Renewed by `token`. */
  token: z.string(),
  /** Milliseconds to answer in; later the offer has expired. */
  deadlineMs: z.number().int().positive(),
});
export type Offer = z.infer<typeof Offer>;

export const Accept = AllocationRef;
export const Reject = AllocationRef.extend({ reason: Reason });

/** Progress inside a task, for people; never decides anything. */
export const Progress = z.object({
  /** 0..1 */
  fraction: z.number().min(0).max(1).optional(),
  message: z.string().max(300).optional(),
  /** Facts for the workload's page: the frame in work, samples done. */
  detail: z.record(z.string(), z.unknown()).optional(),
});
export type Progress = z.infer<typeof Progress>;

/**
 * A change of an allocation, reported once, in order of `seq` (1, 2, 3 …), kept in the node's journal until it is
 * acknowledged. `outputs` are committed with it: a frame counts as soon as its report is applied.
 */
export const StateReport = AllocationRef.extend({
  seq: z.number().int().positive(),
  state: AllocationState,
  outputs: z.array(Output).max(1000).default([]),
  outcome: AllocationOutcome.optional(),
  failure: Failure.optional(),
  /** What the workload's `conclude` found: facts of an import, timings of frames. At most 64 kB of JSON. */
  result: z.record(z.string(), z.unknown()).optional(),
  usage: Usage.optional(),
  /** Why it was frozen, stopped, or started anew. */
  reason: Reason.optional(),
});
export type StateReport = z.infer<typeof StateReport>;

/**
 * `applied` and `duplicate` may be forgotten by the node; `stale` means: end the work, its place was given away.
 * `seq` 0 answers `accept` and `findings`; of those, `stale` ones are taken in all the same.
 */
export const ReportAck = AllocationRef.extend({
  seq: z.number().int().nonnegative(),
  verdict: z.enum(['applied', 'duplicate', 'stale']),
});
export type ReportAck = z.infer<typeof ReportAck>;

/**
 * What an allocation has found while it runs: held outputs, and facts. Beside the reports and without a number: each output
 * counts once by (task, name), each fact by (allocation, key), however often it is told, and all of it is taken in whatever
 * has become of the allocation since, because bytes and facts are true whoever the work belongs to by now. A node tells
 * them in order, and all of them before the allocation's end.
 */
export const Findings = AllocationRef.extend({
  outputs: z.array(Output.extend({ held: z.literal(true) })).max(500),
  facts: z.array(FactDraft).max(500),
});
export type Findings = z.infer<typeof Findings>;

export const ProgressReport = AllocationRef.extend({ progress: Progress });

export const Stop = AllocationRef.extend({
  graceMs: z.number().int().nonnegative(),
  why: z.enum(['canceled', 'preempted', 'lost', 'drained', 'stale']),
});
export const Freeze = AllocationRef;
export const Thaw = AllocationRef;

/** A workload's own request to a running allocation or its host; both ways; answered by `result` or `error`. */
export const Call = z.object({
  allocation: Id,
  method: z.string().max(100),
  payload: z.unknown(),
  deadlineMs: z.number().int().positive().max(120_000),
  /** The span that asks, so that one trace goes through all processes. */
  traceparent: Traceparent,
});
export type Call = z.infer<typeof Call>;
export const CallResult = z.object({ payload: z.unknown() });
export const LinkError = z.object({ code: z.string(), message: z.string() });

export const Goaway = z.object({ retryAfterMs: z.number().int().nonnegative(), reason: z.string() });
export const TokenRenewal = AllocationRef.extend({ token: z.string() });
/** Asks for the end of a log at once, instead of waiting for the next upload. */
export const LogTail = AllocationRef.extend({
  stream: z.enum(['stdout', 'stderr']),
  from: z.number().int().nonnegative(),
});

/** Method of the call by which the control plane asks for what a node has not uploaded of a log yet. */
export const logTailMethod = 'kernel.log-tail';
/** The bytes from `position` on, base64; `size` is how long the log is by now. */
export const LogTailResult = z.object({
  position: z.number().int().nonnegative(),
  data: z.string(),
  size: z.number().int().nonnegative(),
});
export type LogTailResult = z.infer<typeof LogTailResult>;

/** What a node may send, by `t`. */
export const nodeMessages = {
  hello: Hello,
  inventory: Inventory,
  heartbeat: Heartbeat,
  accept: Accept,
  reject: Reject,
  state: StateReport,
  findings: Findings,
  progress: ProgressReport,
  call: Call,
  result: CallResult,
  error: LinkError,
} as const;
export type NodeMessageType = keyof typeof nodeMessages;
export type NodeMessages = { [T in NodeMessageType]: z.infer<(typeof nodeMessages)[T]> };

/** What the control plane may send, by `t`. */
export const controlMessages = {
  challenge: Challenge,
  welcome: Welcome,
  'heartbeat-ack': z.object({ leaseMs: z.number().int().positive() }),
  offer: Offer,
  ack: ReportAck,
  stop: Stop,
  freeze: Freeze,
  thaw: Thaw,
  token: TokenRenewal,
  call: Call,
  result: CallResult,
  error: LinkError,
  goaway: Goaway,
} as const;
export type ControlMessageType = keyof typeof controlMessages;
export type ControlMessages = { [T in ControlMessageType]: z.infer<(typeof controlMessages)[T]> };
