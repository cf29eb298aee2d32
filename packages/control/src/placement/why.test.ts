import { kernelPhrases, translateReason } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import type { World } from './model.ts';
import { search } from './search.ts';
import { explain } from './why.ts';
import { gigabyte, gpus, group, nodePlace, share, world } from './world.fixture.ts';

function reasonsOf(rest: Partial<World> & Pick<World, 'nodes' | 'groups'>, language: 'en' | 'zh-CN' = 'en') {
  const whole = world(rest);
  const found = search(whole, 100);
  return found.stuck.map((stuck) =>
    translateReason(explain(stuck, whole, found.nodes), [kernelPhrases], language),
  );
}

describe('why a task waits', () => {
  const bigGpu = group({ resources: { cpu: 1, gpus: [{ vram: 8 * gigabyte }] } });

  it('is said with the numbers of the nodes that come closest', () => {
    const used = gpus(12).map((gpu) => ({ ...gpu, vramUsed: 5.9 * gigabyte }));
    const nodes = [
      nodePlace('node-1', { gpus: gpus(24), schedulable: 'cordoned' }),
      nodePlace('node-3', { gpus: used }),
    ];
    expect(reasonsOf({ nodes, groups: [bigGpu] })).toEqual([
      'waits for 1 GPU with 8 GB of free memory: node-3 has 6.1 GB free, node-1 is cordoned',
    ]);
    expect(reasonsOf({ nodes, groups: [bigGpu] }, 'zh-CN')).toEqual([
      '等待 1 块空闲显存为 8 GB 的 GPU：node-3 空闲 6.1 GB，node-1 已停止调度',
    ]);
  });

  it.each([
    [
      'no node at all',
      [],
      group(),
      'the pool default has no node; join one with the command on the Nodes page',
    ],
    [
      'no node is reachable',
      [nodePlace('a', { state: 'unreachable' }), nodePlace('b', { schedulable: 'draining' })],
      group(),
      'waits for a node of the pool default that can take work: a can’t be reached, b is being drained',
    ],
    [
      'nobody has proved it',
      [nodePlace('a'), nodePlace('b')],
      group({ constraints: { capabilities: [{ name: 'blender', features: ['gltf'] }] } }),
      'waits for a node that has proved blender: a lacks blender, b lacks blender',
    ],
    [
      'other labels',
      [nodePlace('a')],
      group({ constraints: { labels: { zone: 'studio' } } }),
      'waits for a node with the labels zone=studio: a has other labels',
    ],
    [
      'larger than any node',
      [nodePlace('a')],
      group({ resources: { memory: 64 * gigabyte } }),
      'no node of the pool default is large enough; join a larger one or ask for less: a has 8 GB in all',
    ],
    [
      'no such GPU',
      [nodePlace('a')],
      group({ resources: { gpus: [{ vram: gigabyte }] } }),
      'no node of the pool default is large enough; join a larger one or ask for less: a has no such GPU',
    ],
    [
      'full of work',
      [nodePlace('a', { used: { cpu: 3.5, memory: 0, disk: 0, packets: 0 } })],
      group(),
      'waits for 1 free CPU cores: a has 0.5 free',
    ],
  ] as const)('is said when there is %s', (_name, nodes, one, sentence) => {
    expect(reasonsOf({ nodes, groups: [one] })).toEqual([sentence]);
  });

  it('names four nodes and counts the rest', () => {
    const nodes = Array.from({ length: 9 }, (_, i) =>
      nodePlace(`n${i}`, { used: { cpu: 3.1 + i / 10, memory: 0, disk: 0, packets: 0 } }),
    );
    expect(reasonsOf({ nodes, groups: [group()] })).toEqual([
      'waits for 1 free CPU cores: n0 has 0.9 free, n1 has 0.8 free, n2 has 0.7 free, n3 has 0.6 free, and 5 more nodes',
    ]);
  });

  it('says when the project has its share', () => {
    const projects = new Map([['film', share('film', { name: 'Film', batchCpu: 4, batchCpuLimit: 4 })]]);
    expect(reasonsOf({ nodes: [nodePlace('a')], groups: [group()], projects })).toEqual([
      'waits for the project Film to use less: it holds 4 of the 4 CPU cores that it may',
    ]);
  });

  it('says where it failed before', () => {
    const one = group();
    const avoidances = new Map([
      [one.tasks[0]?.id ?? '', new Map([['a', { strict: true, refused: false }]])],
    ]);
    expect(reasonsOf({ nodes: [nodePlace('a')], groups: [one], avoidances })).toEqual([
      'waits for another node: it failed on those that are free: it failed on a',
    ]);
  });
});
