import { createHash } from 'node:crypto';
import { type AllocationOutcome, type StateReport, type TaskDraft, taskStatesEnded } from '@backlot/contract';
import { givenText } from '@backlot/contract/deputy/given';
import type { AloneStep } from '@backlot/contract/deputy/messages';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import { type ApplyDeps, endingOf } from '../../allocations/apply-report.ts';
import { concludeAllocation, type Ending } from '../../allocations/conclude.ts';
import { factEvents } from '../../allocations/findings.ts';
import { lockAllocations, openAllocationsOf } from '../../allocations/rows.ts';
import type { Tx } from '../../db/schema.ts';
import type { Artifacts } from '../../kernel.ts';
import { type Change, type ChangeDeps, runChange } from '../../tasks/change.ts';

export interface TakeStepDeps extends ChangeDeps, ApplyDeps {
  readonly artifacts: Pick<Artifacts, 'commit' | 'commitHeld'>;
  readonly log: Logger;
}

interface TaskPlace {
  readonly id: string;
  readonly project_id: string;
  readonly class: string;
  readonly state: (typeof taskStatesEnded)[number] | 'blocked' | 'queued' | 'held' | 'retry_wait' | 'placed';
  readonly spec: TaskDraft;
}

/** The run that a node speaks of. */
export interface AloneOf {
  readonly jobId: string;
  readonly projectId: string;
  /** False: it is known before that the run goes on without what the node has done. */
  readonly wanted: boolean;
}

/**
 * taken    it has ended so
 * unknown  the run has no such step yet
 * busy     it is being done elsewhere: how that ends decides whether this is wanted
 * unwanted the run goes on without it; its outputs are kept as artifacts of the job, and no step has made them
 */
export type StepTaken = 'taken' | 'unknown' | 'busy' | 'unwanted';

/**
 * Takes in how a step ended on a node that was alone: its task gets the allocation that the node has made, with the
 * outputs, the facts and the end, as if it had been placed there; what follows is worked out in the same transaction. A
 * task that has ended already has been told before: its outputs are kept all the same.
 *
 * A step that was given other files than the run would give it is **unwanted**: a node knows its own part of a broadcast
 * only, and what it has joined and verified says nothing of the rest. So is a step of a run that is being canceled.
 */
export async function takeStep(
  deps: TakeStepDeps,
  nodeId: string,
  { jobId, projectId, wanted }: AloneOf,
  step: AloneStep,
): Promise<StepTaken> {
  return runChange(deps, async (change): Promise<StepTaken> => {
    await change.ledger.lock([jobId]);
    if (await toldBefore(change.tx, step.allocation)) return 'taken';
    const job = change.ledger.jobs.get(jobId);
    const task = await findTask(change.tx, jobId, step.step);
    // Done elsewhere of the same files, while the node was lost: a result is there once, and these bytes are one copy more.
    if (task?.state === 'succeeded' && step.given === givenTo(task)) {
      await keepOutputs(deps, change, nodeId, jobId, task, step);
      return 'taken';
    }
    const open = job !== undefined && job.ended_at === null && job.intent !== 'cancel';
    if (wanted && open && !task) return 'unknown';
    if (!wanted || !open || !task || step.given !== givenTo(task)) {
      await keepAside(deps, change, nodeId, { jobId, projectId }, step);
      return 'unwanted';
    }
    if (taskStatesEnded.some((state) => state === task.state)) {
      await keepOutputs(deps, change, nodeId, jobId, task, step);
      return 'taken';
    }
    // While the node was lost it was begun elsewhere. Two results would be one too many: the other one counts when it is
    // good, and this one when it is not.
    if ((await openAllocationsOf(change.tx, [task.id])).length > 0) return 'busy';
    await insertAllocation(change.tx, nodeId, jobId, task, step);
    await change.ledger.move('queued', [{ id: task.id }], ['blocked', 'held', 'retry_wait']);
    await change.ledger.move('placed', [{ id: task.id }], ['queued']);
    await change.ledger.moveAndTell('running', [{ id: task.id }], { only: ['placed'] });
    const [allocation] = await lockAllocations(change.tx, [step.allocation]);
    if (!allocation) throw new Error(`The allocation ${step.allocation} was not written.`);
    const report = reportOf(step, Number(allocation.fence));
    await keepOutputs(deps, change, nodeId, jobId, task, step);
    const finder = { ...allocation, fence: Number(allocation.fence), kind: step.kind, open: false };
    change.events.push(...(await factEvents(change.tx, deps.log, finder, step.facts)));
    const ending: Ending = { ...endingOf(deps, allocation, report), final: true };
    await concludeAllocation(deps, change, allocation, ending);
    return 'taken';
  });
}

/** A task of the run, also of one that has ended long ago. */
async function findTask(tx: Tx, jobId: string, key: string): Promise<TaskPlace | undefined> {
  const { rows } = await sql<TaskPlace>`
    SELECT id, project_id, class, state, spec FROM task WHERE job_id = ${jobId} AND key = ${key} FOR NO KEY UPDATE
  `.execute(tx);
  if (rows[0]) return rows[0];
  const { rows: history } = await sql<TaskPlace>`
    SELECT id, project_id, class, state, spec FROM task_history WHERE job_id = ${jobId} AND key = ${key}
  `.execute(tx);
  return history[0];
}

/** The answer of the first time may have been lost. */
async function toldBefore(tx: Tx, allocation: string): Promise<boolean> {
  const { rows } = await sql`
    SELECT FROM allocation WHERE id = ${allocation} UNION ALL SELECT FROM allocation_history WHERE id = ${allocation}
  `.execute(tx);
  return rows.length > 0;
}

function givenTo({ spec }: TaskPlace): string {
  return createHash('sha256').update(givenText(spec)).digest('hex');
}

/**
 * Makes artifacts of what an unwanted attempt has left: it is real, and nobody's. They are not its task's, which will make
 * others of the same names.
 */
async function keepAside(
  deps: TakeStepDeps,
  change: Change,
  nodeId: string,
  run: Pick<AloneOf, 'jobId' | 'projectId'>,
  { allocation: allocationId, outputs }: AloneStep,
): Promise<void> {
  const owner = { ...run, taskId: allocationId, allocationId, nodeId };
  await deps.artifacts.commitHeld(
    change.tx,
    outputs.map((output) => ({ owner, output: { ...output, held: true } })),
  );
}

async function insertAllocation(
  tx: Tx,
  nodeId: string,
  jobId: string,
  task: TaskPlace,
  { allocation, attempt, startedAt }: AloneStep,
): Promise<void> {
  // It took nothing from the node that the scheduler had counted.
  await sql`
    INSERT INTO allocation (id, task_id, job_id, project_id, node_id, node_epoch, attempt, class, resources, state,
                            offer_until, started_at)
    SELECT ${allocation}, ${task.id}, ${jobId}, ${task.project_id}, n.id, n.epoch, ${attempt}, ${task.class},
           '{"cpu":0,"memory":0,"disk":0,"packets":0,"gpus":[]}'::jsonb, 'running', now(), ${startedAt}::timestamptz
    FROM node n WHERE n.id = ${nodeId}
  `.execute(tx);
}

async function keepOutputs(
  deps: TakeStepDeps,
  change: Change,
  nodeId: string,
  jobId: string,
  task: TaskPlace,
  { allocation: allocationId, outputs }: AloneStep,
): Promise<void> {
  if (outputs.length === 0) return;
  const owner = { projectId: task.project_id, jobId, taskId: task.id, allocationId, nodeId };
  await deps.artifacts.commitHeld(
    change.tx,
    outputs.map((output) => ({ owner, output: { ...output, held: true } })),
  );
  change.ledger.touch(jobId, task.id);
}

/** The step's end in the words in which an allocation reports its own. */
function reportOf(step: AloneStep, fence: number): StateReport {
  const { allocation, outputs, result, failure, usage } = step;
  const outcome: AllocationOutcome = step.outcome === 'ok' ? 'ok' : 'failed';
  return {
    allocation,
    fence,
    seq: 1,
    state: 'ended',
    outcome,
    outputs: [...outputs],
    ...(result === undefined ? {} : { result }),
    ...(failure === undefined ? {} : { failure }),
    ...(usage === undefined ? {} : { usage }),
  };
}
