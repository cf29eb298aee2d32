import type { NodeView } from '@backlot/contract/api/nodes';
import type { Channel } from '../../contract/channel.ts';

export interface DiskForecast {
  readonly nodeId: string;
  readonly name: string;
  readonly state: 'ok' | 'low' | 'full' | 'unknown';
  readonly used: number;
  readonly total: number;
  readonly soft: number | null;
  readonly hard: number | null;
  readonly held: { readonly files: number; readonly bytes: number } | null;
  readonly trash: { readonly files: number; readonly bytes: number } | null;
  /** Channels that are recorded there now. */
  readonly live: number;
  /** Bytes per second that they write: as measured, or as expected where nothing was measured yet. */
  readonly writes: number;
  /** Milliseconds until each mark, at this pace; null without writing, 0 when it is passed. */
  readonly softMs: number | null;
  readonly hardMs: number | null;
}

/** How long each node can go on recording. Nodes that are nearest to their end come first. */
export function forecastDisks(nodes: readonly NodeView[], channels: readonly Channel[]): DiskForecast[] {
  return nodes
    .filter(({ state, load }) => state !== 'removed' && load !== null)
    .map((node): DiskForecast => {
      const here = channels.filter((channel) => channel.nodeId === node.id && channel.state === 'live');
      const bits = here.reduce(
        (sum, { live, settings }) => sum + (live?.bitrate ?? settings.expectedBitrate),
        0,
      );
      const used = node.load?.diskUsed ?? 0;
      const total = node.load?.diskTotal ?? 0;
      const disk = node.load?.disk;
      const writes = bits / 8;
      const until = (mark: number | undefined) =>
        writes === 0 || mark === undefined ? null : Math.max(0, ((total - used - mark) / writes) * 1_000);
      return {
        nodeId: node.id,
        name: node.name,
        state: disk?.state ?? 'unknown',
        used,
        total,
        soft: disk?.soft ?? null,
        hard: disk?.hard ?? null,
        held: disk?.held ?? null,
        trash: disk?.trash ?? null,
        live: here.length,
        writes,
        softMs: until(disk?.soft),
        hardMs: until(disk?.hard),
      };
    })
    .sort(
      (a, b) =>
        (a.hardMs ?? Number.POSITIVE_INFINITY) - (b.hardMs ?? Number.POSITIVE_INFINITY) ||
        a.name.localeCompare(b.name),
    );
}
