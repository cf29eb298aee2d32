import { createHash } from 'node:crypto';
import type { TaskDraft } from '@backlot/contract';

/** What a task asks of a node, and nothing else of it. */
export type Demand = Pick<TaskDraft, 'resources' | 'constraints' | 'host'>;

/**
 * A short digest of what a task asks of a node. Tasks with the same shape fit the same nodes, so the scheduler
 * looks at one of them for all. 80 bits: two different demands of one installation never meet.
 */
export function shapeOf({ resources, constraints, host }: Demand): string {
  const canonical = JSON.stringify([
    resources.cpu,
    resources.memory,
    resources.disk,
    resources.packets,
    resources.gpus.map((gpu) => [gpu.vram, gpu.encoderSessions]),
    constraints.capabilities.map((query) => [
      query.name,
      [...query.features].sort(),
      query.minVersion ?? null,
    ]),
    Object.entries(constraints.labels).sort(([a], [b]) => (a < b ? -1 : 1)),
    constraints.nodes ? [...constraints.nodes].sort() : null,
    host ?? null,
    // Last and only when there is one, so that shapes of before stay what they were.
    ...(resources.slot ? [[resources.slot.key, resources.slot.perNode, resources.slot.perGpu]] : []),
    ...(constraints.prefer?.length ? [{ prefer: [...constraints.prefer].sort() }] : []),
  ]);
  return createHash('sha256').update(canonical).digest('hex').slice(0, 20);
}
