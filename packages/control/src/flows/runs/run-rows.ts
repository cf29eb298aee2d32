import type { FileValue, FlowDefinition, FlowRunInput, Id, StepKinds, StepRecord } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, FlowRunRow, FlowStepRow, Tx } from '../../db/schema.ts';

/** A run with all that its next steps follow from, as one transaction sees it. */
export interface LoadedRun {
  readonly row: FlowRunRow;
  readonly definition: FlowDefinition;
  readonly steps: ReadonlyMap<string, FlowStepRow>;
  /** The database's clock, milliseconds since 1970. */
  readonly now: number;
}

/** Reads a run. Whoever changes it has locked its job. */
export async function loadRun(
  db: Db | Tx,
  by: { runId: Id } | { jobId: Id },
): Promise<LoadedRun | undefined> {
  const row = await db
    .selectFrom('flow_run')
    .selectAll()
    .where('runId' in by ? 'id' : 'job_id', '=', 'runId' in by ? by.runId : by.jobId)
    .executeTakeFirst();
  if (!row) return undefined;
  const version = await db
    .selectFrom('flow_version')
    .select(['definition', sql<number>`(extract(epoch FROM clock_timestamp()) * 1000)::float8`.as('now')])
    .where('id', '=', row.version_id)
    .executeTakeFirstOrThrow();
  const steps = await db
    .selectFrom('flow_step')
    .selectAll()
    .where('run_id', '=', row.id)
    .orderBy('id')
    .execute();
  return {
    row,
    definition: version.definition,
    steps: new Map(steps.map((step) => [step.key, step])),
    now: version.now,
  };
}

export function recordOfRow(row: FlowStepRow): StepRecord {
  return {
    key: row.key,
    step: row.step,
    at: row.at,
    state: row.state,
    branch: row.branch,
    ports: row.ports,
    failure: row.failure,
    dueAt: row.state === 'waiting' ? (row.due_at?.getTime() ?? null) : null,
  };
}

/** What the engine is asked about. */
export function inputOfRun(run: LoadedRun, kinds: StepKinds): FlowRunInput {
  const { row, definition } = run;
  return {
    definition,
    kinds,
    run: {
      id: row.id,
      flowId: row.flow_id,
      projectId: row.project_id,
      name: row.name,
      startedAt: row.started_at.toISOString(),
    },
    trigger: { ports: row.trigger_ports, data: row.trigger_data },
    records: [...run.steps.values()].map(recordOfRow),
  };
}

/** Outputs that a task has committed, as values of flows, by name. */
export async function outputsOfTask(tx: Db | Tx, taskId: Id): Promise<FileValue[]> {
  const rows = await tx
    .selectFrom('artifact')
    .select(['id', 'name', 'kind', 'digest', 'size', 'media_type', 'meta', 'holders'])
    .where('task_id', '=', taskId)
    .where('deleted_at', 'is', null)
    .orderBy('name')
    .execute();
  return rows.map(({ id, media_type, holders, ...row }) => ({
    ...row,
    mediaType: media_type,
    artifactId: id,
    ...(holders.length > 0 ? { holders } : {}),
  }));
}
