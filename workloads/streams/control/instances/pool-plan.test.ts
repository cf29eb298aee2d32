import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InstanceEnd, instanceStates } from '../../contract.ts';
import { type PoolInstance, type PoolWish, planPool, replacementPatienceS } from './pool-plan.ts';

let number = 0;
const one = (state: PoolInstance['state'], rest: Partial<PoolInstance> = {}): PoolInstance => {
  number += 1;
  return { id: `i${number}`, state, trial: false, connected: true, retire: null, ageSeconds: 0, ...rest };
};
const wish = (rest: Partial<PoolWish> = {}): PoolWish => ({
  enabled: true,
  warm: 0,
  maxInstances: 10,
  waiting: 0,
  ...rest,
});
const stops = (plan: ReturnType<typeof planPool>) => plan.stop.map(({ why }) => why);

describe('a pool', () => {
  it('starts one for everybody who waits, and the warm ones beside', () => {
    expect(planPool(wish({ warm: 2, waiting: 3 }), [])).toEqual({ start: 5, stop: [] });
  });

  it('counts what is on its way, and what is in use not at all', () => {
    const all = [one('requested'), one('starting'), one('resetting'), one('assigned'), one('ready')];
    expect(planPool(wish({ warm: 5 }), all).start).toBe(1);
  });

  it('never has more than its app allows', () => {
    const all = [one('assigned'), one('assigned')];
    expect(planPool(wish({ warm: 5, maxInstances: 3 }), all).start).toBe(1);
  });

  it('replaces a worn one first, and stops it when the new one is ready', () => {
    const worn = one('ready', { retire: 'memory' });
    expect(planPool(wish({ warm: 1 }), [worn])).toEqual({ start: 1, stop: [] });
    expect(planPool(wish({ warm: 1 }), [worn, one('starting')])).toEqual({ start: 0, stop: [] });
    const done = planPool(wish({ warm: 1 }), [worn, one('ready')]);
    expect(done).toEqual({ start: 0, stop: [{ id: worn.id, why: 'memory' }] });
  });

  it('stops a worn one without a replacement when it is in the way of it', () => {
    const worn = one('ready', { retire: 'version' });
    expect(stops(planPool(wish({ warm: 1, maxInstances: 1 }), [worn]))).toEqual(['version']);
    const stuck = one('requested', { ageSeconds: replacementPatienceS });
    expect(stops(planPool(wish({ warm: 1 }), [worn, stuck]))).toEqual(['version']);
  });

  it('stops a worn one that nobody has asked to be kept', () => {
    expect(stops(planPool(wish(), [one('ready', { retire: 'version' })]))).toEqual(['version']);
  });

  it('gives up what has not started before what has', () => {
    const [requested, starting, ready] = [one('requested'), one('starting'), one('ready')];
    const plan = planPool(wish({ warm: 1 }), [ready, starting, requested]);
    expect(plan.stop).toEqual([
      { id: requested.id, why: 'unused' },
      { id: starting.id, why: 'unused' },
    ]);
  });

  it('of an app that is switched off goes, but for those in use', () => {
    const all = [one('ready'), one('starting'), one('assigned'), one('resetting')];
    expect(stops(planPool(wish({ enabled: false, warm: 3 }), all))).toEqual(['disabled', 'disabled']);
  });

  it('starts nothing for one whose socket is away, and gives it up before another', () => {
    const away = one('ready', { connected: false });
    expect(planPool(wish({ warm: 1 }), [away])).toEqual({ start: 0, stop: [] });
    const plan = planPool(wish({ warm: 1 }), [one('ready'), away]);
    expect(plan.stop).toEqual([{ id: away.id, why: 'surplus' }]);
  });

  it('leaves trials alone', () => {
    expect(planPool(wish(), [one('ready', { trial: true })])).toEqual({ start: 0, stop: [] });
  });
});

describe('any pool', () => {
  const reasons: readonly (InstanceEnd | null)[] = [null, null, 'memory', 'version'];
  const instance = fc.record({
    state: fc.constantFrom(...instanceStates),
    trial: fc.boolean(),
    connected: fc.boolean(),
    retire: fc.constantFrom(...reasons),
    ageSeconds: fc.nat(60),
  });
  const pools = fc
    .array(instance, { maxLength: 12 })
    .map((list) => list.map((entry, index) => ({ ...entry, id: `i${index}` })));
  const wishes = fc.record({
    enabled: fc.boolean(),
    warm: fc.nat(5),
    maxInstances: fc.integer({ min: 1, max: 12 }),
    waiting: fc.nat(5),
  });

  it('keeps to the limit, touches nothing in use, and stops nothing twice', () => {
    fc.assert(
      fc.property(wishes, pools, (wanted, pool) => {
        const plan = planPool(wanted, pool);
        const open = pool.filter(({ state, trial }) => !trial && state !== 'ended' && state !== 'stopping');
        if (plan.start > 0) expect(open.length + plan.start).toBeLessThanOrEqual(wanted.maxInstances);
        expect(new Set(plan.stop.map(({ id }) => id)).size).toBe(plan.stop.length);
        for (const { id } of plan.stop) {
          const stopped = pool.find((entry) => entry.id === id);
          expect(['requested', 'starting', 'ready']).toContain(stopped?.state);
          expect(stopped?.trial).toBe(false);
        }
      }),
    );
  });

  it('comes to rest: carried out, a plan is followed by none', () => {
    fc.assert(
      fc.property(wishes, pools, (wanted, pool) => {
        let current: PoolInstance[] = pool.map((entry) => ({ ...entry, connected: true }));
        for (let round = 0; round < 20; round += 1) {
          const plan = planPool(wanted, current);
          if (plan.start === 0 && plan.stop.length === 0) return;
          const gone = new Set(plan.stop.map(({ id }) => id));
          const fresh = Array.from({ length: plan.start }, (_, n) => one('ready', { id: `r${round}-${n}` }));
          current = [
            ...current
              .filter(({ id, state }) => !gone.has(id) && state !== 'stopping')
              .map((entry) =>
                entry.state === 'requested' || entry.state === 'starting' || entry.state === 'resetting'
                  ? { ...entry, state: 'ready' as const }
                  : entry,
              ),
            ...fresh,
          ];
        }
        throw new Error('It never came to rest.');
      }),
    );
  });
});
