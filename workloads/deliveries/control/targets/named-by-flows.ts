import { BacklotError } from '@backlot/contract';
import type { Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { type DeliveryTarget, deliveryErrors } from '../../contract.ts';

/** Names of flows that an error tells. */
const toldFlows = 10;

/** Flows find a target by its name: one that they name keeps it. @throws delivery_target_named */
export async function refuseNamed(tx: Tx, target: DeliveryTarget, wanted: string): Promise<void> {
  const { name } = target;
  const flows = await flowsThatName(tx, target.projectId, [name]);
  if (flows.length === 0) return;
  throw new BacklotError(deliveryErrors.delivery_target_named, {
    params: { name, wanted, flows: flows.join(', ') },
    pointer: 'body.name',
  });
}

/** What flows name, by its name or its id, is not deleted: their next runs would fail. @throws delivery_target_in_flows */
export async function refuseInFlows(tx: Tx, target: DeliveryTarget): Promise<void> {
  const { id, name } = target;
  const flows = await flowsThatName(tx, target.projectId, [name, id]);
  if (flows.length === 0) return;
  throw new BacklotError(deliveryErrors.delivery_target_in_flows, {
    params: { name, flows: flows.join(', ') },
  });
}

/**
 * The first flows of a project whose current version names any of these. One that is switched off counts: it may be switched
 * on again. Nobody saves a flow in this project until the transaction ends, because whoever does holds its row like this,
 * too (`FlowStore`, for the names of flows).
 */
async function flowsThatName(tx: Tx, projectId: string, refs: readonly string[]): Promise<string[]> {
  await sql`SELECT 1 FROM project WHERE id = ${projectId} FOR NO KEY UPDATE`.execute(tx);
  const { rows } = await sql<{ name: string }>`
    SELECT DISTINCT f.name
    FROM flow f JOIN flow_version v ON v.id = f.version_id
      CROSS JOIN jsonb_array_elements(v.definition -> 'steps') AS step
    WHERE f.project_id = ${projectId} AND f.removed_at IS NULL AND step -> 'with' ->> 'target' = ANY(${refs}::text[])
    ORDER BY f.name LIMIT ${toldFlows}
  `.execute(tx);
  return rows.map(({ name }) => name);
}
