import { RoomError } from './errors.ts';
import type { Media } from './media.ts';
import { findTrack, type RoomChange, type RoomState, type TrackState } from './state.ts';
import { LocalTrack, type PublishOptions, type TrackHost } from './tracks.ts';

interface PublishedOptions {
  /** The media of the present session. */
  readonly media: () => Media;
  readonly state: () => RoomState;
  readonly change: (change: RoomChange) => void;
  readonly onEnded: (local: LocalTrack, because: 'device' | 'server') => void;
}

/** What one sends, over all sessions and transports: whatever breaks, it is sent again when that is possible. */
export class Published {
  readonly #host: TrackHost;
  readonly #options: PublishedOptions;
  readonly #tracks = new Set<LocalTrack>();
  /** On their way: whoever wants one sent meanwhile waits for that. */
  readonly #sending = new Map<LocalTrack, Promise<void>>();

  constructor(host: TrackHost, options: PublishedOptions) {
    this.#host = host;
    this.#options = options;
  }

  get tracks(): readonly LocalTrack[] {
    return [...this.#tracks];
  }

  withId(producerId: string): LocalTrack | undefined {
    return this.tracks.find((local) => local.id === producerId);
  }

  /** Sends a track now, or with all others as soon as one is in the room. */
  async add(track: MediaStreamTrack, options: PublishOptions, now: boolean): Promise<LocalTrack> {
    const local = new LocalTrack(track, options, this.#host);
    this.#tracks.add(local);
    track.addEventListener?.('ended', () => this.#deviceEnded(local, track));
    if (!now) return local;
    try {
      await this.#send(local);
    } catch (error) {
      // When the session has ended meanwhile, the next one sends it.
      if (isDisconnected(error)) return local;
      this.#tracks.delete(local);
      throw error;
    }
    return local;
  }

  async remove(local: LocalTrack): Promise<void> {
    const producer = this.#forget(local);
    if (!producer) return;
    producer.close();
    this.#options.change({ type: 'trackUnpublished', id: producer.id });
    await this.#host.request('closeProducer', { producerId: producer.id });
  }

  /** In a new session: what may not be sent any more ends. */
  async sendAll(isCurrent: () => boolean): Promise<void> {
    for (const local of this.tracks) {
      if (!isCurrent()) return;
      if (local.id !== undefined) continue;
      try {
        await this.#send(local);
      } catch (error) {
        if (isDisconnected(error)) return;
        this.#forget(local);
        this.#options.onEnded(local, 'server');
      }
    }
  }

  /** Over a new transport, in place of what went over the old one. */
  async sendAgain(some: readonly LocalTrack[] = this.tracks): Promise<void> {
    for (const local of some) if (this.#tracks.has(local)) await this.#send(local, local.id);
  }

  /** Nothing is being sent at the moment. */
  notSent(): void {
    for (const local of this.#tracks) local.sentBy(undefined);
  }

  /** Which tracks the server still knows, as they stand in the state, and which it does not. */
  compare(producerIds: readonly string[]): {
    readonly kept: ReadonlyMap<string, TrackState>;
    readonly lost: readonly LocalTrack[];
  } {
    const kept = new Map<string, TrackState>();
    const lost: LocalTrack[] = [];
    for (const local of this.#tracks) {
      const track = local.id === undefined ? undefined : findTrack(this.#options.state(), local.id)?.[1];
      if (track && producerIds.includes(track.id)) kept.set(track.id, track);
      else lost.push(local);
    }
    return { kept, lost };
  }

  /** One's own tracks are in the state like everybody's. */
  show(local: LocalTrack): void {
    const id = local.id;
    if (id === undefined) return;
    const state = this.#options.state();
    const before = findTrack(state, id)?.[1];
    const track: TrackState = {
      id,
      identity: state.self,
      kind: local.kind,
      source: local.source,
      paused: local.muted,
      muted: local.muted && (before?.muted ?? false),
      subscribed: false,
      sentScore: before?.sentScore ?? null,
      receivedScore: null,
      layers: null,
    };
    this.#options.change({ type: 'trackPublished', track });
  }

  /** The permission is gone, and with it the track. */
  closedByServer(producerId: string): void {
    const local = this.withId(producerId);
    if (!local) return;
    this.#forget(local)?.close();
    this.#options.change({ type: 'trackUnpublished', id: producerId });
    this.#options.onEnded(local, 'server');
  }

  close(): void {
    for (const local of this.tracks) this.#forget(local);
  }

  #send(local: LocalTrack, replaces?: string): Promise<void> {
    const sending = this.#sending.get(local);
    if (sending) return sending;
    const work = this.#sendNow(local, replaces).finally(() => this.#sending.delete(local));
    this.#sending.set(local, work);
    return work;
  }

  async #sendNow(local: LocalTrack, replaces?: string): Promise<void> {
    await this.#options.media().produce(local, replaces);
    if (replaces !== undefined && replaces !== local.id) {
      this.#options.change({ type: 'trackUnpublished', id: replaces });
    }
    // It was taken back while it was on its way.
    if (!this.#tracks.has(local)) {
      const producer = local.producer;
      local.sentBy(undefined);
      producer?.close();
      if (producer) await this.#host.request('closeProducer', { producerId: producer.id });
      return;
    }
    this.show(local);
  }

  #forget(local: LocalTrack): LocalTrack['producer'] {
    if (!this.#tracks.delete(local)) return undefined;
    const producer = local.producer;
    local.sentBy(undefined);
    if (local.options.stopOnUnpublish ?? true) local.mediaTrack.stop();
    return producer;
  }

  /** A camera was pulled out, or sharing was stopped by the browser's own button. */
  #deviceEnded(local: LocalTrack, track: MediaStreamTrack): void {
    if (!this.#tracks.has(local) || local.mediaTrack !== track) return;
    this.#options.onEnded(local, 'device');
    this.remove(local).catch(() => undefined);
  }
}

function isDisconnected(error: unknown): boolean {
  return error instanceof RoomError && error.code === 'disconnected';
}
