import type { types } from 'mediasoup';
import type { DataProducerEntry } from './entries.ts';
import { HearingRate, heardBody } from './heard-message.ts';
import type { MediaRoom } from './media-room.ts';
import type { RoomSite } from './room-site.ts';

/**
 * Messages that control makes or hears: data producers and consumers of our own on a transport without a network. When the home
 * router moves they are made again under the same ids, so that nobody has to know.
 */
export class ServerData {
  readonly #room: MediaRoom;
  #direct: types.DirectTransport | undefined;
  readonly #made = new Map<string, { readonly id: string | undefined; readonly protocol: string }>();
  readonly #listening = new Map<string, types.DataConsumer>();

  constructor(room: MediaRoom) {
    this.#room = room;
  }

  /** The room has a home: what was there is made again. */
  async settle(site: RoomSite): Promise<void> {
    this.#direct = await site.router.createDirectTransport({
      maxSendMessageSize: this.#room.parts.settings.maxMessageSize,
      maxReceiveMessageSize: this.#room.parts.settings.maxMessageSize,
    });
    this.#listening.clear();
    for (const [label, { id, protocol }] of this.#made) await this.#make(site, label, protocol, id);
  }

  /** The data producer of this label, made when it isn't there. */
  async open(label: string, protocol: string): Promise<string> {
    const site = await this.#room.sites.home();
    const existing = this.#made.get(label)?.id;
    if (existing && this.#room.dataProducers.has(existing)) return existing;
    return (await this.#make(site, label, protocol, existing)).dataProducer.id;
  }

  async #make(site: RoomSite, label: string, protocol: string, id?: string): Promise<DataProducerEntry> {
    if (!this.#direct) throw new Error('the room has no home yet');
    const dataProducer = await this.#direct.produceData({ label, protocol, ...(id ? { id } : {}) });
    const entry = { dataProducer, owner: null, site, transportId: null, appData: {} };
    this.#made.set(label, { id: dataProducer.id, protocol });
    this.#room.adoptDataProducer(entry);
    return entry;
  }

  /** Tells a participant's messages as events, or stops. */
  async listen(entry: DataProducerEntry, listen: boolean): Promise<void> {
    const { id } = entry.dataProducer;
    if (!listen) {
      this.#listening.get(id)?.close();
      this.#listening.delete(id);
      return;
    }
    const { owner } = entry;
    if (this.#listening.has(id) || owner === null) return;
    const home = await this.#room.sites.home();
    if (!this.#direct || entry.site !== home) return;
    const consumer = await this.#direct.consumeData({ dataProducerId: id });
    this.#listening.set(id, consumer);
    consumer.observer.once('close', () => this.#listening.delete(id));
    const rate = new HearingRate();
    consumer.on('message', (message, ppid) => {
      if (!rate.take(this.#room.parts.clock.monotonic())) return;
      const body = heardBody(message, ppid);
      this.#room.events.tell({ event: 'dataMessage', owner, dataProducerId: id, ...body });
    });
  }
}
