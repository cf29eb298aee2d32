/** Commands of one peer that wait for their turn; those beyond are refused, and not done. */
export const mostAsked = 100;
/**
 * The longest frame of a peer, bytes. Commands have a few hundred; together with `mostAsked` this is what a peer can make us
 * hold.
 */
export const mostCommandBytes = 64 * 1024;

/** What commands are answered with that are too many. */
export const tooMany = { code: 429, msg: 'Too many commands at once. Wait for the answers.' } as const;

/** Does what a peer commands one after the other: a room that is added and then removed is gone. */
export class CommandTurn {
  readonly #failed: (error: unknown) => void;
  #asked = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** @returns false when too many wait: it will not be done */
  take(work: () => Promise<void>): boolean {
    if (this.#asked >= mostAsked) return false;
    this.#asked += 1;
    this.#turn = this.#turn
      .then(work)
      .catch(this.#failed)
      .finally(() => {
        this.#asked -= 1;
      });
    return true;
  }

  /** Resolves when all that has been taken is done. */
  async idle(): Promise<void> {
    await this.#turn;
  }
}
