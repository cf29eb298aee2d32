import type { Failure, Reason } from '@backlot/contract';
import type { Db } from '@backlot/control/workload';
import { type RawBuilder, sql } from 'kysely';
import { type Instance, InstanceFacts, instanceEndReason } from '../../contract.ts';
import type { InstanceRow } from '../tables.ts';

type Row = InstanceRow & {
  readonly slug: string;
  readonly app_name: string;
  readonly node_name: string | null;
  readonly task_id: string | null;
  readonly wait: Reason | null;
  readonly facts: unknown;
};

/** Instances as people see them, newest first. @param where a condition on `i` */
export async function readInstances(db: Db, where: RawBuilder<unknown>, limit: number): Promise<Instance[]> {
  const { rows } = await sql<Row>`
    SELECT i.*, a.slug, a.settings->>'name' AS app_name, n.name AS node_name, t.id AS task_id,
           CASE WHEN i.state = 'requested' THEN t.wait END AS wait,
           CASE WHEN i.state <> 'ended' THEN t.progress->'detail' END AS facts
    FROM (SELECT * FROM streams_instance i WHERE ${where} ORDER BY i.id DESC LIMIT ${limit}) i
    JOIN streams_app a ON a.id = i.app_id
    LEFT JOIN node n ON n.id = i.node_id
    LEFT JOIN LATERAL (
      SELECT id, wait, progress FROM task WHERE job_id = i.job_id
      UNION ALL SELECT id, wait, progress FROM task_history WHERE job_id = i.job_id LIMIT 1
    ) t ON true
    ORDER BY i.id DESC
  `.execute(db);
  return rows.map(viewInstance);
}

function viewInstance(row: Row): Instance {
  const failure: Failure | null = row.failure;
  return {
    id: row.id,
    appId: row.app_id,
    app: row.slug,
    appName: row.app_name,
    projectId: row.project_id,
    version: row.version,
    state: row.state,
    trial: row.trial,
    nodeId: row.node_id,
    nodeName: row.node_name,
    gpu: row.gpu,
    jobId: row.job_id,
    taskId: row.task_id,
    allocationId: row.allocation_id,
    sessionId: row.session_id ?? row.last_session_id,
    sessions: row.sessions,
    connected: row.streamer_at !== null,
    wait: row.wait,
    retiring: row.retire === null ? null : instanceEndReason(row.retire, row.retire_params ?? {}),
    facts: InstanceFacts.safeParse(row.facts).data ?? null,
    end:
      row.end_reason === null
        ? null
        : { reason: row.end_reason, sentence: instanceEndReason(row.end_reason, row.end_params ?? {}) },
    failure,
    requestedAt: row.requested_at.toISOString(),
    startedAt: row.started_at?.toISOString() ?? null,
    readyAt: row.ready_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}
