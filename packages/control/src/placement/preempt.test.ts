import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { book, grantOn, workingCopy } from './fit.ts';
import type { NodePlace } from './model.ts';
import { findPreemption, type Victim } from './preempt.ts';
import { gigabyte, gpus, group, nodePlace } from './world.fixture.ts';

let count = 0;
function victimOn(node: NodePlace, rest: Partial<Victim> & { cpu?: number; memory?: number } = {}): Victim {
  count += 1;
  const grant = {
    cpu: rest.cpu ?? 1,
    memory: rest.memory ?? gigabyte,
    disk: 0,
    packets: 0,
    gpus: rest.grant?.gpus ?? [],
  };
  const victim: Victim = {
    allocationId: `v${count}`,
    nodeId: node.id,
    class: 'batch',
    state: 'running',
    cpuHeld: true,
    ranMs: 60_000,
    ...rest,
    grant,
  };
  book(node, victim.cpuHeld ? grant : { ...grant, cpu: 0 });
  return victim;
}

describe('making room', () => {
  it('freezes when only cores are lacking, the fewest that will do', () => {
    const node = nodePlace('a');
    const victims = [
      victimOn(node, { cpu: 1 }),
      victimOn(node, { cpu: 2, ranMs: 100_000 }),
      victimOn(node, { cpu: 1 }),
    ];
    const plan = findPreemption(group({ class: 'interactive', resources: { cpu: 2 } }), [node], victims);
    expect(plan?.stop).toEqual([]);
    expect(plan?.freeze).toEqual([victims[1]]);
  });

  it('stops when memory is lacking, those that lose the least work', () => {
    const node = nodePlace('a');
    const [old, young] = [
      victimOn(node, { memory: 4 * gigabyte, ranMs: 3_600_000 }),
      victimOn(node, { memory: 4 * gigabyte, ranMs: 1_000 }),
    ];
    const wanted = group({ class: 'interactive', resources: { cpu: 1, memory: 4 * gigabyte } });
    const plan = findPreemption(wanted, [node], [old, young]);
    expect(plan?.freeze).toEqual([]);
    expect(plan?.stop).toEqual([young]);
  });

  it('frees a GPU that frozen work still holds', () => {
    const node = nodePlace('a', { gpus: gpus(8) });
    const holding = { gpus: [{ index: 0, vram: 8 * gigabyte, encoderSessions: 0 }] };
    const victim = victimOn(node, { state: 'frozen', cpuHeld: false, grant: holding as Victim['grant'] });
    const wanted = group({ class: 'interactive', resources: { cpu: 1, gpus: [{ vram: 4 * gigabyte }] } });
    expect(findPreemption(wanted, [node], [victim])?.stop).toEqual([victim]);
  });

  it('goes where the fewest have to give way, and rather freezes than stops', () => {
    const [many, few, none] = [
      nodePlace('many'),
      nodePlace('few'),
      nodePlace('cordoned', { schedulable: 'cordoned' }),
    ];
    const victims = [
      ...[1, 2, 3, 4].map(() => victimOn(many, { cpu: 1 })),
      victimOn(few, { cpu: 4 }),
      victimOn(none, { cpu: 1 }),
    ];
    const plan = findPreemption(group({ class: 'live', resources: { cpu: 3 } }), [many, few, none], victims);
    expect(plan?.nodeId).toBe('few');
  });

  it('never touches live or interactive work, and never for batch work', () => {
    const node = nodePlace('a');
    const live = victimOn(node, { cpu: 2, class: 'live' });
    const interactive = victimOn(node, { cpu: 2, class: 'interactive' });
    const wanted = { resources: { cpu: 1 } };
    expect(
      findPreemption(group({ ...wanted, class: 'interactive' }), [node], [live, interactive]),
    ).toBeUndefined();
    const batch = victimOn(nodePlace('b'), { cpu: 4 });
    expect(findPreemption(group(wanted), [node], [batch])).toBeUndefined();
  });

  it('makes enough room, with no victim too many', () => {
    const sizes = fc.array(
      fc.record({ cpu: fc.integer({ min: 1, max: 3 }), memory: fc.integer({ min: 0, max: 4 }) }),
      {
        minLength: 1,
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 0, max: 16 }),
        (list, cpu, memory) => {
          const node = nodePlace('a', { total: { cpu: 18, memory: 24 * gigabyte, disk: 0, packets: 0 } });
          const victims = list.map((size) =>
            victimOn(node, { cpu: size.cpu, memory: size.memory * gigabyte }),
          );
          node.used.cpu = 18;
          const wanted = group({ class: 'interactive', resources: { cpu, memory: memory * gigabyte } });
          const plan = findPreemption(wanted, [node], victims);
          const without = (some: readonly Victim[], freeze: boolean) => {
            const copy = workingCopy(node);
            for (const victim of some) {
              const rest = { memory: 0, disk: 0, packets: 0, gpus: [] };
              book(copy, freeze ? { ...victim.grant, ...rest } : victim.grant, -1);
            }
            return grantOn(copy, wanted.demand.resources) !== undefined;
          };
          if (!plan) {
            expect(without(victims, false)).toBe(false);
            return;
          }
          const all = [...plan.freeze, ...plan.stop];
          expect(without(all, plan.freeze.length > 0)).toBe(true);
          for (const victim of all) {
            expect(
              without(
                all.filter((one) => one !== victim),
                plan.freeze.length > 0,
              ),
            ).toBe(false);
          }
        },
      ),
    );
  });
});
