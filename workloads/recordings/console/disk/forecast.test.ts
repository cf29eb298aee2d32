import type { NodeView } from '@backlot/contract/api/nodes';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../contract/channel.ts';
import { forecastDisks } from './forecast.ts';

const gb = 1e9;
// Only what the forecast looks at.
const node = (id: string, used: number, disk = true) =>
  ({
    id,
    name: id,
    state: 'ready',
    load: {
      diskUsed: used,
      diskTotal: 100 * gb,
      ...(disk
        ? {
            disk: {
              state: 'ok',
              soft: 10 * gb,
              hard: 5 * gb,
              held: { files: 1, bytes: 1 },
              trash: { files: 0, bytes: 0 },
            },
          }
        : {}),
    },
  }) as NodeView;
const channel = (nodeId: string, bitrate: number | undefined, state = 'live') =>
  ({
    nodeId,
    state,
    live: bitrate === undefined ? {} : { bitrate },
    settings: { expectedBitrate: 8e6 },
  }) as Channel;

describe('the forecast of disks', () => {
  it('counts what is written now down to each mark, and puts the fullest first', () => {
    const [b, a, c] = forecastDisks(
      [node('a', 20 * gb), node('b', 80 * gb), node('c', 90 * gb, false)],
      [
        channel('a', 8e6),
        channel('a', 8e6),
        channel('b', undefined),
        channel('c', 8e6),
        channel('b', 8e6, 'watching'),
      ],
    );
    expect(b).toMatchObject({ nodeId: 'b', live: 1, writes: 1e6, softMs: 10_000_000, hardMs: 15_000_000 });
    expect(a).toMatchObject({ nodeId: 'a', live: 2, writes: 2e6, hardMs: 37_500_000 });
    expect(c).toMatchObject({ nodeId: 'c', state: 'unknown', softMs: null, hardMs: null });
  });

  it('says nothing about a node on which nothing is recorded, and zero below a mark', () => {
    const [full, idle] = forecastDisks([node('idle', 1), node('full', 96 * gb)], [channel('full', 8e6)]);
    expect(full).toMatchObject({ softMs: 0, hardMs: 0 });
    expect(idle).toMatchObject({ softMs: null, hardMs: null, writes: 0 });
  });
});
