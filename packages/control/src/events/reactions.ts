import { BacklotError, type Clock, type Event, healthPhrases, kernelErrors, reason } from '@backlot/contract';
import type { Logger } from 'pino';
import type { Store } from '../db/database.ts';
import type { Fabric, HealthReporter, Kernel } from '../kernel.ts';
import type { LeadershipFactory } from '../leader/leadership.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ControlWorkload, EventReaction } from '../workload.ts';
import { eventSubjects } from './event-log.ts';
import { matchesKind } from './kinds.ts';
import { LogFollower } from './log-follower.ts';
import { Waker } from './waker.ts';

export interface ReactionsDeps {
  readonly store: Store;
  readonly fabric: Fabric;
  readonly kernel: () => Kernel;
  readonly leadership: LeadershipFactory;
  readonly replica: string;
  readonly health: HealthReporter;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly workloads: readonly ControlWorkload[];
  /** The kernel's own: asked for when they start. */
  readonly more?: (() => readonly EventReaction[]) | undefined;
}

/** Pauses between attempts at one event. After the last it is put aside, so that one event can't stop the rest. */
export const reactionPausesMs = [1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000] as const;
/** A reaction that takes longer has most likely lost an answer. */
const reactionLimitMs = 60_000;

/**
 * Calls the reactions of the workloads, each from its own place in the log, on one replica at a time. An event
 * comes at least once and in order; one on which a reaction fails again and again is put aside in
 * `reaction_failure`, with its error, and the next ones go on.
 */
export class Reactions {
  readonly #deps: ReactionsDeps;
  readonly #wakers: Waker[] = [];
  readonly #running = new Set<Promise<void>>();
  #leaderships: { close(): Promise<void> }[] = [];
  #unsubscribe: (() => void) | undefined;

  constructor(deps: ReactionsDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    const { workloads, more, leadership, store, replica, log, clock, fabric } = this.#deps;
    const reactions = [...workloads.flatMap((workload) => workload.reactions ?? []), ...(more?.() ?? [])];
    const names = reactions.map((reaction) => reaction.name);
    if (new Set(names).size < names.length)
      throw new Error(`Two reactions share a name: ${names.join(', ')}.`);
    this.#unsubscribe = fabric.subscribe(eventSubjects.appended, () => {
      for (const waker of this.#wakers) waker.wake();
    });
    this.#leaderships = reactions.map((reaction) => {
      const waker = new Waker(clock);
      this.#wakers.push(waker);
      const lead = leadership({
        db: store.db,
        name: `reaction/${reaction.name}`,
        replica,
        log,
        clock,
        onGained: (until) => this.#follow(reaction, waker, until),
      });
      void lead.start();
      return lead;
    });
  }

  async close(): Promise<void> {
    this.#unsubscribe?.();
    await Promise.all(this.#leaderships.map((leadership) => leadership.close()));
    await Promise.all(this.#running);
  }

  #follow(reaction: EventReaction, waker: Waker, until: AbortSignal): void {
    const { store, clock, log } = this.#deps;
    const follower = new LogFollower({
      name: `reaction/${reaction.name}`,
      store,
      clock,
      log,
      waker,
      handle: async (events, save, signal) => {
        for (const event of events) {
          if (!matchesKind(reaction.kinds, event.kind)) continue;
          await this.#react(reaction, event, signal);
          if (signal.aborted) return;
          await save(store.db, event.seq);
        }
        await save(store.db, events.at(-1)?.seq ?? 0);
      },
    });
    const run = follower.run(until).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Reacts to one event, with retries; returns when it is done, put aside, or the signal is aborted. */
  async #react(reaction: EventReaction, event: Event, signal: AbortSignal): Promise<void> {
    const { clock, health, metrics, log } = this.#deps;
    const { name } = reaction;
    for (let attempt = 1; !signal.aborted; attempt += 1) {
      try {
        await this.#limited(reaction.react(event, this.#deps.kernel()), name);
        metrics.reactions.inc({ name, outcome: 'ok' });
        if (attempt > 1) health.set(`reaction ${name}`, 'ok');
        return;
      } catch (error) {
        metrics.reactions.inc({ name, outcome: 'failed' });
        const message = error instanceof Error ? error.message : String(error);
        log.warn({ err: error, reaction: name, seq: event.seq, attempt }, 'a reaction failed');
        const pauseMs = reactionPausesMs[attempt - 1];
        // While the database is away nothing is the event's fault.
        const away = error instanceof BacklotError && error.kind.status === 503;
        if (pauseMs === undefined && !away) {
          await this.#putAside(name, event, attempt, message);
          return;
        }
        health.set(
          `reaction ${name}`,
          'degraded',
          reason(healthPhrases, 'health.reaction_failing', { name, seq: event.seq, error: message }),
        );
        await clock.sleep(pauseMs ?? reactionPausesMs[0], signal).catch(() => undefined);
      }
    }
  }

  async #limited(work: Promise<void>, name: string): Promise<void> {
    let cancel = () => {};
    const limit = new Promise<never>((_resolve, reject) => {
      cancel = this.#deps.clock.after(reactionLimitMs, () =>
        reject(
          new BacklotError(kernelErrors.timed_out, {
            params: { what: `The reaction ${name}`, seconds: reactionLimitMs / 1000 },
          }),
        ),
      );
    });
    try {
      await Promise.race([work, limit]);
    } finally {
      cancel();
    }
  }

  async #putAside(name: string, event: Event, attempts: number, error: string): Promise<void> {
    const { store, health, metrics } = this.#deps;
    await store.db
      .insertInto('reaction_failure')
      .values({ name, event_seq: event.seq, attempts, error: error.slice(0, 2_000) })
      .onConflict((conflict) => conflict.columns(['name', 'event_seq']).doUpdateSet({ attempts, error }))
      .execute();
    metrics.reactions.inc({ name, outcome: 'put-aside' });
    health.set(
      `reaction ${name}`,
      'degraded',
      reason(healthPhrases, 'health.reaction_isolated', { name, seq: event.seq, attempts, error }),
    );
  }
}
