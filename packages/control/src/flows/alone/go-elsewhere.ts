import type { Id } from '@backlot/contract';
import { sql } from 'kysely';
import type { Tx } from '../../db/schema.ts';
import { type Change, type ChangeDeps, runChange } from '../../tasks/change.ts';
import { type IdleTask, sortTasks, waitsFor } from './away.ts';
import { startLimits } from './start-limits.ts';

export interface GoElsewhereDeps {
  readonly changes: () => ChangeDeps;
  /** Kinds of step that the control plane performs. */
  readonly performed: () => readonly string[];
}

interface OpenRun {
  readonly flow_id: Id;
  readonly project_id: Id;
  readonly name: string;
  readonly alone_on: Id;
  readonly node: string;
  readonly since: Date;
  readonly lost_before: boolean;
}

/**
 * Takes a run on whose node is lost: tasks whose files can be had begin elsewhere, the others say what they wait for and
 * since when. Asked again and again, because files and steps come. The run stays the node's to tell of: when it comes back,
 * what has not ended here is taken from it, and what has ended here stays as it is.
 */
export async function goElsewhere(
  deps: GoElsewhereDeps,
  { id, job_id: jobId }: { readonly id: Id; readonly job_id: Id },
): Promise<void> {
  await runChange(deps.changes(), async (change) => {
    await change.ledger.lock([jobId]);
    // A run that somebody has paused or canceled begins nothing.
    if (change.ledger.jobs.get(jobId)?.intent !== 'run') return;
    const run = await openRun(change.tx, id);
    if (!run) return;
    const tasks = await idleTasks(change.tx, jobId);
    const digests = tasks.flatMap(({ inputs }) => inputs.map(({ digest }) => digest));
    const sorted = sortTasks(tasks, await reachable(change.tx, digests, run.alone_on));
    const since = run.since.toISOString();
    if (sorted.go.length > 0) {
      await sql`UPDATE task SET paused = false, wait = NULL WHERE id = ANY(${[...sorted.go]}::uuid[])`.execute(
        change.tx,
      );
      change.wake('task-ready');
    }
    for (const { id: task, files } of sorted.wait) {
      const wait = JSON.stringify(waitsFor(run.node, since, files));
      await sql`
        UPDATE task SET wait = ${wait}::jsonb WHERE id = ${task} AND wait IS DISTINCT FROM ${wait}::jsonb
      `.execute(change.tx);
    }
    await performNow(change.tx, id, deps.performed());
    await startLimits(change.tx, id, sorted.go);
    if (!run.lost_before) tellOnce(change, id, run, since, sorted.wait);
  });
}

/** Steps that the control plane performs, and that were left to the node. */
export async function performNow(tx: Tx, runId: Id, kinds: readonly string[]): Promise<void> {
  await sql`
    UPDATE flow_step SET perform_at = now()
    WHERE run_id = ${runId} AND state = 'running' AND perform_at IS NULL AND kind = ANY(${[...kinds]})
  `.execute(tx);
}

/** The run when it is still the lost node's to tell of; from now on it is known to go on without it. */
async function openRun(tx: Tx, id: Id): Promise<OpenRun | undefined> {
  const { rows } = await sql<OpenRun>`
    UPDATE flow_run r SET alone_lost_at = coalesce(r.alone_lost_at, now())
    FROM flow_run before JOIN node n ON n.id = before.alone_on
    WHERE r.id = ${id} AND before.id = r.id AND r.alone_open AND r.ended_at IS NULL AND n.state = 'lost'
    RETURNING r.flow_id, r.project_id, r.name, r.alone_on, n.name AS node,
      coalesce(n.unreachable_since, now()) AS since, before.alone_lost_at IS NOT NULL AS lost_before
  `.execute(tx);
  return rows[0];
}

async function idleTasks(tx: Tx, jobId: Id): Promise<IdleTask[]> {
  const { rows } = await sql<IdleTask>`
    SELECT id, key, coalesce(spec->'inputs', '[]') AS inputs FROM task
    WHERE job_id = ${jobId} AND state = 'queued' AND paused ORDER BY id FOR NO KEY UPDATE
  `.execute(tx);
  return rows;
}

/** Those that are in the store, or that another node holds which is there. */
async function reachable(tx: Tx, digests: readonly string[], without: Id): Promise<Set<string>> {
  const { rows } = await sql<{ digest: string }>`
    SELECT digest FROM blob WHERE digest = ANY(${[...new Set(digests)]}) AND (stored OR EXISTS (
      SELECT FROM artifact_holder h JOIN node n ON n.id = h.node_id
      WHERE h.digest = blob.digest AND h.state = 'held' AND h.node_id <> ${without} AND n.state = 'ready'))
  `.execute(tx);
  return new Set(rows.map(({ digest }) => digest));
}

function tellOnce(
  change: Change,
  runId: Id,
  run: OpenRun,
  since: string,
  waiting: readonly { readonly key: string; readonly files: readonly string[] }[],
): void {
  change.events.push({
    projectId: run.project_id,
    kind: 'flow.run.node-lost',
    subject: { kind: 'flow-run', id: runId },
    body: {
      flowId: run.flow_id,
      name: run.name,
      nodeId: run.alone_on,
      node: run.node,
      since,
      waiting: waiting.map(({ key, files }) => ({ step: key, files: files.length })),
    },
  });
}
