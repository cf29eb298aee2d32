import type { Capability, Grant, NodeState, Schedulability, TaskClass } from '@backlot/contract';
import type { Demand } from '../tasks/shape.ts';

/**
 * The world as the search sees it: plain data, read from the database, changed only on working copies. Whatever is
 * wrong in it costs a refused commit and nothing else.
 */

/** Amounts that add up. */
export interface Amounts {
  cpu: number;
  memory: number;
  disk: number;
  packets: number;
}
export const amountKinds = ['cpu', 'memory', 'disk', 'packets'] as const;
export type AmountKind = (typeof amountKinds)[number];

export interface GpuPlace {
  readonly index: number;
  readonly vram: number;
  readonly encoderSessions: number;
  vramUsed: number;
  encoderSessionsUsed: number;
}

/** Places taken under one key: on the node, and on each of its GPUs by index. */
export interface SlotsTaken {
  readonly node: number;
  readonly gpus: ReadonlyMap<number, number>;
}

/** A node with what it has and what is taken. */
export interface NodePlace {
  readonly id: string;
  readonly name: string;
  readonly state: NodeState;
  readonly schedulable: Schedulability;
  readonly epoch: number;
  readonly quarantined: boolean;
  /** A link is open, so that an offer can reach it. */
  readonly connected: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly capabilities: readonly Capability[];
  readonly total: Readonly<Amounts>;
  readonly used: Amounts;
  readonly gpus: readonly GpuPlace[];
  /** Its disk is nearly full, as its last heartbeat says: nothing that writes is placed there, whatever the books say. */
  readonly diskFull?: boolean;
  /** How many places are taken under each key; keys nobody counts are left out. */
  readonly slots: Map<string, SlotsTaken>;
  /** Jobs whose files it has, and hosts that run there: going there again is quicker. */
  readonly warmJobs: ReadonlySet<string>;
  readonly warmHosts: ReadonlySet<string>;
}

/** A task that may be placed at any moment. */
export interface ReadyTask {
  readonly id: string;
  readonly jobId: string | null;
  readonly priority: number;
  /** Milliseconds since it became ready, by the database's clock. */
  readonly waitedMs: number;
}

/** Ready tasks of one project that ask for the same: only the first few are read. */
export interface ReadyGroup {
  readonly key: string;
  readonly class: TaskClass;
  readonly projectId: string;
  readonly shape: string;
  readonly demand: Demand;
  /** Highest priority first, then oldest. */
  readonly tasks: readonly ReadyTask[];
}

/** A project's claim on the pool. */
export interface ProjectShare {
  readonly id: string;
  readonly name: string;
  readonly weight: number;
  /** Part of the pool that it holds now, by its scarcest resource, 0..1. */
  running: number;
  /** The same, averaged over the past with decay. */
  readonly history: number;
  /** Cores that its batch tasks hold, and may hold. */
  batchCpu: number;
  readonly batchCpuLimit: number | null;
}

export interface Avoided {
  readonly strict: boolean;
  readonly refused: boolean;
}
/** Nodes that a task or a job keeps away from, by `task id` or `job id`, then node id. */
export type Avoidances = ReadonlyMap<string, ReadonlyMap<string, Avoided>>;

/** Frozen work that waits for its cores. */
export interface FrozenWork {
  readonly allocationId: string;
  readonly nodeId: string;
  readonly class: TaskClass;
  readonly cpu: number;
}

export interface World {
  readonly pool: string;
  readonly strategy: 'pack' | 'spread';
  readonly nodes: readonly NodePlace[];
  readonly groups: readonly ReadyGroup[];
  readonly projects: ReadonlyMap<string, ProjectShare>;
  readonly avoidances: Avoidances;
  /** Oldest first. */
  readonly frozen: readonly FrozenWork[];
}

/** A place that was found, with the next best ones in case it is gone by then. */
export interface Candidate {
  readonly nodeId: string;
  readonly score: number;
  readonly grant: Grant;
}
export interface Decision {
  readonly task: ReadyTask;
  readonly group: ReadyGroup;
  /** At most three, the best first. */
  readonly candidates: readonly Candidate[];
}
