/** A player, as its stage sees it. */
export interface SeatedPlayer {
  readonly playerId: string;
  /** Only who may give input gets a data channel. */
  readonly mayInput: boolean;
  /** It was here before, on another socket, perhaps of another control process. */
  readonly cameBack: boolean;
  relay(bytes: Buffer): void;
  /** The application has disconnected it. */
  dismissed(reason: string | undefined): void;
}

/** One player's place on a stage: how far its negotiation has come, and its socket while it has one. */
export class Seat {
  readonly playerId: string;
  readonly options: { readonly dataChannel: boolean; readonly pageOffers: boolean };
  /** Null while its socket is broken and its peer is kept for it. */
  player: SeatedPlayer | null;
  #offeredBy: 'player' | 'streamer' | null = null;
  #answered = false;
  #cancel: (() => void) | undefined;

  constructor(player: SeatedPlayer, pageOffers: boolean) {
    this.player = player;
    this.playerId = player.playerId;
    this.options = { dataChannel: player.mayInput, pageOffers };
  }

  /** An offer and its answer have passed: from here on media can flow without us. */
  get negotiated(): boolean {
    return this.#answered;
  }

  passed(type: string, by: 'player' | 'streamer'): void {
    if (type === 'offer') this.#offeredBy = by;
    else if (type === 'answer' && this.#offeredBy !== null && this.#offeredBy !== by) this.#answered = true;
  }

  startAnew(): void {
    this.#offeredBy = null;
    this.#answered = false;
  }

  takeAsNegotiated(): void {
    this.#answered = true;
  }

  closeLater(cancel: () => void): void {
    this.#cancel = cancel;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
