import {
  type Flow,
  type FlowRunState,
  type FlowVersion,
  type FlowVersionSummary,
  flowPhrases,
  type Reason,
  reason,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, FlowRow } from '../../db/schema.ts';
import type { InstalledKinds } from '../flow-kinds.ts';
import { hookToken } from '../triggers/hook-token.ts';
import { webhookTrigger } from '../triggers/kernel-triggers.ts';

export interface FlowViewDeps {
  readonly db: Db;
  readonly installed: InstalledKinds;
  readonly hookKey: () => Promise<Uint8Array>;
}

interface Runs {
  readonly flow_id: string;
  readonly id: string;
  readonly state: FlowRunState;
  readonly started_at: Date;
  readonly ended_at: Date | null;
  readonly open: number;
}

/** Flows as people see them. @param mayEdit whether the address of a webhook may be shown */
export async function viewFlows(
  deps: FlowViewDeps,
  rows: readonly FlowRow[],
  mayEdit: (row: FlowRow) => boolean,
): Promise<Flow[]> {
  const key = rows.some(({ trigger_kind }) => trigger_kind === webhookTrigger.kind)
    ? await deps.hookKey()
    : undefined;
  const { rows: runs } = await sql<Runs>`
    SELECT f.id AS flow_id, r.id, r.state, r.started_at, r.ended_at,
      (SELECT count(*)::int FROM flow_run o WHERE o.flow_id = f.id AND o.ended_at IS NULL) AS open
    FROM flow f JOIN LATERAL (
      SELECT id, state, started_at, ended_at FROM flow_run WHERE flow_id = f.id ORDER BY id DESC LIMIT 1
    ) r ON true
    WHERE f.id = ANY(${rows.map(({ id }) => id)}::uuid[])
  `.execute(deps.db);
  const last = new Map(runs.map((run) => [run.flow_id, run]));
  return rows.map((row) => {
    const run = last.get(row.id);
    const hook = row.trigger_kind === webhookTrigger.kind && key !== undefined && mayEdit(row);
    return {
      id: row.id,
      projectId: row.project_id,
      name: row.name,
      description: row.description,
      enabled: row.enabled,
      version: row.version,
      versionId: row.version_id,
      trigger: row.trigger_kind,
      kinds: row.step_kinds,
      steps: row.step_count,
      hook: hook && key ? `/api/v1/flow-hooks/${hookToken(key, row.id)}` : null,
      nextAt: row.enabled ? (row.next_at?.toISOString() ?? null) : null,
      problem: problemOf(row, deps.installed),
      createdBy: { id: row.actor_id, name: row.actor_name },
      createdAt: row.created_at.toISOString(),
      updatedAt: row.updated_at.toISOString(),
      lastRun: run
        ? {
            id: run.id,
            state: run.state,
            startedAt: run.started_at.toISOString(),
            endedAt: run.ended_at?.toISOString() ?? null,
          }
        : null,
      openRuns: run?.open ?? 0,
    };
  });
}

/** A workload may be gone whose kinds a flow was made of. */
function problemOf(row: FlowRow, installed: InstalledKinds): Reason | null {
  const gone = row.step_kinds.find((kind) => !installed.steps.has(kind));
  const kind = gone ?? (installed.triggers.has(row.trigger_kind) ? undefined : row.trigger_kind);
  return kind === undefined ? null : reason(flowPhrases, 'flow.kind_missing', { kind });
}

interface VersionRow {
  readonly id: string;
  readonly flow_id: string;
  readonly number: number;
  readonly note: string;
  readonly actor_id: string | null;
  readonly actor_name: string;
  readonly created_at: Date;
}

export function viewVersion(row: VersionRow): FlowVersionSummary {
  return {
    id: row.id,
    flowId: row.flow_id,
    number: row.number,
    note: row.note,
    createdBy: { id: row.actor_id, name: row.actor_name },
    createdAt: row.created_at.toISOString(),
  };
}

export function viewWholeVersion(row: VersionRow & Pick<FlowVersion, 'definition' | 'text'>): FlowVersion {
  return { ...viewVersion(row), definition: row.definition, text: row.text };
}
