import type { Clock } from '@backlot/contract/clock';

/** Waits shorter than this are not worth a timer. Milliseconds. */
const leastWaitMs = 5;
/** After a pause at most so much time's worth of bytes goes at once. */
const burstMs = 250;

/** Bytes of one piece, where a limit would let a larger one wait for longer than a tenth of a second. */
const leastPieceBytes = 512;
const mostPieceBytes = 64 * 1024;
const piecesInSecond = 10;

/** Lets so many bytes per second through: a bucket that fills with time and is never fuller than a short burst. */
export class BytePace {
  readonly #perMs: number;
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  /** When all that was let through so far will have had its time. */
  #paidUntil: number;

  constructor(bytesPerSecond: number, clock: Clock, signal: AbortSignal) {
    this.#perMs = bytesPerSecond / 1_000;
    this.#clock = clock;
    this.#signal = signal;
    this.#paidUntil = clock.monotonic();
  }

  /** Large pieces would come with long silences between them, for which connections are given up. */
  get pieceBytes(): number {
    const even = Math.round((this.#perMs * 1_000) / piecesInSecond);
    return Math.min(mostPieceBytes, Math.max(leastPieceBytes, even));
  }

  async allow(bytes: number): Promise<void> {
    const now = this.#clock.monotonic();
    this.#paidUntil = Math.max(this.#paidUntil, now - burstMs) + bytes / this.#perMs;
    const wait = this.#paidUntil - now;
    if (wait >= leastWaitMs) await this.#clock.sleep(wait, this.#signal);
  }
}
