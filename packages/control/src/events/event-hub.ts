import { type Clock, type Event, healthPhrases, reason } from '@backlot/contract';
import type { Logger } from 'pino';
import type { Db } from '../db/schema.ts';
import type { Fabric, HealthReporter } from '../kernel.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { eventSubjects, LiveMessage } from './event-log.ts';
import { LiveCoalescer } from './live-coalescer.ts';
import { LogTail, lastSeq } from './log-tail.ts';
import { Waker } from './waker.ts';

export interface EventHubDeps {
  readonly db: Db;
  readonly fabric: Fabric;
  readonly health: HealthReporter;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who wants to hear. Calls must not block; a listener that throws is dropped from the log's point of view only. */
export interface EventListener {
  events(events: readonly Event[]): void;
  live(message: LiveMessage): void;
}

/** Messages may be lost, so the log is looked at anyway. */
const sweepMs = 5_000;
/** Pause while a gap is open: the transaction that may fill it takes milliseconds. */
const gapMs = 20;
/** How far back the reader starts, so that what commits late around the start is not missed. */
const startBehind = 1_000;

/**
 * Reads the event log once for all open pages of this replica, and passes on live updates. Pages that come back
 * read what they missed from the database up to `position`, and listen from there.
 */
export class EventHub {
  readonly #deps: EventHubDeps;
  readonly #listeners = new Set<EventListener>();
  readonly #waker: Waker;
  readonly #coalescer: LiveCoalescer;
  readonly #stop = new AbortController();
  #tail: LogTail | undefined;
  #done: Promise<void> = Promise.resolve();
  #unsubscribe: (() => void)[] = [];

  constructor(deps: EventHubDeps) {
    this.#deps = deps;
    this.#waker = new Waker(deps.clock);
    this.#coalescer = new LiveCoalescer(deps.clock, (message) => this.#tell((to) => to.live(message)));
  }

  /** Every event up to here has been told to the listeners; later ones will be. */
  get position(): number {
    return this.#tail?.cursor ?? 0;
  }

  async start(): Promise<void> {
    const { db, fabric } = this.#deps;
    this.#tail = new LogTail(db, Math.max(0, (await lastSeq(db)) - startBehind));
    // Reads up to now before anybody listens: what is old goes to nobody.
    while ((await this.#read()).more);
    this.#unsubscribe = [
      fabric.subscribe(eventSubjects.appended, () => this.#waker.wake()),
      fabric.subscribe(eventSubjects.live, (message) => {
        const parsed = LiveMessage.safeParse(message);
        if (parsed.success) this.#coalescer.push(parsed.data);
      }),
    ];
    this.#done = this.#run();
  }

  /** Listens from `position` on. The returned function ends it. */
  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#stop.abort();
    this.#coalescer.close();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { health, log } = this.#deps;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      let pauseMs = sweepMs;
      try {
        const { more, blocked } = await this.#read();
        health.set('events', 'ok');
        if (more) continue;
        if (blocked) pauseMs = gapMs;
      } catch (error) {
        if (signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        log.warn({ err: error }, 'the event log could not be read');
        health.set('events', 'degraded', reason(healthPhrases, 'health.events_behind', { error: message }));
        pauseMs = 1_000;
      }
      await this.#waker.wait(pauseMs, signal);
    }
  }

  async #read(): Promise<{ more: boolean; blocked: boolean }> {
    if (!this.#tail) return { more: false, blocked: false };
    const { events, more, blocked } = await this.#tail.read();
    if (events.length > 0) {
      this.#deps.metrics.eventsRead.inc(events.length);
      this.#tell((to) => to.events(events));
    }
    return { more, blocked };
  }

  #tell(tell: (listener: EventListener) => void): void {
    for (const listener of [...this.#listeners]) {
      try {
        tell(listener);
      } catch (error) {
        this.#deps.log.error({ err: error }, 'a listener of events failed');
      }
    }
  }
}
