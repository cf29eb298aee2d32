import type { types } from 'mediasoup-client';
import type { VideoSendOptions } from './encodings.ts';
import type { TrackSource } from './state.ts';
import { type Reading, type Report, readTrackStats, type TrackStats } from './stats.ts';

/** What a track needs of the room around it. */
export interface TrackHost {
  request(method: string, data: object): Promise<unknown>;
  notify(method: string, data: object): void;
  /** Watches how large an element shows the track. */
  watch(producerId: string, element: Element): () => void;
}

export interface PublishOptions extends VideoSendOptions {
  readonly source: TrackSource;
  /** Begins muted. */
  readonly muted?: boolean;
  /** Stop the device when the track is unpublished; on unless told otherwise. */
  readonly stopOnUnpublish?: boolean;
  /** Seen by others. */
  readonly appData?: Readonly<Record<string, unknown>>;
}

/** A track that one sends. It stays the same over reconnects and lost workers; the producer behind it changes. */
export class LocalTrack {
  readonly kind: 'audio' | 'video';
  readonly options: PublishOptions;
  readonly #host: TrackHost;
  #track: MediaStreamTrack;
  #producer: types.Producer | undefined;
  #muted: boolean;
  /** The highest spatial layer that anybody wants; null: nobody wants any. Undefined until the server says. */
  #wanted: number | null | undefined;
  #applying: Promise<void> = Promise.resolve();
  #reading: Reading | undefined;

  constructor(track: MediaStreamTrack, options: PublishOptions, host: TrackHost) {
    this.kind = track.kind === 'audio' ? 'audio' : 'video';
    this.options = options;
    this.#track = track;
    this.#host = host;
    this.#muted = options.muted ?? false;
  }

  /** The producer's id; undefined while it is not being sent. */
  get id(): string | undefined {
    return this.#producer?.id;
  }

  get source(): TrackSource {
    return this.options.source;
  }

  get mediaTrack(): MediaStreamTrack {
    return this.#track;
  }

  get muted(): boolean {
    return this.#muted;
  }

  get producer(): types.Producer | undefined {
    return this.#producer;
  }

  /** The room has begun to send it, or can't at the moment. */
  sentBy(producer: types.Producer | undefined): void {
    this.#producer = producer;
    this.#reading = undefined;
    this.#wanted = undefined;
  }

  /** Sends silence or black to nobody: nothing is sent at all. */
  async mute(): Promise<void> {
    this.#muted = true;
    const producer = this.#producer;
    if (!producer || producer.closed) return;
    producer.pause();
    await this.#host.request('pauseProducer', { producerId: producer.id });
  }

  /** @throws RoomError `refused` while a moderator has it muted. */
  async unmute(): Promise<void> {
    const producer = this.#producer;
    if (producer && !producer.closed) {
      await this.#host.request('resumeProducer', { producerId: producer.id });
      producer.resume();
    }
    this.#muted = false;
  }

  /** A moderator has muted it. */
  mutedByOthers(): void {
    this.#muted = true;
    this.#producer?.pause();
  }

  /** Sends another device's picture or sound in its place; nobody notices but by what they see. */
  async replace(track: MediaStreamTrack): Promise<void> {
    const before = this.#track;
    this.#track = track;
    if (this.#producer && !this.#producer.closed) await this.#producer.replaceTrack({ track });
    else if (before !== track) before.stop();
  }

  /**
   * Sends only the layers that somebody wants; the rest costs neither processor nor uplink. One change after the other,
   * and the newest wish last: a browser applies them in time of its own, and two at once could leave the older one.
   */
  want(maxSpatialLayer: number | null): Promise<void> {
    this.#wanted = maxSpatialLayer;
    this.#applying = this.#applying.then(() => this.#applyWanted()).catch(() => undefined); // A sender whose encodings can't be changed any more is being closed.
    return this.#applying;
  }

  async #applyWanted(): Promise<void> {
    const producer = this.#producer;
    const wanted = this.#wanted;
    if (!producer || producer.closed || this.kind !== 'video' || wanted === undefined) return;
    await setActive(producer, (index) => wanted !== null && index <= wanted);
  }

  /** Numbers since the last call; undefined while it is not being sent. */
  async stats(): Promise<TrackStats | undefined> {
    const producer = this.#producer;
    if (!producer || producer.closed) return undefined;
    const report = (await producer.getStats()) as unknown as Report;
    const read = readTrackStats(
      { id: producer.id, kind: this.kind, direction: 'out' },
      report,
      this.#reading,
    );
    this.#reading = read.reading;
    return read.stats;
  }
}

/**
 * Encodings on and off. The library's own `setMaxSpatialLayer` can't say "none", and remembers values that a browser has
 * since lost; the sender itself is asked.
 */
async function setActive(producer: types.Producer, isActive: (index: number) => boolean): Promise<void> {
  const sender = producer.rtpSender;
  if (!sender) return;
  const parameters = sender.getParameters();
  let changed = false;
  parameters.encodings?.forEach((encoding, index) => {
    const active = isActive(index);
    changed ||= (encoding.active ?? true) !== active;
    encoding.active = active;
  });
  if (changed) await sender.setParameters(parameters);
}

/** A track of somebody else that is received. When reception is lost and found again, it is another object. */
export class RemoteTrack {
  /** The producer's id. */
  readonly id: string;
  readonly identity: string;
  readonly source: TrackSource;
  readonly #consumer: types.Consumer;
  readonly #host: TrackHost;
  #reading: Reading | undefined;

  constructor(
    facts: { readonly id: string; readonly identity: string; readonly source: TrackSource },
    consumer: types.Consumer,
    host: TrackHost,
  ) {
    this.id = facts.id;
    this.identity = facts.identity;
    this.source = facts.source;
    this.#consumer = consumer;
    this.#host = host;
  }

  get kind(): 'audio' | 'video' {
    return this.#consumer.kind;
  }

  get consumerId(): string {
    return this.#consumer.id;
  }

  get mediaTrack(): MediaStreamTrack {
    return this.#consumer.track;
  }

  get closed(): boolean {
    return this.#consumer.closed;
  }

  /**
   * Shows or plays the track in an element, and lets its size choose the layer: a video that is small, scrolled away or
   * hidden costs accordingly. The returned function takes it out again.
   */
  attach(element: HTMLMediaElement): () => void {
    element.srcObject = new MediaStream([this.mediaTrack]);
    const unwatch = this.kind === 'video' ? this.#host.watch(this.id, element) : () => {};
    // Browsers refuse sound before the first click of a person; the page's own call to play() repeats it.
    element.play().catch(() => undefined);
    return () => {
      unwatch();
      element.srcObject = null;
    };
  }

  /** The highest layers that one wants, whatever the size; the connection may allow only less. */
  async setPreferredLayers(spatialLayer: number, temporalLayer?: number): Promise<void> {
    await this.#host.request('setConsumerPreferredLayers', {
      consumerId: this.consumerId,
      spatialLayer,
      ...(temporalLayer === undefined ? {} : { temporalLayer }),
    });
  }

  /** 1 (what is given up first when bits are short) to 255. */
  async setPriority(priority: number): Promise<void> {
    await this.#host.request('setConsumerPriority', { consumerId: this.consumerId, priority });
  }

  requestKeyFrame(): void {
    this.#host.notify('requestConsumerKeyFrame', { consumerId: this.consumerId });
  }

  /** Numbers since the last call. */
  async stats(): Promise<TrackStats | undefined> {
    if (this.#consumer.closed) return undefined;
    const report = (await this.#consumer.getStats()) as unknown as Report;
    const read = readTrackStats({ id: this.id, kind: this.kind, direction: 'in' }, report, this.#reading);
    this.#reading = read.reading;
    return read.stats;
  }
}
