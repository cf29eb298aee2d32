import { type Clock, type Event, healthPhrases, reason, type WebhookSettings } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Store } from '../db/database.ts';
import { eventSubjects } from '../events/event-log.ts';
import { LogFollower } from '../events/log-follower.ts';
import { toEvent } from '../events/log-tail.ts';
import { Waker } from '../events/waker.ts';
import type { Fabric, HealthReporter } from '../kernel.ts';
import type { LeadershipFactory } from '../leader/leadership.ts';
import type { Settings } from '../settings/settings.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { fanOut, forgetDeliveries } from './fan-out.ts';
import { nextPauseS } from './schedule.ts';
import { type Attempt, attemptLimitMs, send } from './sender.ts';
import { signatureHeaders } from './signing.ts';

export interface DispatcherDeps {
  readonly store: Store;
  readonly fabric: Fabric;
  readonly leadership: LeadershipFactory;
  readonly replica: string;
  readonly settings: Settings;
  readonly health: HealthReporter;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1), for the spread of retries. */
  readonly random?: () => number;
}

/** Deliveries on their way at one time … */
const atOnce = 16;
/** … and to one webhook, so that a slow receiver does not hold up the others. */
const atOnceEach = 4;
const sweepMs = 2_000;
const cleanEveryMs = 3_600_000;
/** A delivery taken by a process that died is taken again after this. */
const leaseS = attemptLimitMs / 1000 + 45;

interface Due {
  readonly id: string;
  readonly webhook_id: string;
  readonly attempts: number;
  readonly url: string;
  readonly secret: string;
  readonly event: Event | undefined;
}

/**
 * Delivers events to webhooks. One replica reads the event log and notes who is to get what; every replica sends
 * what is due. At least once: a process that dies between sending and noting the success sends again, with the
 * same `webhook-id`.
 */
export class Dispatcher {
  readonly #deps: DispatcherDeps;
  readonly #followWaker: Waker;
  readonly #sendWaker: Waker;
  readonly #stop = new AbortController();
  readonly #inFlight = new Map<string, { readonly webhookId: string; readonly done: Promise<void> }>();
  readonly #running = new Set<Promise<void>>();
  #lead: { close(): Promise<void> } | undefined;
  #unsubscribe: (() => void) | undefined;
  #cleanedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: DispatcherDeps) {
    this.#deps = deps;
    this.#followWaker = new Waker(deps.clock);
    this.#sendWaker = new Waker(deps.clock);
  }

  start(): void {
    const { leadership, store, replica, log, clock, fabric } = this.#deps;
    this.#unsubscribe = fabric.subscribe(eventSubjects.appended, () => this.#followWaker.wake());
    const lead = leadership({
      db: store.db,
      name: 'webhooks',
      replica,
      log,
      clock,
      onGained: (until) => this.#own(this.#follow(until)),
    });
    this.#lead = lead;
    void lead.start();
    this.#own(this.#sendLoop(this.#stop.signal));
  }

  /** Looks for due deliveries now: one was asked for again. */
  wake(): void {
    this.#sendWaker.wake();
  }

  /** Stops sending. Attempts on their way are broken off and made again by the next start. */
  async close(): Promise<void> {
    this.#unsubscribe?.();
    await this.#lead?.close();
    this.#stop.abort();
    await Promise.all(this.#running);
    await Promise.all([...this.#inFlight.values()].map(({ done }) => done));
  }

  #own(work: Promise<void>): void {
    const run = work.finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  #follow(until: AbortSignal): Promise<void> {
    const { store, clock, log } = this.#deps;
    return new LogFollower({
      name: 'webhooks',
      store,
      clock,
      log,
      waker: this.#followWaker,
      handle: async (events, save) => {
        const made = await store.transaction(async (tx) => {
          const count = await fanOut(tx, events);
          await save(tx, events.at(-1)?.seq ?? 0);
          return count;
        });
        if (made > 0) this.#sendWaker.wake();
      },
    }).run(until);
  }

  async #sendLoop(signal: AbortSignal): Promise<void> {
    const { clock, health, log } = this.#deps;
    while (!signal.aborted) {
      try {
        const full = await this.#sendDue(signal);
        await this.#clean();
        health.set('webhooks', 'ok');
        await this.#sendWaker.wait(full ? 200 : sweepMs, signal);
      } catch (error) {
        if (signal.aborted) return;
        const message = error instanceof Error ? error.message : String(error);
        log.warn({ err: error }, 'webhooks could not be sent');
        health.set(
          'webhooks',
          'degraded',
          reason(healthPhrases, 'health.webhooks_behind', { error: message }),
        );
        await clock.sleep(sweepMs, signal).catch(() => undefined);
      }
    }
  }

  /** Starts as many due deliveries as there is room for. Returns whether there was none left. */
  async #sendDue(signal: AbortSignal): Promise<boolean> {
    const room = atOnce - this.#inFlight.size;
    if (room <= 0) return true;
    const due = await this.#claim(room);
    if (due.length === 0) return false;
    const settings = await this.#deps.settings.read('webhooks');
    for (const delivery of due) {
      const done = this.#deliver(delivery, settings, signal)
        .catch((error: unknown) => {
          // Its lease runs out, and it is sent again.
          if (!signal.aborted)
            this.#deps.log.warn({ err: error, delivery: delivery.id }, 'a delivery was not noted');
        })
        .finally(() => {
          this.#inFlight.delete(delivery.id);
          this.#sendWaker.wake();
        });
      this.#inFlight.set(delivery.id, { webhookId: delivery.webhook_id, done });
    }
    return due.length === room;
  }

  /** Takes due deliveries for a while: nobody else sends them meanwhile. */
  async #claim(room: number): Promise<Due[]> {
    const busy: Record<string, number> = {};
    for (const { webhookId } of this.#inFlight.values()) busy[webhookId] = (busy[webhookId] ?? 0) + 1;
    const { rows } = await sql<{
      id: string;
      webhook_id: string;
      attempts: number;
      url: string;
      secret: string;
      event: Parameters<typeof toEvent>[0] | null;
    }>`
      WITH due AS (
        SELECT d.id, d.webhook_id, d.next_at,
          row_number() OVER (PARTITION BY d.webhook_id ORDER BY d.next_at)
            + coalesce((${JSON.stringify(busy)}::jsonb ->> d.webhook_id::text)::int, 0) AS place
        FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook_id
        WHERE d.state = 'pending' AND d.next_at <= now() AND w.enabled
      ), free AS (
        SELECT d.id FROM webhook_delivery d
        WHERE d.state = 'pending' AND d.next_at <= now()
          AND d.id IN (SELECT id FROM due WHERE place <= ${atOnceEach} ORDER BY next_at LIMIT ${room})
        FOR UPDATE SKIP LOCKED
      )
      UPDATE webhook_delivery d
      SET next_at = now() + make_interval(secs => ${leaseS}), attempts = d.attempts + 1
      FROM free, webhook w
      WHERE d.id = free.id AND w.id = d.webhook_id
      RETURNING d.id, d.webhook_id, d.attempts, w.url, w.secret,
        (SELECT to_jsonb(e) FROM event e WHERE e.seq = d.event_seq) AS event`.execute(this.#deps.store.db);
    return rows.map(({ event, ...row }) => ({
      ...row,
      event: event === null ? undefined : toEvent({ ...event, at: new Date(event.at) }),
    }));
  }

  async #deliver(delivery: Due, settings: WebhookSettings, signal: AbortSignal): Promise<void> {
    const { clock, metrics } = this.#deps;
    if (!delivery.event) {
      await this.#conclude(delivery, 'failed', undefined, 'The event is no longer kept.');
      return;
    }
    const { seq, id, at, kind, projectId, subject, body } = delivery.event;
    // The shape that the specification recommends: what, when, and the data of it.
    const text = JSON.stringify({ type: kind, timestamp: at, data: { seq, id, projectId, subject, body } });
    const headers = signatureHeaders(
      delivery.secret,
      `msg_${delivery.id}`,
      Math.floor(clock.now() / 1000),
      text,
    );
    const attempt = await send({ url: delivery.url, headers, body: text }, settings, clock, signal);
    if (signal.aborted) return;
    metrics.webhookDuration.observe(attempt.durationMs / 1000);
    metrics.webhookAttempts.inc({
      outcome: attempt.ok ? 'delivered' : attempt.status === null ? 'no-answer' : 'refused',
    });
    await this.#conclude(delivery, attempt.ok ? 'delivered' : 'pending', attempt, attempt.error);
    // 410 Gone is the receiver's way to end it, by the specification.
    if (attempt.status === 410) await this.#disable(delivery.webhook_id);
  }

  async #conclude(
    delivery: Due,
    outcome: 'delivered' | 'pending' | 'failed',
    attempt: Attempt | undefined,
    error: string | null,
  ): Promise<void> {
    const random = (this.#deps.random ?? Math.random)();
    const pauseS =
      outcome === 'pending' && attempt?.status !== 410
        ? nextPauseS(delivery.attempts, random, attempt?.retryAfterS)
        : undefined;
    await this.#deps.store.db
      .updateTable('webhook_delivery')
      .set({
        state: outcome === 'pending' && pauseS === undefined ? 'failed' : outcome,
        next_at: pauseS === undefined ? null : sql<Date>`now() + make_interval(secs => ${pauseS})`,
        status: attempt?.status ?? null,
        error: error?.slice(0, 1_000) ?? null,
        duration_ms: attempt?.durationMs ?? null,
        at: sql<Date>`now()`,
      })
      .where('id', '=', delivery.id)
      .where('attempts', '=', delivery.attempts)
      .execute();
  }

  async #disable(webhookId: string): Promise<void> {
    await this.#deps.store.db
      .updateTable('webhook')
      .set({ enabled: false })
      .where('id', '=', webhookId)
      .execute();
    this.#deps.log.warn({ webhook: webhookId }, 'a webhook answered 410 Gone and was switched off');
  }

  async #clean(): Promise<void> {
    const { clock, settings, store } = this.#deps;
    if (clock.monotonic() - this.#cleanedAt < cleanEveryMs) return;
    this.#cleanedAt = clock.monotonic();
    const { deliveryDays } = await settings.read('retention');
    await forgetDeliveries(store.db, deliveryDays, clock.now());
  }
}
