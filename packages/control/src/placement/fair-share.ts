import type { Grant, Resources } from '@backlot/contract';
import { type Amounts, amountKinds, type NodePlace, type ProjectShare } from './model.ts';

/** All that the nodes of a pool have together. */
export interface PoolTotals extends Amounts {
  vram: number;
  gpus: number;
}

export function totalsOf(nodes: readonly Pick<NodePlace, 'total' | 'gpus'>[]): PoolTotals {
  const totals: PoolTotals = { cpu: 0, memory: 0, disk: 0, packets: 0, vram: 0, gpus: 0 };
  for (const node of nodes) {
    for (const kind of amountKinds) totals[kind] += node.total[kind];
    totals.gpus += node.gpus.length;
    for (const gpu of node.gpus) totals.vram += gpu.vram;
  }
  return totals;
}

/** The largest part of any resource of the pool that this takes (dominant resource fairness), 0..1. */
export function dominantShare(wanted: Resources | Grant, totals: PoolTotals): number {
  let share = 0;
  for (const kind of amountKinds) {
    if (wanted[kind] > 0 && totals[kind] > 0) share = Math.max(share, wanted[kind] / totals[kind]);
  }
  if (wanted.gpus.length > 0) {
    const vram = wanted.gpus.reduce((sum, gpu) => sum + gpu.vram, 0);
    if (totals.vram > 0) share = Math.max(share, vram / totals.vram);
    if (totals.gpus > 0 && vram === 0) share = Math.max(share, wanted.gpus.length / totals.gpus);
  }
  return share;
}

/** What was used half an hour ago counts a third as much as what is used now. */
export const historyMs = 30 * 60_000;
/** The past counts less than the present: a project that was alone yesterday isn't locked out today. */
const historyWeight = 0.5;
/** Waiting makes up for use: a tenth of the pool for every ten minutes, half of it at most. */
const agePerMs = 0.1 / (10 * 60_000);
const ageMost = 0.5;

/** Who is next: the project with the least of this. Pure. */
export function claim(share: ProjectShare, oldestWaitMs: number): number {
  const used = (share.running + historyWeight * share.history) / share.weight;
  return used - Math.min(ageMost, oldestWaitMs * agePerMs);
}

/** Moves an average over the past on by some time in which the project held `running`. Pure. */
export function decay(history: number, running: number, elapsedMs: number): number {
  const kept = Math.exp(-elapsedMs / historyMs);
  return history * kept + running * (1 - kept);
}
