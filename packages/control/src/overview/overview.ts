import type { Health, Job, NodeView, Overview, Task } from '@backlot/contract';
import type { Logger } from 'pino';
import type { Db } from '../db/schema.ts';
import type { AccessControl, Actor, BlobStore, Kernel } from '../kernel.ts';
import type { ControlWorkload } from '../workload.ts';

/** Projects whose things may be shown. */
export type Visible = 'all' | readonly string[];

/** What other rooms show of themselves on the overview; bound by `control.ts`. */
export interface OverviewSources {
  nodes(visible: Visible): Promise<NodeView[]>;
  /** Jobs that have not ended. */
  runningJobs(visible: Visible): Promise<Job[]>;
  /** Tasks that wait, with why; the longest first. */
  waitingTasks(visible: Visible): Promise<Task[]>;
  /** Jobs that failed in the last day. */
  failedJobs(visible: Visible): Promise<Job[]>;
}

export interface OverviewDeps {
  readonly db: Db;
  readonly access: AccessControl;
  readonly blobs: BlobStore;
  readonly sources: OverviewSources;
  readonly workloads: readonly ControlWorkload[];
  readonly kernel: () => Kernel;
  readonly health: () => Health;
  readonly log: Logger;
}

/** All of the overview in one answer: what a person looks at to see in five seconds whether all is well. */
export async function readOverview(deps: OverviewDeps, actor: Actor): Promise<Overview> {
  const { access, sources } = deps;
  const jobs = access.projectsWith(actor, 'jobs.read');
  const seesNodes = access.projectsWith(actor, 'nodes.read');
  const [nodes, running, waiting, failed, live, storage] = await Promise.all([
    seesNodes === 'all' || seesNodes.length > 0 ? sources.nodes(jobs) : [],
    sources.runningJobs(jobs),
    sources.waitingTasks(jobs),
    sources.failedJobs(jobs),
    countLive(deps),
    readStorage(deps),
  ]);
  return { nodes, running, waiting, failed, live, storage, health: deps.health() };
}

/** Live things per workload. One that can't say is left out rather than spoil the page. */
async function countLive({ workloads, kernel, log }: OverviewDeps): Promise<Record<string, number>> {
  const counted = await Promise.all(
    workloads.map(async (workload) => {
      if (!workload.live) return [];
      try {
        return [[workload.name, await workload.live(kernel())] as const];
      } catch (error) {
        log.warn({ err: error, workload: workload.name }, 'a workload could not count what is live');
        return [];
      }
    }),
  );
  return Object.fromEntries(counted.flat());
}

async function readStorage({ db, blobs }: OverviewDeps): Promise<Overview['storage']> {
  const [space, artifacts, stored] = await Promise.all([
    blobs.space().catch(() => undefined),
    db
      .selectFrom('artifact')
      .select((query) => query.fn.countAll<number>().as('n'))
      .where('deleted_at', 'is', null)
      .executeTakeFirst(),
    // What is ours: the rest of the disk is used by whoever else lives on it.
    db
      .selectFrom('blob')
      .select((query) => query.fn.sum<number>('size').as('bytes'))
      .executeTakeFirst(),
  ]);
  const { free, total } = space ?? { free: 0, total: 0 };
  return { used: Number(stored?.bytes ?? 0), free, total, artifacts: Number(artifacts?.n ?? 0) };
}
