import { type Clock, type Id, verifiedDigests } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { Store } from '../db/database.ts';
import type { FollowDeps } from '../jobs/follow.ts';
import type { Kinds } from '../jobs/kinds.ts';
import type { AccessControl, Artifacts, AuditLog, EventLog, Flows, Jobs, Kernel } from '../kernel.ts';
import type { LeadershipFactory } from '../leader/leadership.ts';
import type { Change, ChangeDeps } from '../tasks/change.ts';
import { type Repeated, repeat } from '../tasks/repeat.ts';
import type { App, ControlWorkload } from '../workload.ts';
import { installedKinds } from './flow-kinds.ts';
import { createFlowMetrics } from './metrics.ts';
import { kernelPerforms } from './perform-delete.ts';
import { flowRoutes } from './routes/flow-routes.ts';
import { hookRoutes } from './routes/hook-routes.ts';
import { runRoutes } from './routes/run-routes.ts';
import { runJobKind } from './runs/anchor.ts';
import { performSteps } from './runs/perform-steps.ts';
import { inputOfRun, loadRun } from './runs/run-rows.ts';
import { settleRun } from './runs/settle-run.ts';
import { startRun } from './runs/start-run.ts';
import type { SteerRunsDeps } from './runs/steer-runs.ts';
import { sweepRuns } from './runs/sweep-runs.ts';
import { FlowStore } from './store/flows.ts';
import { type FireDeps, triggerReactions } from './triggers/fire.ts';
import { hookKeyPurpose } from './triggers/hook-token.ts';
import { schedules } from './triggers/schedule.ts';

export interface FlowsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly access: AccessControl;
  readonly metrics: Registry;
  readonly artifacts: Pick<Artifacts, 'visibleTo'>;
  readonly workloads: readonly ControlWorkload[];
  readonly leadership: LeadershipFactory;
  readonly replica: string;
  readonly kernel: () => Kernel;
  /** Jobs and tasks, of which runs are made; the core needs the flows as well, so it is asked for at each use. */
  readonly core: () => FlowsCore;
}

/** What runs need of the deciding core. */
export interface FlowsCore {
  readonly changes: ChangeDeps;
  readonly kinds: Kinds;
  readonly jobs: Pick<Jobs, 'setIntent'>;
  readonly stopTasks: FollowDeps['stopTasks'];
}

/** The room of flows: the port, its routes, what the core asks of it, and what runs beside requests. */
export interface FlowsRoom extends Flows {
  /** Job kind and reactions, as a workload would bring them. */
  readonly workload: ControlWorkload;
  /** Tasks of a run have ended: in their transaction. */
  settle(change: Change, jobId: Id): Promise<void>;
  routes(app: App): void;
  /** Begins to sweep, to perform and to keep schedules, on one replica. */
  run(): Promise<void>;
  close(): Promise<void>;
}

/** Safety nets; whoever makes something due says so, and it is looked at once. */
const performEveryMs = 1_000;
const sweepEveryMs = 1_000;
const scheduleEveryMs = 5_000;
/** The database's clock says when something is due; ours may be a little ahead of it. */
const marginMs = 5;

/** Puts the room together. */
export function createFlows(deps: FlowsDeps): FlowsRoom {
  const { store, clock, log } = deps;
  const { db } = store;
  const installed = installedKinds(
    deps.workloads,
    kernelPerforms(() => installed),
  );
  let claim: ReturnType<FireDeps['claim']>;
  const running: Repeated[] = [];
  let performing: Repeated | undefined;
  let sweeping: Repeated | undefined;
  let scheduling: Repeated | undefined;

  const steer: SteerRunsDeps = {
    db,
    log,
    kernel: deps.kernel,
    audit: deps.audit,
    metrics: createFlowMetrics(deps.metrics),
    installed,
    get changes() {
      return deps.core().changes;
    },
    get kinds() {
      return deps.core().kinds;
    },
    jobs: () => deps.core().jobs,
    stopTasks: (change, ids, request) => deps.core().stopTasks(change, ids, request),
    sooner(ms) {
      if (ms === 0) performing?.sooner(0);
      else sweeping?.sooner(ms + marginMs);
    },
  };
  const start: Flows['start'] = (request, tx) => startRun(steer, request, {}, tx);
  const fire: FireDeps = { db, log, start, claim: () => claim };
  const hookKey = () => deps.kernel().key(hookKeyPurpose);
  const flowStore = new FlowStore({
    store,
    events: deps.events,
    audit: deps.audit,
    installed,
    now: () => new Date(clock.now()),
    rescheduled: () => scheduling?.sooner(0),
  });
  const leadership = deps.leadership({
    db,
    name: 'flows',
    replica: deps.replica,
    log,
    clock,
    onGained: (signal) => {
      const every = (what: string, everyMs: number, run: (signal: AbortSignal) => Promise<number | null>) => {
        const one = repeat({ clock, log, what, everyMs, signal, run });
        running.push(one);
        return one;
      };
      performing = every('performing steps', performEveryMs, (until) => performSteps(steer, until));
      sweeping = every('the sweep of flows', sweepEveryMs, (until) => sweepRuns(steer, until));
      const schedule = schedules({ db, log, clock, start });
      scheduling = every('schedules of flows', scheduleEveryMs, schedule);
    },
  });

  return {
    stepKinds: installed.steps,
    start,
    async versionOf(flowId) {
      const row = await db
        .selectFrom('flow')
        .select('version_id')
        .where('id', '=', flowId)
        .where('removed_at', 'is', null)
        .executeTakeFirst();
      return row?.version_id;
    },
    async version(versionId) {
      const row = await db
        .selectFrom('flow_version as v')
        .innerJoin('flow as f', 'f.id', 'v.flow_id')
        .select(['v.id', 'v.flow_id', 'v.number', 'v.definition', 'f.project_id'])
        .where('v.id', '=', versionId)
        .executeTakeFirst();
      if (!row) return undefined;
      const { id, number, definition } = row;
      return {
        id,
        number,
        definition,
        flowId: row.flow_id,
        projectId: row.project_id,
        name: definition.name,
      };
    },
    async runsOf(kind, ids) {
      if (ids.length === 0) return new Map();
      const { rows } = await sql<{ subject_id: string; id: Id }>`
        SELECT DISTINCT ON (subject_id) subject_id, id FROM flow_run
        WHERE subject_kind = ${kind} AND subject_id = ANY(${[...ids]}::text[]) ORDER BY subject_id, id DESC
      `.execute(db);
      return new Map(rows.map((row) => [row.subject_id, row.id]));
    },
    async verifiedBy(runId) {
      const run = await loadRun(db, { runId });
      return run ? verifiedDigests(inputOfRun(run, installed.steps)) : new Set();
    },
    onClaim(ask) {
      claim = ask;
    },
    workload: {
      name: 'flows',
      taskKinds: { [runJobKind]: { parameters: z.object({}), result: z.object({}) } },
      jobKinds: {
        [runJobKind]: { parameters: z.record(z.string(), z.unknown()), internal: true, plan: () => [] },
      },
      reactions: triggerReactions(() => fire, installed.triggers.values()),
    },
    settle: (change, jobId) => settleRun(steer, change, jobId),
    routes(app) {
      const { access, artifacts } = deps;
      flowRoutes(app, { db, access, artifacts, installed, store: flowStore, start, hookKey });
      runRoutes(app, { db, access, installed, steer });
      hookRoutes(app, { db, start, hookKey });
    },
    async run() {
      await leadership.start();
    },
    async close() {
      await Promise.all(running.map((one) => one.close()));
      await leadership.close();
    },
  };
}
