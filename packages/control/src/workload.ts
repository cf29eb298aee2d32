import type { IncomingMessage, ServerResponse } from 'node:http';
import type {
  Artifact,
  Capability,
  Failure,
  Fired,
  Output,
  PermissionTable,
  PhraseTable,
  Reason,
  StepInput,
  StepKind,
  StepOutcome,
  TaskDraft,
  TaskDraftInput,
  TaskState,
  TriggerFacts,
  Usage,
} from '@backlot/contract';
import type { FastifyInstance, FastifyRequest, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Kysely } from 'kysely';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { Tx } from './db/schema.ts';
import type { Actor, Kernel } from './kernel.ts';

/**
 * The only door between the kernel's deciding half and a workload. A workload is one object of the type
 * `ControlWorkload`; everything it may use of the kernel is `Kernel`. Nothing else of this package may be
 * imported by a workload (checked in lint).
 */

/** The HTTP server as workloads see it: routes carry zod schemas, answers are checked against them. */
export type App = FastifyInstance<RawServerDefault, IncomingMessage, ServerResponse, Logger, ZodTypeProvider>;

/**
 * Who may use a route. Every route says so in `config.access`; the server refuses to start when one doesn't.
 *
 * public      anyone, also without signing in
 * signedIn    any account or token
 * permission  with this permission: `everywhere`, in the project that `project` finds for the request (null: not
 *             found, answered 404), or `any`: in at least one project, and the handler filters what it answers
 * allocation  a node, with the token of one allocation; `request.allocation` says which
 */
export type RouteAccess =
  | { readonly kind: 'public' }
  | { readonly kind: 'signedIn' }
  | {
      readonly kind: 'permission';
      readonly permission: string;
      readonly project:
        | 'everywhere'
        | 'any'
        | ((request: FastifyRequest, kernel: Kernel) => string | null | Promise<string | null>);
    }
  | { readonly kind: 'allocation' };

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: RouteAccess;
    /** A change that is not worth an audit row of the framework's because its handler writes a better one. */
    audited?: 'by-handler';
  }
  interface FastifyRequest {
    actor: Actor;
    allocation?: {
      readonly id: string;
      readonly fence: number;
      readonly nodeId: string;
      readonly projectId: string;
    };
  }
}

/** A forward-only change of the database. The name never changes once released. */
export interface Migration {
  /** `<workload>/<number>-<words>`, run in this order after the kernel's. */
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: a migration must not depend on today's schema type; Kysely asks for any here.
  up(db: Kysely<any>): Promise<void>;
}

/** A kind of task, as far as the control plane has to know it. The node's half knows how to run it. */
export interface TaskKind {
  readonly parameters: z.ZodType;
  /** What `conclude` on the node reports. A result that doesn't fit ends the attempt as `product`. */
  readonly result: z.ZodType;
  /**
   * Resources and constraints that depend on rows of the workload's own: how many places a target has, what a node needs
   * for it. Asked once, in the transaction that creates the task; must not throw for what a draft may hold.
   */
  fit?(draft: TaskDraft, tx: Tx, where: { readonly projectId: string }): Promise<TaskDraft>;
  /**
   * Secrets and settings of the moment that an attempt needs: they stand under `parameters.secrets` of its offer alone,
   * worked out anew for each offer, and are never stored with the task, shown or logged. Whatever a task's own
   * parameters call `secrets` is replaced. When it throws, the offer is not sent, and comes again with the next sweep:
   * what is missing for good is better told to the node, which ends the attempt with a sentence about it.
   */
  dress?(
    parameters: Readonly<Record<string, unknown>>,
    kernel: Kernel,
    where: { readonly projectId: string },
  ): Promise<Record<string, unknown>>;
}

/** A task of a job as `follow` sees it. */
export interface TaskSummary {
  readonly id: string;
  readonly key: string;
  readonly kind: string;
  readonly state: TaskState;
  readonly parameters: Record<string, unknown>;
  readonly result: Record<string, unknown> | null;
  readonly failure: Failure | null;
  readonly usage: Usage | null;
  /** Names and facts of what it has committed. */
  readonly outputs: readonly Output[];
}

export interface PlanInput<P> {
  readonly job: { readonly id: string; readonly projectId: string; readonly name: string };
  readonly parameters: P;
}
export interface FollowInput<P> extends PlanInput<P> {
  readonly facts: Record<string, unknown>;
  /** The task that has just ended: succeeded, failed for good, canceled. */
  readonly ended: TaskSummary;
  /** All tasks of the job, the ended one among them. */
  readonly tasks: readonly TaskSummary[];
  /** The fleet, for sizing chunks. */
  readonly fleet: { readonly capabilities: readonly Capability[]; readonly slots: number };
}
/** What follows from a task's end. Everything is applied in the transaction that ends the task. */
export interface FollowUp {
  readonly tasks?: readonly TaskDraftInput[];
  /** Merged into the job's facts. */
  readonly facts?: Record<string, unknown>;
  /** Keys of open tasks that are of no use any more. */
  readonly cancel?: readonly string[];
  /** The job can't succeed; its open tasks are canceled and people see this. */
  readonly fail?: Failure;
}

/**
 * A kind of job. Both functions are pure: the same input gives the same drafts, so that a follow-up that is run
 * twice (a crash, a second replica) creates nothing twice.
 */
export interface JobKind<P = unknown> {
  readonly parameters: z.ZodType<P>;
  /**
   * Only the workload itself makes such jobs, as `systemActor`: what they run is not for everybody to say who may
   * submit jobs.
   */
  readonly internal?: true;
  plan(input: PlanInput<P>): readonly TaskDraftInput[];
  follow?(input: FollowInput<P>): FollowUp;
}

/** A stored event, as reactions and triggers see it. */
export interface StoredEvent {
  readonly seq: number;
  readonly id: string;
  readonly projectId: string | null;
  readonly kind: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly body: Record<string, unknown>;
}

/** A kind of trigger of flows. */
// biome-ignore lint/suspicious/noExplicitAny: kinds differ in their parameters; each checks its own by its schema.
export interface TriggerKind<P = any> extends TriggerFacts<P> {
  /** Kinds of events to be asked about; `job.*` is understood. */
  readonly events?: readonly string[];
  /**
   * What an event means to flows; null when nothing. Asked at least once for each event, in order: the same event must
   * give the same key. A thrown error is tried again later, as with reactions.
   */
  fire?(event: StoredEvent, kernel: Kernel): Promise<Fired | null>;
  /** Whether what has fired is what this flow waits for; left out: every flow of the project is meant. Pure. */
  matches?(parameters: P, fired: Fired): boolean;
}

/**
 * Does a step that needs no node, in the transaction that begins it: to queue a message, to move artifacts to the trash.
 * Nothing outside is waited for here. It may be repeated when the transaction is (`runId` and `stepKey` name it). A thrown
 * `BacklotError` is the step's failure, anything else is tried again later.
 */
export type PerformStep = (
  tx: Tx,
  // biome-ignore lint/suspicious/noExplicitAny: as StepKind; parameters are checked by its schema before.
  input: StepInput<any>,
  where: {
    readonly kernel: Kernel;
    readonly projectId: string;
    readonly runId: string;
    readonly stepKey: string;
  },
) => Promise<StepOutcome>;

/** Called for stored events, at least once each, in order, after their transaction. Must be idempotent. */
export interface EventReaction {
  /** Unique; its place in the log is remembered under this name. */
  readonly name: string;
  /** Kinds to be called for; `job.*` is understood. */
  readonly kinds: readonly string[];
  react(event: StoredEvent, kernel: Kernel): Promise<void>;
}

/** A WebSocket endpoint. The upgrade is handed over once path and origin are checked. */
export interface SocketRoute {
  /** Path with `:name` parameters, for example `/signal/player/:app`. */
  readonly path: string;
  readonly protocols?: readonly string[];
  /** Largest message in bytes, 1 MiB unless told; larger ones close the socket (1009). */
  readonly maxPayload?: number;
  /**
   * `same` where the browser's cookies would be believed. `any` (unless told) where the socket proves itself by a
   * ticket or a token, as players on other people's pages do.
   */
  readonly origin?: 'same' | 'any';
  /** How sockets are closed when the control plane goes away; 1001 unless told. 1012 tells clients to come back. */
  readonly goodbye?: { readonly code: number; readonly reason: string };
  connect(
    socket: import('ws').WebSocket,
    request: IncomingMessage,
    params: Record<string, string>,
    kernel: Kernel,
  ): void | Promise<void>;
}

/**
 * A page for people who never see the console: a viewer of a stream, a guest of a room. It is built from the
 * workload's `page/` folder, a small bundle of its own, and answered at every address that fits `path`, to anyone:
 * what the page may do is decided by the tickets that it brings.
 */
export interface PublicPage {
  /** Path with `:name` parameters: `/s/:app`. */
  readonly path: string;
  /** Whether other sites may show it in a frame. */
  readonly framed: boolean;
}

/**
 * Says which of these artifacts the actor may *not* see: ids, as a set, so that a list of any length costs one question.
 * A guard only takes away: rights in the artifacts' projects are checked before, by the kernel. What it hides is as if it
 * were not there, wherever artifacts are listed, looked at, downloaded, packed, deleted or found again by their bytes.
 * Nodes are not asked about: they get the inputs of their tasks.
 */
export type ArtifactGuard = (
  kernel: Kernel,
  actor: Actor,
  artifacts: readonly Artifact[],
) => Promise<ReadonlySet<string>>;

/** All that a workload brings to the control plane. */
export interface ControlWorkload {
  /** The first word of its task kinds, events, permissions and metrics. */
  readonly name: string;
  readonly migrations?: readonly Migration[];
  readonly permissions?: PermissionTable;
  /** Sentences for its reasons and failures. */
  readonly phrases?: PhraseTable;
  readonly taskKinds: Readonly<Record<string, TaskKind>>;
  // biome-ignore lint/suspicious/noExplicitAny: job kinds differ in their parameters; each checks its own by its schema.
  readonly jobKinds?: Readonly<Record<string, JobKind<any>>>;
  readonly reactions?: readonly EventReaction[];
  /** Kinds of step that it brings to flows; the same objects as on the node's half. */
  readonly steps?: readonly StepKind[];
  /** Those of its steps that are `performedBy: 'control'`, by kind. */
  readonly performs?: Readonly<Record<string, PerformStep>>;
  readonly triggers?: readonly TriggerKind[];
  /** Registers routes; paths start with `/api/v1/` or are promised in product.md. */
  routes?(app: App, kernel: Kernel): void | Promise<void>;
  /** Closes artifacts by rights of its own, beyond those of their projects. Must be a question or two for any number. */
  readonly artifactGuard?: ArtifactGuard;
  readonly sockets?: readonly SocketRoute[];
  readonly pages?: readonly PublicPage[];
  /** How many of its things are live now, for the console's rail. */
  live?(kernel: Kernel): Promise<number>;
  /** Starts what runs beside requests (timers, metrics). Closed when the control plane closes. */
  start?(kernel: Kernel): Promise<{ close(): Promise<void> }>;
}

// What routes of every workload need: who may use them, the kernel's paging, its view of an artifact, and its archives.
export { inAnyProject, inProjectOfBody, inProjectOfJob } from './access/route-access.ts';
/** Keeps what has to be known again later, under a secret of `Kernel.key`. */
export { seal, unseal } from './access/seal.ts';
export { toArtifact } from './artifacts/artifact-row.ts';
export { contentDisposition } from './artifacts/download/content-disposition.ts';
export { zipArtifacts } from './artifacts/download/zip.ts';
export type { Db, Tx } from './db/schema.ts';
/**
 * Subjects of the fabric that say that something was written to the log of events: for a workload that looks at tables of
 * its own when the kernel has moved on, and would drown in a reaction to every task of everybody.
 */
export { eventSubjects } from './events/event-log.ts';
/** The log itself, read on from a place without missing what commits late, for the same. */
export { LogTail, lastSeq } from './events/log-tail.ts';
export { decodeCursor, page } from './http/paging.ts';
export type { Actor, Kernel, TurnServers } from './kernel.ts';
export { systemActor } from './kernel.ts';
/** The log of any attempt, also of one that runs; a workload gives it `kernel.db`, `kernel.blobs` and `kernel.nodes`. */
export { readLog } from './tasks/log/read-log.ts';
/** Tasks as people see them, for a workload's lists of its own; `where` is a condition on the alias `t`. */
export { readTasks } from './tasks/task-view.ts';
/** Which addresses that people give may be called, by what an administrator has set; and how what is sent there is signed. */
export { checkedLookup, checkUrl } from './webhooks/sender.ts';
export { newWebhookSecret, signatureHeaders } from './webhooks/signing.ts';
export type { Reason };
