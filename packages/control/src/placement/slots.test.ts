import { kernelPhrases, translateReason } from '@backlot/contract';
import { type LabJob, labWorkload } from '@backlot/testkit/lab-workload';
import { openTestCore, type TestCore } from '@backlot/testkit/test-core';
import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readTasks } from '../tasks/task-view.ts';
import { slotFull } from './fit.ts';
import { search } from './search.ts';
import { gigabyte, gpus, group, nodePlace, world } from './world.fixture.ts';

const slot = (perNode: number | null, perGpu: number | null = null) => ({ key: 'app', perNode, perGpu });

describe('places counted under a key', () => {
  it('limits one node, counting what this round has given away', () => {
    const groups = [group({ count: 5, resources: { cpu: 0.1, slot: slot(2) } })];
    const found = search(world({ nodes: [nodePlace('a'), nodePlace('b')], groups }), 100);
    const on = Map.groupBy(found.decisions, ({ candidates }) => candidates[0]?.nodeId);
    expect([on.get('a')?.length, on.get('b')?.length]).toEqual([2, 2]);
    expect(found.stuck.map(({ why }) => why)).toEqual(['room']);
  });

  it('limits each GPU, and uses the next one', () => {
    const resources = { cpu: 0.1, gpus: [{ vram: gigabyte }], slot: slot(null, 1) };
    const nodes = [nodePlace('a', { gpus: gpus(8, 8) })];
    const found = search(world({ nodes, groups: [group({ count: 3, resources })] }), 100);
    expect(found.decisions.map(({ candidates }) => candidates[0]?.grant.gpus[0]?.index)).toEqual([0, 1]);
  });

  it('leaves the world that it was given alone, and other keys too', () => {
    const node = nodePlace('a', { slots: new Map([['other', { node: 9, gpus: new Map() }]]) });
    const groups = [group({ count: 1, resources: { cpu: 0.1, slot: slot(1) } })];
    expect(search(world({ nodes: [node], groups }), 10).decisions).toHaveLength(1);
    expect(node.slots.has('app')).toBe(false);
    expect(slotFull(node, group({ resources: { slot: slot(1) } }).demand.resources)).toBeUndefined();
  });
});

describe('on a real database', () => {
  let house: TestCore;
  beforeEach(async () => {
    house = await openTestCore({ workloads: [labWorkload], random: () => 0 });
  });
  afterEach(() => house.close());

  it('keeps to the limit, says why the next one waits, and goes on when one has ended', async () => {
    const projectId = await house.project();
    const node = await house.fleet.add({ name: 'studio', cpu: 8, memory: 8 * gigabyte });
    house.core.placement.wake('node-changed');
    const resources = { cpu: 0.1, slot: slot(2) } as unknown as NonNullable<
      LabJob['tasks'][number]['resources']
    >;
    const { id } = await house.core.jobs.submit({
      kind: 'lab.graph',
      projectId,
      name: 'lab',
      parameters: { tasks: ['a', 'b', 'c'].map((key) => ({ key, class: 'interactive', resources })) },
      actor: house.actor,
    });
    const tasks = (state: string) =>
      readTasks(house.database.db, sql`t.job_id = ${id} AND t.state = ${state}`, 'asc', 10);
    await house.until(async () => (await tasks('running')).length === 2, 'two run');
    const wait = await house.until(
      async () => (await tasks('queued'))[0]?.wait ?? undefined,
      'the third says why',
    );
    expect(translateReason(wait, [kernelPhrases], 'en')).toBe(
      'waits for one of the same kind to end: at most 2 may run on one node: studio runs 2',
    );
    const [first] = [...node.allocations.keys()];
    await house.fleet.finish(node, first ?? '', { outcome: 'ok' });
    await house.until(async () => (await tasks('running')).length === 2, 'the third runs');
    expect(await tasks('queued')).toEqual([]);
    await house.fleet.quiet();
  });
});
