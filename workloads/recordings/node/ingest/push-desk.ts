import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '@backlot/contract/clock';
import type { SourceSink } from '../source-port.ts';

/** Somebody who publishes, as whoever records sees it. */
export interface Publisher {
  /** For people: an address without the key. */
  readonly address: string;
  /** Whole FLV tags begin to flow, first those that came before. Called once. */
  start(sink: SourceSink): void;
  /** Sends the publisher away. */
  close(): void;
  /** Milliseconds since its last byte. */
  silentMs(): number;
}

/** Where one channel's publisher is awaited. */
interface Slot {
  readonly digest: Buffer;
  publisher: Publisher | undefined;
  readonly waiting: Set<() => void>;
  /** How many want it: who waits, opens or records. */
  wanted: number;
}

/** A slot outlives the moment between "it is live" and "open it", and between a lost connection and the next. Milliseconds. */
const lingerMs = 10_000;
/** A publisher that was silent for so long gives way to a new one with the same key: its connection is probably dead. */
const staleMs = 3_000;

/** Brings publishers and channels of a node together by their key. Keys are compared in constant time. */
export class PushDesk {
  readonly #clock: Clock;
  readonly #slots = new Map<string, Slot>();
  readonly #arrivals = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A channel awaits publishers with this key, until the returned function is called. */
  expect(key: string): () => void {
    const id = digestOf(key).toString('hex');
    const slot: Slot = this.#slots.get(id) ?? {
      digest: digestOf(key),
      publisher: undefined,
      waiting: new Set(),
      wanted: 0,
    };
    slot.wanted += 1;
    this.#slots.set(id, slot);
    for (const wake of this.#arrivals) wake();
    let done = false;
    return () => {
      if (done) return;
      done = true;
      slot.wanted -= 1;
      if (slot.wanted > 0) return;
      this.#clock.after(lingerMs, () => {
        if (slot.wanted > 0 || this.#slots.get(id) !== slot) return;
        this.#slots.delete(id);
        slot.publisher?.close();
      });
    };
  }

  /** Resolves when somebody publishes with this key. Rejects when aborted. */
  async arrival(key: string, signal: AbortSignal): Promise<void> {
    const slot = this.#slotOf(key);
    if (!slot) throw new Error('Nobody awaits this key.');
    signal.throwIfAborted();
    if (slot.publisher) return;
    await new Promise<void>((resolve, reject) => {
      const finish = (act: () => void) => () => {
        slot.waiting.delete(arrived);
        signal.removeEventListener('abort', aborted);
        act();
      };
      const arrived = finish(resolve);
      const aborted = finish(() => reject(signal.reason));
      slot.waiting.add(arrived);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  /** The publisher who is there, to be recorded by one. */
  take(key: string): Publisher | undefined {
    return this.#slotOf(key)?.publisher;
  }

  /**
   * Somebody wants to publish under a name. Waits a moment for a channel that is just being started.
   * @returns why not, or what to call when the publisher is there
   */
  async admit(
    name: string,
    patienceMs: number,
  ): Promise<'unknown' | 'busy' | ((publisher: Publisher) => () => void)> {
    const slot = this.#slotOf(name) ?? (await this.#later(name, patienceMs));
    if (!slot) return 'unknown';
    if (slot.publisher && slot.publisher.silentMs() < staleMs) return 'busy';
    return (publisher) => {
      slot.publisher?.close();
      slot.publisher = publisher;
      for (const wake of [...slot.waiting]) wake();
      return () => {
        if (slot.publisher === publisher) slot.publisher = undefined;
      };
    };
  }

  async #later(name: string, patienceMs: number): Promise<Slot | undefined> {
    return await new Promise((resolve) => {
      const finish = (slot: Slot | undefined) => {
        this.#arrivals.delete(look);
        cancel();
        resolve(slot);
      };
      const look = () => {
        const slot = this.#slotOf(name);
        if (slot) finish(slot);
      };
      const cancel = this.#clock.after(patienceMs, () => finish(undefined));
      this.#arrivals.add(look);
    });
  }

  /** Every slot is compared, so that time says nothing about the keys. */
  #slotOf(key: string): Slot | undefined {
    const digest = digestOf(key);
    let found: Slot | undefined;
    for (const slot of this.#slots.values()) if (timingSafeEqual(slot.digest, digest)) found = slot;
    return found;
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
