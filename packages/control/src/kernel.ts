import type { Readable } from 'node:stream';
import type {
  AllocationState,
  Artifact,
  BacklotError,
  Call,
  Clock,
  ControlMessages,
  Failure,
  Id,
  Job,
  JobIntent,
  Language,
  LiveUpdate,
  NodeMessages,
  Output,
  PermissionTable,
  Reason,
  ReportAck,
  RoleGrant,
  StateReport,
  TaskInput,
  Tracer,
} from '@backlot/contract';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Db, Tx } from './db/schema.ts';

/**
 * The ports between the rooms of the control plane, in one place. A room imports the port, never another room's
 * files; `control.ts` is the only file that knows who stands behind each.
 */

/** Who does something. Everything that changes state takes one, and the audit keeps it. */
export interface Actor {
  readonly kind: 'account' | 'token' | 'node' | 'allocation' | 'system' | 'anonymous';
  /** Account id for accounts and tokens (a token acts for its account), node id, allocation id. */
  readonly id: string | null;
  readonly name: string;
  readonly grants: readonly RoleGrant[];
  /** `['*']` unless it is a token. */
  readonly scopes: readonly string[];
  /** The token's own id, when one was used. */
  readonly tokenId?: string;
  readonly language: Language;
}

/** The kernel itself: timers, sweeps, follow-ups. */
export const systemActor: Actor = {
  kind: 'system',
  id: null,
  name: 'system',
  grants: [{ projectId: null, role: 'admin' }],
  scopes: ['*'],
  language: 'en',
};

/** What a change looked like, for the audit. `before` and `after` hold no secrets. */
export interface AuditRecord {
  readonly actor: Actor;
  readonly action: string;
  readonly subject: { readonly kind: string; readonly id: string | null };
  readonly projectId?: string | null;
  readonly before?: unknown;
  readonly after?: unknown;
  readonly requestId?: string;
  readonly address?: string;
}
export interface AuditLog {
  /** Writes in the caller's transaction: a change without its audit row can't exist. */
  record(tx: Tx, record: AuditRecord): Promise<void>;
}

export interface EventDraft {
  readonly projectId: string | null;
  readonly kind: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly body?: Record<string, unknown>;
}
export interface EventLog {
  /** Appends in the caller's transaction. Readers are woken after the commit by `wake`, and by a sweep anyway. */
  append(tx: Tx, events: readonly EventDraft[]): Promise<void>;
  /** Call after a transaction that appended events has committed. Losing the call costs only time. */
  wake(): void;
  /** Something for open pages only (load, progress): published, never stored. */
  live(update: LiveUpdate, projectId: string | null): void;
}

export interface AccessControl {
  /** All permissions: the kernel's and the workloads'. */
  readonly permissions: PermissionTable;
  may(actor: Actor, permission: string, projectId: string | null): boolean;
  /** Throws `forbidden`, or `not_found` is the caller's choice where existence itself is secret. */
  require(actor: Actor, permission: string, projectId: string | null): void;
  /** Projects in which the actor has a permission; `'all'` for a grant everywhere. For filtering lists. */
  projectsWith(actor: Actor, permission: string): 'all' | readonly string[];
}

export interface JobSubmission {
  readonly kind: string;
  readonly projectId: string;
  readonly name: string;
  readonly parameters: unknown;
  readonly priority?: number;
  readonly actor: Actor;
}
/** Jobs: what people submit and steer. Every method writes its events and audit in its transaction. */
export interface Jobs {
  /** Checks the parameters against the kind's schema, stores the job and its planned tasks. */
  submit(submission: JobSubmission, tx?: Tx): Promise<Job>;
  get(id: Id): Promise<Job>;
  setIntent(id: Id, intent: JobIntent, actor: Actor): Promise<Job>;
  setPriority(id: Id, priority: number, actor: Actor): Promise<Job>;
  rename(id: Id, name: string, actor: Actor): Promise<Job>;
  /** Failed and canceled tasks are queued again, with their attempts forgiven; finished work is kept. */
  retryFailed(id: Id, actor: Actor): Promise<Job>;
  /** Lets a held task go on, with more inputs or changed parameters when what was missing has come. */
  release(
    taskId: Id,
    change: { parameters?: Record<string, unknown>; inputs?: TaskInput[] },
    actor: Actor,
  ): Promise<void>;
  /** One task once more (failed, canceled or held), or queued work taken back from its node. */
  requeueTask(taskId: Id, actor: Actor): Promise<void>;
  /** Deletes an ended job with its artifacts. */
  remove(id: Id, actor: Actor): Promise<void>;
}

/** What nodes report, applied by `allocations`; called by the link server. */
export interface NodeReports {
  /**
   * A node has signed in. Returns what the database believes to run there. A node that was lost has a new epoch:
   * nothing of before is its own any more.
   */
  connected(node: {
    id: Id;
    epoch: number;
    bootId: Id;
  }): Promise<{ allocation: Id; fence: number; state: AllocationState }[]>;
  accept(nodeId: Id, message: NodeMessages['accept']): Promise<ReportAck['verdict']>;
  reject(nodeId: Id, message: NodeMessages['reject']): Promise<void>;
  /** Applies one report, once and in order. Never throws for a stale one: it is counted, audited and answered `stale`. */
  report(nodeId: Id, report: StateReport): Promise<ReportAck>;
  progress(nodeId: Id, message: NodeMessages['progress']): void;
  /** Compares what the node says it runs with what it should; the answer lists what the node must end. */
  reconcile(nodeId: Id, heartbeat: NodeMessages['heartbeat']): Promise<{ allocation: Id; fence: number }[]>;
  /** The node's lease has passed: what runs there is `unknown` from now on. In the node's own transaction. */
  unreachable(tx: Tx, nodeId: Id): Promise<void>;
  /** Its work is given to others: allocations end as `lost`. In the node's own transaction. */
  lost(tx: Tx, nodeId: Id): Promise<void>;
}

/** What the control plane sends to nodes; implemented by `nodes`. None of these waits for the work itself. */
export interface NodeLinks {
  /** Whether a link is open here or on another replica, as far as is known. */
  connected(nodeId: Id): boolean;
  /** False when the message could not be handed to a link; the sweep repeats what matters. */
  send<T extends 'offer' | 'stop' | 'freeze' | 'thaw' | 'token'>(
    nodeId: Id,
    type: T,
    body: ControlMessages[T],
  ): boolean;
  /** A workload's request to a running allocation or its host. Rejects with a `BacklotError` after the deadline. */
  call(nodeId: Id, call: Call): Promise<unknown>;
}
export interface Nodes extends NodeLinks {
  /** Handler for calls that come from nodes, by method prefix `<workload>.`. */
  onCall(prefix: string, handler: (nodeId: Id, call: Call) => Promise<unknown>): void;
}

/** Scheduling wakes on these; each may be lost, a sweep follows within a second. */
export interface Placement {
  wake(why: 'task-ready' | 'slot-free' | 'node-changed' | 'policy-changed'): void;
}

/** Tokens that bind a request to one allocation; signed, short, renewed over the link. */
export interface AllocationTokens {
  issue(claims: { allocation: Id; fence: number; nodeId: Id; projectId: Id }): Promise<string>;
  verify(token: string): Promise<{ allocation: Id; fence: number; nodeId: Id; projectId: Id }>;
}

/** Where bytes live; content-addressed. Adapters in `blobs/`. */
export interface BlobStore {
  readonly name: 'fs' | 's3';
  /** Stores a stream; resolves once it is durable. Refuses bytes whose digest is not the one expected. */
  put(
    source: Readable,
    expected?: { digest?: string; size?: number },
    signal?: AbortSignal,
  ): Promise<{ digest: string; size: number }>;
  /** A stream of the bytes from `start` to `end` inclusive. Throws `not_found` when there is no such blob. */
  get(digest: string, range?: { start: number; end?: number }, signal?: AbortSignal): Promise<Readable>;
  stat(digest: string): Promise<{ size: number } | undefined>;
  delete(digest: string): Promise<void>;
  space(): Promise<{ used: number; free: number; total: number } | undefined>;
  close(): Promise<void>;
}

export interface Artifacts {
  /** Whoever asks: routes answer only what `visibleTo` leaves of it. @throws not_found */
  get(id: Id): Promise<Artifact>;
  /**
   * Those of the artifacts that the guards of workloads let the actor see. A guard only takes away: rights in the
   * artifacts' projects are the caller's to check.
   */
  visibleTo<One extends Artifact>(actor: Actor, artifacts: readonly One[]): Promise<One[]>;
  /** The bytes of an artifact. */
  open(artifact: Artifact, signal?: AbortSignal): Promise<Readable>;
  /**
   * Turns reported outputs into artifacts, in the transaction that applies the report. An output that was committed
   * before is left alone. Returns the names that are new.
   */
  commit(
    tx: Tx,
    owner: { projectId: Id; jobId: Id | null; taskId: Id; allocationId: Id },
    outputs: readonly Output[],
  ): Promise<string[]>;
  /** Names of the outputs that a task has committed. */
  committed(tx: Tx | Db, taskId: Id): Promise<string[]>;
  /** Marks artifacts deleted; the bytes go when nothing refers to them and the grace has passed. */
  remove(tx: Tx, ids: readonly Id[]): Promise<void>;
}

/** Messages between replicas. Any of them may be lost; consumers re-read the database every 5 s. */
export interface Fabric {
  publish(subject: string, message: unknown): void;
  /** `*` stands for one word of a subject, `>` for the rest. */
  subscribe(pattern: string, handler: (message: unknown, subject: string) => void): () => void;
  request(
    subject: string,
    message: unknown,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<unknown>;
  serve(subject: string, handler: (message: unknown) => Promise<unknown>): () => void;
  close(): Promise<void>;
}

/** One of the system's parts, for health and readiness. */
export interface HealthReporter {
  set(part: string, status: 'ok' | 'degraded' | 'down', reason?: Reason): void;
}

/** Servers that relay media (RFC 8656), and the secret that time-limited credentials are made from. */
export interface TurnServers {
  /** `turn:host:port?transport=udp`, `turns:host`, `stun:host`. */
  readonly urls: readonly string[];
  /** coturn's `static-auth-secret`. Null: the servers ask for no credentials. */
  readonly secret: string | null;
}

/** All that a workload's control half is given. */
export interface Kernel {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly blobs: BlobStore;
  readonly fabric: Fabric;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly access: AccessControl;
  readonly jobs: Jobs;
  readonly artifacts: Artifacts;
  readonly nodes: Nodes;
  readonly placement: Placement;
  readonly metrics: Registry;
  readonly health: HealthReporter;
  /** Traces; records nothing unless an address for them is configured. HTTP requests and calls to nodes are spans by themselves. */
  readonly tracer: Tracer;
  /** The address by which browsers reach this installation, without a trailing slash. */
  readonly publicUrl: () => string;
  /** TURN servers for browsers that can't be reached directly; none when the list is empty. */
  readonly turn: TurnServers;
  /** Whether the installation lets in who brings no ticket: streamers that nobody started, guests of any name. */
  readonly openMode: boolean;
  /**
   * 32 secret bytes for signing what only control planes of this installation verify; the same for a purpose
   * (`streams.tickets`) on every replica and after every restart.
   */
  key(purpose: string): Promise<Uint8Array>;
  /** Runs a transaction with retries for serialisation failures; maps a lost database to `database_unavailable`. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
}

/** An error that ended a job or task, as stored. */
export type { BacklotError, Failure };
