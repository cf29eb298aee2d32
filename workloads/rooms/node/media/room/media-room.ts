import type { Clock } from '@backlot/contract/clock';
import type { types } from 'mediasoup';
import type { MediaEvent, TransportsLostReason } from '../../../contract/media/events.ts';
import type { MediaHostSettings, ShardSettings } from '../../../contract/media/settings.ts';
import { packetsOf } from '../placement/cost.ts';
import { notFound } from '../refusal.ts';
import type { Throttle } from '../throttle/relay.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';
import type { WorkerSlot } from '../workers/worker-slot.ts';
import type {
  ConsumerEntry,
  DataConsumerEntry,
  DataProducerEntry,
  ProducerEntry,
  TransportEntry,
} from './entries.ts';
import { EventLog } from './event-log.ts';
import type { RoomSite } from './room-site.ts';
import { RoomSites } from './room-sites.ts';
import { ServerData } from './server-data.ts';
import { Speakers } from './speakers.ts';
import { WantedLayers } from './wanted-layers.ts';

export interface MediaRoomParts {
  /** The allocation in which it runs. */
  readonly key: string;
  readonly roomId: string;
  readonly name: string;
  readonly settings: ShardSettings;
  readonly host: MediaHostSettings;
  readonly pool: WorkerPool;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  tell(event: MediaEvent): void;
  warn(message: string, details: Record<string, unknown>): void;
}

/** Somebody beside the room who wants to know which producers come and go: a recorder. */
export interface ProducerWatcher {
  came(entry: ProducerEntry): void;
  went(entry: ProducerEntry): void;
}

/** A room's media on this node: every object with its owner, and what follows when one of them ends. */
export class MediaRoom {
  readonly parts: MediaRoomParts;
  readonly events: EventLog;
  readonly sites: RoomSites;
  readonly speakers: Speakers;
  readonly wanted: WantedLayers;
  readonly serverData: ServerData;
  readonly transports = new Map<string, TransportEntry>();
  readonly producers = new Map<string, ProducerEntry>();
  readonly consumers = new Map<string, ConsumerEntry>();
  readonly dataProducers = new Map<string, DataProducerEntry>();
  readonly dataConsumers = new Map<string, DataConsumerEntry>();
  /** What control remembers of each participant: opaque. */
  readonly participants = new Map<string, unknown>();
  readonly throttles = new Map<string, Throttle | null>();
  readonly watchers = new Set<ProducerWatcher>();
  /** Transports whose router has died and of which control is not told yet. */
  #lost: { owner: string; transportId: string }[] = [];
  #closed = false;

  constructor(parts: MediaRoomParts) {
    this.parts = parts;
    this.events = new EventLog((event) => {
      if (!this.#closed) parts.tell(event);
    });
    this.sites = new RoomSites({
      key: parts.key,
      settings: parts.settings,
      pool: parts.pool,
      clock: parts.clock,
      homed: (site) => this.#settle(site),
    });
    this.speakers = new Speakers(parts.settings, this.events, (id) => this.producers.get(id)?.owner);
    this.wanted = new WantedLayers(parts.clock, this.events, this.producers, this.consumers);
    this.serverData = new ServerData(this);
  }

  /** Finds the room its first home. */
  async open(): Promise<void> {
    await this.sites.home();
  }

  close(): void {
    this.#closed = true;
    this.wanted.close();
    for (const { relay } of this.transports.values()) relay?.close();
    this.sites.close();
  }

  /** An object by its id; throws `not_found` when it isn't there or belongs to somebody else than `owner` says. */
  find<E extends { readonly owner: string | null }>(
    what: string,
    table: ReadonlyMap<string, E>,
    id: string,
    owner?: string,
  ): E {
    const entry = table.get(id);
    if (!entry || (owner !== undefined && entry.owner !== owner)) throw notFound(what, id);
    return entry;
  }

  adopt(entry: TransportEntry): void {
    const { transport, owner, site, relay } = entry;
    const { id } = transport;
    this.transports.set(id, entry);
    site.transports += 1;
    (transport as types.Transport).on('routerclose', () => this.#lost.push({ owner, transportId: id }));
    (transport as types.Transport).observer.once('close', () => {
      relay?.close();
      this.transports.delete(id);
      site.transports -= 1;
      site.slot.ledger.release(id);
      if (!this.#closed) this.sites.closeIfUnused(site);
    });
    const tell = (layer: 'ice' | 'dtls' | 'sctp', state: string) =>
      this.events.tell({ event: 'transportState', owner, transportId: id, layer, state });
    if ('iceState' in transport) {
      transport.on('icestatechange', (state) => tell('ice', state));
      transport.on('dtlsstatechange', (state) => tell('dtls', state));
      transport.on('sctpstatechange', (state) => tell('sctp', state));
    } else transport.on('sctpstatechange', (state) => tell('sctp', state));
  }

  async adoptProducer(entry: ProducerEntry): Promise<void> {
    const { producer, owner, site } = entry;
    this.producers.set(producer.id, entry);
    const cost = packetsOf({ kind: producer.kind, paused: false, layers: entry.layers });
    site.slot.ledger.set(producer.id, cost);
    producer.on('score', (score) =>
      this.events.tell({ event: 'producerScore', owner, producerId: producer.id, score }),
    );
    producer.on('videoorientationchange', (orientation) =>
      this.events.tell({ event: 'videoOrientation', owner, producerId: producer.id, orientation }),
    );
    producer.observer.once('close', () => {
      this.producers.delete(producer.id);
      site.slot.ledger.delete(producer.id);
      this.wanted.gone(producer.id);
      this.events.tell({ event: 'producerClosed', owner, producerId: producer.id });
      if (producer.kind === 'audio') this.speakers.gone(owner, producer.id);
      for (const watcher of this.watchers) watcher.went(entry);
    });
    this.#inTime(producer, [['transport', this.transports, entry.transportId]]);
    if (producer.kind === 'audio') await this.speakers.add(producer.id);
    this.wanted.changed(producer.id);
    for (const watcher of this.watchers) watcher.came(entry);
  }

  adoptConsumer(entry: ConsumerEntry): void {
    const { consumer, owner, site, producerId, transportId } = entry;
    const { id } = consumer;
    this.consumers.set(id, entry);
    site.consumers += 1;
    consumer.on('score', (score) =>
      this.events.tell({ event: 'consumerScore', owner, consumerId: id, score }),
    );
    consumer.on('layerschange', (layers) => {
      this.weigh(entry);
      this.events.tell({ event: 'consumerLayers', owner, consumerId: id, layers: layers ?? null });
    });
    consumer.on('producerpause', () => {
      this.weigh(entry);
      this.events.tell({ event: 'consumerPaused', owner, consumerId: id });
    });
    consumer.on('producerresume', () => {
      this.weigh(entry);
      this.events.tell({ event: 'consumerResumed', owner, consumerId: id });
    });
    consumer.on('producerclose', () =>
      this.events.tell({ event: 'consumerClosed', owner, consumerId: id, producerId }),
    );
    consumer.observer.once('close', () => {
      this.consumers.delete(id);
      site.consumers -= 1;
      site.slot.ledger.delete(id);
      const producer = this.producers.get(producerId);
      if (producer) site.leave({ site: producer.site, id: producerId });
      this.wanted.changed(producerId);
    });
    this.#inTime(consumer, [
      ['transport', this.transports, transportId],
      ['producer', this.producers, producerId],
    ]);
    site.slot.ledger.use(transportId, this.weigh(entry));
    this.wanted.changed(producerId);
  }

  /**
   * mediasoup answers a request for something new also when what it stands on was closed meanwhile, and never says then that
   * it has ended: what came too late is closed here.
   * @throws not_found
   */
  #inTime(
    made: { close(): void },
    standsOn: readonly (readonly [what: string, table: ReadonlyMap<string, unknown>, id: string])[],
  ): void {
    for (const [what, table, id] of standsOn) {
      if (table.has(id)) continue;
      made.close();
      throw notFound(what, id);
    }
  }

  /** Writes down what a consumer costs now. */
  weigh(entry: ConsumerEntry): number {
    const { consumer, producerId, site } = entry;
    const layer = consumer.currentLayers?.spatialLayer ?? consumer.preferredLayers?.spatialLayer;
    const packets = packetsOf({
      kind: consumer.kind,
      paused: entry.paused || entry.hidden || consumer.producerPaused,
      layers: this.producers.get(producerId)?.layers ?? 1,
      layer: layer ?? Number.MAX_SAFE_INTEGER,
    });
    site.slot.ledger.set(consumer.id, packets);
    return packets;
  }

  adoptDataProducer(entry: DataProducerEntry): void {
    const { dataProducer, owner } = entry;
    this.dataProducers.set(dataProducer.id, entry);
    dataProducer.observer.once('close', () => {
      if (this.dataProducers.get(dataProducer.id) !== entry) return;
      this.dataProducers.delete(dataProducer.id);
      if (owner !== null)
        this.events.tell({ event: 'dataProducerClosed', owner, dataProducerId: dataProducer.id });
    });
    if (entry.transportId !== null) {
      this.#inTime(dataProducer, [['transport', this.transports, entry.transportId]]);
    }
  }

  adoptDataConsumer(entry: DataConsumerEntry): void {
    const { dataConsumer, owner, site, dataProducerId } = entry;
    const { id } = dataConsumer;
    this.dataConsumers.set(id, entry);
    dataConsumer.on('dataproducerclose', () =>
      this.events.tell({ event: 'dataConsumerClosed', owner, dataConsumerId: id }),
    );
    dataConsumer.observer.once('close', () => {
      this.dataConsumers.delete(id);
      const source = this.dataProducers.get(dataProducerId);
      if (source) site.leave({ site: source.site, id: dataProducerId });
    });
    this.#inTime(dataConsumer, [
      ['transport', this.transports, entry.transportId],
      ['data producer', this.dataProducers, dataProducerId],
    ]);
  }

  /** Packets per second that one more viewer is expected to need. */
  expectedOfViewer(): number {
    let packets = 0;
    for (const { producer, layers } of this.producers.values())
      packets += packetsOf({ kind: producer.kind, paused: producer.paused, layers, layer: layers - 1 });
    return Math.max(50, packets);
  }

  transportsOf(owner: string): TransportEntry[] {
    return [...this.transports.values()].filter((entry) => entry.owner === owner);
  }

  /** Closes some of a participant's transports and says that they are lost, so that its client makes new ones. */
  lose(owner: string, entries: readonly TransportEntry[], reason: TransportsLostReason): string[] {
    const transportIds = entries.map(({ transport }) => transport.id);
    for (const { transport } of entries) transport.close();
    if (transportIds.length > 0) this.events.tell({ event: 'transportsLost', owner, transportIds, reason });
    return transportIds;
  }

  /** A worker has died. mediasoup has closed all that was in it; the room goes on with what it has. */
  workerLost(slot: WorkerSlot, hung: boolean): void {
    const lost = this.#lost.splice(0);
    const touched = this.sites.all.some((site) => site.slot === slot) || lost.length > 0;
    const homeless = this.sites.lost(slot);
    if (!touched && !homeless) return;
    this.events.tell({ event: 'workerDied', worker: slot.index, hung });
    if (homeless) {
      // Not awaited: clients come when they are told, and wait for the new home in their calls.
      this.sites.home().catch((error: unknown) => {
        this.parts.warn('a room found no new home', { room: this.parts.roomId, error: String(error) });
      });
    }
    for (const [owner, entries] of Map.groupBy(lost, (entry) => entry.owner)) {
      const transportIds = entries.map(({ transportId }) => transportId);
      this.events.tell({ event: 'transportsLost', owner, transportIds, reason: 'workerDied' });
    }
  }

  async #settle(site: RoomSite): Promise<void> {
    await this.speakers.settle(site);
    await this.serverData.settle(site);
  }

  /** Codecs and extensions that the room speaks; the same on each of its routers. */
  async rtpCapabilities(): Promise<types.RtpCapabilities> {
    return (await this.sites.home()).router.rtpCapabilities;
  }
}
