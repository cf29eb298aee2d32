import type { Clock } from '@backlot/contract';
import { playerIdOf, streamerRelayed } from '../../contract.ts';
import type { Frame } from './frame.ts';
import { Seat, type SeatedPlayer } from './seat.ts';

/** The streamer, as its stage sees it. */
export interface StageStreamer {
  relay(bytes: Buffer): void;
  playerConnected(
    playerId: string,
    options: { readonly dataChannel: boolean; readonly pageOffers: boolean },
  ): void;
  playerDisconnected(playerId: string): void;
}

/** Players that left while the streamer was away: remembered so many, so long. */
const maxOwed = 1_000;
const owedMs = 5 * 60_000;

/**
 * One instance, as signalling sees it: its streamer and the players that are connected to it. Messages pass between
 * these and nobody else, and each only to the one that it names.
 *
 * Media does not depend on sockets. So a streamer whose socket comes back finds its players as it left them; one that is
 * in the middle of its negotiation starts anew, because what was said meanwhile is lost.
 */
export class Stage {
  readonly id: string;
  readonly #clock: Clock;
  readonly #onEmpty: (stage: Stage) => void;
  readonly #seats = new Map<string, Seat>();
  readonly #owed = new Set<string>();
  /** Players whose peer the streamer was told to drop: they can't resume it. */
  readonly #dropped = new Set<string>();
  #forgive: (() => void) | undefined;
  #streamer: StageStreamer | null = null;

  constructor(options: {
    readonly id: string;
    readonly clock: Clock;
    readonly onEmpty: (stage: Stage) => void;
  }) {
    this.id = options.id;
    this.#clock = options.clock;
    this.#onEmpty = options.onEmpty;
  }

  get hasStreamer(): boolean {
    return this.#streamer !== null;
  }

  get isEmpty(): boolean {
    return this.#streamer === null && this.#seats.size === 0 && this.#owed.size === 0;
  }

  get players(): number {
    return this.#seats.size;
  }

  // The streamer's side -------------------------------------------------------------------------------------------

  /** Takes in a streamer in place of the one before, if there is one. */
  streamerArrived(streamer: StageStreamer): void {
    this.#streamer = streamer;
    for (const playerId of this.#owed) streamer.playerDisconnected(playerId);
    this.#clearOwed();
    for (const seat of this.#seats.values()) {
      if (seat.negotiated || !seat.player) continue;
      seat.startAnew();
      streamer.playerConnected(seat.playerId, seat.options);
    }
  }

  /** Its socket is gone. Players stay: their picture goes on. Of one that was replaced, nothing changes. */
  streamerLeft(streamer: StageStreamer): void {
    if (this.#streamer !== streamer) return;
    this.#streamer = null;
    this.#settle();
  }

  isStreamer(streamer: StageStreamer): boolean {
    return this.#streamer === streamer;
  }

  /** A message of the streamer, to the player that it names. False when it names none of this stage's. */
  fromStreamer(frame: Frame): boolean {
    const seat = this.#seats.get(playerIdOf(frame.fields.playerId) ?? '');
    if (!seat?.player || !streamerRelayed.has(frame.type)) return false;
    seat.passed(frame.type, 'streamer');
    seat.player.relay(frame.bytes);
    return true;
  }

  /** The application wants a player to be gone (`disconnectPlayer`). False when it is none of this stage's. */
  dismiss(playerId: unknown, reason: unknown): boolean {
    const player = this.#seats.get(playerIdOf(playerId) ?? '')?.player;
    if (!player) return false;
    player.dismissed(typeof reason === 'string' && reason !== '' ? reason : undefined);
    return true;
  }

  // The players' side ---------------------------------------------------------------------------------------------

  /**
   * Connects a player: the streamer is told, and makes an offer (or waits for the page's). What it had before under
   * the same id is dropped first.
   */
  join(player: SeatedPlayer, pageOffers: boolean): void {
    const { playerId } = player;
    const before = this.#seats.get(playerId);
    before?.close();
    // After a restart of ours only the streamer knows whether it still has a peer of this id: a second goodbye harms none.
    if (before || player.cameBack) this.#streamer?.playerDisconnected(playerId);
    const seat = new Seat(player, pageOffers);
    this.#seats.set(playerId, seat);
    this.#owed.delete(playerId);
    this.#dropped.delete(playerId);
    this.#streamer?.playerConnected(playerId, seat.options);
  }

  /**
   * Whether a player's peer may still be there, as far as we know: after a restart of ours nothing speaks against it.
   * One that was made with other rights than the player has now is none to come back to.
   */
  canResume({ playerId, mayInput }: Pick<SeatedPlayer, 'playerId' | 'mayInput'>): boolean {
    if (this.#dropped.has(playerId)) return false;
    return (this.#seats.get(playerId)?.options.dataChannel ?? mayInput) === mayInput;
  }

  /** A player whose picture still runs has a new socket. Nothing is said to the streamer. */
  resume(player: SeatedPlayer): void {
    this.#seats.get(player.playerId)?.close();
    const seat = new Seat(player, false);
    seat.takeAsNegotiated();
    this.#seats.set(player.playerId, seat);
  }

  has(player: SeatedPlayer): boolean {
    return this.#seats.get(player.playerId)?.player === player;
  }

  /** A message of a player to the streamer. False when there is nobody to take it. */
  toStreamer(player: SeatedPlayer, type: string, bytes: Buffer): boolean {
    const seat = this.#seats.get(player.playerId);
    if (seat?.player !== player) return false;
    if (!this.#streamer) return false;
    seat.passed(type, 'player');
    this.#streamer.relay(bytes);
    return true;
  }

  /**
   * A player has gone. With `graceMs` its peer is kept for so long, because its socket broke and its picture may still
   * run; it may `resume` until then.
   */
  leave(player: SeatedPlayer, graceMs = 0): void {
    const seat = this.#seats.get(player.playerId);
    if (seat?.player !== player) return;
    if (graceMs > 0 && seat.negotiated) {
      seat.player = null;
      seat.closeLater(this.#clock.after(graceMs, () => this.forget(player.playerId)));
      return;
    }
    this.forget(player.playerId);
  }

  /** Tells the streamer that a player is gone, also one of whom only the streamer knows. */
  forget(playerId: string): void {
    this.#seats.get(playerId)?.close();
    this.#seats.delete(playerId);
    if (this.#dropped.size >= maxOwed) this.#dropped.clear();
    this.#dropped.add(playerId);
    if (this.#streamer) this.#streamer.playerDisconnected(playerId);
    else this.#owe(playerId);
    this.#settle();
  }

  /** Everybody who is connected, for the end of the stage. */
  seated(): SeatedPlayer[] {
    return [...this.#seats.values()].flatMap(({ player }) => player ?? []);
  }

  /** The instance is over: nobody is owed anything. */
  close(): void {
    for (const seat of this.#seats.values()) seat.close();
    this.#seats.clear();
    this.#clearOwed();
    this.#streamer = null;
    this.#onEmpty(this);
  }

  #owe(playerId: string): void {
    if (this.#owed.size >= maxOwed) return;
    this.#owed.add(playerId);
    this.#forgive ??= this.#clock.after(owedMs, () => {
      this.#clearOwed();
      this.#settle();
    });
  }

  #clearOwed(): void {
    this.#owed.clear();
    this.#forgive?.();
    this.#forgive = undefined;
  }

  #settle(): void {
    if (this.isEmpty) this.#onEmpty(this);
  }
}
