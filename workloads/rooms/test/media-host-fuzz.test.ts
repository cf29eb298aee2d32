import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MediaMethod, mediaCalls } from '../contract/media/calls.ts';
import {
  findWorker,
  type MediaHouse,
  noWorker,
  openMediaHouse,
  type TestRoom,
} from '../testing/media-house.ts';
import { publishRtp } from '../testing/rtp-publisher.ts';

const workerBin = await findWorker();
const methods = Object.keys(mediaCalls) as MediaMethod[];

describe.skipIf(!workerBin)(`a media host that is sent anything${workerBin ? '' : `: ${noWorker}`}`, () => {
  let house: MediaHouse;
  beforeAll(async () => {
    house = await openMediaHouse({ workerBin: workerBin ?? '', workers: 2 });
  });
  afterAll(() => house?.close());

  it('answers every nonsense, and none of it ends a worker', async () => {
    const room = await house.openRoom();
    const publisher = await publishRtp(room, { owner: 'ann', kind: 'video', packetsPerSecond: 20 });
    const pids = house.host.pool.slots.map(({ running }) => running?.worker.pid);
    // Half right on purpose: ids that exist, shapes that almost fit.
    const value = fc.oneof(
      fc.anything({ maxDepth: 3 }),
      fc.constantFrom(publisher.producerId, publisher.transportId, 'ann', '', 0, -1, null, [], {}),
    );
    const name = fc.constantFrom(
      ...['owner', 'transportId', 'producerId', 'consumerId', 'kind', 'rtpParameters', 'rtpCapabilities'],
      ...[
        'dtlsParameters',
        'direction',
        'views',
        'throttle',
        'message',
        'id',
        'spatialLayer',
        'ip',
        'port',
        'codecs',
      ],
    );
    const payload = fc.oneof(fc.anything(), fc.dictionary(name, value, { maxKeys: 6 }));
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...methods), payload, async (method, sent) => {
        const reply = await room.ask(`rooms.${method}`, sent);
        expect(typeof reply.ok).toBe('boolean');
      }),
      { numRuns: 1_500 },
    );
    expect(house.host.pool.slots.map(({ running }) => running?.worker.pid)).toEqual(pids);
    await room.call('usage', {});
    publisher.close();
    await room.close();
  }, 120_000);

  it('leaks nothing in 1,000 random joins and leaves: its workers hold what it believes', async () => {
    const room = await house.openRoom({ maxConsumersPerRouter: 20 });
    const publisher = await publishRtp(room, { owner: 'stage', kind: 'video', packetsPerSecond: 20 });
    const rtpCapabilities = await room.call('getRouterRtpCapabilities', {});
    const { producerId } = publisher;
    const here = new Set<string>();
    let seed = 7;
    const random = () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    for (let step = 0; step < 1_000; step += 1) {
      const owner = `viewer-${Math.floor(random() * 60)}`;
      if (here.delete(owner)) await room.call('removeParticipant', { owner });
      else {
        here.add(owner);
        const { transportId } = await room.call('createWebRtcTransport', { owner, direction: 'recv' });
        await room.call('consume', { transportId, owner, producerId, rtpCapabilities });
      }
    }
    await expectAgreement(house, room, here.size + 1);
    for (const owner of here) await room.call('removeParticipant', { owner });
    await expectAgreement(house, room, 1);
    const { workers } = await room.call('usage', {});
    expect(workers.map(({ consumers }) => consumers)).toEqual([0, 0]);
    publisher.close();
    await room.close();
    for (const slot of house.host.pool.slots)
      expect(await slot.running?.worker.dump()).toMatchObject({ routerIds: [] });
  }, 120_000);
});

/** Transports and consumers in the workers are those of the room, but for the ends of its pipes. */
async function expectAgreement({ host }: MediaHouse, room: TestRoom, transports: number): Promise<void> {
  const description = await room.call('describe', {});
  expect(description.transports).toHaveLength(transports);
  const routers = await room.call('dump', { kind: 'router' });
  const own = new Set(host.rooms.get(room.allocation)?.transports.keys());
  const inWorkers = routers.flatMap(({ transportIds }) => transportIds as string[]);
  expect(inWorkers.filter((id) => own.has(id)).toSorted()).toEqual([...own].toSorted());
  // What else is there: the room's direct transport at home, and two ends of a pipe for each further router.
  expect(inWorkers.length - own.size).toBe(1 + 2 * (routers.length - 1));
  const consumers = routers.flatMap(
    ({ mapConsumerIdProducerId }) => mapConsumerIdProducerId as { key: string }[],
  );
  const known = new Set(description.consumers.map(({ consumerId }) => consumerId));
  expect(consumers.filter(({ key }) => known.has(key))).toHaveLength(known.size);
  expect(consumers.length - known.size).toBeLessThanOrEqual(routers.length - 1);
}
