import {
  type AllocationOutcome,
  endingPhrases,
  type Failure,
  type Reason,
  reason,
  type TaskDraft,
  type Usage,
  waitPhrases,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { TaskRow, Tx } from '../db/schema.ts';
import { avoid } from '../tasks/avoidances.ts';
import type { Change } from '../tasks/change.ts';
import type { TaskPatch } from '../tasks/ledger.ts';
import {
  attemptsAfter,
  decideRetry,
  type FailedAttempt,
  memorySteps,
  type RetryDecision,
} from '../tasks/retry.ts';
import { shapeOf } from '../tasks/shape.ts';
import { lookBack, pastAttempts } from './history-of-task.ts';
import type { OpenAllocation } from './rows.ts';
import type { StopReason } from './verdict.ts';

/** How an allocation ends. */
export interface Ending {
  readonly outcome: AllocationOutcome;
  readonly failure?: Failure;
  /** Why, for people. */
  readonly reason?: Reason;
  readonly usage?: Usage;
  /** For `ok`: what was found, already checked against the task kind. */
  readonly result?: Record<string, unknown>;
  /** Number of the report that ended it. */
  readonly seq?: number;
  /** For outcomes that are not charged: keep away from the node for so long. */
  readonly avoidMs?: number;
  /** A failure is not tried again: a node that was alone has done so, and what follows has been done there. */
  readonly final?: true;
}

/** A task whose end is final, for what follows from it. */
export interface EndedTask {
  readonly id: string;
  readonly jobId: string | null;
  readonly state: 'succeeded' | 'failed' | 'canceled';
  readonly failure: Failure | null;
  /** The attempt brought the task forward, so its failure says nothing about the job. */
  readonly progressed: boolean;
}

/** What ending allocations needs beside the change. */
export interface ConcludeDeps {
  /** In [0, 1), for back-offs. */
  readonly random: () => number;
  /** Works out what follows from tasks that have ended, in the same transaction; `jobs` does. */
  readonly followUp: (change: Change, ended: readonly EndedTask[]) => Promise<void>;
  /** Stops a job whose tasks keep failing for one reason. */
  readonly afterFailure: (change: Change, task: { jobId: string; failure: Failure }) => Promise<void>;
  /** Says that a back-off will be over in so many milliseconds, so that nobody waits for a sweep. */
  readonly retryIn: (ms: number) => void;
  /** Whether some other node could do what this one can't. */
  readonly anotherCandidate: (tx: Tx, task: TaskRow, exceptNodeId: string) => Promise<boolean>;
}

/** An allocation and how it ends. */
export interface Conclusion {
  readonly allocation: OpenAllocation;
  readonly ending: Ending;
}

/**
 * Ends allocations, each once: gives back what they hold, moves their tasks, and works out what follows. Their jobs
 * are locked, the allocations as well. Those that had ended before are left alone.
 */
export async function concludeAllocations(
  deps: ConcludeDeps,
  change: Change,
  conclusions: readonly Conclusion[],
): Promise<void> {
  if (conclusions.length === 0) return;
  const closed = await closeRows(change.tx, conclusions);
  const real = conclusions.filter(({ allocation }) => closed.has(allocation.id));
  for (const { allocation, ending } of real) {
    change.usage.release(allocation.node_id, allocation.resources, {
      cpu: allocation.cpu_held,
      rest: true,
    });
    change.events.push({
      projectId: allocation.project_id,
      kind: 'allocation.ended',
      subject: { kind: 'allocation', id: allocation.id },
      body: {
        outcome: ending.outcome,
        fence: allocation.fence,
        taskId: allocation.task_id,
        jobId: allocation.job_id,
        nodeId: allocation.node_id,
        ...(ending.failure ? { failure: ending.failure } : {}),
        ...(ending.reason ? { reason: ending.reason } : {}),
      },
    });
  }
  if (real.length > 0) change.wake('slot-free');
  await settleTasks(deps, change, real);
}

/** The same for one. */
export function concludeAllocation(
  deps: ConcludeDeps,
  change: Change,
  allocation: OpenAllocation,
  ending: Ending,
): Promise<void> {
  return concludeAllocations(deps, change, [{ allocation, ending }]);
}

/** Ends the rows by compare-and-set on id, fence and state; answers the ids that were still open. */
async function closeRows(tx: Tx, conclusions: readonly Conclusion[]): Promise<Set<string>> {
  const rows = conclusions.map(({ allocation, ending }) => ({
    id: allocation.id,
    fence: allocation.fence,
    outcome: ending.outcome,
    failure: ending.failure ?? null,
    reason: ending.reason ?? null,
    usage: ending.usage ?? null,
    seq: ending.seq ?? null,
  }));
  const { rows: closed } = await sql<{ id: string }>`
    UPDATE allocation a SET
      state = 'ended', known_state = NULL, cpu_held = false, ended_at = now(), outcome = r.outcome,
      failure = nullif(r.failure, 'null'), usage = nullif(r.usage, 'null'),
      reason = coalesce(nullif(r.reason, 'null'), a.reason), seq = coalesce(r.seq, a.seq)
    FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(
      id uuid, fence int8, outcome text, failure jsonb, reason jsonb, usage jsonb, seq int)
    WHERE a.id = r.id AND a.fence = r.fence AND a.state <> 'ended'
    RETURNING a.id
  `.execute(tx);
  return new Set(closed.map((row) => row.id));
}

/** What becomes of a task when its attempt ended like this. Pure. */
function fateOf(
  outcome: AllocationOutcome,
  canceling: boolean,
): 'succeeded' | 'canceled' | 'failed' | 'again' {
  if (outcome === 'ok') return 'succeeded';
  if (outcome === 'canceled' || canceling) return 'canceled';
  return outcome === 'failed' ? 'failed' : 'again';
}

/** Moves the tasks of allocations that have ended. */
async function settleTasks(
  deps: ConcludeDeps,
  change: Change,
  conclusions: readonly Conclusion[],
): Promise<void> {
  const canceling = (jobId: string | null) =>
    jobId !== null && change.ledger.jobs.get(jobId)?.intent === 'cancel';
  const by = Map.groupBy(conclusions, ({ allocation, ending }) =>
    fateOf(ending.outcome, canceling(allocation.job_id)),
  );
  await endTasks(
    deps,
    change,
    'succeeded',
    (by.get('succeeded') ?? []).map(({ allocation, ending }) => ({
      allocation,
      patch: { result: ending.result ?? {}, failure: null },
    })),
  );
  await endTasks(
    deps,
    change,
    'canceled',
    (by.get('canceled') ?? []).map(({ allocation, ending }) => ({
      allocation,
      patch: ending.outcome === 'canceled' && ending.reason ? { wait: ending.reason } : {},
    })),
  );
  await requeue(change, by.get('again') ?? []);
  for (const { allocation, ending } of by.get('failed') ?? []) {
    await settleFailure(deps, change, allocation, ending);
  }
}

async function requeue(change: Change, conclusions: readonly Conclusion[]): Promise<void> {
  if (conclusions.length === 0) return;
  const because = new Map<string, AllocationOutcome>();
  for (const { allocation, ending } of conclusions) {
    because.set(allocation.task_id, ending.outcome);
    if (ending.avoidMs === undefined) continue;
    await avoid(change.tx, {
      owner: { taskId: allocation.task_id },
      nodeId: allocation.node_id,
      signature: ending.outcome,
      forMs: ending.avoidMs,
      // Asking the same node again at once would only be refused again.
      strictly: ending.outcome === 'rejected',
    });
  }
  await change.ledger.moveAndTell(
    'queued',
    [...because.keys()].map((id) => ({ id })),
    { only: ['placed', 'running', 'frozen'], body: (task) => ({ because: because.get(task.id) }) },
  );
  change.wake('task-ready');
}

interface TaskEnding {
  readonly allocation: OpenAllocation;
  readonly patch: TaskPatch;
  readonly progressed?: boolean;
}

async function endTasks(
  deps: ConcludeDeps,
  change: Change,
  state: EndedTask['state'],
  endings: readonly TaskEnding[],
): Promise<void> {
  if (endings.length === 0) return;
  const byTask = new Map(endings.map((ending) => [ending.allocation.task_id, ending]));
  const moved = await change.ledger.moveAndTell(
    state,
    endings.map(({ allocation, patch }) => ({ id: allocation.task_id, patch })),
    {
      only: ['placed', 'running', 'frozen'],
      body: (task) => {
        const failure = byTask.get(task.id)?.patch.failure;
        return failure ? { failure } : {};
      },
    },
  );
  await deps.followUp(
    change,
    moved.map((task) => ({
      id: task.id,
      jobId: task.job_id,
      state,
      failure: byTask.get(task.id)?.patch.failure ?? null,
      progressed: byTask.get(task.id)?.progressed ?? false,
    })),
  );
}

async function settleFailure(
  deps: ConcludeDeps,
  change: Change,
  allocation: OpenAllocation,
  ending: Ending,
): Promise<void> {
  const { tx } = change;
  const failure = ending.failure ?? noOutcome;
  const task = await tx
    .selectFrom('task')
    .selectAll()
    .where('id', '=', allocation.task_id)
    .executeTakeFirst();
  if (!task) return;
  const progressed = await hasCommitted(tx, allocation);
  // The attempt itself has just been closed and is the last of these.
  const past = (await pastAttempts(tx, task.id)).slice(0, -1);
  const attempt: FailedAttempt = {
    failure,
    retry: task.spec.retry,
    attempt: task.attempt,
    progressed,
    memory: task.spec.resources.memory,
    ...lookBack(past, { nodeId: allocation.node_id, failure }),
  };
  const decision: RetryDecision = ending.final
    ? { kind: 'fail', charged: true, why: 'attempts' }
    : decideRetry(attempt, deps.random());
  const charged = attemptsAfter(attempt, decision);

  if (decision.kind === 'fail') {
    const final =
      decision.why === 'memory'
        ? {
            ...failure,
            reason: reason(endingPhrases, 'failure.memory_limit', {
              amount: gigabytes(attempt.memory),
              steps: memorySteps,
            }),
          }
        : failure;
    await endTasks(deps, change, 'failed', [
      { allocation, patch: { failure: final, attempt: charged }, progressed },
    ]);
  } else if (decision.kind === 'hold') {
    await holdTask(change, task.id, failure);
  } else if (failure.class === 'capability' && !(await deps.anotherCandidate(tx, task, allocation.node_id))) {
    await avoidNode(tx, allocation, failure, decision.avoid);
    await holdTask(change, task.id, failure);
  } else {
    await avoidNode(tx, allocation, failure, decision.avoid);
    const spec = decision.memory === undefined ? undefined : withMemory(task.spec, decision.memory);
    await change.ledger.moveAndTell(
      'retry_wait',
      [
        {
          id: task.id,
          patch: {
            attempt: charged,
            delayMs: decision.delayMs,
            failure: progressed ? null : failure,
            wait: waitForRetry(decision, charged, task.max_attempts),
            ...(spec ? { spec, shape: shapeOf(spec) } : {}),
          },
        },
      ],
      { only: ['placed', 'running', 'frozen'], body: () => ({ failure, charged: decision.charged }) },
    );
    change.afterCommit(() => deps.retryIn(decision.delayMs));
  }
  if (task.job_id !== null && !progressed && !ending.final)
    await deps.afterFailure(change, { jobId: task.job_id, failure });
}

async function holdTask(change: Change, taskId: string, failure: Failure): Promise<void> {
  const wait =
    failure.class === 'missing'
      ? reason(waitPhrases, 'wait.held_missing', { files: (failure.missing ?? []).slice(0, 10).join(', ') })
      : failure.class === 'capability'
        ? reason(waitPhrases, 'wait.held_capability')
        : reason(waitPhrases, 'wait.held');
  await change.ledger.moveAndTell(
    'held',
    [{ id: taskId, patch: { failure, wait: { ...wait, causes: [failure.reason] } } }],
    { only: ['placed', 'running', 'frozen'], body: () => ({ failure }) },
  );
}

async function avoidNode(
  tx: Tx,
  allocation: OpenAllocation,
  failure: Failure,
  how: { readonly forMs: number; readonly strictly: boolean } | undefined,
): Promise<void> {
  if (!how) return;
  await avoid(tx, {
    owner: { taskId: allocation.task_id },
    nodeId: allocation.node_id,
    signature: failure.signature,
    forMs: how.forMs,
    strictly: how.strictly,
  });
}

function waitForRetry(
  decision: { readonly charged: boolean; readonly memory?: number },
  charged: number,
  limit: number,
): Reason {
  if (decision.memory !== undefined) {
    return reason(waitPhrases, 'wait.retry_memory', { amount: gigabytes(decision.memory) });
  }
  if (!decision.charged) return reason(waitPhrases, 'wait.retry_free');
  return reason(waitPhrases, 'wait.retry', { attempt: charged + 1, limit });
}

function withMemory(spec: TaskDraft, memory: number): TaskDraft {
  return { ...spec, resources: { ...spec.resources, memory } };
}

/** Whether an attempt has brought outputs home, whatever became of it afterwards. */
async function hasCommitted(tx: Tx, { id, task_id }: OpenAllocation): Promise<boolean> {
  const { rows } = await sql`
    SELECT 1 FROM artifact WHERE task_id = ${task_id} AND allocation_id = ${id} LIMIT 1
  `.execute(tx);
  return rows.length > 0;
}

const noOutcome: Failure = {
  class: 'node',
  reason: reason(endingPhrases, 'failure.no_outcome'),
  signature: 'node:failure.no_outcome',
};

const gigabytes = (bytes: number) => `${Math.round((bytes / 1024 ** 3) * 10) / 10} GB`;

/** What people read about work that was asked to stop, by the reason for it. */
export function stopReasonFor(why: StopReason, node: string, who: string): Reason {
  switch (why) {
    case 'canceled':
      return reason(endingPhrases, 'end.canceled_by', { who });
    case 'preempted':
      return reason(endingPhrases, 'end.preempted', { node });
    case 'drained':
      return reason(endingPhrases, 'end.drained', { node });
    case 'taken-back':
      return reason(endingPhrases, 'end.taken_back', { who });
    case 'lost':
      return reason(endingPhrases, 'end.lost', { node });
  }
}
