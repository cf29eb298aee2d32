import type { Resources } from '@backlot/contract';
import type { Demand } from '../tasks/shape.ts';
import { type AmountKind, amountKinds, type NodePlace, type ReadyGroup } from './model.ts';

/** How scarce each amount is in the pool: the part of it that is taken, 0..1. */
export type Scarcity = Readonly<Record<AmountKind | 'gpu', number>>;

export function scarcityOf(nodes: readonly NodePlace[]): Scarcity {
  const part = (used: number, total: number) => (total > 0 ? Math.min(1, used / total) : 0);
  const sum = (pick: (node: NodePlace) => number) => nodes.reduce((total, node) => total + pick(node), 0);
  const gpus = nodes.flatMap((node) => node.gpus);
  const of = (kind: AmountKind) =>
    part(
      sum((node) => node.used[kind]),
      sum((node) => node.total[kind]),
    );
  return {
    cpu: of('cpu'),
    memory: of('memory'),
    disk: of('disk'),
    packets: of('packets'),
    gpu: part(
      gpus.reduce((total, gpu) => total + gpu.vramUsed, 0),
      gpus.reduce((total, gpu) => total + gpu.vram, 0),
    ),
  };
}

/** Even an abundant amount counts a little, so that nodes fill up in all respects. */
const base = 0.25;
/** Files of the job are there already: worth half of a full node. */
const warmJob = 0.5;
/** A host that can take it runs already: no start at all. */
const warmHost = 1;
/** It holds the task's inputs: worth more than anything that is only warm, since films need not travel. */
const preferred = 2;
/** Work without a GPU goes to a node with one only when there is no other. */
const gpuWaste = 4;

/** Whether such tasks are kept apart rather than packed: what is live shall not fall together. */
export function spreads(group: Pick<ReadyGroup, 'class' | 'demand'>, strategy: 'pack' | 'spread'): boolean {
  return strategy === 'spread' || group.class === 'live' || group.demand.resources.packets > 0;
}

/**
 * How good a node is for a task that fits on it; more is better. Packing fills the node that is fullest in what is
 * scarce, so that large holes stay for large tasks; spreading does the opposite.
 */
export function scoreOf(
  node: NodePlace,
  demand: Demand,
  jobId: string | null,
  scarcity: Scarcity,
  spread: boolean,
): number {
  const filled = fullness(node, demand.resources, scarcity);
  let score = spread ? 1 - filled : filled;
  if (jobId !== null && node.warmJobs.has(jobId)) score += warmJob;
  if (demand.host !== undefined && node.warmHosts.has(demand.host)) score += warmHost;
  if (demand.constraints.prefer?.includes(node.id)) score += preferred;
  if (demand.resources.gpus.length === 0 && node.gpus.length > 0) score -= gpuWaste;
  return score;
}

/** How full the node would be, weighted by what is scarce, 0..1. */
function fullness(node: NodePlace, wanted: Resources, scarcity: Scarcity): number {
  let weights = 0;
  let sum = 0;
  for (const kind of amountKinds) {
    if (wanted[kind] <= 0 || node.total[kind] <= 0) continue;
    const weight = base + scarcity[kind];
    weights += weight;
    sum += weight * ((node.used[kind] + wanted[kind]) / node.total[kind]);
  }
  if (wanted.gpus.length > 0) {
    let vram = 0;
    let used = wanted.gpus.reduce((total, gpu) => total + gpu.vram, 0);
    for (const gpu of node.gpus) {
      vram += gpu.vram;
      used += gpu.vramUsed;
    }
    const weight = base + scarcity.gpu;
    weights += weight;
    sum += weight * (vram > 0 ? used / vram : 0);
  }
  return weights > 0 ? sum / weights : 0;
}
