import { type Reason, reason, waitPhrases } from '@backlot/contract';
import { type Obstacle, obstacle } from './eligible.ts';
import { chooseGpus, free, lacking, openGpus, slotFull } from './fit.ts';
import type { AmountKind, NodePlace, ProjectShare, World } from './model.ts';
import type { Stuck } from './search.ts';

/** Nodes named in a sentence; the rest is a number. */
const named = 4;

type Cause = NonNullable<Reason['causes']>[number];

/**
 * Why a task could not be placed, in words and with numbers, from the very data that decided it: what it waits for,
 * then what each node has or why it doesn't count, nearest first.
 * @param nodes as they were left by the decisions of the same search
 */
export function explain(stuck: Stuck, world: World, nodes: readonly NodePlace[]): Reason {
  if (stuck.why === 'quota') return explainQuota(world.projects.get(stuck.group.projectId));
  if (nodes.length === 0) return reason(waitPhrases, 'wait.no_node', { pool: world.pool });
  const { demand } = stuck.group;
  const looked = nodes.map((node) => ({ node, obstacle: obstacle(node, demand) }));
  const open = looked.filter((entry) => entry.obstacle === undefined).map((entry) => entry.node);
  const blocked = looked.filter((entry): entry is Looked => entry.obstacle !== undefined);
  if (open.length === 0) return explainBlocked(stuck, world, blocked);
  if (stuck.why === 'avoided') return explainAvoided(stuck, world, open);
  return explainRoom(stuck, open, blocked);
}

interface Looked {
  readonly node: NodePlace;
  readonly obstacle: Obstacle;
}

function explainQuota(share: ProjectShare | undefined): Reason {
  return reason(waitPhrases, 'wait.quota', {
    project: share?.name ?? '',
    used: cores(share?.batchCpu ?? 0),
    limit: cores(share?.batchCpuLimit ?? 0),
  });
}

/** No node may take it as they are now: says what is lacking by the nodes that come closest. */
function explainBlocked(stuck: Stuck, world: World, blocked: readonly Looked[]): Reason {
  const { constraints } = stuck.group.demand;
  const of = (kind: Obstacle['kind']) => blocked.filter((entry) => entry.obstacle.kind === kind);
  const usable = [...of('away'), ...of('closed')];
  if (usable.length > 0) {
    return withCauses(reason(waitPhrases, 'wait.ready_node', { pool: world.pool }), usable.map(causeOf));
  }
  const small = of('too-small');
  if (small.length > 0) {
    return withCauses(
      reason(waitPhrases, 'wait.too_large', { pool: world.pool }),
      small.map(({ node }) => sizeCause(stuck, node)),
    );
  }
  const lacks = of('lacks');
  const [first] = lacks;
  if (first?.obstacle.kind === 'lacks') {
    return withCauses(
      reason(waitPhrases, 'wait.capability', { capability: first.obstacle.capability }),
      lacks.map(causeOf),
    );
  }
  if (of('labels').length > 0) {
    const labels = Object.entries(constraints.labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(', ');
    return withCauses(reason(waitPhrases, 'wait.labels', { labels }), of('labels').map(causeOf));
  }
  return reason(waitPhrases, 'wait.named_nodes');
}

function explainAvoided(stuck: Stuck, world: World, open: readonly NodePlace[]): Reason {
  const { task } = stuck;
  const own = world.avoidances.get(task.id);
  const ofJob = task.jobId === null ? undefined : world.avoidances.get(task.jobId);
  const causes = open.flatMap((node): Cause[] => {
    const entry = own?.get(node.id) ?? ofJob?.get(node.id);
    if (!entry) return [roomCause(stuck, node, undefined)];
    const code = entry.refused ? 'wait.because.refused' : 'wait.because.avoided';
    return [reason(waitPhrases, code, { node: node.name })];
  });
  return withCauses(reason(waitPhrases, 'wait.elsewhere'), causes);
}

/** There are nodes for it, and all are too full: names what most of them lack. */
function explainRoom(stuck: Stuck, open: readonly NodePlace[], blocked: readonly Looked[]): Reason {
  const wanted = stuck.group.demand.resources;
  const counts = new Map<AmountKind | 'gpu' | 'slot', number>();
  for (const node of open) {
    for (const kind of lacking(node, wanted)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (slotFull(node, wanted) !== undefined) counts.set('slot', (counts.get('slot') ?? 0) + 1);
    else if (chooseGpus(openGpus(node, wanted), wanted.gpus) === undefined)
      counts.set('gpu', (counts.get('gpu') ?? 0) + 1);
  }
  const scarcest = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
  // A place was there for others that came first in the same round.
  if (scarcest === undefined) return reason(waitPhrases, 'wait.turn');
  if (scarcest === 'slot') return explainSlots(stuck, open);
  const room = (node: NodePlace) => (scarcest === 'gpu' ? gpuRoom(node) : free(node, scarcest));
  const sorted = open.toSorted((a, b) => room(b) - room(a));
  const causes = sorted.map((node) => roomCause(stuck, node, scarcest));
  const closed = blocked.filter(({ obstacle: { kind } }) => kind === 'closed' || kind === 'away');
  // Two places are kept for nodes that would do if they were open: that is what a person can change.
  const kept = closed.slice(0, 2).map(causeOf);
  return withCauses(headFor(stuck, scarcest), [...causes.slice(0, named - kept.length), ...kept], {
    total: causes.length + closed.length,
  });
}

/** Every node that would do has as many of the same as it may. */
function explainSlots(stuck: Stuck, open: readonly NodePlace[]): Reason {
  const wanted = stuck.group.demand.resources;
  const causes = open.map((node) => {
    const taken = node.slots.get(wanted.slot?.key ?? '')?.node ?? 0;
    return slotFull(node, wanted) === undefined
      ? roomCause(stuck, node, undefined)
      : reason(waitPhrases, 'wait.because.slots', { node: node.name, count: taken });
  });
  const onNode = open.some((node) => slotFull(node, wanted) === 'node');
  const limit = (onNode ? wanted.slot?.perNode : wanted.slot?.perGpu) ?? 0;
  return withCauses(reason(waitPhrases, onNode ? 'wait.slots_node' : 'wait.slots_gpu', { limit }), causes);
}

function headFor(stuck: Stuck, kind: AmountKind | 'gpu'): Reason {
  const wanted = stuck.group.demand.resources;
  switch (kind) {
    case 'cpu':
      return reason(waitPhrases, 'wait.cpu', { amount: cores(wanted.cpu) });
    case 'memory':
      return reason(waitPhrases, 'wait.memory', { amount: bytes(wanted.memory) });
    case 'disk':
      return reason(waitPhrases, 'wait.disk', { amount: bytes(wanted.disk) });
    case 'packets':
      return reason(waitPhrases, 'wait.packets', { amount: wanted.packets });
    case 'gpu': {
      const vram = Math.max(0, ...wanted.gpus.map((gpu) => gpu.vram));
      return reason(waitPhrases, 'wait.gpu', { count: wanted.gpus.length, amount: bytes(vram) });
    }
  }
}

function roomCause(stuck: Stuck, node: NodePlace, kind: AmountKind | 'gpu' | undefined): Cause {
  const wanted = stuck.group.demand.resources;
  const which = kind ?? lacking(node, wanted)[0] ?? (wanted.gpus.length > 0 ? 'gpu' : 'cpu');
  if (which === 'gpu') {
    return reason(waitPhrases, 'wait.because.free', { node: node.name, amount: bytes(gpuRoom(node)) });
  }
  if (which === 'cpu') {
    const amount = cores(free(node, 'cpu'));
    return reason(waitPhrases, 'wait.because.free_cpu', { node: node.name, amount });
  }
  const amount = which === 'packets' ? String(free(node, which)) : bytes(free(node, which));
  return reason(waitPhrases, 'wait.because.free', { node: node.name, amount });
}

function sizeCause(stuck: Stuck, node: NodePlace): Cause {
  const wanted = stuck.group.demand.resources;
  const over = (['cpu', 'memory', 'disk', 'packets'] as const).find(
    (kind) => wanted[kind] > node.total[kind],
  );
  if (over === undefined) return reason(waitPhrases, 'wait.because.no_gpu', { node: node.name });
  const total = node.total[over];
  const amount = over === 'cpu' ? cores(total) : over === 'packets' ? String(total) : bytes(total);
  return reason(waitPhrases, 'wait.because.too_small', { node: node.name, amount });
}

function causeOf({ node, obstacle: why }: Looked): Cause {
  const name = { node: node.name };
  switch (why.kind) {
    case 'away':
      return reason(waitPhrases, `wait.because.${why.how}`, name);
    case 'closed':
      return reason(waitPhrases, `wait.because.${why.how}`, name);
    case 'lacks':
      return reason(waitPhrases, 'wait.because.lacks', { ...name, capability: why.capability });
    case 'labels':
    case 'not-named':
      return reason(waitPhrases, 'wait.because.labels', name);
    case 'too-small':
      return reason(waitPhrases, 'wait.because.no_gpu', name);
  }
}

function withCauses(head: Reason, causes: readonly Cause[], { total = causes.length } = {}): Reason {
  const shown = causes.slice(0, named);
  const rest = total - shown.length;
  const more = rest > 0 ? [reason(waitPhrases, 'wait.because.more', { count: rest })] : [];
  return { ...head, causes: [...shown, ...more] };
}

/** The largest free piece of video memory. */
const gpuRoom = (node: NodePlace) => Math.max(0, ...node.gpus.map((gpu) => gpu.vram - gpu.vramUsed));
const cores = (value: number) => Math.round(Math.max(0, value) * 100) / 100;

/** Bytes as people say them, binary units as memory is sold: `8 GB`, `512 MB`. */
export function bytes(value: number): string {
  const gigabytes = Math.max(0, value) / 1024 ** 3;
  if (gigabytes >= 1) return `${Math.round(gigabytes * 10) / 10} GB`;
  return `${Math.round(Math.max(0, value) / 1024 ** 2)} MB`;
}
