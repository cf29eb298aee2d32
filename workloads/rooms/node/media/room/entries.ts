import type { types } from 'mediasoup';
import type { Direction } from '../../../contract/media/calls.ts';
import type { AppData } from '../../../contract/media/rtp.ts';
import type { Relay } from '../throttle/relay.ts';
import type { RoomSite } from './room-site.ts';

/** A transport of a participant, and where it is. */
export interface TransportEntry {
  readonly transport: types.WebRtcTransport | types.PlainTransport;
  readonly owner: string;
  readonly direction: Direction;
  readonly site: RoomSite;
  readonly appData: AppData;
  /** Its datagrams pass through this, as its participant's network is made worse. */
  readonly relay: Relay | undefined;
}

export interface ProducerEntry {
  readonly producer: types.Producer;
  readonly owner: string;
  readonly site: RoomSite;
  readonly transportId: string;
  readonly appData: AppData;
  readonly layers: number;
  /** Highest layer that its publisher believes is wanted; it begins with all it has. */
  told: number | null;
}

export interface ConsumerEntry {
  readonly consumer: types.Consumer;
  readonly owner: string;
  readonly site: RoomSite;
  readonly transportId: string;
  /** The producer's id in the room, which on a site in the same worker is another than the consumer knows. */
  readonly producerId: string;
  /** As the client asked; `hidden` comes on top of it. */
  paused: boolean;
  /** Its view has no size. */
  hidden: boolean;
}

export interface DataProducerEntry {
  readonly dataProducer: types.DataProducer;
  /** Null: control's own. */
  readonly owner: string | null;
  readonly site: RoomSite;
  readonly transportId: string | null;
  readonly appData: AppData;
}

export interface DataConsumerEntry {
  readonly dataConsumer: types.DataConsumer;
  readonly owner: string;
  readonly site: RoomSite;
  readonly transportId: string;
  readonly dataProducerId: string;
}
