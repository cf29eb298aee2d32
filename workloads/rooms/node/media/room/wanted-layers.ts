import type { Clock } from '@backlot/contract/clock';
import type { ConsumerEntry, ProducerEntry } from './entries.ts';
import type { EventLog } from './event-log.ts';
import { wantedLayer } from './layers.ts';

/** Less is told only when nobody has wanted more for so long, in milliseconds: a viewer who scrolls past costs nothing. */
const holdMs = 2_000;

/**
 * Tells publishers which layers anybody wants, so that they stop sending the others. More is told at once, less after a
 * while. Recorders count as consumers that want everything.
 */
export class WantedLayers {
  readonly #clock: Clock;
  readonly #events: EventLog;
  readonly #producers: ReadonlyMap<string, ProducerEntry>;
  readonly #consumers: ReadonlyMap<string, ConsumerEntry>;
  readonly #waiting = new Map<string, () => void>();
  readonly #taps = new Map<string, number>();

  constructor(
    clock: Clock,
    events: EventLog,
    producers: ReadonlyMap<string, ProducerEntry>,
    consumers: ReadonlyMap<string, ConsumerEntry>,
  ) {
    this.#clock = clock;
    this.#events = events;
    this.#producers = producers;
    this.#consumers = consumers;
  }

  /** What is wanted of a producer now. */
  of(producerId: string): number | null {
    const entry = this.#producers.get(producerId);
    if (!entry) return null;
    if (this.#taps.has(producerId)) return entry.layers - 1;
    const wishes = [...this.#consumers.values()]
      .filter((consumer) => consumer.producerId === producerId)
      .map(({ consumer, paused, hidden }) => ({
        paused: paused || hidden,
        preferred: consumer.preferredLayers,
      }));
    return wantedLayer(entry.layers, wishes);
  }

  /** A recorder takes the producer (+1) or lets go of it (-1). */
  tap(producerId: string, change: 1 | -1): void {
    const count = (this.#taps.get(producerId) ?? 0) + change;
    if (count > 0) this.#taps.set(producerId, count);
    else this.#taps.delete(producerId);
    this.changed(producerId);
  }

  /** Something that decides about this producer has changed. */
  changed(producerId: string): void {
    const entry = this.#producers.get(producerId);
    if (entry?.producer.kind !== 'video') return;
    const wanted = this.of(producerId);
    if (rank(wanted) >= rank(entry.told)) {
      this.#stop(producerId);
      if (wanted !== entry.told) this.#tell(entry, wanted);
    } else if (!this.#waiting.has(producerId)) {
      this.#waiting.set(
        producerId,
        this.#clock.after(holdMs, () => {
          this.#waiting.delete(producerId);
          const now = this.of(producerId);
          if (this.#producers.get(producerId) === entry && now !== entry.told) this.#tell(entry, now);
        }),
      );
    }
  }

  gone(producerId: string): void {
    this.#stop(producerId);
    this.#taps.delete(producerId);
  }

  close(): void {
    for (const cancel of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }

  #stop(producerId: string): void {
    this.#waiting.get(producerId)?.();
    this.#waiting.delete(producerId);
  }

  #tell(entry: ProducerEntry, spatialLayer: number | null): void {
    entry.told = spatialLayer;
    this.#events.tell({
      event: 'wantedLayers',
      owner: entry.owner,
      producerId: entry.producer.id,
      spatialLayer,
    });
  }
}

/** Nobody is below the lowest layer. */
const rank = (layer: number | null) => layer ?? -1;
