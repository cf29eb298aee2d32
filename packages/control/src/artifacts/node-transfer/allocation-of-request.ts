import { BacklotError, kernelErrors } from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import type { Db } from '../../db/schema.ts';

/** The allocation that a node's request is about, as its token proves it. */
export interface ProvenAllocation {
  readonly id: string;
  readonly fence: number;
  readonly projectId: string;
}

/**
 * Checks that the address names the allocation of the token, and nobody else's: to any other token it does not
 * exist.
 *
 * @throws not_found
 */
export function provenAllocation(request: FastifyRequest): ProvenAllocation {
  const { id } = request.params as { id: string };
  const { allocation } = request;
  if (allocation?.id !== id) {
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'allocation', id } });
  }
  return { id, fence: allocation.fence, projectId: allocation.projectId };
}

/**
 * Makes sure that results of the allocation may still become real: it has not ended, and the token is of its
 * present fence.
 *
 * @throws stale_fence
 */
export async function requireOpen(
  db: Db,
  { id, fence }: ProvenAllocation,
): Promise<{ readonly taskId: string }> {
  const row = await db
    .selectFrom('allocation')
    .select('task_id')
    .where('id', '=', id)
    .where('fence', '=', fence)
    .where('state', '<>', 'ended')
    .executeTakeFirst();
  if (row === undefined)
    throw new BacklotError(kernelErrors.stale_fence, { params: { allocation: id, fence } });
  return { taskId: row.task_id };
}
