import type { NodeLoad } from '@backlot/contract';
import type { NgliveHeartbeat } from '../../../contract/compat/nglive.ts';

const GiB = 1024 ** 3;
const gibibytes = (bytes: number): number => Math.round((bytes / GiB) * 100) / 100;
const percent = (part: number, whole: number): number =>
  whole > 0 ? Math.round((part / whole) * 1_000) / 10 : 0;

interface NodeNow {
  readonly inventory: unknown;
  readonly load: NodeLoad | null;
}

/**
 * A heartbeat in NGlive's form. Its node is one machine and speaks for itself; here all nodes that are ready are told of as one,
 * because the rooms may be on any of them. Pure.
 */
export function heartbeatOf(
  gateway: { readonly id: string; readonly name: string },
  nodes: readonly NodeNow[],
): NgliveHeartbeat {
  const sum = (of: (node: NodeNow) => number): number => nodes.reduce((total, node) => total + of(node), 0);
  const cores = sum(coresOf);
  const busy = sum((node) => (node.load?.cpu ?? 0) * coresOf(node));
  const memory = {
    total: sum(({ load }) => load?.memoryTotal ?? 0),
    used: sum(({ load }) => load?.memoryUsed ?? 0),
  };
  const disk = {
    total: sum(({ load }) => load?.diskTotal ?? 0),
    used: sum(({ load }) => load?.diskUsed ?? 0),
  };
  return {
    CMD: 'heartbeat',
    UUID: gateway.id,
    name: gateway.name,
    cpu: { cpu: cores, cpu_logical: cores, percent: percent(busy, cores) },
    memory: {
      total: gibibytes(memory.total),
      used: gibibytes(memory.used),
      percent: percent(memory.used, memory.total),
    },
    disk: {
      total: gibibytes(disk.total),
      used: gibibytes(disk.used),
      free: gibibytes(disk.total - disk.used),
      percent: percent(disk.used, disk.total),
    },
  };
}

function coresOf({ inventory }: NodeNow): number {
  const { cpu } = (inventory ?? {}) as { cpu?: { cores?: unknown } };
  return typeof cpu?.cores === 'number' ? cpu.cores : 0;
}
