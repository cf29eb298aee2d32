import { BacklotError } from '@backlot/contract';
import { closeCodes, PROTOCOL_VERSION, streamerRelayed, wireErrors } from '../../contract.ts';
import type { Frame } from './frame.ts';
import { closeCodeOf, type House } from './house.ts';
import type { SignalSocket } from './signal-socket.ts';
import type { Stage, StageStreamer } from './stage.ts';

export interface StreamerOptions {
  readonly house: House;
  readonly line: SignalSocket;
  /** Name in its TURN credentials. */
  readonly user: string;
  /** Message types that its engine is known to refuse. A set that is shared by all instances of the app. */
  readonly refused: Set<string>;
  /**
   * It has said its id (null: it never will) and takes players from now on. Resolves with its stage and the id that it
   * is confirmed, or undefined when it is not wanted.
   */
  readonly onIdentified: (
    id: string | null,
    streamer: Streamer,
  ) => Promise<{ readonly stage: () => Stage; readonly confirmedId: string } | undefined>;
}

/**
 * A streamer on the wire. Engines differ in what they understand: 5.2 and later are asked who they are, older ones
 * never say, and those up to 5.1 close their socket (4001) on a message that they don't know, with its type in the
 * reason. That type is remembered and not sent to this app again; engines reconnect by themselves.
 */
export class Streamer implements StageStreamer {
  readonly line: SignalSocket;
  readonly #options: StreamerOptions;
  #stage: Stage | undefined;
  #identified: 'no' | 'asking' | 'yes' = 'no';
  #confirmedId: string | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: StreamerOptions) {
    this.#options = options;
    this.line = options.line;
  }

  start(): void {
    const { house, user } = this.#options;
    this.#say({
      type: 'config',
      peerConnectionOptions: house.peerOptions({ side: 'streamer', user, relayOnly: false }),
      protocolVersion: PROTOCOL_VERSION,
    });
    if (this.#understands('identify')) {
      this.#say({ type: 'identify' });
      this.#cancel = house.clock.after(house.limits.identifyMs, () => this.#identify(null));
    } else {
      this.#identify(null);
    }
  }

  handle(frame: Frame): void {
    const { counters } = this.#options.house;
    switch (frame.type) {
      case 'ping':
        if (typeof frame.fields.time === 'number') this.#say({ type: 'pong', time: frame.fields.time });
        return;
      case 'pong':
        return;
      case 'endpointId': {
        const { id } = frame.fields;
        this.#identify(typeof id === 'string' ? id : null);
        return;
      }
      case 'disconnectPlayer':
        if (!this.#isCurrent || !this.#stage?.dismiss(frame.fields.playerId, frame.fields.reason)) {
          counters.dropped += 1;
        }
        return;
      default:
        // One that makes offers without having said who it is never will say.
        if (this.#identified === 'no' && streamerRelayed.has(frame.type)) this.#identify(null);
        if (!this.#isCurrent || !this.#stage?.fromStreamer(frame)) counters.dropped += 1;
    }
  }

  /** Its socket has closed. */
  closed(code: number, reason: string): void {
    this.#cancel?.();
    const unknown = code === 4001 ? /^Unsupported message received: (\w{1,40})/.exec(reason)?.[1] : undefined;
    if (unknown !== undefined && unknown !== 'config') this.#options.refused.add(unknown);
    this.#stage?.streamerLeft(this);
  }

  relay(bytes: Buffer): void {
    this.line.relay(bytes);
  }

  playerConnected(playerId: string, options: { dataChannel: boolean; pageOffers: boolean }): void {
    const { dataChannel, pageOffers } = options;
    this.#say({
      type: 'playerConnected',
      playerId,
      dataChannel,
      sfu: false,
      ...(pageOffers ? { sendOffer: false } : {}),
    });
  }

  playerDisconnected(playerId: string): void {
    this.#say({ type: 'playerDisconnected', playerId });
  }

  get #isCurrent(): boolean {
    return this.#stage?.isStreamer(this) === true;
  }

  #understands(type: string): boolean {
    return !this.#options.refused.has(type);
  }

  #say(message: Parameters<SignalSocket['say']>[0]): void {
    if (this.#understands(message.type)) this.line.say(message);
  }

  #identify(id: string | null): void {
    this.#cancel?.();
    if (this.#identified === 'yes') {
      // Said again, as engines do when they were late: it keeps the id that it has.
      if (id !== null) this.#confirm();
      return;
    }
    if (this.#identified === 'asking') return;
    this.#identified = 'asking';
    this.#options.onIdentified(id, this).then(
      (answer) => {
        if (!answer || !this.line.isOpen) return;
        this.#identified = 'yes';
        this.#confirmedId = answer.confirmedId;
        if (id !== null) this.#confirm();
        this.#stage = answer.stage();
        this.#stage.streamerArrived(this);
      },
      (error: unknown) => {
        if (error instanceof BacklotError) {
          // Its instance was ended meanwhile, or the database is away: it is told, and comes back or not.
          this.line.close(closeCodeOf(error.kind), error.message);
          return;
        }
        this.#options.house.log.error({ err: error }, 'a streamer could not be taken in');
        this.line.close(closeCodes.fault, new BacklotError(wireErrors.signalling_fault).message);
      },
    );
  }

  #confirm(): void {
    if (this.#confirmedId !== undefined) {
      this.#say({ type: 'endpointIdConfirm', committedId: this.#confirmedId });
    }
  }
}
