import type { Clock } from '@backlot/contract/clock';

/** From one round of reads to the next, while it is busy. Milliseconds; see `ReadModeration` for what it costs. */
const ROUND_MS = 40;
/** Reads in a second from which the shard counts as busy: six or seven live channels. */
const BUSY_READS = 400;
/** Moderated, a busy shard has fewer reads: below this many in a second it is busy no more. */
const QUIET_READS = 100;
const WINDOW_MS = 1_000;

/**
 * Lets what arrives gather in the kernel's socket buffers, as a network card moderates its interrupts. A live source sends a
 * packet every few milliseconds; read one by one, fifty channels wake the process some three thousand times a second, and
 * waking it costs more than all that is done with the bytes. So while many channels are read, the thread sleeps after each
 * round until `ROUND_MS` have passed since the one before, and then finds at every source all that has come meanwhile.
 *
 * The price is that a killed process loses up to `ROUND_MS` more of what had reached this machine (see the README), and that
 * every other answer of the process comes so much later. Where few channels are read nothing sleeps.
 */
export class ReadModeration {
  readonly #clock: Clock;
  readonly #sleep: (ms: number) => void;
  readonly #cell = new Int32Array(new SharedArrayBuffer(4));
  #reads = 0;
  #windowFrom: number;
  #busy = false;
  #roundAt = 0;
  #due = false;

  /** @param sleep stops the thread; another one in tests */
  constructor(clock: Clock, sleep?: (ms: number) => void) {
    this.#clock = clock;
    this.#windowFrom = clock.monotonic();
    // Nobody ever wakes it: this is a sleep that needs no timer.
    this.#sleep = sleep ?? ((ms) => void Atomics.wait(this.#cell, 0, 0, ms));
  }

  /** A source was read. The round ends when the event loop has asked all of them. */
  read(): void {
    this.#reads += 1;
    if (this.#due) return;
    this.#due = true;
    // The event loop comes here after it has gone through all sockets that had something.
    setImmediate(() => this.endRound());
  }

  /** Sleeps where that is worth it. */
  endRound(): void {
    this.#due = false;
    const now = this.#clock.monotonic();
    this.#judge(now);
    if (!this.#busy) return;
    const ms = this.#roundAt + ROUND_MS - now;
    // `ROUND_MS` at most, whatever the clock says.
    if (ms > 0) this.#sleep(Math.min(ms, ROUND_MS));
    this.#roundAt = this.#clock.monotonic();
  }

  #judge(now: number): void {
    const elapsed = now - this.#windowFrom;
    if (elapsed < WINDOW_MS) return;
    const perSecond = (this.#reads * 1_000) / elapsed;
    this.#busy = perSecond >= (this.#busy ? QUIET_READS : BUSY_READS);
    this.#reads = 0;
    this.#windowFrom = now;
  }
}
