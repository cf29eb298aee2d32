import type { NodeAllocation, NodeView } from '@backlot/contract/api/nodes';
import type { Instance } from '../../contract/api.ts';
import { INSTANCE_TASK } from '../../contract/tasks.ts';

/** What stands on one GPU of a node, or on the node without one (`gpu` null). */
export interface Place {
  readonly gpu: number | null;
  readonly instances: readonly Instance[];
  /** Work of other kinds in the same place: a render that gave way is here, frozen. */
  readonly others: readonly NodeAllocation[];
}

export interface NodeGroup {
  readonly node: NodeView;
  readonly places: readonly Place[];
}

/**
 * Instances by node and GPU, beside the other work of those GPUs. Nodes without an instance are left out; order is by
 * the node's name and the GPU's number, never by load, so that nothing changes places while one looks.
 */
export function byPlace(nodes: readonly NodeView[], instances: readonly Instance[]): readonly NodeGroup[] {
  return nodes
    .filter((node) => instances.some((one) => one.nodeId === node.id))
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((node) => {
      const here = instances.filter((one) => one.nodeId === node.id);
      const others = node.allocations.filter((one) => one.kind !== INSTANCE_TASK);
      const gpus = [...new Set(here.map((one) => one.gpu))].sort((a, b) => (a ?? -1) - (b ?? -1));
      return {
        node,
        places: gpus.map((gpu) => ({
          gpu,
          instances: here.filter((one) => one.gpu === gpu),
          others: others.filter((one) => gpuOf(one) === gpu),
        })),
      };
    });
}

/** Which GPU an allocation was given; null for none. */
function gpuOf(allocation: NodeAllocation): number | null {
  return allocation.resources.gpus[0]?.index ?? null;
}
