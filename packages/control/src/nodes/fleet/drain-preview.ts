import type { NodeAllocation, NodeDrainPreview } from '@backlot/contract';
import type { z } from 'zod';

/**
 * What draining would do to what runs on a node: batch work is queued again elsewhere at no cost to its attempts,
 * sessions and recordings are left to end by themselves.
 */
export function drainPreview(allocations: readonly NodeAllocation[]): z.output<typeof NodeDrainPreview> {
  return {
    moves: allocations.filter((allocation) => allocation.class === 'batch'),
    waits: allocations.filter((allocation) => allocation.class !== 'batch'),
  };
}
