import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CallRoom } from '../testing/call-room.ts';
import {
  findWorker,
  type MediaHouse,
  noWorker,
  openMediaHouse,
  patience,
  type TestRoom,
} from '../testing/media-house.ts';

const workerBin = await findWorker();
const peers = 20;

describe.skipIf(!workerBin)(`workers that die or hang${workerBin ? '' : `: ${noWorker}`}`, () => {
  let house: MediaHouse;
  beforeAll(async () => {
    house = await openMediaHouse({ workerBin: workerBin ?? '', workers: 3 });
  });
  afterAll(() => house?.close());

  const homeOf = (call: CallRoom<TestRoom>) => {
    const slot = house.host.rooms.get(call.room.allocation)?.sites.all[0]?.slot;
    if (!slot?.running) throw new Error('the room has no home');
    return slot;
  };

  it('cost a room of 20 a moment and another room nothing, again and again', async () => {
    const quiet = new CallRoom(await house.openRoom(), 50);
    const hit = new CallRoom(await house.openRoom(), 30);
    try {
      await quiet.open(2);
      await hit.open(peers);
      const signals = ['SIGKILL', 'SIGSTOP', 'SIGKILL', 'SIGSTOP', 'SIGKILL'] as const;
      for (const [round, signal] of signals.entries()) {
        await everyoneReceives(hit, 5);
        const slot = homeOf(hit);
        const port = slot.port;
        expect(slot.index).not.toBe(homeOf(quiet).index);
        process.kill(slot.running?.worker.pid ?? 0, signal);
        const { hung } = await hit.room.hear(
          'workerDied',
          () => hit.room.told('workerDied').length === round + 1,
        );
        expect(hung).toBe(signal === 'SIGSTOP');
        // Everyone has come back to new transports, and something arrives there.
        await vi.waitFor(() => {
          expect(hit.viewers).toHaveLength(peers);
          expect(hit.viewers.every(({ transportId }) => isOpen(hit, transportId))).toBe(true);
        }, patience);
        await everyoneReceives(hit, 30);
        await vi.waitFor(() => expect(slot.running).toBeDefined(), patience);
        expect(slot.port).toBe(port);
        expect(slot.restarts).toBeGreaterThan(0);
      }
      expect(quiet.room.told('transportsLost')).toEqual([]);
      await everyoneReceives(quiet, 100);
      expect(quiet.viewers.map(({ missing }) => missing)).toEqual([0, 0]);
      await expectWorkersToAgree(house);
    } finally {
      quiet.close();
      hit.close();
    }
  }, 180_000);
});

function isOpen(call: CallRoom<TestRoom>, transportId: string): boolean {
  const told = call.room.told('transportState').filter((event) => event.transportId === transportId);
  return told.some(({ layer, state }) => layer === 'dtls' && state === 'connected');
}

async function everyoneReceives(call: CallRoom, packets: number): Promise<void> {
  const from = new Map(call.viewers.map((viewer) => [viewer, viewer.received]));
  await vi.waitFor(() => {
    for (const viewer of call.viewers)
      expect(viewer.received - (from.get(viewer) ?? 0)).toBeGreaterThan(packets);
  }, patience);
}

/** What the workers hold is what the rooms believe: nothing has leaked. */
async function expectWorkersToAgree({ host }: MediaHouse): Promise<void> {
  for (const slot of host.pool.slots) {
    const dump = await slot.running?.worker.dump();
    const sites = [...host.rooms.values()].flatMap(({ sites }) =>
      sites.all.filter((site) => site.slot === slot),
    );
    expect(dump?.routerIds.toSorted()).toEqual(sites.map(({ router }) => router.id).toSorted());
  }
}
