import type { Clock } from '@backlot/contract';
import type { LiveMessage } from './event-log.ts';

/** Twice a second is as often as a person reads a number. */
export const liveIntervalMs = 500;

/** Entries kept before the ones that have been quiet are dropped. */
const sweepAbove = 5_000;

/**
 * Thins live updates out: the first of a subject passes at once, of those that follow within half a second only
 * the last does.
 */
export class LiveCoalescer {
  readonly #clock: Clock;
  readonly #emit: (message: LiveMessage) => void;
  readonly #sentAt = new Map<string, number>();
  readonly #held = new Map<string, LiveMessage>();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, emit: (message: LiveMessage) => void) {
    this.#clock = clock;
    this.#emit = emit;
  }

  push(message: LiveMessage): void {
    const { kind, subject } = message.update;
    const key = `${kind} ${subject.kind} ${subject.id}`;
    const now = this.#clock.monotonic();
    const sentAt = this.#sentAt.get(key);
    if (!this.#held.has(key) && (sentAt === undefined || now - sentAt >= liveIntervalMs)) {
      this.#sentAt.set(key, now);
      this.#emit(message);
      if (this.#sentAt.size > sweepAbove) this.#sweep(now);
      return;
    }
    this.#held.set(key, message);
    this.#cancel ??= this.#clock.after(liveIntervalMs / 2, () => this.#flush());
  }

  close(): void {
    this.#cancel?.();
    this.#held.clear();
  }

  #flush(): void {
    this.#cancel = undefined;
    const now = this.#clock.monotonic();
    for (const [key, message] of [...this.#held]) {
      if (now - (this.#sentAt.get(key) ?? 0) < liveIntervalMs) continue;
      this.#held.delete(key);
      this.#sentAt.set(key, now);
      this.#emit(message);
    }
    if (this.#held.size > 0) this.#cancel = this.#clock.after(liveIntervalMs / 2, () => this.#flush());
  }

  #sweep(now: number): void {
    for (const [key, sentAt] of this.#sentAt) {
      if (now - sentAt >= liveIntervalMs) this.#sentAt.delete(key);
    }
  }
}
