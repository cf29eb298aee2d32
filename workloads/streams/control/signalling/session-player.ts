import { BacklotError, translateReason } from '@backlot/contract';
import {
  closeCodes,
  type PlayerExtension,
  type PlayerRole,
  streamPhrases,
  wireErrors,
} from '../../contract.ts';
import type { AttachedPlayer, InstanceRef, PlayerArrival, PlayerConnection, PlayerUpdate } from '../ports.ts';
import type { PlayerAddress } from './arrival.ts';
import type { Frame } from './frame.ts';
import { closeCodeOf, type House, wordsOf } from './house.ts';
import { type Directory, Player } from './player.ts';
import type { SignalSocket } from './signal-socket.ts';
import type { Stage } from './stage.ts';
import { TokenBucket } from './token-bucket.ts';

/** Updates that may come before `attach` has resolved. */
const maxEarly = 32;

/** Closes that a page means: the tab is gone or reloaded, or it was told to stop. Its peer is gone with it. */
const deliberate: ReadonlySet<number> = new Set([1000, 1001, 1005]);

/**
 * The socket of a player of a session. It is let in by `sessions`, which also says when its instance is there; until
 * then the page is kept waiting without `config` and `streamerList`, so that it gets fresh credentials when it needs
 * them, and nobody in the queue gets any.
 */
export class SessionPlayer implements PlayerConnection {
  readonly #house: House;
  readonly #line: SignalSocket;
  readonly #address: PlayerAddress;
  readonly #arrival: PlayerArrival;
  readonly #requests: TokenBucket;
  #attached: AttachedPlayer | undefined;
  #player: Player | undefined;
  #role: PlayerRole = 'viewer';
  #instance: InstanceRef | undefined;
  #early: PlayerUpdate[] = [];
  #asked = false;
  #closed: { readonly code: number } | undefined;
  #cancelAttach: (() => void) | undefined;

  constructor(house: House, line: SignalSocket, address: PlayerAddress, arrival: PlayerArrival) {
    this.#house = house;
    this.#line = line;
    this.#address = address;
    this.#arrival = arrival;
    const { requestsPerSecond } = house.limits;
    this.#requests = new TokenBucket(requestsPerSecond, requestsPerSecond * 4, house.clock.monotonic());
  }

  /** Asks to be let in. Never rejects. */
  async attach(): Promise<void> {
    this.#cancelAttach = this.#house.clock.after(this.#house.limits.attachMs, () =>
      this.#refuse(new BacklotError(wireErrors.attach_timed_out)),
    );
    try {
      const attached = await this.#house.turnstile.pass(
        'player',
        () => this.#line.isOpen,
        () => this.#house.sessions.attach(this.#arrival, this),
      );
      this.#cancelAttach();
      if (!attached) return; // It has left the line.
      this.#attached = attached;
      if (this.#closed || !this.#line.isOpen) {
        // It left meanwhile; or it was told to, and its close comes.
        if (this.#closed) attached.detach(this.#closed.code === 1000 ? 'left' : 'broken');
        return;
      }
      this.#letIn(attached);
    } catch (error) {
      this.#cancelAttach();
      if (!(error instanceof BacklotError)) {
        this.#house.log.error({ err: error, app: this.#arrival.app }, 'a player could not be let in');
      }
      this.#refuse(error instanceof BacklotError ? error : new BacklotError(wireErrors.signalling_fault));
    }
  }

  handle(frame: Frame): void {
    if (this.#player) {
      this.#player.handle(frame);
      return;
    }
    if (frame.type === 'ping' && typeof frame.fields.time === 'number') {
      this.#line.say({ type: 'pong', time: frame.fields.time });
    } else if (frame.type === 'listStreamers') {
      this.#asked = true;
    } else if (frame.type !== 'pong') {
      this.#house.counters.dropped += 1;
    }
  }

  /** Its socket has closed. */
  closed(code: number): void {
    this.#closed = { code };
    this.#cancelAttach?.();
    const mayResume = this.#attached?.kind === 'player' && !deliberate.has(code);
    this.#player?.leave(mayResume ? this.#house.limits.resumeMs : 0);
    this.#attached?.detach(code === 1000 ? 'left' : 'broken');
  }

  // What sessions say ---------------------------------------------------------------------------------------------

  notify(update: PlayerUpdate): void {
    const player = this.#player;
    if (!player) {
      if (this.#early.length < maxEarly) this.#early.push(update);
      return;
    }
    switch (update.kind) {
      case 'queued':
        player.tell({
          type: 'backlot.queued',
          position: update.position,
          waitedMs: update.waitedMs,
          estimateMs: update.estimateMs,
        });
        return;
      case 'starting':
        player.tell({ type: 'backlot.starting', step: update.step, reason: update.reason });
        return;
      case 'ready':
        this.#ready(player, update.instance);
        return;
      case 'unready':
        this.#unready(player);
        return;
      case 'role':
        this.#roleChanged(player, update);
        return;
      case 'control-wanted':
        player.tell({ type: 'backlot.controlWanted', by: update.by, name: update.name });
        return;
      case 'warning':
        player.tell({ type: 'backlot.warning', why: update.why, endsInMs: update.endsInMs });
        return;
      case 'token':
        this.#introduce(player, update.token);
        return;
    }
  }

  close(end: Parameters<PlayerConnection['close']>[0]): void {
    const { language } = this.#address;
    if (end === null) {
      // Its picture may go on with the connection that has taken its place.
      this.#player?.leave(this.#house.limits.resumeMs);
      this.#line.close(closeCodes.over, new BacklotError(wireErrors.socket_replaced).sentence(language));
      return;
    }
    const message = translateReason(end.sentence, [streamPhrases], language);
    const { code, params } = end.sentence;
    this.#player?.tell({ type: 'backlot.ended', reason: end.reason, code, message, params });
    // Media does not end with the socket: the streamer has to be told.
    this.#player?.leave();
    this.#line.close(closeCodes.over, message);
  }

  // What follows --------------------------------------------------------------------------------------------------

  #letIn(attached: AttachedPlayer): void {
    this.#role = attached.role;
    const player = new Player({
      house: this.#house,
      line: this.#line,
      playerId: attached.playerId,
      mayInput: attached.kind === 'service' || attached.role === 'controller',
      cameBack: this.#arrival.session !== undefined,
      pageOffers: this.#address.pageOffers,
      extensions: this.#arrival.extensions,
      language: this.#address.language,
      directory: this.#directory(attached.app.slug),
      onNegotiated: () => {
        if (!this.#arrival.extensions) attached.media();
      },
      onExtension: (message) => this.#extension(message),
    });
    if (this.#asked) player.asked();
    this.#player = player;
    this.#introduce(player, attached.token);
    const early = this.#early;
    this.#early = [];
    for (const update of early) this.notify(update);
    if (attached.instance && !this.#instance) this.#ready(player, attached.instance);
  }

  #introduce(player: Player, token: string | null): void {
    const attached = this.#attached;
    if (!attached) return;
    player.tell({
      type: 'backlot.session',
      sessionId: attached.sessionId,
      playerId: attached.playerId,
      token,
      role: this.#role,
      app: { slug: attached.app.slug, name: attached.app.name },
    });
  }

  /** The one stream that this player may have, under a name that stays when the instance is another one. */
  #directory(slug: string): Directory {
    const stage = (): Stage | undefined =>
      this.#instance ? this.#house.stage(this.#instance.instanceId) : undefined;
    return {
      ids: () => (this.#instance ? [slug] : null),
      find: (id) => (id === slug || id === this.#instance?.instanceId ? stage() : undefined),
      first: stage,
    };
  }

  #ready(player: Player, instance: InstanceRef): void {
    if (this.#instance?.instanceId === instance.instanceId) return;
    if (player.configured) {
      // Epic's page takes one `config` in the life of a socket; for another instance it has to come again.
      player.leave();
      player.end(wireErrors.stream_moved, closeCodes.comeBack);
      return;
    }
    this.#instance = instance;
    player.tell({ type: 'backlot.ready', stream: instance.instanceId });
    if (this.#address.resume === instance.instanceId && this.#arrival.session !== undefined) {
      const stage = this.#house.stage(instance.instanceId);
      if (stage.canResume(player)) {
        player.resume(stage);
        return;
      }
    }
    player.begin(player.playerId, instance.relayOnly, true);
  }

  #unready(player: Player): void {
    this.#instance = undefined;
    player.leave();
  }

  #roleChanged(player: Player, update: Extract<PlayerUpdate, { kind: 'role' }>): void {
    const { role, controllers, viewers } = update;
    const changed = role !== this.#role;
    this.#role = role;
    player.mayInput = role === 'controller';
    player.tell({ type: 'backlot.role', role, controllers, viewers });
    if (!changed || !player.stage) return;
    // Input is decided when a peer connection is negotiated, so it takes a new one. Who loses control loses it now,
    // whatever its page does; who gains it keeps its picture until it is back.
    player.leave(role === 'controller' ? this.#house.limits.resumeMs : 0);
    player.end(wireErrors.role_changed, closeCodes.comeBack);
  }

  #extension(message: PlayerExtension): void {
    const attached = this.#attached;
    if (!attached) return;
    switch (message.type) {
      case 'backlot.activity':
        attached.activity();
        return;
      case 'backlot.stats': {
        const { type: _, framesDecoded, ...sample } = message;
        if (framesDecoded !== null && framesDecoded > 0) attached.media();
        attached.stats(sample);
        return;
      }
      case 'backlot.takeControl':
        this.#request(() => attached.takeControl());
        return;
      case 'backlot.handOver':
        this.#request(() => attached.handOver(message.to));
        return;
      case 'backlot.end':
        this.#request(() => attached.end());
        return;
    }
  }

  /** Something that reaches the database: not too often, and a refusal is said and no more. */
  #request(act: () => Promise<void>): void {
    if (!this.#requests.take(1, this.#house.clock.monotonic())) {
      this.#player?.refuse(wireErrors.frames_too_many);
      return;
    }
    act().catch((error: unknown) => {
      if (error instanceof BacklotError) {
        this.#player?.refuse(error.kind, error.params);
      } else {
        this.#house.log.error({ err: error }, 'a request of a player failed');
        this.#player?.refuse(wireErrors.signalling_fault);
      }
    });
  }

  #refuse(error: BacklotError): void {
    this.#house.counters.refuse(error.code);
    const { language } = this.#address;
    if (this.#arrival.extensions) {
      this.#line.say({ type: 'backlot.refused', ...wordsOf(error, language) });
    }
    this.#line.close(closeCodeOf(error.kind), error.sentence(language));
  }
}
