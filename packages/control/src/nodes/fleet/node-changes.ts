import type { NodePatch } from '@backlot/contract/api/nodes';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { linkErrors } from '@backlot/contract/errors/link';
import type { z } from 'zod';
import { isUniqueViolation } from '../../db/database-error.ts';
import type { Actor } from '../../kernel.ts';
import type { NodesDependencies } from '../dependencies.ts';
import { lock } from '../leases/node-registry.ts';
import { requirePool } from './pools.ts';

/**
 * What an operator changes about a node: name, labels, pool, and whether new work may come. Draining is only written
 * down here; placement sees it and moves what can be moved.
 *
 * @throws not_found, node_name_taken
 */
export async function changeNode(
  deps: NodesDependencies,
  nodeId: string,
  patch: z.output<typeof NodePatch>,
  actor: Actor,
): Promise<void> {
  try {
    await deps.store.transaction(async (tx) => {
      const node = await lock(tx, nodeId);
      if (!node || node.state === 'removed') {
        throw new BacklotError(kernelErrors.not_found, { params: { what: 'node', id: nodeId } });
      }
      if (patch.pool !== undefined) await requirePool(tx, patch.pool);
      const before = {
        name: node.name,
        labels: node.labels,
        pool: node.pool,
        schedulable: node.schedulable,
      };
      const after = {
        name: patch.name ?? before.name,
        labels: patch.labels ?? before.labels,
        pool: patch.pool ?? before.pool,
        schedulable: patch.schedulable ?? before.schedulable,
      };
      await tx
        .updateTable('node')
        .set({
          ...after,
          labels: JSON.stringify(after.labels),
          // An operator who opens a node to work again has looked at it.
          ...(patch.schedulable === 'yes' ? { quarantine_until: null } : {}),
        })
        .where('id', '=', nodeId)
        .execute();
      await deps.events.append(tx, [
        { projectId: null, kind: 'node.changed', subject: { kind: 'node', id: nodeId }, body: after },
      ]);
      await deps.audit.record(tx, {
        actor,
        action: actionFor(before.schedulable, after.schedulable),
        subject: { kind: 'node', id: nodeId },
        before,
        after,
      });
    });
  } catch (error) {
    if (!isUniqueViolation(error, 'node_name')) throw error;
    throw new BacklotError(linkErrors.node_name_taken, {
      params: { name: patch.name ?? '' },
      pointer: 'name',
    });
  }
  deps.events.wake();
  deps.placement().wake('node-changed');
}

function actionFor(before: string, after: string): string {
  if (before === after) return 'node.change';
  return { yes: 'node.uncordon', cordoned: 'node.cordon', draining: 'node.drain' }[after] ?? 'node.change';
}
