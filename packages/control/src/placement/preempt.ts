import type { Grant, TaskClass } from '@backlot/contract';
import { obstacle } from './eligible.ts';
import { book, chooseGpus, grantOn, lacking, openGpus, slotFull, workingCopy } from './fit.ts';
import type { NodePlace, ReadyGroup } from './model.ts';

/** Work that could make room. */
export interface Victim {
  readonly allocationId: string;
  readonly nodeId: string;
  readonly class: TaskClass;
  readonly state: 'accepted' | 'preparing' | 'running' | 'frozen' | 'offered';
  readonly grant: Grant;
  /** Its cores count as used; those of frozen work don't. */
  readonly cpuHeld: boolean;
  /** Milliseconds that it has run: what a stop would throw away. */
  readonly ranMs: number;
}

/** How to make room for one task. Freezing is enough when only cores are lacking: memory stays where it is. */
export interface Preemption {
  readonly nodeId: string;
  readonly freeze: readonly Victim[];
  readonly stop: readonly Victim[];
}

/**
 * The cheapest way to make room for a task of a higher class: fewest victims, freezing before stopping, and among
 * equals those that lose the least work. Only batch work gives way; live and interactive work never do. Nothing
 * when no node could take the task even without its batch work. Pure.
 */
export function findPreemption(
  group: ReadyGroup,
  nodes: readonly NodePlace[],
  victims: readonly Victim[],
  closed: ReadonlySet<string> = new Set(),
): Preemption | undefined {
  if (group.class === 'batch') return undefined;
  const byNode = Map.groupBy(
    victims.filter((victim) => victim.class === 'batch'),
    (victim) => victim.nodeId,
  );
  let best: { plan: Preemption; cost: number } | undefined;
  for (const node of nodes) {
    if (closed.has(node.id) || obstacle(node, group.demand) !== undefined) continue;
    const plan = planOn(node, group, byNode.get(node.id) ?? []);
    if (!plan) continue;
    const cost = costOf(plan);
    if (!best || cost < best.cost) best = { plan, cost };
  }
  return best?.plan;
}

/** Stopping throws work away and freezing only delays it; hours of lost work count as further victims. */
function costOf({ freeze, stop }: Preemption): number {
  const lost = stop.reduce((sum, victim) => sum + victim.ranMs, 0);
  return freeze.length + 10 * stop.length + lost / 3_600_000;
}

function planOn(node: NodePlace, group: ReadyGroup, victims: readonly Victim[]): Preemption | undefined {
  const wanted = group.demand.resources;
  const copy = workingCopy(node);
  const short = lacking(copy, wanted);
  // Places that are counted are held by work of the same kind, which doesn't give way to it.
  if (slotFull(copy, wanted) !== undefined) return undefined;
  const gpusFit = chooseGpus(openGpus(copy, wanted), wanted.gpus) !== undefined;
  if (gpusFit && short.every((kind) => kind === 'cpu')) {
    const freeze = fewest(
      victims.filter((victim) => victim.state === 'running' && victim.cpuHeld && victim.grant.cpu > 0),
      (victim) => victim.grant.cpu,
      wanted.cpu - (copy.total.cpu - copy.used.cpu),
    );
    if (freeze) return { nodeId: node.id, freeze, stop: [] };
  }
  return stopOn(copy, group, victims);
}

/** The fewest whose sum is at least `needed`: the largest first, then the last one as small as will do. */
function fewest(
  victims: readonly Victim[],
  size: (victim: Victim) => number,
  needed: number,
): Victim[] | undefined {
  const sorted = victims.toSorted((a, b) => size(b) - size(a) || a.ranMs - b.ranMs);
  const chosen: Victim[] = [];
  let sum = 0;
  for (const victim of sorted) {
    if (sum >= needed - 1e-6) break;
    const enough = sorted.filter((other) => !chosen.includes(other) && sum + size(other) >= needed - 1e-6);
    const next = enough.at(-1) ?? victim;
    chosen.push(next);
    sum += size(next);
  }
  return sum >= needed - 1e-6 ? chosen : undefined;
}

/** Takes victims away until the task fits, then gives back those that were not needed after all. */
function stopOn(copy: NodePlace, group: ReadyGroup, victims: readonly Victim[]): Preemption | undefined {
  const wanted = group.demand.resources;
  const release = (victim: Victim, sign: 1 | -1) =>
    book(copy, victim.cpuHeld ? victim.grant : { ...victim.grant, cpu: 0 }, sign);
  // What helps most with what is lacking goes first; among equals what has run the shortest.
  const help = (victim: Victim) => {
    const kinds = lacking(copy, wanted);
    const amounts = kinds.reduce(
      (sum, kind) => sum + (kind === 'cpu' && !victim.cpuHeld ? 0 : victim.grant[kind] / wanted[kind]),
      0,
    );
    const gpu = wanted.gpus.length > 0 && victim.grant.gpus.length > 0 ? 1 : 0;
    return Math.min(kinds.length, amounts) + gpu;
  };
  const left = [...victims];
  const stop: Victim[] = [];
  while (grantOn(copy, wanted) === undefined) {
    const next = left.toSorted((a, b) => help(b) - help(a) || a.ranMs - b.ranMs)[0];
    if (!next || help(next) === 0) return undefined;
    left.splice(left.indexOf(next), 1);
    stop.push(next);
    release(next, -1);
  }
  for (const victim of stop.toSorted((a, b) => b.ranMs - a.ranMs)) {
    release(victim, 1);
    if (grantOn(copy, wanted) === undefined) release(victim, -1);
    else stop.splice(stop.indexOf(victim), 1);
  }
  return { nodeId: copy.id, freeze: [], stop };
}
