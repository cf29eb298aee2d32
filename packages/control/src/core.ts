import type { Clock } from '@backlot/contract';
import type { AloneStep } from '@backlot/contract/deputy/messages';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ConcludeDeps } from './allocations/conclude.ts';
import { createAllocationMetrics } from './allocations/metrics.ts';
import { sendOffers } from './allocations/offers.ts';
import { createProgressBuffer } from './allocations/progress.ts';
import { createReports, type ReportDeps } from './allocations/reports.ts';
import { createStaleLedger } from './allocations/stale.ts';
import { stopAllocations, stopTasks } from './allocations/stop.ts';
import { sweepAllocations } from './allocations/sweep.ts';
import type { Store } from './db/database.ts';
import { type AloneOf, type StepTaken, takeStep } from './flows/alone/take-step.ts';
import type { FlowsCore } from './flows/create-flows.ts';
import { moveEndedJobs } from './history/move-ended.ts';
import { recallJob } from './history/recall.ts';
import { applyRetention, type Retention, usualRetention } from './history/retention.ts';
import { createJobs, type JobsRoom } from './jobs/create-jobs.ts';
import { type FollowDeps, followUp, stopWhenPoisoned } from './jobs/follow.ts';
import { createKinds } from './jobs/kinds.ts';
import { jobRoutes } from './jobs/routes.ts';
import { createSummaries } from './jobs/summaries.ts';
import type {
  AccessControl,
  AllocationTokens,
  Artifacts,
  AuditLog,
  BlobStore,
  EventLog,
  Kernel,
  NodeLinks,
  NodeReports,
  Placement,
} from './kernel.ts';
import type { LeadershipFactory } from './leader/leadership.ts';
import { anotherCandidate } from './placement/another-candidate.ts';
import { createPlacement } from './placement/create-placement.ts';
import { createPlacementMetrics } from './placement/metrics.ts';
import { releaseCapable } from './placement/release-capable.ts';
import { sweepAvoidances } from './tasks/avoidances.ts';
import type { Change, ChangeDeps } from './tasks/change.ts';
import { type Repeated, repeat } from './tasks/repeat.ts';
import { taskRoutes } from './tasks/routes.ts';
import type { App, ControlWorkload } from './workload.ts';

/** What the deciding core needs of the house. */
export interface CoreDeps {
  readonly store: Store;
  readonly clock: Clock;
  /** In [0, 1): jitter of back-offs. */
  readonly random?: () => number;
  readonly log: Logger;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly access: AccessControl;
  readonly artifacts: Artifacts;
  readonly tokens: AllocationTokens;
  readonly blobs: BlobStore;
  readonly metrics: Registry;
  readonly workloads: readonly ControlWorkload[];
  /** Handed to what workloads bring; complete once the house is. */
  readonly kernel?: () => Kernel;
  /** Asked for at each use: the links and this core need each other. */
  readonly nodes: () => NodeLinks;
  readonly leadership: LeadershipFactory;
  /** Name of this control process among its replicas, the same over its restarts. */
  readonly replica: string;
  /** What an administrator has set about how long things are kept; asked for at each sweep. */
  readonly retention?: () => Promise<Partial<Retention>>;
  /** What follows when tasks of a flow's run have ended. */
  readonly settleRun?: (change: Change, jobId: string) => Promise<void>;
}

/** Jobs, tasks, placement and allocations, put together. */
export interface Core {
  readonly jobs: JobsRoom;
  readonly reports: NodeReports;
  readonly placement: Placement;
  /** A step that a node has done while it was alone. False when its run has no such step yet. */
  takeAloneStep(nodeId: string, run: AloneOf, step: AloneStep): Promise<StepTaken>;
  /** What runs of flows are made of. */
  readonly forFlows: FlowsCore;
  routes(app: App): void;
  start(): Promise<void>;
  /** Ends loops and sweeps after what they are doing; nothing is taken back from nodes. */
  close(): Promise<void>;
}

const sweepMs = 1_000;
/** The database's clock says when a back-off is over; ours may be a little ahead of it. */
const retryMarginMs = 2;
const historyMs = 30_000;
const retentionMs = 60 * 60_000;

/**
 * The only place that knows all four rooms of the deciding core. Below all of them lies `tasks`: one transaction at a
 * time (`Change`), with its books, its locks in one order, and its events. `allocations` ends attempts, `jobs` says
 * what follows, `placement` finds places; each is handed what it needs of the others as a function.
 */
export function createCore(deps: CoreDeps): Core {
  const { store, clock, log, events } = deps;
  const random = deps.random ?? Math.random;
  const kinds = createKinds(deps.workloads);
  const allocationMetrics = createAllocationMetrics(deps.metrics);

  const changes: ChangeDeps = { store, events, wake: (why) => placement.wake(why) };
  const follow: FollowDeps = {
    kinds,
    summaries: createSummaries(),
    log,
    settleRun: deps.settleRun,
    stopTasks: (change, ids, request) => stopTasks(stops, change, ids, request),
  };
  const conclude: ConcludeDeps = {
    random,
    followUp: (change, ended) => followUp(follow, change, ended),
    afterFailure: (change, task) => stopWhenPoisoned(follow, change, task),
    anotherCandidate,
    retryIn: (ms) => sweep?.sooner(ms + retryMarginMs),
  };
  const stops = { ...conclude, nodes: deps.nodes };
  const offers = {
    db: store.db,
    tokens: deps.tokens,
    artifacts: deps.artifacts,
    nodes: deps.nodes,
    dress: async (kind: string, parameters: Readonly<Record<string, unknown>>, projectId: string) => {
      const { dress } = kinds.findTask(kind) ?? {};
      return dress && deps.kernel ? await dress(parameters, deps.kernel(), { projectId }) : undefined;
    },
    log,
  };
  const progress = createProgressBuffer({ relaxed: store.relaxed, events, clock, log });
  const reportDeps: ReportDeps = {
    ...changes,
    ...stops,
    ...offers,
    findTaskKind: (kind) => kinds.findTask(kind),
    stale: createStaleLedger({ store, events, audit: deps.audit, log, counter: allocationMetrics.stale }),
    progress,
    counter: allocationMetrics.reports,
    now: () => clock.monotonic(),
  };
  const placement = createPlacement({
    ...changes,
    db: store.db,
    relaxed: store.relaxed,
    clock,
    log,
    nodes: deps.nodes,
    monotonic: () => clock.monotonic(),
    metrics: createPlacementMetrics(deps.metrics),
    sendOffers: async (ids) => {
      await sendOffers(offers, ids);
    },
    stopAllocations: (change, ids, request) => stopAllocations(stops, change, ids, request),
    replica: deps.replica,
    leadership: deps.leadership,
  });
  const jobs = createJobs({
    ...changes,
    db: store.db,
    kinds,
    audit: deps.audit,
    artifacts: deps.artifacts,
    stopTasks: follow.stopTasks,
    recall: (change, jobId) => recallJob(change.tx, jobId),
  });
  const reports = createReports(reportDeps);

  const repeated: Repeated[] = [];
  let sweep: Repeated | undefined;
  const leadership = deps.leadership({
    db: store.db,
    name: 'core',
    replica: deps.replica,
    log,
    clock,
    onGained: (signal) => {
      const every = (what: string, everyMs: number, run: (signal: AbortSignal) => Promise<number | null>) => {
        const one = repeat({ clock, log, what, everyMs, signal, run });
        repeated.push(one);
        return one;
      };
      sweep = every('the sweep of allocations', sweepMs, async (until) => {
        const next = await sweepAllocations(reportDeps, until);
        await releaseCapable({ ...changes, db: store.db });
        return next;
      });
      every('moving ended jobs to history', historyMs, async () => {
        await sweepAvoidances(store.db);
        return (await moveEndedJobs(store)) > 0 ? sweepMs : null;
      });
      every('retention', retentionMs, async (until) => {
        const retention = { ...usualRetention, ...(await deps.retention?.()) };
        const removed = await applyRetention(store.db, retention, until);
        if (Object.keys(removed).length > 0) log.info({ removed }, 'removed what was past its time');
        return null;
      });
    },
  });

  return {
    takeAloneStep: (nodeId, run, step) => takeStep(reportDeps, nodeId, run, step),
    jobs,
    reports,
    placement,
    forFlows: { changes, kinds, jobs, stopTasks: follow.stopTasks },
    routes(app) {
      jobRoutes(app, { db: store.db, jobs, access: deps.access, artifacts: deps.artifacts });
      taskRoutes(app, {
        db: store.db,
        jobs,
        access: deps.access,
        artifacts: deps.artifacts,
        clock,
        blobs: deps.blobs,
        nodes: deps.nodes,
      });
    },
    async start() {
      await leadership.start();
      await placement.start();
    },
    async close() {
      await placement.close();
      await Promise.all(repeated.map((one) => one.close()));
      await leadership.close();
      await progress.close();
    },
  };
}
