import { BacklotError, type Language } from '@backlot/contract';
import { closeCodes, wireErrors } from '../../contract.ts';
import type { PlayerAddress } from './arrival.ts';
import type { Frame } from './frame.ts';
import type { House } from './house.ts';
import { type Directory, Player } from './player.ts';
import type { SignalSocket } from './signal-socket.ts';
import { Stage } from './stage.ts';
import { Streamer } from './streamer.ts';

interface OpenStage {
  readonly stage: Stage;
  streamer: Streamer | null;
  /** Runs while its streamer is away. */
  cancelEnd?: (() => void) | undefined;
}

const maxIdLength = 100;
/** What Epic's engines call themselves when nobody tells them a name. */
const usualId = 'DefaultStreamer';

/**
 * The open mode: any streamer may register under any id, any player may list and subscribe, as with Epic's own server,
 * so that stock tools work without tickets. Off unless it is switched on. It shares nothing with sessions: other stages,
 * and other players' ids would find nobody here.
 */
export class OpenMode {
  readonly #house: House;
  readonly #stages = new Map<string, OpenStage>();
  readonly #players = new Set<Player>();
  #nextPlayer: number;
  #sockets = 0;

  /** `random` in [0, 1): ids begin anywhere, so that a streamer that outlived us does not take a new player for an old. */
  constructor(house: House, random: () => number) {
    this.#house = house;
    this.#nextPlayer = 1_000_000_000 + Math.floor(random() * 1_000_000_000);
  }

  /** The ids of the streamers that are connected. */
  ids(): string[] {
    return [...this.#stages].flatMap(([id, { streamer }]) => (streamer ? [id] : []));
  }

  player(line: SignalSocket, address: PlayerAddress) {
    if (this.#isFull(line, address.language)) return undefined;
    this.#sockets += 1;
    this.#nextPlayer += 1;
    const player = new Player({
      house: this.#house,
      line,
      playerId: String(this.#nextPlayer),
      mayInput: true,
      cameBack: false,
      pageOffers: address.pageOffers,
      extensions: false,
      language: address.language,
      directory: this.#directory,
    });
    this.#players.add(player);
    player.begin(`open-${player.playerId}`, false, false);
    return {
      handle: (frame: Frame) => player.handle(frame),
      closed: () => {
        this.#sockets -= 1;
        this.#players.delete(player);
        player.leave();
      },
    };
  }

  streamer(line: SignalSocket, language: Language) {
    if (this.#isFull(line, language)) return undefined;
    this.#sockets += 1;
    const streamer = new Streamer({
      house: this.#house,
      line,
      user: 'open-streamer',
      // Nothing is known of it before it speaks, and the next one may be another engine.
      refused: new Set(),
      onIdentified: (id, self) => this.#register(id, self, language),
    });
    streamer.start();
    return {
      handle: (frame: Frame) => streamer.handle(frame),
      closed: (code: number, reason: string) => {
        this.#sockets -= 1;
        streamer.closed(code, reason);
        this.#left(streamer);
      },
    };
  }

  get #directory(): Directory {
    return {
      ids: () => this.ids(),
      find: (id) => this.#stages.get(id)?.stage,
      first: () => [...this.#stages.values()].find(({ streamer }) => streamer)?.stage,
    };
  }

  async #register(wanted: string | null, streamer: Streamer, language: Language) {
    const base = (wanted ?? '').trim().slice(0, maxIdLength) || usualId;
    for (let number = 0; ; number += 1) {
      const id = number === 0 ? base : `${base}${number}`;
      const known = this.#stages.get(id);
      // One whose socket is only left over from before gives way to the one that is here.
      if (known?.streamer && (await known.streamer.line.probe(this.#house.limits.claimMs))) continue;
      if (!streamer.line.isOpen) return undefined;
      const now = this.#stages.get(id);
      if (now !== known || now?.streamer !== known?.streamer) {
        number -= 1; // Somebody was faster: look again.
        continue;
      }
      const before = known?.streamer;
      const open = known ?? this.#openStage(id);
      open.cancelEnd?.();
      open.cancelEnd = undefined;
      open.streamer = streamer;
      before?.line.close(closeCodes.over, new BacklotError(wireErrors.socket_replaced).sentence(language));
      this.#tellWaiting();
      return { stage: () => open.stage, confirmedId: id };
    }
  }

  #openStage(id: string): OpenStage {
    const stage = new Stage({ id: `open:${id}`, clock: this.#house.clock, onEmpty: () => undefined });
    const open: OpenStage = { stage, streamer: null };
    this.#stages.set(id, open);
    return open;
  }

  /** Pages that have asked and found nobody are told: Epic's take a list at any time, and begin when it holds one id. */
  #tellWaiting(): void {
    for (const player of this.#players) if (!player.stage) player.sendList();
  }

  #left(streamer: Streamer): void {
    for (const [id, open] of this.#stages) {
      if (open.streamer !== streamer) continue;
      open.streamer = null;
      open.cancelEnd = this.#house.clock.after(this.#house.limits.openReturnMs, () => this.#end(id, open));
      if (open.stage.players === 0) this.#end(id, open);
    }
  }

  #end(id: string, open: OpenStage): void {
    open.cancelEnd?.();
    this.#stages.delete(id);
    const kind = wireErrors.streamer_left;
    for (const seated of open.stage.seated()) {
      if (seated instanceof Player) seated.end(kind, closeCodes.comeBack);
    }
    open.stage.close();
    this.#house.log.debug({ streamer: id }, 'an open-mode streamer has gone');
  }

  #isFull(line: SignalSocket, language: Language): boolean {
    if (this.#sockets < this.#house.limits.openSockets) return false;
    this.#house.counters.refuse(wireErrors.open_mode_full.code);
    line.close(closeCodes.later, new BacklotError(wireErrors.open_mode_full).sentence(language));
    return true;
  }
}
