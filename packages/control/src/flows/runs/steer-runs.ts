import {
  BacklotError,
  type FlowRunRetry,
  flowErrors,
  type Id,
  kernelErrors,
  newId,
  openFlowRunStates,
  reusableRecords,
} from '@backlot/contract';
import type { Actor, Jobs } from '../../kernel.ts';
import { runChange } from '../../tasks/change.ts';
import { closeRun } from './close-run.ts';
import { type LoadedRun, loadRun, recordOfRow } from './run-rows.ts';
import { startRun } from './start-run.ts';
import type { SweepDeps } from './sweep-runs.ts';

export interface SteerRunsDeps extends SweepDeps {
  readonly jobs: () => Pick<Jobs, 'setIntent'>;
}

/** Cancels a run: what waits ends at once, what runs is asked to stop. @throws not_found, flow_run_ended */
export async function cancelRun(deps: SteerRunsDeps, id: Id, actor: Actor): Promise<void> {
  const { row } = await required(deps, id);
  if (!openFlowRunStates.includes(row.state)) {
    throw new BacklotError(flowErrors.flow_run_ended, { params: { state: row.state } });
  }
  await deps.jobs().setIntent(row.job_id, 'cancel', actor);
  await runChange(deps.changes, async (change) => {
    await change.ledger.lock([row.job_id]);
    await deps.audit.record(change.tx, {
      actor,
      action: 'flow-run.cancel',
      subject: { kind: 'flow-run', id },
      projectId: row.project_id,
      before: { state: row.state },
    });
    await closeRun(deps, change, id);
  });
}

/**
 * Does a run again, as a run of its own: what succeeded is taken over, the rest is done again; with `from`, that step and
 * all that builds on it. Answers the new run. @throws not_found, flow_run_open, flow_run_done,
 * flow_step_unknown
 */
export async function retryRun(deps: SteerRunsDeps, id: Id, retry: FlowRunRetry, actor: Actor): Promise<Id> {
  const run = await required(deps, id);
  const { row } = run;
  if (openFlowRunStates.includes(row.state)) throw new BacklotError(flowErrors.flow_run_open);
  const version = await deps.db
    .selectFrom('flow_version as v')
    .innerJoin('flow as f', 'f.id', 'v.flow_id')
    .select(['v.id', 'v.definition'])
    .where('f.id', '=', row.flow_id)
    .$if(retry.newest, (query) => query.whereRef('v.id', '=', 'f.version_id'))
    .$if(!retry.newest, (query) => query.where('v.id', '=', row.version_id))
    .executeTakeFirstOrThrow();
  if (row.state === 'succeeded' && retry.from === undefined && version.id === row.version_id)
    throw new BacklotError(flowErrors.flow_run_done, { pointer: 'from' });
  const { steps } = version.definition;
  if (retry.from !== undefined && !steps.some(({ id: step }) => step === retry.from)) {
    const known = steps.map(({ id: step }) => step).join(', ');
    throw new BacklotError(flowErrors.flow_step_unknown, {
      params: { step: retry.from, known },
      pointer: 'from',
    });
  }
  const records = reusableRecords(
    { definition: run.definition, records: [...run.steps.values()].map(recordOfRow) },
    version.definition,
    deps.installed.steps,
    retry.from,
  );
  const { runId } = await startRun(
    deps,
    {
      flow: { versionId: version.id },
      key: `retry:${id}:${newId()}`,
      ports: row.trigger_ports,
      data: row.trigger_data as Record<string, unknown>,
      ...(row.subject_kind !== null && row.subject_id !== null
        ? { subject: { kind: row.subject_kind, id: row.subject_id } }
        : {}),
      actor,
    },
    { reused: { runId: id, records } },
  );
  return runId;
}

async function required(deps: SteerRunsDeps, id: Id): Promise<LoadedRun> {
  const run = await loadRun(deps.db, { runId: id });
  if (!run) throw new BacklotError(kernelErrors.not_found, { params: { what: 'flow run', id } });
  return run;
}
