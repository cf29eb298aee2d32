import type { Clock } from '@backlot/contract/clock';

/** How long a place that was promised is kept for whoever was promised it, in milliseconds. */
export const reservationMs = 20_000;

/**
 * Packets per second that a worker is expected to carry: one entry for each consumer, and reservations for what is about to
 * come, so that a burst of joins can't pile onto one worker before the first of them costs anything.
 */
export class PacketLedger {
  readonly #clock: Clock;
  readonly #entries = new Map<string, number>();
  readonly #reserved = new Map<string, { packets: number; until: number }>();
  #sum = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What this consumer costs from now on. */
  set(id: string, packets: number): void {
    this.#sum += packets - (this.#entries.get(id) ?? 0);
    this.#entries.set(id, packets);
  }

  delete(id: string): void {
    this.#sum -= this.#entries.get(id) ?? 0;
    this.#entries.delete(id);
    // Sums of fractions drift; an empty ledger is empty.
    if (this.#entries.size === 0) this.#sum = 0;
  }

  reserve(id: string, packets: number): void {
    this.#reserved.set(id, { packets, until: this.#clock.monotonic() + reservationMs });
  }

  /** Part of a reservation has become real. */
  use(id: string, packets: number): void {
    const held = this.#reserved.get(id);
    if (!held) return;
    if (held.packets <= packets) this.#reserved.delete(id);
    else held.packets -= packets;
  }

  release(id: string): void {
    this.#reserved.delete(id);
  }

  /** Everything is gone with its worker. */
  clear(): void {
    this.#entries.clear();
    this.#reserved.clear();
    this.#sum = 0;
  }

  get predicted(): number {
    const now = this.#clock.monotonic();
    let sum = Math.max(0, this.#sum);
    for (const [id, { packets, until }] of this.#reserved) {
      if (until <= now) this.#reserved.delete(id);
      else sum += packets;
    }
    return sum;
  }
}
