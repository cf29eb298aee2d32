import { artifactErrors, BacklotError, storeErrors } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { BlobAdapter } from '../../blobs/blob-adapter.ts';
import type { Store } from '../../db/database.ts';
import { isForeignKeyViolation } from '../../db/database-error.ts';
import type { Tx } from '../../db/schema.ts';
import type { Artifacts, EventLog } from '../../kernel.ts';

export interface SweepDependencies {
  readonly store: Store;
  readonly blobs: BlobAdapter;
  readonly artifacts: Pick<Artifacts, 'remove'>;
  readonly events: EventLog;
  readonly log: Logger;
  /** Stays or fails with the leadership: a sweep that has lost it must not delete anything more. */
  readonly guard: (tx: Tx) => Promise<void>;
  readonly graceMs: number;
  readonly uploadExpiryMs: number;
}

/** What one sweep did. */
export interface SweepResult {
  readonly expiredArtifacts: number;
  readonly forgottenArtifacts: number;
  readonly deletedBlobs: number;
  readonly abandonedUploads: number;
}

const BATCH = 500;

/**
 * Takes away what nothing refers to, slowly and in small transactions: artifacts past their retention, rows of
 * deleted ones, outputs that no report ever named, uploads that were given up, and at last bytes without any
 * reference. Nothing goes before its grace has passed since it was last referred to.
 */
export async function sweep(deps: SweepDependencies, signal: AbortSignal): Promise<SweepResult> {
  const steps = { deps, signal };
  const expiredArtifacts = await repeat(steps, expireArtifacts);
  const forgottenArtifacts = await repeat(steps, forgetArtifacts);
  await repeat(steps, forgetStagedOutputs);
  await repeat(steps, forgetLogs);
  await repeat(steps, forgetFacts);
  const abandonedUploads = await abandonUploads(steps);
  await markBlobs(steps);
  const deletedBlobs = await repeat(steps, deleteBlobs);
  const result = { expiredArtifacts, forgottenArtifacts, deletedBlobs, abandonedUploads };
  if (Object.values(result).some((count) => count > 0)) deps.log.info(result, 'swept the store of files');
  return result;
}

interface Steps {
  readonly deps: SweepDependencies;
  readonly signal: AbortSignal;
}

/** Runs a step in batches until one is not full. */
async function repeat(steps: Steps, step: (deps: SweepDependencies) => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    steps.signal.throwIfAborted();
    const count = await step(steps.deps);
    total += count;
    if (count < BATCH) return total;
  }
}

/** Retention counts from the artifact's making, but never ends while its job is at work. */
async function expireArtifacts({ store, guard, artifacts, events }: SweepDependencies): Promise<number> {
  const count = await store.transaction(async (tx) => {
    await guard(tx);
    const { rows } = await sql<{ id: string }>`
      SELECT artifact.id FROM artifact
      WHERE retention_until < now() AND deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM job WHERE job.id = artifact.job_id AND job.ended_at IS NULL)
      LIMIT ${BATCH}
    `.execute(tx);
    await artifacts.remove(
      tx,
      rows.map(({ id }) => id),
    );
    return rows.length;
  });
  if (count > 0) events.wake();
  return count;
}

/** Rows of deleted artifacts go after the grace, except those that a workload's table still refers to. */
async function forgetArtifacts({ store, guard, graceMs }: SweepDependencies): Promise<number> {
  const due = sql`deleted_at < now() - ${graceMs} * interval '1 millisecond'`;
  try {
    return await store.transaction(async (tx) => {
      await guard(tx);
      const { numAffectedRows } = await sql`
        DELETE FROM artifact WHERE id IN (SELECT id FROM artifact WHERE ${due} LIMIT ${BATCH})
      `.execute(tx);
      return Number(numAffectedRows ?? 0);
    });
  } catch (error) {
    if (!isForeignKeyViolation(error)) throw error;
  }
  // One of the batch is still referred to: one by one, so that it holds up only itself.
  const { rows } = await sql<{ id: string }>`SELECT id FROM artifact WHERE ${due} LIMIT ${BATCH}`.execute(
    store.db,
  );
  let gone = 0;
  for (const { id } of rows) {
    try {
      await store.transaction(async (tx) => {
        await guard(tx);
        await tx.deleteFrom('artifact').where('id', '=', id).execute();
      });
      gone += 1;
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
    }
  }
  return Math.min(gone, BATCH - 1); // those that stay would be met again: end the repetition
}

/** Bytes under an allocation that has ended without a report that names them. */
async function forgetStagedOutputs({ store, guard, graceMs }: SweepDependencies): Promise<number> {
  return store.transaction(async (tx) => {
    await guard(tx);
    const { numAffectedRows } = await sql`
      DELETE FROM staged_output WHERE (allocation_id, name) IN (
        SELECT allocation_id, name FROM staged_output
        WHERE created_at < now() - ${graceMs} * interval '1 millisecond'
          AND NOT EXISTS (
            SELECT FROM allocation WHERE allocation.id = staged_output.allocation_id AND state <> 'ended')
        LIMIT ${BATCH})
    `.execute(tx);
    return Number(numAffectedRows ?? 0);
  });
}

/** Logs of attempts that the history has let go. */
async function forgetLogs({ store, guard, graceMs }: SweepDependencies): Promise<number> {
  return store.transaction(async (tx) => {
    await guard(tx);
    const { numAffectedRows } = await sql`
      DELETE FROM log_chunk WHERE (allocation_id, stream, position) IN (
        SELECT allocation_id, stream, position FROM log_chunk
        WHERE created_at < now() - ${graceMs} * interval '1 millisecond'
          AND NOT EXISTS (SELECT FROM allocation WHERE allocation.id = log_chunk.allocation_id)
          AND NOT EXISTS (SELECT FROM allocation_history past WHERE past.id = log_chunk.allocation_id)
        LIMIT ${BATCH})
    `.execute(tx);
    return Number(numAffectedRows ?? 0);
  });
}

/** Told facts are remembered for as long as a node may tell them again. */
async function forgetFacts({ store, guard }: SweepDependencies): Promise<number> {
  return store.transaction(async (tx) => {
    await guard(tx);
    const { numAffectedRows } = await sql`
      DELETE FROM task_fact WHERE (allocation_id, key) IN (
        SELECT allocation_id, key FROM task_fact
        WHERE at < now() - interval '7 days'
          AND NOT EXISTS (SELECT FROM allocation WHERE allocation.id = task_fact.allocation_id)
          AND NOT EXISTS (SELECT FROM allocation_history past WHERE past.id = task_fact.allocation_id)
        LIMIT ${BATCH})
    `.execute(tx);
    return Number(numAffectedRows ?? 0);
  });
}

/** Uploads of people that were not finished in time, and pieces of outputs whose attempt has long stopped sending. */
async function abandonUploads({ deps, signal }: Steps): Promise<number> {
  const { store, blobs, uploadExpiryMs, graceMs } = deps;
  const { rows: expired } = await sql<{ id: string }>`
    DELETE FROM upload
    WHERE finished_at IS NULL AND created_at < now() - ${uploadExpiryMs} * interval '1 millisecond'
    RETURNING id
  `.execute(store.db);
  const { rows: open } = await sql<{ id: string }>`SELECT id FROM upload WHERE finished_at IS NULL`.execute(
    store.db,
  );
  const { rows: clock } = await sql<{ before: Date }>`
    SELECT now() - ${graceMs} * interval '1 millisecond' AS before`.execute(store.db);
  const spared = new Set(open.map(({ id }) => id));
  const stale = clock[0] ? await blobs.pieces.stale(clock[0].before) : [];
  const abandoned = new Set([...expired.map(({ id }) => id), ...stale.filter((id) => !spared.has(id))]);
  for (const id of abandoned) {
    signal.throwIfAborted();
    await blobs.pieces.abort(id);
  }
  return abandoned.size;
}

/**
 * Notes since when nothing refers to a blob. Inputs of open tasks count as references although no key says so: a
 * person may delete a model that a queued task is still to read.
 */
async function markBlobs({ deps, signal }: Steps): Promise<void> {
  signal.throwIfAborted();
  await deps.store.transaction(async (tx) => {
    await deps.guard(tx);
    await sql`SET LOCAL statement_timeout = '5min'`.execute(tx);
    await sql`
      CREATE TEMPORARY TABLE referred ON COMMIT DROP AS
      SELECT digest FROM artifact
      UNION SELECT digest FROM staged_output
      UNION SELECT digest FROM log_chunk
      UNION SELECT digest FROM artifact_holder
      UNION SELECT input ->> 'digest' FROM task, jsonb_array_elements(task.spec -> 'inputs') AS input
        WHERE task.state NOT IN ('succeeded', 'failed', 'canceled')
    `.execute(tx);
    await sql`
      UPDATE blob SET unreferenced_at = now()
      WHERE unreferenced_at IS NULL AND digest NOT IN (SELECT digest FROM referred WHERE digest IS NOT NULL)
    `.execute(tx);
    await sql`
      UPDATE blob SET unreferenced_at = NULL
      WHERE unreferenced_at IS NOT NULL AND digest IN (SELECT digest FROM referred)
    `.execute(tx);
  });
}

/**
 * Deletes bytes that nothing has referred to for the whole grace. The row goes first and the transaction ends
 * last: somebody who stores the same bytes meanwhile waits for it and then finds neither row nor bytes; a foreign
 * key that appeared meanwhile makes the deletion fail before any byte is touched.
 */
async function deleteBlobs({ store, blobs, guard, graceMs, log }: SweepDependencies): Promise<number> {
  const { rows: due } = await sql<{ digest: string }>`
    SELECT digest FROM blob
    WHERE unreferenced_at < now() - ${graceMs} * interval '1 millisecond' LIMIT ${BATCH}
  `.execute(store.db);
  let deleted = 0;
  for (const { digest } of due) {
    try {
      const gone = await store.transaction(async (tx) => {
        await guard(tx);
        const { rows } = await sql<{ stored: boolean }>`
          DELETE FROM blob WHERE digest = ${digest}
            AND unreferenced_at < now() - ${graceMs} * interval '1 millisecond' RETURNING stored
        `.execute(tx);
        if (rows.length === 0) return false;
        if (rows[0]?.stored) await blobs.delete(digest);
        return true;
      });
      if (gone) deleted += 1;
    } catch (error) {
      if (isLost(error)) throw error;
      log.debug({ err: error, digest }, 'a blob was not deleted; it is looked at again later');
    }
  }
  return deleted === due.length ? deleted : Math.min(deleted, BATCH - 1);
}

function isLost(error: unknown): boolean {
  if (!(error instanceof BacklotError)) return false;
  return (
    error.code === storeErrors.lease_lost.code || error.code === artifactErrors.blob_store_unavailable.code
  );
}
