import type { Clock } from '@backlot/contract/clock';
import { type Counters, countersOf, type StreamStats, statsBetween } from './arrival.ts';
import type { StatsReport } from './wire.ts';

const everyMs = 1_000;
const reportEveryMs = 5_000;

/** Measures every second how a stream arrives, and every five seconds what is reported to the server. */
export class ArrivalMeter {
  readonly #clock: Clock;
  readonly #connection: () => RTCPeerConnection | null;
  readonly #onStats: (stats: StreamStats) => void;
  readonly #onReport: (report: StatsReport) => void;
  #cancel: (() => void) | null;
  #before: Counters | null = null;
  #reported: Counters | null = null;
  #latest: StreamStats | null = null;

  constructor(options: {
    readonly clock: Clock;
    readonly connection: () => RTCPeerConnection | null;
    readonly onStats: (stats: StreamStats) => void;
    readonly onReport: (report: StatsReport) => void;
  }) {
    this.#clock = options.clock;
    this.#connection = options.connection;
    this.#onStats = options.onStats;
    this.#onReport = options.onReport;
    this.#cancel = this.#clock.after(everyMs, () => this.#tick());
  }

  get latest(): StreamStats | null {
    return this.#latest;
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = null;
  }

  #tick(): void {
    this.#cancel = this.#clock.after(everyMs, () => this.#tick());
    const connection = this.#connection();
    if (connection?.connectionState !== 'connected') return;
    connection
      .getStats()
      .then((report) => {
        if (this.#cancel !== null) this.#take(countersOf(report, this.#clock.monotonic()));
      })
      // A connection that closed meanwhile has no statistics.
      .catch(() => undefined);
  }

  #take(now: Counters): void {
    this.#latest = statsBetween(this.#before, now);
    this.#before = now;
    this.#onStats(this.#latest);
    // The first report goes out at once: it tells the server that the picture runs.
    if (this.#reported !== null && now.atMs - this.#reported.atMs < reportEveryMs) return;
    const { atMs: _, ...report } = statsBetween(this.#reported, now);
    this.#reported = now;
    this.#onReport(report);
  }
}
