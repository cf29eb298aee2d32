import type { Clock } from '@backlot/contract/clock';

/** Timers by name: planning one anew takes the place of the one before, and all end together. */
export class Plans<Name extends string> {
  readonly #clock: Clock;
  readonly #planned = new Map<Name, () => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  set(name: Name, ms: number, call: () => void): void {
    this.#planned.get(name)?.();
    const cancel = this.#clock.after(ms, () => {
      this.#planned.delete(name);
      call();
    });
    this.#planned.set(name, cancel);
  }

  has(name: Name): boolean {
    return this.#planned.has(name);
  }

  cancel(name: Name): void {
    this.#planned.get(name)?.();
    this.#planned.delete(name);
  }

  close(): void {
    for (const cancel of this.#planned.values()) cancel();
    this.#planned.clear();
  }
}
