import type { AllocationState, Failure, Grant, TaskState } from '@backlot/contract';
import { systemActor } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { InstanceEnd } from '../../contract.ts';
import { now, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import { tables } from '../tables.ts';
import { instanceIsOver } from './end-instance.ts';

/** What the kernel knows of an instance's task and its latest attempt. */
export interface TaskFacts {
  readonly state: TaskState;
  readonly failure: Failure | null;
  readonly allocation: {
    readonly id: string;
    readonly node_id: string;
    readonly state: AllocationState;
    readonly started: boolean;
    readonly resources: Grant;
  } | null;
}

/** What follows from that for the instance. */
export type Following =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'placed'; readonly running: boolean }
  /** Its place was given away; another one is looked for. */
  | { readonly kind: 'again' }
  | { readonly kind: 'over'; readonly why: InstanceEnd };

const placedStates: readonly TaskState[] = ['placed', 'running', 'frozen'];

/**
 * Reads an instance's state from its task. An instance that has been connected is never moved to another node under the
 * same name: what people saw of it is gone, so it is over. Pure.
 */
export function follow(
  known: { readonly connectedOnce: boolean; readonly allocationId: string | null },
  task: TaskFacts,
): Following {
  if (task.state === 'succeeded') return { kind: 'over', why: 'exited' };
  if (task.state === 'canceled') return { kind: 'over', why: 'stopped' };
  if (task.state === 'failed' || task.state === 'held') {
    return { kind: 'over', why: task.allocation?.started ? 'crashed' : 'start-failed' };
  }
  const moved = known.allocationId !== null && task.allocation?.id !== known.allocationId;
  if (known.connectedOnce && moved) return { kind: 'over', why: 'node-lost' };
  if (placedStates.includes(task.state))
    return task.allocation ? { kind: 'placed', running: task.allocation.started } : { kind: 'nothing' };
  return known.connectedOnce ? { kind: 'over', why: 'node-lost' } : { kind: 'again' };
}

/** Brings an instance to where its job is. Repeating it is harmless. */
export async function followJob(ground: Ground, jobId: string): Promise<void> {
  const known = await tables(ground.kernel.db)
    .selectFrom('streams_instance')
    .select(['id', 'app_id', 'state'])
    .where('job_id', '=', jobId)
    .executeTakeFirst();
  if (!known || known.state === 'ended') return;
  await runChange(ground.kernel, async (change) => {
    const instance = await change.db
      .selectFrom('streams_instance')
      .selectAll()
      .where('id', '=', known.id)
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!instance || instance.state === 'ended') return;
    const { rows } = await sql<TaskFacts>`
      SELECT t.state, t.failure, to_jsonb(a) AS allocation FROM (
        SELECT id, state, failure FROM task WHERE job_id = ${jobId}
        UNION ALL SELECT id, state, failure FROM task_history WHERE job_id = ${jobId} LIMIT 1
      ) t LEFT JOIN LATERAL (
        SELECT id, node_id, state, started_at IS NOT NULL AS started, resources, fence FROM allocation WHERE task_id = t.id
        UNION ALL
        SELECT id, node_id, state, started_at IS NOT NULL, resources, fence FROM allocation_history WHERE task_id = t.id
        ORDER BY fence DESC LIMIT 1
      ) a ON true
    `.execute(change.tx);
    const [task] = rows;
    // The job was removed by a person: what ran of it has ended.
    const step = task
      ? follow({ connectedOnce: instance.ready_at !== null, allocationId: instance.allocation_id }, task)
      : ({ kind: 'over', why: 'stopped' } as const);
    const place = task?.allocation;
    if (step.kind === 'over') {
      await instanceIsOver(ground, change, instance.id, {
        why: step.why,
        ...(step.why === 'stopped' ? { params: { who: '–' } } : {}),
        failure: task?.failure ?? null,
      });
      if (step.why === 'node-lost') change.after(() => cancelJob(ground, jobId));
    } else if (step.kind === 'placed' && place) {
      const facts = {
        node_id: place.node_id,
        allocation_id: place.id,
        gpu: place.resources.gpus[0]?.index ?? null,
        ...(step.running ? { started_at: sql<Date>`coalesce(started_at, now())` } : {}),
      };
      const moved = await change.moveInstance(instance.id, 'starting', facts, { only: ['requested'] });
      if (!moved)
        await change.db.updateTable('streams_instance').set(facts).where('id', '=', instance.id).execute();
      change.after(() => ground.keeper.wake(instance.app_id));
    } else if (step.kind === 'again') {
      await change.moveInstance(
        instance.id,
        'requested',
        { node_id: null, allocation_id: null, gpu: null, started_at: null, requested_at: now },
        { only: ['starting'] },
      );
    }
  });
}

function cancelJob({ kernel }: Ground, jobId: string): void {
  void kernel.jobs.setIntent(jobId, 'cancel', systemActor).catch((error: unknown) => {
    kernel.log.warn({ err: error, job: jobId }, 'the job of a lost instance could not be canceled');
  });
}
