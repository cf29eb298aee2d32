import { BacklotError, type Id, kernelErrors, newId, type StepRecord } from '@backlot/contract';
import { sql } from 'kysely';
import type { FlowRunRow, Tx } from '../../db/schema.ts';
import { insertJob } from '../../jobs/submit.ts';
import { type AuditLog, type FlowStart, systemActor } from '../../kernel.ts';
import { type ChangeDeps, runChange } from '../../tasks/change.ts';
import { type AdvanceDeps, advanceRun } from './advance-run.ts';
import { insertAnchor, runJobKind } from './anchor.ts';
import { writeSteps } from './write-steps.ts';

export interface StartDeps extends AdvanceDeps {
  readonly changes: ChangeDeps;
  readonly audit: AuditLog;
}

/** What a start holds beside what others may say. */
export interface StartMore {
  /** Results of an earlier run that are taken over. */
  readonly reused?: { readonly runId: Id; readonly records: readonly StepRecord[] };
}

/** Longest key of a trigger. */
export const keyLimit = 300;

/**
 * Starts a run: its row, its job and its first steps in one transaction. A flow and a key are one run, however often it is
 * started, also by several replicas at once: the unique index decides. @throws not_found
 */
export async function startRun(
  deps: StartDeps,
  start: FlowStart,
  more: StartMore = {},
  outer?: Tx,
): Promise<{ readonly runId: Id; readonly started: boolean }> {
  return runChange(
    deps.changes,
    async (change) => {
      const { tx } = change;
      const version = await versionFor(tx, start.flow);
      const actor = start.actor ?? systemActor;
      const jobId = newId();
      const runId = newId();
      const key = start.key.slice(0, keyLimit);
      const { rows } = await sql<FlowRunRow>`
        INSERT INTO flow_run (id, flow_id, version_id, project_id, job_id, name, key, trigger_kind, trigger_data,
                              trigger_ports, subject_kind, subject_id, state, retry_of, alone_on, alone_open, note,
                              actor_id, actor_name)
        VALUES (${runId}, ${version.flow_id}, ${version.id}, ${version.project_id}, ${jobId}, ${version.name}, ${key},
                ${version.trigger}, ${JSON.stringify(start.data)}::jsonb, ${JSON.stringify(start.ports)}::jsonb,
                ${start.subject?.kind ?? null}, ${start.subject?.id ?? null}, 'running', ${more.reused?.runId ?? null},
                ${start.alone?.nodeId ?? null}, ${start.alone !== undefined},
                ${start.note === undefined ? null : JSON.stringify(start.note)}::jsonb, ${actor.id}, ${actor.name})
        ON CONFLICT (flow_id, key) DO NOTHING RETURNING *
      `.execute(tx);
      const [row] = rows;
      if (!row) {
        const known = await tx
          .selectFrom('flow_run')
          .select('id')
          .where('flow_id', '=', version.flow_id)
          .where('key', '=', key)
          .executeTakeFirstOrThrow();
        return { runId: known.id, started: false };
      }
      const job = await insertJob(tx, {
        id: jobId,
        parameters: { runId, flowId: version.flow_id, versionId: version.id },
        priority: 0,
        submission: {
          kind: runJobKind,
          projectId: version.project_id,
          name: version.name,
          parameters: {},
          actor,
        },
      });
      change.ledger.adopt(job);
      change.events.push(
        {
          projectId: job.project_id,
          kind: 'job.created',
          subject: { kind: 'job', id: jobId },
          body: { kind: job.kind, name: job.name, tasks: 1, by: actor.name },
        },
        {
          projectId: job.project_id,
          kind: 'flow.run.started',
          subject: { kind: 'flow-run', id: runId },
          body: {
            flowId: version.flow_id,
            name: version.name,
            version: version.number,
            jobId,
            key,
            trigger: version.trigger,
            subject: start.subject ?? null,
            retryOf: more.reused?.runId ?? null,
            note: start.note ?? null,
            by: actor.name,
          },
        },
      );
      await insertAnchor(change, job);
      const { reused } = more;
      if (reused) {
        const extras = new Map(reused.records.map((record) => [record.key, { reusedFrom: reused.runId }]));
        const kinds = new Map(version.steps.map(({ id, kind }) => [id, kind]));
        await writeSteps(tx, runId, (step) => kinds.get(step) ?? 'flow.unknown', reused.records, extras);
      }
      await deps.audit.record(tx, {
        actor,
        action: 'flow-run.start',
        subject: { kind: 'flow-run', id: runId },
        projectId: job.project_id,
        after: { flowId: version.flow_id, version: version.number, key },
      });
      await advanceRun(deps, change, runId);
      change.afterCommit(() => deps.metrics.started.inc({ trigger: version.trigger }));
      return { runId, started: true };
    },
    outer,
  );
}

async function versionFor(tx: Tx, flow: FlowStart['flow']) {
  let query = tx
    .selectFrom('flow_version as v')
    .innerJoin('flow as f', 'f.id', 'v.flow_id')
    .select(['v.id', 'v.flow_id', 'v.number', 'v.definition', 'f.project_id']);
  query =
    'versionId' in flow
      ? query.where('v.id', '=', flow.versionId)
      : query.where('f.id', '=', flow.flowId).whereRef('v.id', '=', 'f.version_id');
  const row = await query.executeTakeFirst();
  if (!row) {
    const id = 'versionId' in flow ? flow.versionId : flow.flowId;
    const what = 'versionId' in flow ? 'flow version' : 'flow';
    throw new BacklotError(kernelErrors.not_found, { params: { what, id } });
  }
  const { definition, ...rest } = row;
  return { ...rest, name: definition.name, trigger: definition.trigger.kind, steps: definition.steps };
}
