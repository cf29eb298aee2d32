import type { GpuRequest, Grant, Resources } from '@backlot/contract';
import { type AmountKind, amountKinds, type GpuPlace, type NodePlace } from './model.ts';

/** Cores are fractions; sums of them are compared with this much tolerance, as in the table's CHECK. */
const epsilon = 1e-6;

export function free(node: NodePlace, kind: AmountKind): number {
  if (kind === 'disk' && node.diskFull) return 0;
  return node.total[kind] - node.used[kind];
}

/** The amounts that don't fit into what is free; GPUs are looked at apart. */
export function lacking(node: NodePlace, wanted: Resources): AmountKind[] {
  return amountKinds.filter((kind) => wanted[kind] > 0 && wanted[kind] > free(node, kind) + epsilon);
}

/** Whether the node could take it if it were empty. */
export function largeEnough(node: NodePlace, wanted: Resources): boolean {
  if (amountKinds.some((kind) => wanted[kind] > node.total[kind] + epsilon)) return false;
  return chooseGpus(node.gpus, wanted.gpus, true) !== undefined;
}

/**
 * One GPU for each request, each a different one: the tightest that fits, so that large ones stay whole. The
 * largest request chooses first. Nothing when they don't all fit.
 * @param empty as if nothing were used
 */
export function chooseGpus(
  gpus: readonly GpuPlace[],
  requests: readonly GpuRequest[],
  empty = false,
): Grant['gpus'] | undefined {
  if (requests.length === 0) return [];
  const taken = new Set<number>();
  const chosen: (Grant['gpus'][number] | undefined)[] = requests.map(() => undefined);
  const order = requests
    .map((request, position) => ({ request, position }))
    .sort((a, b) => b.request.vram - a.request.vram || b.request.encoderSessions - a.request.encoderSessions);
  for (const { request, position } of order) {
    let best: GpuPlace | undefined;
    let bestLeft = Number.POSITIVE_INFINITY;
    for (const gpu of gpus) {
      const vram = gpu.vram - (empty ? 0 : gpu.vramUsed);
      const sessions = gpu.encoderSessions - (empty ? 0 : gpu.encoderSessionsUsed);
      if (taken.has(gpu.index) || request.vram > vram || request.encoderSessions > sessions) continue;
      if (vram - request.vram < bestLeft) {
        best = gpu;
        bestLeft = vram - request.vram;
      }
    }
    if (!best) return undefined;
    taken.add(best.index);
    chosen[position] = { ...request, index: best.index };
  }
  return chosen.filter((gpu) => gpu !== undefined);
}

/** The GPUs on which another place under the task's key is free. */
export function openGpus(node: NodePlace, { slot }: Resources): readonly GpuPlace[] {
  if (!slot || slot.perGpu === null) return node.gpus;
  const { perGpu } = slot;
  const taken = node.slots.get(slot.key)?.gpus;
  return node.gpus.filter((gpu) => (taken?.get(gpu.index) ?? 0) < perGpu);
}

/** The limit on places that keeps a task off this node, whatever is free there; nothing when none does. */
export function slotFull(node: NodePlace, wanted: Resources): 'node' | 'gpu' | undefined {
  const { slot } = wanted;
  if (!slot) return undefined;
  if (slot.perNode !== null && (node.slots.get(slot.key)?.node ?? 0) >= slot.perNode) return 'node';
  return openGpus(node, wanted).length < wanted.gpus.length ? 'gpu' : undefined;
}

/** What the node would give, or nothing when it doesn't fit. */
export function grantOn(node: NodePlace, wanted: Resources): Grant | undefined {
  if (lacking(node, wanted).length > 0) return undefined;
  if (slotFull(node, wanted) !== undefined) return undefined;
  const gpus = chooseGpus(openGpus(node, wanted), wanted.gpus);
  return gpus === undefined ? undefined : { ...wanted, gpus };
}

/** Books a grant on a working copy; `sign` -1 gives it back. */
export function book(node: NodePlace, grant: Grant, sign: 1 | -1 = 1): void {
  for (const kind of amountKinds) node.used[kind] += sign * grant[kind];
  for (const gpu of grant.gpus) {
    const place = node.gpus.find((candidate) => candidate.index === gpu.index);
    if (!place) continue;
    place.vramUsed += sign * gpu.vram;
    place.encoderSessionsUsed += sign * gpu.encoderSessions;
  }
  if (grant.slot) bookSlot(node, grant.slot.key, grant.gpus, sign);
}

function bookSlot(node: NodePlace, key: string, gpus: Grant['gpus'], sign: 1 | -1): void {
  const before = node.slots.get(key);
  const onGpus = new Map(before?.gpus);
  for (const { index } of gpus) onGpus.set(index, (onGpus.get(index) ?? 0) + sign);
  node.slots.set(key, { node: (before?.node ?? 0) + sign, gpus: onGpus });
}

/** A copy that may be booked on. */
export function workingCopy(node: NodePlace): NodePlace {
  return {
    ...node,
    used: { ...node.used },
    gpus: node.gpus.map((gpu) => ({ ...gpu })),
    slots: new Map(node.slots),
  };
}
