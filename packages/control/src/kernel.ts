import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import type {
  AllocationState,
  Artifact,
  BacklotError,
  Call,
  Clock,
  ControlMessages,
  Failure,
  FlowDefinition,
  Id,
  Job,
  JobIntent,
  Language,
  LiveUpdate,
  NodeMessages,
  Output,
  PermissionTable,
  PortValues,
  Reason,
  ReportAck,
  RoleGrant,
  StateReport,
  StepKinds,
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
  /** Takes in held outputs and facts, once each, whatever has become of their allocation. */
  findings(nodeId: Id, message: NodeMessages['findings']): Promise<ReportAck>;
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
  /**
   * The bytes of an artifact, whole or from `start` to `end` inclusive: from the store, or else from a node that holds
   * them. @throws blob_missing, holder_away
   */
  open(
    artifact: Pick<Artifact, 'digest' | 'size'>,
    signal?: AbortSignal,
    range?: { readonly start: number; readonly end?: number },
  ): Promise<Readable>;
  /**
   * Turns reported outputs into artifacts, in the transaction that applies the report. An output that was committed
   * before is left alone. Returns the names that are new.
   */
  commit(
    tx: Tx,
    owner: { projectId: Id; jobId: Id | null; taskId: Id; allocationId: Id },
    outputs: readonly Output[],
  ): Promise<string[]>;
  /**
   * Makes artifacts of what nodes hold, with their events, in the caller's transaction: once for each task and name,
   * whatever is told how often.
   */
  commitHeld(
    tx: Tx,
    held: readonly {
      owner: { projectId: Id; jobId: Id | null; taskId: Id; allocationId: Id; nodeId: Id };
      output: Output;
    }[],
  ): Promise<Artifact[]>;
  /**
   * Names of the outputs that a task has committed and that are in the store: they need not be made again, wherever it
   * runs next. What only a node holds is told by that node.
   */
  committed(tx: Tx | Db, taskId: Id): Promise<string[]>;
  /** Marks artifacts deleted; the bytes go when nothing refers to them and the grace has passed. */
  remove(tx: Tx, ids: readonly Id[]): Promise<void>;
  /**
   * Deletes artifacts so that they can be taken back for 24 hours. What nodes hold of them goes into the nodes' trash,
   * as soon as they can be reached. Writes events and audit. Ids that are gone already are passed over.
   * @throws artifact_needed when an open task still needs one
   */
  trash(tx: Tx, ids: readonly Id[], actor: Actor): Promise<void>;
  /** Takes artifacts out of the trash. @throws not_found, trash_emptied */
  restore(tx: Tx, ids: readonly Id[], actor: Actor): Promise<void>;
}

/** A way for bytes from a node through this control process: one posts, one reads. */
export interface Pipe {
  /**
   * Where to post the bytes, once: an address below the control plane's, without its origin. A host posts with
   * `sendToPipe` of the node's port.
   */
  readonly url: string;
  /**
   * The bytes as they come, as fast as they are read. Rejects with `pipe_broken` when nobody has come in time; the stream
   * fails when the sender breaks off, and ends the sender when it is destroyed.
   */
  readonly body: Promise<Readable>;
  /** Nobody reads: the ticket is void, a sender is sent away. Harmless when repeated. */
  close(): void;
}
export interface Pipes {
  /** `timeoutMs` until the sender has come, and between two pieces. */
  open(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Pipe;
}

/** What starts a run of a flow. */
export interface FlowStart {
  /** The newest version of this flow, or one version in particular. */
  readonly flow: { readonly flowId: Id } | { readonly versionId: Id };
  /** Names the occasion: a flow and a key are one run, however often it is started. At most 300 characters. */
  readonly key: string;
  readonly ports: PortValues;
  /** What is at `{{trigger.…}}`. */
  readonly data: Record<string, unknown>;
  /** What it is about. */
  readonly subject?: { readonly kind: string; readonly id: Id | string };
  /** `systemActor` unless told. */
  readonly actor?: Actor;
  /** A node that was cut off has begun it, or may have: nothing of it is placed here until the node has told. */
  readonly alone?: { readonly nodeId: Id };
  /** What is to be said of how it began. */
  readonly note?: Reason;
}
/** A version of a flow, as whoever hands it to others needs it. */
export interface FlowVersionFacts {
  readonly id: Id;
  readonly flowId: Id;
  readonly number: number;
  readonly projectId: Id;
  readonly name: string;
  readonly definition: FlowDefinition;
}
/** Flows: stored graphs of steps, and the runs that triggers make of them. */
export interface Flows {
  /** @throws not_found */
  start(start: FlowStart, tx?: Tx): Promise<{ readonly runId: Id; readonly started: boolean }>;
  /** Id of a flow's newest version; undefined when there is no such flow. */
  versionOf(flowId: Id): Promise<Id | undefined>;
  version(versionId: Id): Promise<FlowVersionFacts | undefined>;
  /** The newest run of each of these things, by the thing's id. */
  runsOf(subjectKind: string, subjectIds: readonly string[]): Promise<ReadonlyMap<string, Id>>;
  /** Digests of all that a run has a verified copy of, by steps that have succeeded: the files, and what is inside of them. */
  verifiedBy(runId: Id): Promise<ReadonlySet<string>>;
  /** All kinds of step of this installation, the kernel's among them. */
  readonly stepKinds: StepKinds;
  /**
   * Who runs what a node may have begun by itself: asked before such a run is started. `mine`: the node has it, and tells
   * about it; `unknown`: it can't be asked now. Then the run is started open, and nothing of it goes on here.
   */
  onClaim(ask: (nodeId: Id, key: string) => Promise<'mine' | 'yours' | 'unknown'>): void;
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
  readonly pipes: Pipes;
  readonly flows: Flows;
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
  /** Who a socket comes from, behind the proxies that are trusted. Null when it is gone already. */
  addressOf(request: IncomingMessage): string | null;
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
