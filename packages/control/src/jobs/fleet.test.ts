import { Resources } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { slotsFor } from './fleet.ts';

const gigabyte = 1024 ** 3;
const node = (cpu: number, gpus: number[] = []) => ({
  cpu,
  memory: 16 * gigabyte,
  disk: 100 * gigabyte,
  packets: 0,
  gpus: gpus.map((vram, index) => ({ index, name: 'g', vram, encoderSessions: 3 })),
});

describe('the slots of a fleet', () => {
  it.each([
    ['by the scarcer of cores and memory', [node(8)], { cpu: 1, memory: 4 * gigabyte }, 4],
    ['over all nodes', [node(8), node(4)], { cpu: 2 }, 6],
    ['by video memory', [node(8, [8 * gigabyte, 8 * gigabyte])], { gpus: [{ vram: 3 * gigabyte }] }, 4],
    ['by encoder sessions', [node(8, [8 * gigabyte])], { gpus: [{ vram: 0, encoderSessions: 1 }] }, 1],
    ['one for each node when nothing is asked for', [node(8), node(4)], {}, 2],
    ['and never none', [], { cpu: 1 }, 1],
  ] as const)('are counted %s', (_name, nodes, wanted, slots) => {
    expect(slotsFor(nodes, Resources.parse(wanted))).toBe(slots);
  });
});
