import { reason } from '@backlot/contract';
import type { Kernel, Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { deliveryPhrases, MessageTargetKind, type Notice } from '../../contract.ts';
import { addressPolicy } from '../senders/address-policy.ts';
import { send } from '../senders/send.ts';
import type { Sent } from '../senders/sender.ts';
import { tables } from '../tables.ts';
import { markTarget } from '../targets/mark-target.ts';
import type { Targets } from '../targets/targets.ts';
import { closeWindows } from './enqueue.ts';
import { giveUpOld } from './give-up.ts';
import { givenUpAfterS, longestAskedS, retryPauseS } from './retry-pause.ts';

/** Messages on their way at one time; one to each target, so that they arrive in order and none holds up the others. */
const atOnce = 12;
const sweepMs = 2_000;
/** The longest attempt. */
const attemptMs = 30_000;
/** A message taken by a process that died is taken again after this. Seconds. */
const leaseS = attemptMs / 1_000 + 30;
/** So many attempts in a row must fail before a target counts as down. */
const faultsToBeDown = 3;
const keptDays = 30;
const cleanMs = 3_600_000;

interface Due {
  readonly id: string;
  readonly target_id: string;
  readonly attempts: number;
  readonly notice: Notice;
  readonly payload: { type: string; data: unknown } | null;
  readonly created_at: Date;
  readonly age_s: number;
  readonly kind: string;
  readonly name: string;
  readonly settings: Record<string, unknown>;
  readonly sealed: Buffer;
}

/**
 * Delivers what is in the outbox: at least once, from every replica, with a lease on each message. A process that dies
 * between sending and noting the success sends again, with the same id.
 */
export class Outbox {
  readonly #kernel: Kernel;
  readonly #targets: Targets;
  readonly #stop = new AbortController();
  readonly #inFlight = new Map<string, Promise<void>>();
  /** Targets by the message that is on its way to them. */
  readonly #busy = new Map<string, string>();
  #wake: (() => void) | undefined;
  #woken = false;
  #running: Promise<void> = Promise.resolve();
  #cleanedAt = Number.NEGATIVE_INFINITY;

  constructor(kernel: Kernel, targets: Targets) {
    this.#kernel = kernel;
    this.#targets = targets;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** There is something new. Losing the call costs two seconds. */
  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Attempts on their way are broken off and made again by the next start. */
  async close(): Promise<void> {
    this.#stop.abort(new Error('The control plane closes.'));
    this.#wake?.();
    await this.#running;
    await Promise.all(this.#inFlight.values());
  }

  async #run(): Promise<void> {
    const { log } = this.#kernel;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        const made = await this.#kernel.transaction(async (tx) => {
          await giveUpOld(tx);
          return await closeWindows(tx);
        });
        const taken = await this.#sendDue();
        await this.#clean();
        if (made > 0 || taken === atOnce) continue;
      } catch (error) {
        if (signal.aborted) return;
        log.warn({ err: error }, 'messages could not be sent');
      }
      await this.#pause();
    }
  }

  async #pause(): Promise<void> {
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const cancel = this.#kernel.clock.after(sweepMs, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#woken = false;
  }

  async #sendDue(): Promise<number> {
    const room = atOnce - this.#inFlight.size;
    if (room <= 0) return 0;
    const due = await this.#claim(room);
    for (const message of due) {
      const done = this.#deliver(message)
        .catch((error: unknown) => {
          // Its lease runs out, and it is sent again.
          if (!this.#stop.signal.aborted) {
            this.#kernel.log.warn(
              { err: error, message: message.id },
              'what came of a message was not noted',
            );
          }
        })
        .finally(() => {
          this.#inFlight.delete(message.id);
          this.#busy.delete(message.id);
          this.wake();
        });
      this.#inFlight.set(message.id, done);
      this.#busy.set(message.id, message.target_id);
    }
    return due.length;
  }

  /**
   * The oldest message that is due of each target to which none is on its way from here, taken for a while. Never one that
   * is too old: a target that is switched on again must not get it before `giveUpOld` has seen it.
   */
  async #claim(room: number): Promise<Due[]> {
    const busy = [...this.#busy.values()];
    const { rows } = await sql<Due>`
      WITH first AS (
        SELECT DISTINCT ON (m.target_id) m.id, m.next_at
        FROM delivery_message m JOIN delivery_target t ON t.id = m.target_id
        WHERE m.state = 'pending' AND m.next_at <= now() AND t.enabled AND m.target_id <> ALL(${busy}::uuid[])
          AND m.created_at > now() - make_interval(secs => ${givenUpAfterS})
        ORDER BY m.target_id, m.id
      ), free AS (
        SELECT m.id FROM delivery_message m
        WHERE m.id IN (SELECT id FROM first ORDER BY next_at LIMIT ${room})
          AND m.state = 'pending' AND m.next_at <= now()
        FOR UPDATE SKIP LOCKED
      )
      UPDATE delivery_message m
      SET next_at = now() + make_interval(secs => ${leaseS}), attempts = m.attempts + 1
      FROM free, delivery_target t
      WHERE m.id = free.id AND t.id = m.target_id
      RETURNING m.id, m.target_id, m.attempts, m.notice, m.payload, m.created_at, t.kind, t.name, t.settings, t.sealed,
        extract(epoch FROM now() - m.created_at)::float8 AS age_s`.execute(this.#kernel.db);
    return rows;
  }

  async #deliver(message: Due): Promise<void> {
    const { db, clock } = this.#kernel;
    const kind = MessageTargetKind.safeParse(message.kind);
    const secrets = await this.#targets.secretsOf({ id: message.target_id, sealed: message.sealed });
    let sent: Sent;
    if (!kind.success) sent = { ok: false, fault: 'this target takes no messages', final: true };
    else if (!secrets) {
      const lost = reason(deliveryPhrases, 'deliveries.secrets_lost', { target: message.name });
      sent = { ok: false, fault: lost.message };
    } else {
      const limit = AbortSignal.timeout(attemptMs);
      const outgoing = {
        id: message.id,
        notice: message.notice,
        payload: message.payload,
        createdAt: message.created_at,
        settings: message.settings,
        secrets,
      };
      const context = {
        policy: await addressPolicy(db),
        signal: AbortSignal.any([limit, this.#stop.signal]),
        nowS: Math.floor(clock.now() / 1_000),
      };
      sent = await send(kind.data, outgoing, context).catch((error: unknown): Sent => {
        if (this.#stop.signal.aborted) throw error;
        return { ok: false, fault: `no answer within ${attemptMs / 1_000} s` };
      });
    }
    await this.#note(message, sent);
  }

  async #note(message: Due, sent: Sent): Promise<void> {
    const pauseS =
      sent.ok || sent.final
        ? undefined
        : retryPauseS(message.attempts, message.age_s, Math.random(), sent.retryAfterS);
    const state = sent.ok ? 'delivered' : pauseS === undefined ? 'failed' : 'pending';
    const told = await this.#kernel.transaction(async (tx) => {
      const noted = await tables(tx)
        .updateTable('delivery_message')
        .set({
          state,
          fault: sent.ok ? null : sent.fault,
          next_at: pauseS === undefined ? null : sql<Date>`now() + make_interval(secs => ${pauseS})`,
          ended_at: pauseS === undefined ? sql<Date>`now()` : null,
        })
        .where('id', '=', message.id)
        .where('attempts', '=', message.attempts)
        .where('state', '=', 'pending')
        .returning('id')
        .executeTakeFirst();
      if (!noted) return false;
      if (!sent.ok) await this.#leaveAlone(tx, message.target_id, sent.retryAfterS ?? 0);
      if (sent.ok) return await markTarget(this.#kernel, tx, message.target_id, 'up', null);
      if (!sent.final && message.attempts < faultsToBeDown) return false;
      const fault = reason(deliveryPhrases, 'deliveries.message_refused', {
        target: message.name,
        detail: sent.fault,
      });
      return await markTarget(this.#kernel, tx, message.target_id, 'down', fault);
    });
    if (told) this.#kernel.events.wake();
  }

  /** A service that asks to be left alone means all of us, and not one message. */
  async #leaveAlone(tx: Tx, targetId: string, askedS: number): Promise<void> {
    if (askedS <= 0) return;
    const until = sql<Date>`now() + make_interval(secs => ${Math.min(askedS, longestAskedS)})`;
    await tables(tx)
      .updateTable('delivery_message')
      .set({ next_at: until })
      .where('target_id', '=', targetId)
      .where('state', '=', 'pending')
      .where('next_at', '<', until)
      .execute();
  }

  async #clean(): Promise<void> {
    const now = this.#kernel.clock.monotonic();
    if (now - this.#cleanedAt < cleanMs) return;
    this.#cleanedAt = now;
    await tables(this.#kernel.db)
      .deleteFrom('delivery_message')
      .where('state', '<>', 'pending')
      .where('created_at', '<', sql<Date>`now() - make_interval(days => ${keptDays})`)
      .execute();
  }
}
