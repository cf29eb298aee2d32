import { type Clock, systemClock } from '@backlot/contract/clock';
import { type BackOff, defaultBackOff } from './back-off.ts';
import {
  type CameraOptions,
  captureCamera,
  captureMicrophone,
  captureScreen,
  type MicrophoneOptions,
  type ScreenOptions,
} from './capture.ts';
import { Connection } from './connection.ts';
import { Emitter } from './emitter.ts';
import { RoomError } from './errors.ts';
import { type DataSendOptions, type Direction, Media } from './media.ts';
import { Moderation } from './moderation.ts';
import { watchNetwork } from './network.ts';
import { Published } from './published.ts';
import { reactions } from './reactions.ts';
import { Rebuild } from './rebuild.ts';
import { type RoomEvents, tellChange } from './room-events.ts';
import { addressOf, type RoomOptions } from './room-options.ts';
import { type RpcHandler, RpcHandlers } from './rpc.ts';
import { openWebSocket } from './socket.ts';
import {
  emptyRoom,
  findTrack,
  type ParticipantState,
  type RoomChange,
  type RoomState,
  reduceRoom,
} from './state.ts';
import type { TrackStats } from './stats.ts';
import type { LocalTrack, PublishOptions, RemoteTrack, TrackHost } from './tracks.ts';
import { type View, ViewportWatcher } from './viewport.ts';
import {
  changesOf,
  type EndReason,
  type JoinAnswer,
  type NewConsumer,
  type NewDataConsumer,
  type Snapshot,
  toJoined,
} from './wire.ts';

/**
 * A room, from the moment at which one is in it (or in its lobby) until one leaves.
 *
 * ```ts
 * const room = await Room.connect({ url: location.origin, token, displayName: 'Ada' });
 * room.on('trackSubscribed', (track) => track.attach(document.createElement(track.kind)));
 * await room.publishCamera();
 * ```
 *
 * Lost connections, changed networks and lost media workers are its own affair: tracks stay published, and what is
 * received comes again as `trackSubscribed`. Everything known at a moment is in `state`, which is never changed in
 * place; each change is told by `change`.
 */
export class Room extends Emitter<RoomEvents> {
  readonly moderation: Moderation;
  readonly #options: RoomOptions;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #backOff: BackOff;
  readonly #connection: Connection;
  readonly #host: TrackHost;
  readonly #viewport: ViewportWatcher;
  readonly #published: Published;
  readonly #unsubscribed = new Set<string>();
  readonly #rpc = new RpcHandlers();
  readonly #rebuild: Rebuild;
  readonly #stopWatching: () => void;
  readonly #react: (method: string, data: unknown) => void;
  #state: RoomState = emptyRoom;
  #media: Media;
  /** Counts sessions: what an older one began is of no use to the next. */
  #session = 0;
  #wasJoined = false;
  #refusal: RoomError | undefined;
  #target: { room: string; token: string } | undefined;
  #displayName: string;

  private constructor(options: RoomOptions) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#backOff = options.backOff ?? defaultBackOff;
    this.#displayName = options.displayName ?? '';
    this.#host = {
      request: (method, data) => this.#request(method, data),
      notify: (method, data) => this.#connection.session?.notify(method, data),
      watch: (producerId, element) => this.#viewport.attach(producerId, element),
    };
    this.moderation = new Moderation((method, data) => this.#request(method, data));
    this.#viewport = new ViewportWatcher(this.#clock, (views) => this.setViewport(views));
    this.#media = this.#newMedia();
    this.#published = new Published(this.#host, {
      media: () => this.#media,
      state: () => this.#state,
      change: (change) => this.#change(change),
      onEnded: (local, because) => this.emit('trackEnded', local, because),
    });
    this.#rebuild = new Rebuild({
      clock: this.#clock,
      random: this.#random,
      backOff: this.#backOff,
      once: (direction) => this.#rebuildOnce(direction),
      isWanted: () => !this.#isClosed() && this.#connection.session !== undefined,
      onLost: () => this.emit('mediaLost'),
      onRestored: () => this.emit('mediaRestored'),
    });
    this.#react = reactions({
      media: () => this.#media,
      published: this.#published,
      self: () => this.#state.self,
      change: (change) => this.#change(change),
      join: () => void this.#join(this.#session).catch((error: unknown) => this.#joinFailed(error)),
      rebuild: (direction) => void this.#rebuild.start(direction),
      isRebuilding: (direction) => this.#rebuild.isRunning(direction),
      move: (room, token) => this.#move(room, token),
      room: this,
    });
    this.#connection = new Connection({
      address: () => addressOf(options, this.#target),
      have: () => this.#media.have(),
      openSocket: options.openSocket ?? openWebSocket,
      clock: this.#clock,
      random: this.#random,
      backOff: this.#backOff,
      events: {
        onNotification: (method, data) => this.#notified(method, data),
        onRequest: (method, data) => this.#asked(method, data),
        onNewSession: () => void this.#enter(),
        onResumed: (snapshot) => this.#resumed(snapshot),
        onLost: () => this.#lost(),
        onEnd: (reason, error) => this.#end(reason, error),
      },
    });
    this.#stopWatching = watchNetwork(() => {
      this.#connection.probe();
      this.#media.networkChanged();
    });
  }

  /**
   * Resolves once one is in the room, or in its lobby (`state.phase` says which).
   * @throws RoomError `refused` with the server's code as `reason` (`room_locked`, `room_full`, `room_token_invalid` …),
   *   `disconnected` when the server can't be reached, `unsupported` without WebRTC.
   */
  static connect(options: RoomOptions): Promise<Room> {
    const room = new Room(options);
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const end = (finish: () => void) => {
        stopChange();
        stopClosed();
        signal?.removeEventListener('abort', onAbort);
        finish();
      };
      const onAbort = () => {
        end(() => reject(signal?.reason));
        void room.leave();
      };
      const stopChange = room.on('change', ({ phase }) => {
        if (phase === 'joined' || phase === 'lobby') end(() => resolve(room));
      });
      const stopClosed = room.on('closed', (reason, error) =>
        end(() =>
          reject(error ?? new RoomError('closed', `The room could not be joined: ${reason}.`, { reason })),
        ),
      );
      if (signal?.aborted) return onAbort();
      signal?.addEventListener('abort', onAbort);
      room.#connection.start();
    });
  }

  get state(): RoomState {
    return this.#state;
  }

  get self(): ParticipantState | undefined {
    return this.#state.participants.get(this.#state.self);
  }

  /** What one sends. */
  get localTracks(): readonly LocalTrack[] {
    return this.#published.tracks;
  }

  /** What is received now, by the producer's id. */
  get remoteTracks(): ReadonlyMap<string, RemoteTrack> {
    return new Map([...this.#media.consumers().values()].map((track) => [track.id, track]));
  }

  /** Sends a track. It goes on over reconnects until `unpublish`. @throws RoomError `refused` without the permission. */
  publish(track: MediaStreamTrack, options: PublishOptions): Promise<LocalTrack> {
    if (this.#isClosed()) return Promise.reject(new RoomError('closed', 'The room was left.'));
    return this.#published.add(track, options, this.#state.phase === 'joined');
  }

  async publishCamera(options: CameraOptions & Partial<PublishOptions> = {}): Promise<LocalTrack> {
    return this.publish(await captureCamera(options), { source: 'camera', ...options });
  }

  async publishMicrophone(options: MicrophoneOptions & Partial<PublishOptions> = {}): Promise<LocalTrack> {
    return this.publish(await captureMicrophone(options), { source: 'microphone', ...options });
  }

  /** Must be called by a click. */
  async publishScreen(options: ScreenOptions & Partial<PublishOptions> = {}): Promise<LocalTrack> {
    const { video, audio } = await captureScreen(options);
    const local = await this.publish(video, { source: 'screen', ...options });
    if (audio) await this.publish(audio, { source: 'screen-audio' });
    return local;
  }

  unpublish(local: LocalTrack): Promise<void> {
    return this.#published.remove(local);
  }

  async mute(local: LocalTrack): Promise<void> {
    await local.mute();
    this.#published.show(local);
  }

  /** @throws RoomError `refused` while a moderator has it muted. */
  async unmute(local: LocalTrack): Promise<void> {
    await local.unmute();
    this.#published.show(local);
  }

  async subscribe(trackIds: readonly string[]): Promise<void> {
    for (const id of trackIds) this.#unsubscribed.delete(id);
    if (trackIds.length > 0) await this.#request('subscribe', { producerIds: trackIds });
  }

  async unsubscribe(trackIds: readonly string[]): Promise<void> {
    for (const id of trackIds) this.#unsubscribed.add(id);
    if (trackIds.length > 0) await this.#request('unsubscribe', { producerIds: trackIds });
  }

  /** How large tracks are shown, in device pixels; `RemoteTrack.attach` does this by itself. */
  setViewport(views: readonly View[]): void {
    const known = views.filter(({ producerId }) => findTrack(this.#state, producerId));
    if (known.length > 0) {
      this.#connection.session?.notify('setViewport', {
        views: known.map(({ producerId, width, height }) => ({
          producerId,
          width: Math.round(width),
          height: Math.round(height),
        })),
      });
    }
  }

  /** JSON of at most 16 kB to everybody, or to some; in order, and not lost by a reconnect. */
  async send(topic: string, payload: unknown, to?: readonly string[]): Promise<void> {
    await this.#request('sendData', { topic, payload, ...(to === undefined ? {} : { to }) });
  }

  /** Bytes or text over a data channel, to everybody: fast, up to 256 kB each. */
  sendData(payload: string | ArrayBuffer | Uint8Array, options: DataSendOptions): Promise<void> {
    return this.#media.sendData(payload, options);
  }

  /** Asks the client of one participant; resolves with what its handler returned. */
  async rpc(to: string, method: string, payload: unknown, timeoutMs = 10_000): Promise<unknown> {
    const answer = await this.#request('rpc', { to, method, payload, timeoutMs }, timeoutMs + 5_000);
    return (answer as { payload?: unknown }).payload;
  }

  /** Answers `rpc` of others until the returned function is called. */
  handle(method: string, handler: RpcHandler): () => void {
    return this.#rpc.handle(method, handler);
  }

  async setDisplayName(displayName: string): Promise<void> {
    this.#displayName = displayName;
    await this.#request('changeDisplayName', { displayName });
    this.#change({ type: 'participantChanged', identity: this.#state.self, change: { name: displayName } });
  }

  /** Numbers of all tracks since the last call, own ones too; of one participant when it is named. */
  async stats(identity?: string): Promise<TrackStats[]> {
    const own = identity === undefined || identity === this.#state.self ? this.#published.tracks : [];
    const others = [...this.#media.consumers().values()].filter(
      (track) => identity === undefined || track.identity === identity,
    );
    const all = await Promise.all([...own, ...others].map((track) => track.stats().catch(() => undefined)));
    return all.filter((stats) => stats !== undefined);
  }

  /** Breaks the connection as a network does; for trying out how an application takes it. */
  simulateDisconnect(): void {
    this.#connection.drop();
  }

  /** Leaves, stops the devices that were published, and closes everything. */
  async leave(): Promise<void> {
    if (this.#isClosed()) return;
    const told = this.#connection.session?.request('leave', {}, 1_000).catch(() => undefined);
    await this.#close('left', undefined, told);
  }

  async #request(method: string, data: object, limitMs?: number): Promise<unknown> {
    const session = this.#connection.session;
    if (!session) throw new RoomError('disconnected', 'There is no connection to the room.');
    return session.request(method, data, limitMs);
  }

  #newMedia(): Media {
    return new Media({ ...this.#options, clock: this.#clock }, this.#host, {
      onReceived: (track) => {
        this.#change({ type: 'trackChanged', id: track.id, change: { subscribed: true } });
        this.emit('trackSubscribed', track);
      },
      onReceptionEnded: (track) => {
        this.#viewport.forget(track.id);
        this.#change({ type: 'trackChanged', id: track.id, change: { subscribed: false, layers: null } });
        this.emit('trackUnsubscribed', track);
      },
      onData: (message) => this.emit('data', message),
      onLost: (direction) => void this.#rebuild.start(direction),
    });
  }

  /** A new session: joins, and sends what is to be sent. */
  async #enter(): Promise<void> {
    const session = ++this.#session;
    this.#refusal = undefined;
    await this.#media.close();
    this.#published.notSent();
    if (session !== this.#session || this.#isClosed()) return;
    const media = this.#newMedia();
    this.#media = media;
    try {
      // All in one round trip. In a lobby these are refused; they are asked for again once one is in.
      await Promise.all([media.load(), media.open('receive')]).catch((error) => this.#refused(error));
      await this.#join(session);
    } catch (error) {
      if (session !== this.#session || this.#isClosed()) return;
      // A session that broke under it is followed by another one.
      if (error instanceof RoomError && error.code === 'disconnected') return;
      const known =
        error instanceof RoomError ? error : new RoomError('closed', String(error), { cause: error });
      await this.#close('refused', known);
    }
  }

  async #join(session: number): Promise<void> {
    const media = this.#media;
    if (!media.receiveCapabilities) await media.load().catch((error) => this.#refused(error));
    const answer = (await this.#request('join', {
      displayName: this.#displayName,
      device: this.#options.device ?? {},
      ...(media.receiveCapabilities ? { rtpCapabilities: media.receiveCapabilities } : {}),
    })) as JoinAnswer;
    if (session !== this.#session || this.#isClosed()) return;
    if (answer.state === 'lobby') {
      this.#change({ type: 'room', room: { name: answer.room.name } });
      this.#change({ type: 'phase', phase: 'lobby' });
      return; // `admitted` follows.
    }
    const again = this.#wasJoined;
    this.#wasJoined = true;
    this.#change(toJoined(answer, new Map()));
    this.#viewport.repeat();
    if (this.#unsubscribed.size > 0) {
      const stillThere = [...this.#unsubscribed].filter((id) => findTrack(this.#state, id));
      this.unsubscribe(stillThere).catch(() => undefined);
    }
    await media.open('receive');
    if (again) this.emit('reconnected', false);
    await this.#published.sendAll(() => session === this.#session);
  }

  #lost(): void {
    if (this.#isClosed()) return;
    const { phase } = this.#state;
    if (phase !== 'reconnecting' && phase !== 'moving') {
      this.#change({ type: 'phase', phase: this.#wasJoined ? 'reconnecting' : 'connecting' });
      if (this.#wasJoined) this.emit('reconnecting');
    }
  }

  #resumed(snapshot: Snapshot | null): void {
    if (snapshot) this.#take(snapshot);
    this.#change({ type: 'phase', phase: this.#wasJoined ? 'joined' : 'lobby' });
    this.#viewport.repeat();
    this.emit('reconnected', true);
  }

  /** The control plane was restarted: what it knows is taken over, and what it does not know is made anew. */
  #take(snapshot: Snapshot): void {
    const { kept, lost } = this.#published.compare(snapshot.producerIds);
    const media = this.#media;
    this.#change(toJoined(snapshot, kept));
    for (const [consumerId, track] of media.consumers()) {
      if (!snapshot.consumerIds.includes(consumerId)) media.endConsumer(consumerId);
      else this.#change({ type: 'trackChanged', id: track.id, change: { subscribed: true } });
    }
    for (const direction of ['send', 'receive'] as const) {
      if (!media.has(direction)) continue;
      void media.open(direction).then(
        (transport) => {
          if (!snapshot.transportIds.includes(transport.id)) return this.#rebuild.start(direction);
          return direction === 'send' ? this.#published.sendAgain(lost) : undefined;
        },
        () => undefined,
      );
    }
  }

  /** A transport is gone: makes a new one, and sends or receives over it what went over the old one. */
  async #rebuildOnce(direction: Direction): Promise<void> {
    const media = this.#media;
    await media.lose(direction);
    if (direction === 'receive') this.#change({ type: 'receptionLost' });
    await media.open(direction);
    if (direction === 'receive') {
      this.#viewport.repeat();
      return; // The server offers what is subscribed by itself.
    }
    await this.#published.sendAgain();
  }

  #notified(method: string, data: unknown): void {
    for (const change of changesOf(method, data, (id) => this.#media.producerOf(id))) this.#change(change);
    this.#react(method, data);
  }

  #joinFailed(error: unknown): void {
    if (error instanceof RoomError && error.code === 'disconnected') return;
    void this.#close('refused', error instanceof RoomError ? error : undefined);
  }

  /** Somebody sent one to another room: connects to it, with everything that one sends. */
  #move(room: string, token: string): void {
    this.#target = { room, token };
    this.#change({ type: 'phase', phase: 'moving' });
    this.emit('moved', room);
    this.#connection.restart();
  }

  async #asked(method: string, data: unknown): Promise<unknown> {
    if (method === 'newConsumer') return this.#media.consume(data as NewConsumer);
    if (method === 'newDataConsumer') return this.#media.consumeData(data as NewDataConsumer);
    if (method === 'rpc') return this.#rpc.answer(data as Parameters<RpcHandlers['answer']>[0]);
    throw new Error(`This client does not know ${method}.`);
  }

  /** The answer to a request knows why better than the last word before the socket is closed. */
  #refused(error: unknown): void {
    if (!(error instanceof RoomError) || error.code !== 'refused') throw error;
    this.#refusal = error;
  }

  #end(reason: EndReason, error: RoomError): void {
    const why = reason === 'refused' ? (this.#refusal ?? error) : error;
    void this.#close(reason, reason === 'left' ? undefined : why);
  }

  async #close(reason: EndReason, error: RoomError | undefined, before?: Promise<unknown>): Promise<void> {
    if (this.#isClosed()) return;
    this.#session += 1;
    this.#stopWatching();
    this.#viewport.close();
    this.#published.close();
    this.#change({ type: 'closed', reason });
    this.emit('closed', reason, error);
    await this.#media.close();
    await before;
    this.#connection.close();
    this.removeAll();
  }

  #isClosed(): boolean {
    return this.#state.phase === 'closed';
  }

  #change(change: RoomChange): void {
    const before = this.#state;
    const state = reduceRoom(before, change);
    if (state === before) return;
    this.#state = state;
    tellChange(this, change, state);
    this.emit('change', state);
  }
}
