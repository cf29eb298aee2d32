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
}

/** States in which the process of an allocation is there, or is believed to be while its agent is away. */
const present = ['running', 'unknown'] as const;

/** The places of rooms' jobs, in two questions however many there are. */
export async function findHomes(
  db: Kernel['db'],
  jobIds: readonly string[],
): Promise<ReadonlyMap<string, JobPlace>> {
  if (jobIds.length === 0) return new Map();
  const [allocations, jobs] = await Promise.all([
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
  ]);
  const places = new Map<string, JobPlace>(
    jobIds.map((id) => [
      id,
      { home: null, ended: !jobs.some((job) => job.id === id && job.ended_at === null) },
    ]),
  );
  for (const { id, job_id, node_id } of allocations) {
    if (job_id === null) continue;
    places.set(job_id, {
      home: { nodeId: node_id, allocation: id },
      ended: places.get(job_id)?.ended ?? false,
    });
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
