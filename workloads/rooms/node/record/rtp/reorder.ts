import type { RtpPacket } from './packet.ts';
import { Unwrapper } from './packet.ts';

/** How long a missing packet is waited for, in milliseconds: a retransmission comes within a round trip or two. */
export const patienceMs = 400;
/** Packets that are held back at most. */
const maxHeld = 2_000;

export interface OrderedPacket extends RtpPacket {
  /** Sequence number that doesn't wrap. */
  readonly index: number;
  /** Packets before this one never came. */
  readonly gap: boolean;
}

/** Puts packets into their order, each once, and goes on without those that don't come. Time is handed in. */
export class Reorder {
  readonly #unwrap = new Unwrapper(16);
  readonly #held = new Map<number, { packet: RtpPacket; at: number }>();
  #next: number | undefined;
  #lost = 0;

  /** Packets that never came. */
  get lost(): number {
    return this.#lost;
  }

  /** Takes a packet and gives all that are due now, in order. */
  take(packet: RtpPacket, now: number): OrderedPacket[] {
    const index = this.#unwrap.take(packet.sequence);
    this.#next ??= index;
    // Too late, or there already.
    if (index >= this.#next) this.#held.set(index, { packet, at: now });
    return this.#due(now);
  }

  /** Everything that is held, whatever is missing: the end. */
  flush(): OrderedPacket[] {
    return this.#due(Number.POSITIVE_INFINITY);
  }

  #due(now: number): OrderedPacket[] {
    const result: OrderedPacket[] = [];
    let gap = false;
    while (this.#held.size > 0 && this.#next !== undefined) {
      const found = this.#held.get(this.#next);
      if (found) {
        this.#held.delete(this.#next);
        result.push({ ...found.packet, index: this.#next, gap });
        this.#next += 1;
        gap = false;
        continue;
      }
      const first = Math.min(...this.#held.keys());
      const oldest = this.#held.get(first)?.at ?? now;
      if (now - oldest < patienceMs && this.#held.size <= maxHeld) break;
      this.#lost += first - this.#next;
      this.#next = first;
      gap = true;
    }
    return result;
  }
}
