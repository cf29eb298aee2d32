import type { Clock, Health, Reason } from '@backlot/contract';
import type { HealthReporter } from '../kernel.ts';

type Status = Health['status'];
interface Part {
  readonly status: Status;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly reason: Reason | null;
}

/** The worst of some states: one part that is down makes the whole degraded, a vital one makes it down. */
export function worst(parts: readonly { status: Status; vital: boolean }[]): Status {
  if (parts.some((part) => part.vital && part.status === 'down')) return 'down';
  return parts.every((part) => part.status === 'ok') ? 'ok' : 'degraded';
}

/** What every part last said of itself. Parts appear when they first report. */
export class HealthBoard implements HealthReporter {
  readonly #clock: Clock;
  readonly #vital: ReadonlySet<string>;
  readonly #parts = new Map<string, Part>();

  /** @param vital parts without which no request can be served. */
  constructor(clock: Clock, vital: readonly string[]) {
    this.#clock = clock;
    this.#vital = new Set(vital);
  }

  set(name: string, status: Status, reason?: Reason): void {
    const before = this.#parts.get(name);
    const since = before?.status === status ? before.since : this.#clock.now();
    this.#parts.set(name, { status, since, reason: status === 'ok' ? null : (reason ?? null) });
  }

  /** Whether requests can be served. */
  ready(): boolean {
    return [...this.#vital].every((name) => this.#parts.get(name)?.status !== 'down');
  }

  read(version: string): Health {
    const parts = [...this.#parts].map(([name, part]) => ({
      name,
      status: part.status,
      since: new Date(part.since).toISOString(),
      reason: part.reason,
    }));
    parts.sort((a, b) => a.name.localeCompare(b.name));
    const status = worst(parts.map((part) => ({ status: part.status, vital: this.#vital.has(part.name) })));
    return { status, version, parts };
  }
}
