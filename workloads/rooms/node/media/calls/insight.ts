import type { DumpKind } from '../../../contract/media/calls.ts';
import { notFound } from '../refusal.ts';
import type { MediaRoom } from '../room/media-room.ts';
import type { Handlers } from './handler.ts';

type Facts = Record<string, unknown>;

export const insightCalls: Handlers<'stats' | 'participantStats' | 'dump'> = {
  async stats(room, { kind, id, owner }) {
    const find = {
      transport: () => room.find('transport', room.transports, id, owner).transport,
      producer: () => room.find('producer', room.producers, id, owner).producer,
      consumer: () => room.find('consumer', room.consumers, id, owner).consumer,
      dataProducer: () => room.find('data producer', room.dataProducers, id, owner).dataProducer,
      dataConsumer: () => room.find('data consumer', room.dataConsumers, id, owner).dataConsumer,
    };
    return plain(await find[kind]().getStats());
  },

  async participantStats(room, { owner }) {
    const own = <E extends { owner: string | null }>(table: ReadonlyMap<string, E>) =>
      [...table.values()].filter((entry) => entry.owner === owner);
    // An object that ends while it is asked has nothing more to say.
    const ask = (object: { getStats(): Promise<unknown[]> }) =>
      object.getStats().then(plain, () => [] as Facts[]);
    const [transports, producers, consumers] = await Promise.all([
      Promise.all(own(room.transports).map(({ transport }) => ask(transport))),
      Promise.all(
        own(room.producers).map(async ({ producer }) => ({
          producerId: producer.id,
          stats: await ask(producer),
        })),
      ),
      Promise.all(
        own(room.consumers).map(async ({ consumer }) => ({
          consumerId: consumer.id,
          stats: await ask(consumer),
        })),
      ),
    ]);
    return { transports: transports.flat(), producers, consumers };
  },

  async dump(room, { kind, id }) {
    const all = dumpable(room, kind);
    const wanted = id === undefined ? [...all.values()] : [all.get(id)].filter((one) => one !== undefined);
    if (id !== undefined && wanted.length === 0) throw notFound(kind, id);
    return plain(await Promise.all(wanted.map((one) => one.dump())));
  },
};

interface Dumpable {
  dump(): Promise<unknown>;
}

/** Everything of a kind by its id: of this room, except workers and servers, which are the node's. */
function dumpable(room: MediaRoom, kind: DumpKind): Map<string, Dumpable> {
  const running = room.parts.pool.slots.flatMap((slot) => (slot.running ? [{ slot, ...slot.running }] : []));
  switch (kind) {
    case 'worker':
      return new Map(running.map(({ slot, worker }) => [String(slot.index), worker]));
    case 'webRtcServer':
      return new Map(running.map(({ server }) => [server.id, server]));
    case 'router':
      return new Map(room.sites.all.map(({ router }) => [router.id, router]));
    case 'transport':
      return new Map([...room.transports].map(([key, { transport }]) => [key, transport]));
    case 'producer':
      return new Map([...room.producers].map(([key, { producer }]) => [key, producer]));
    case 'consumer':
      return new Map([...room.consumers].map(([key, { consumer }]) => [key, consumer]));
    case 'dataProducer':
      return new Map([...room.dataProducers].map(([key, { dataProducer }]) => [key, dataProducer]));
    case 'dataConsumer':
      return new Map([...room.dataConsumers].map(([key, { dataConsumer }]) => [key, dataConsumer]));
  }
}

/** As JSON has it: mediasoup's objects hold getters and undefined members. */
function plain(values: readonly unknown[]): Facts[] {
  return JSON.parse(JSON.stringify(values)) as Facts[];
}
