import { BacklotError, type ErrorKind, type Language, type PhraseParams } from '@backlot/contract';
import {
  type CloseCode,
  closeCodes,
  PlayerExtension,
  PROTOCOL_VERSION,
  playerRelayed,
  type ServerExtensionInput,
  wireErrors,
} from '../../contract.ts';
import { hasDataSection, rejectDataChannel } from './data-channel.ts';
import type { Frame } from './frame.ts';
import { type House, wordsOf } from './house.ts';
import type { SeatedPlayer } from './seat.ts';
import type { SignalSocket } from './signal-socket.ts';
import type { Stage } from './stage.ts';
import { isAmbiguous, stampPlayerId } from './stamp.ts';

/** What a player can subscribe to. */
export interface Directory {
  /** The ids that it is told, or null while it is told none. */
  ids(): readonly string[] | null;
  find(streamerId: string): Stage | undefined;
  /** For pages that never subscribe. */
  first(): Stage | undefined;
}

export interface PlayerOptions {
  readonly house: House;
  readonly line: SignalSocket;
  readonly playerId: string;
  readonly mayInput: boolean;
  readonly cameBack: boolean;
  readonly pageOffers: boolean;
  /** Whether it understands `backlot.*` messages. */
  readonly extensions: boolean;
  readonly language: Language;
  readonly directory: Directory;
  /** An answer has passed: from here on a picture can come. */
  readonly onNegotiated?: () => void;
  readonly onExtension?: (message: PlayerExtension) => void;
}

/**
 * A player on the wire: Epic's side of the protocol, from `config` to the last candidate. Whoever it is (of a session,
 * or in open mode) is its directory's business.
 */
export class Player implements SeatedPlayer {
  readonly playerId: string;
  readonly cameBack: boolean;
  mayInput: boolean;
  readonly #options: PlayerOptions;
  readonly #line: SignalSocket;
  #stage: Stage | undefined;
  #asked = false;
  #configured = false;
  #joinedAt = 0;
  /** It has answered or offered since it has joined. */
  #spoke = false;
  #cancelGrace: (() => void) | undefined;

  constructor(options: PlayerOptions) {
    this.#options = options;
    this.#line = options.line;
    this.playerId = options.playerId;
    this.mayInput = options.mayInput;
    this.cameBack = options.cameBack;
  }

  /** Whether it has had its `config`, which comes only once on a socket. */
  get configured(): boolean {
    return this.#configured;
  }

  get stage(): Stage | undefined {
    return this.#stage;
  }

  /** It has asked for the list, before it could be answered. */
  asked(): void {
    this.#asked = true;
  }

  /**
   * The player may begin: `config`, on which its page makes the peer connection, and the list. A page that neither asks
   * nor subscribes is of an engine before 5.2 and waits to be connected.
   */
  begin(user: string, relayOnly: boolean, list: boolean): void {
    const { house, directory } = this.#options;
    this.#configured = true;
    this.#line.say({
      type: 'config',
      peerConnectionOptions: house.peerOptions({ side: 'player', user, relayOnly }),
      protocolVersion: PROTOCOL_VERSION,
    });
    if (list) this.sendList();
    if (this.#asked) return;
    this.#cancelGrace = house.clock.after(house.limits.subscribeMs, () => {
      const stage = this.#stage || this.#asked ? undefined : directory.first();
      if (stage) this.#join(stage, this.#options.pageOffers);
    });
  }

  /** The page still has its peer connection: nothing is sent, nothing is said to the streamer. */
  resume(stage: Stage): void {
    this.#configured = true;
    this.#stage = stage;
    stage.resume(this);
  }

  sendList(): void {
    const ids = this.#options.directory.ids();
    if (ids) this.#line.say({ type: 'streamerList', ids });
  }

  handle(frame: Frame): void {
    switch (frame.type) {
      case 'ping':
        this.#pong(frame.fields.time);
        return;
      case 'pong':
        return;
      case 'listStreamers':
        this.asked();
        if (this.#configured) this.sendList();
        return;
      case 'subscribe':
        this.#subscribe(frame.fields.streamerId);
        return;
      case 'unsubscribe':
        this.leave();
        return;
      default:
        if (playerRelayed.has(frame.type)) this.#relay(frame);
        else if (frame.type.startsWith('backlot.')) this.#extension(frame);
        else this.#options.house.counters.dropped += 1;
    }
  }

  /** Leaves its stage; with `graceMs`, its peer is kept for so long. */
  leave(graceMs = 0): void {
    this.#cancelGrace?.();
    const stage = this.#stage;
    this.#stage = undefined;
    stage?.leave(this, graceMs);
  }

  /** A message for those who opted in. */
  tell(message: ServerExtensionInput): void {
    if (this.#options.extensions) this.#line.say(message);
  }

  refuse(kind: ErrorKind, params: PhraseParams = {}): void {
    this.#options.house.counters.refuse(kind.code);
    const error = new BacklotError(kind, { params });
    this.tell({ type: 'backlot.refused', ...wordsOf(error, this.#options.language) });
  }

  /** Refuses, and closes with the same sentence. */
  end(kind: ErrorKind, code: CloseCode): void {
    this.refuse(kind);
    this.#line.close(code, new BacklotError(kind).sentence(this.#options.language));
  }

  relay(bytes: Buffer): void {
    this.#options.house.counters.toPlayer += 1;
    this.#line.relay(bytes);
  }

  /** `disconnectPlayer`: Epic's servers close with 1011 and the application's own words. */
  dismissed(reason: string | undefined): void {
    this.leave();
    this.refuse(wireErrors.disconnected_by_application);
    const sentence = new BacklotError(wireErrors.disconnected_by_application).sentence(
      this.#options.language,
    );
    this.#line.close(closeCodes.fault, reason ?? sentence);
  }

  #pong(time: unknown): void {
    if (typeof time === 'number') this.#line.say({ type: 'pong', time });
  }

  #subscribe(streamerId: unknown): void {
    const { directory, house } = this.#options;
    this.asked();
    const stage = this.#configured && typeof streamerId === 'string' ? directory.find(streamerId) : undefined;
    if (!stage) {
      // Before its config a page can't mean it; it subscribes again when it is shown the list.
      if (!this.#configured) return;
      house.counters.refuse(wireErrors.streamer_unknown.code);
      const message = new BacklotError(wireErrors.streamer_unknown).sentence(this.#options.language);
      this.#line.say({ type: 'subscribeFailed', message });
      return;
    }
    if (stage === this.#stage && this.#isExpected()) return;
    this.leave();
    this.#join(stage, this.#options.pageOffers);
  }

  /**
   * It has only just joined, and the first word of its peer is on the way. The list comes unasked when the instance is ready;
   * a page that asks in the same moment is shown it twice, Epic's then subscribes twice, and a second offer for the peer
   * connection that is answering the first leaves it connecting for ever.
   */
  #isExpected(): boolean {
    const { clock, limits } = this.#options.house;
    return !this.#spoke && clock.monotonic() - this.#joinedAt < limits.subscribeMs;
  }

  #join(stage: Stage, pageOffers: boolean): void {
    this.#cancelGrace?.();
    this.#stage = stage;
    this.#joinedAt = this.#options.house.clock.monotonic();
    this.#spoke = false;
    stage.join(this, pageOffers);
  }

  #relay(frame: Frame): void {
    const { house, directory } = this.#options;
    if (!this.#stage) {
      // Pages before 5.2 don't subscribe; those of 4.27, and pages that offer, speak first.
      const stage = this.#configured ? directory.first() : undefined;
      if (stage) this.#join(stage, frame.type === 'offer');
    }
    const bytes = this.#stage && this.#outgoing(frame);
    if (!bytes || !this.#stage?.toStreamer(this, frame.type, bytes)) {
      house.counters.dropped += 1;
      return;
    }
    house.counters.toStreamer += 1;
    if (frame.type === 'answer' || frame.type === 'offer') this.#spoke = true;
    if (frame.type === 'answer') this.#options.onNegotiated?.();
  }

  /** The bytes for the streamer, or undefined when they are refused. */
  #outgoing(frame: Frame): Buffer | undefined {
    if (this.mayInput) return stampPlayerId(frame, this.playerId);
    if (isAmbiguous(frame)) {
      this.refuse(wireErrors.frame_ambiguous);
      return undefined;
    }
    const { sdp } = frame.fields;
    if (frame.type === 'offer' || frame.type === 'answer') {
      if (typeof sdp !== 'string') return undefined;
      if (hasDataSection(sdp)) {
        if (frame.type === 'offer') {
          this.refuse(wireErrors.offer_not_allowed);
          return undefined;
        }
        // The one message that is written anew.
        const rewritten = { ...frame.fields, sdp: rejectDataChannel(sdp), playerId: this.playerId };
        return Buffer.from(JSON.stringify(rewritten));
      }
    }
    return stampPlayerId(frame, this.playerId);
  }

  #extension(frame: Frame): void {
    const { extensions, onExtension, house } = this.#options;
    const message = extensions ? PlayerExtension.safeParse(frame.fields) : undefined;
    if (message?.success) onExtension?.(message.data);
    else house.counters.dropped += 1;
  }
}
