import type { Clock } from '@backlot/contract/clock';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseForViewer, chooseHome, type WorkerLoad } from './choose.ts';
import { loadOf, packetsOf } from './cost.ts';
import { PacketLedger, reservationMs } from './ledger.ts';

const budget = 30_000;
const worker = (index: number, load: number, running = true): WorkerLoad => ({
  index,
  load,
  budget,
  running,
});

/** A clock that stands until it is told to go on. */
function standingClock(): Clock & { go(ms: number): void } {
  let at = 0;
  return {
    now: () => at,
    monotonic: () => at,
    after: () => () => {},
    sleep: () => Promise.resolve(),
    go: (ms) => {
      at += ms;
    },
  };
}

describe('the cost of media', () => {
  it.each([
    [{ kind: 'audio', paused: false, layers: 1 }, 55],
    [{ kind: 'video', paused: false, layers: 1 }, 93.5],
    [{ kind: 'video', paused: false, layers: 3, layer: 0 }, 27.5],
    [{ kind: 'video', paused: false, layers: 3, layer: 2 }, 209],
    // A layer that the producer doesn't have is its highest.
    [{ kind: 'video', paused: false, layers: 2, layer: 9 }, 93.5],
    // A pipe carries all of them.
    [{ kind: 'video', paused: false, layers: 3 }, 330],
    [{ kind: 'video', paused: true, layers: 3 }, 0],
  ] as const)('of %j is %d packets per second', (flow, packets) => {
    expect(packetsOf(flow)).toBeCloseTo(packets);
  });

  it('is what was predicted, or what the CPU says when that is more', () => {
    expect(loadOf(10_000, null, budget)).toBe(10_000);
    expect(loadOf(10_000, 0.1, budget)).toBe(10_000);
    expect(loadOf(10_000, 0.6, budget)).toBe(budget);
  });
});

describe('the ledger of a worker', () => {
  it('keeps a reservation for 20 seconds, less what has become real', () => {
    const clock = standingClock();
    const ledger = new PacketLedger(clock);
    ledger.reserve('room', 500);
    ledger.use('room', 100);
    ledger.set('consumer', 100);
    expect(ledger.predicted).toBe(500);
    clock.go(reservationMs);
    expect(ledger.predicted).toBe(100);
    ledger.delete('consumer');
    expect(ledger.predicted).toBe(0);
  });

  it('adds up to what is in it, whatever came and went', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      fc.record({ set: id, packets: fc.integer({ min: 0, max: 10_000 }) }),
      fc.record({ delete: id }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const ledger = new PacketLedger(standingClock());
        const model = new Map<string, number>();
        for (const one of steps) {
          if ('set' in one) {
            ledger.set(one.set, one.packets);
            model.set(one.set, one.packets);
          } else {
            ledger.delete(one.delete);
            model.delete(one.delete);
          }
        }
        expect(ledger.predicted).toBe([...model.values()].reduce((sum, packets) => sum + packets, 0));
      }),
    );
  });
});

describe('the place of a room', () => {
  it('is the running worker with most headroom', () => {
    expect(chooseHome([worker(0, 500), worker(1, 100), worker(2, 0, false)])).toBe(1);
    expect(chooseHome([worker(0, 0), worker(1, 0)])).toBe(0);
    expect(chooseHome([worker(0, 0, false)])).toBeUndefined();
  });

  const viewer = (
    workers: WorkerLoad[],
    consumers: number,
    edges: { worker: number; consumers: number }[] = [],
  ) =>
    chooseForViewer({
      workers,
      home: { worker: 0, consumers },
      edges,
      maxConsumersPerRouter: 400,
      packets: 100,
    });

  it.each([
    ['home while it has air', viewer([worker(0, 17_000), worker(1, 0)], 10), 0],
    ['an edge where home has none left', viewer([worker(0, 17_950), worker(1, 0)], 10), 1],
    ['an edge where home has too many consumers', viewer([worker(0, 100), worker(1, 0)], 400), 1],
    [
      'the edge that is open before a new one',
      viewer([worker(0, 20_000), worker(1, 20_000), worker(2, 0)], 10, [{ worker: 1, consumers: 5 }]),
      1,
    ],
    [
      'a new edge when the open one is full',
      viewer([worker(0, 20_000), worker(1, 25_450), worker(2, 0)], 10, [{ worker: 1, consumers: 5 }]),
      2,
    ],
    ['the least loaded when all are full', viewer([worker(0, 40_000), worker(1, 31_000)], 10), 1],
    ['home of a node with one worker, however full', viewer([worker(0, 40_000)], 10), 0],
    ['none that is being started again', viewer([worker(0, 20_000), worker(1, 0, false)], 10), 0],
  ])('for a viewer is %s', (_what, chosen, expected) => expect(chosen).toBe(expected));

  it('never lets a burst of joins exceed a budget by more than 15 %, as long as it fits at all', () => {
    const input = fc.record({
      workers: fc.integer({ min: 1, max: 8 }),
      joins: fc.integer({ min: 1, max: 400 }),
      packets: fc.integer({ min: 50, max: 400 }),
    });
    fc.assert(
      fc.property(input, ({ workers, joins, packets }) => {
        fc.pre(joins * packets <= workers * budget * 0.6);
        const clock = standingClock();
        const ledgers = Array.from({ length: workers }, () => new PacketLedger(clock));
        const edges: { worker: number; consumers: number }[] = [];
        const home = { worker: 0, consumers: 0 };
        for (let join = 0; join < joins; join += 1) {
          const loads = ledgers.map((ledger, index) => worker(index, ledger.predicted));
          const chosen =
            chooseForViewer({ workers: loads, home, edges, maxConsumersPerRouter: 400, packets }) ?? 0;
          ledgers[chosen]?.reserve(`transport-${join}`, packets);
          if (chosen !== 0 && !edges.some((edge) => edge.worker === chosen))
            edges.push({ worker: chosen, consumers: 0 });
        }
        for (const ledger of ledgers) expect(ledger.predicted).toBeLessThanOrEqual(budget * 1.15);
      }),
    );
  });
});
