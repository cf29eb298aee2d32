import type { Kernel } from '@backlot/control/workload';

/** Where a room's shard is, as the database believes. */
export interface Home {
  readonly nodeId: string;
  readonly allocation: string;
}

export interface JobPlace {
  readonly home: Home | null;
  /** The job is over: nothing will come of it any more. */
  readonly ended: boolean;
  /** No node can take it, and it waits for a person to change that. */
  readonly held: boolean;
}

/** States in which the process of an allocation is there, or is believed to be while its agent is away. */
const present = ['running', 'unknown'] as const;

/** The places of rooms' jobs, in three questions however many there are. */
export async function findHomes(
  db: Kernel['db'],
  jobIds: readonly string[],
): Promise<ReadonlyMap<string, JobPlace>> {
  if (jobIds.length === 0) return new Map();
  const [allocations, jobs, held] = await Promise.all([
    db
      .selectFrom('allocation')
      .select(['id', 'job_id', 'node_id'])
      .where('job_id', 'in', [...jobIds])
      .where('state', 'in', [...present])
      .orderBy('fence', 'asc')
      .execute(),
    db
      .selectFrom('job')
      .select(['id', 'ended_at'])
      .where('id', 'in', [...jobIds])
      .execute(),
    db
      .selectFrom('task')
      .select('job_id')
      .where('job_id', 'in', [...jobIds])
      .where('state', '=', 'held')
      .execute(),
  ]);
  const open = new Set(jobs.filter((job) => job.ended_at === null).map(({ id }) => id));
  const waits = new Set(held.map(({ job_id }) => job_id));
  const places = new Map<string, JobPlace>(
    jobIds.map((id) => [id, { home: null, ended: !open.has(id), held: waits.has(id) }]),
  );
  for (const { id, job_id, node_id } of allocations) {
    if (job_id === null) continue;
    const place = places.get(job_id);
    if (place) places.set(job_id, { ...place, home: { nodeId: node_id, allocation: id } });
  }
  return places;
}

/** Why a room's shard has no place yet, for people. */
export async function whyWaiting(db: Kernel['db'], jobId: string): Promise<string | null> {
  const row = await db
    .selectFrom('task')
    .select(['wait', 'failure'])
    .where('job_id', '=', jobId)
    .orderBy('created_at', 'desc')
    .executeTakeFirst();
  return row?.wait?.message ?? row?.failure?.reason.message ?? null;
}
