import { randomUUID } from 'node:crypto';
import { type Clock, systemClock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { storeErrors } from '@backlot/contract/errors/store';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db, Tx } from '../db/schema.ts';

export interface LeadershipOptions {
  readonly db: Db;
  /** What is led: `placement/default`. */
  readonly name: string;
  /**
   * Name of this control replica, the same over its restarts. A replica that comes back takes over from its own
   * earlier life at once, because two lives of one replica never run together (the data directory's owner lock,
   * or the orchestrator, sees to that).
   */
  readonly replica: string;
  readonly log: Logger;
  /** Called each time it is gained. The signal aborts when it is lost or given up; work must end with it. */
  readonly onGained?: (until: AbortSignal) => void;
  /** Called when it was lost against our will; not by `close`. */
  readonly onLost?: () => void;
  /** How long a silent leader is respected, in milliseconds. */
  readonly ttlMs?: number;
  readonly clock?: Clock;
}

/** The right to do what only one replica may do at a time. */
export interface Leadership {
  /** Whether it is ours, as far as can be known without asking. */
  readonly held: boolean;
  /**
   * Makes a transaction depend on it: when another replica has taken over, or the lease has passed, the
   * transaction fails, and while it runs nobody can take over. For changes that two leaders must never both make.
   *
   * @throws lease_lost
   */
  guard(tx: Tx): Promise<void>;
  /** Starts asking for it, and renewing it, until `close`. Resolves after the first question. */
  start(): Promise<void>;
  /** Gives it up, so that another replica can have it at once. Harmless when repeated. */
  close(): Promise<void>;
}

export type LeadershipFactory = (options: LeadershipOptions) => Leadership;

const DEFAULT_TTL_MS = 10_000;

/** When to ask next: three chances within a lease; those who wait ask as often, so that a gap stays short. */
export function renewalPauseMs(ttlMs: number): number {
  return Math.max(20, Math.floor(ttlMs / 4));
}

/**
 * How long our own clock lets us believe in a lease, counted from before the question was sent. A little less
 * than the database does, so that the old leader has stopped when the new one starts.
 */
export function beliefMs(ttlMs: number): number {
  return ttlMs - Math.ceil(ttlMs / 10);
}

/**
 * Leadership by a row in the table `leader`. The database's clock alone decides who holds it; ours only counts
 * how long ago the database said so.
 */
export const createLeadership: LeadershipFactory = (options) => {
  const { db, name, log, clock = systemClock, ttlMs = DEFAULT_TTL_MS } = options;
  const holder = `${options.replica}/${randomUUID()}`;
  const closing = new AbortController();
  let current: AbortController | undefined;
  let believedUntil = 0;
  let cancelExpiry: () => void = () => undefined;
  let loop: Promise<void> | undefined;
  let closed: Promise<void> | undefined;

  function gained(askedAt: number): void {
    believedUntil = askedAt + beliefMs(ttlMs);
    cancelExpiry();
    cancelExpiry = clock.after(Math.max(0, believedUntil - clock.monotonic()), () =>
      lost('not renewed in time'),
    );
    if (current) return;
    current = new AbortController();
    log.info({ name, holder }, 'leading');
    safely(() => options.onGained?.(current?.signal ?? AbortSignal.abort()));
  }

  function lost(why: string): void {
    cancelExpiry();
    if (!current) return;
    const ended = current;
    current = undefined;
    log.warn({ name, holder, why }, 'no longer leading');
    ended.abort(new BacklotError(storeErrors.lease_lost, { params: { name } }));
    safely(() => options.onLost?.());
  }

  function safely(run: () => void): void {
    try {
      run();
    } catch (error) {
      log.error({ err: error, name }, 'a callback of a leadership failed');
    }
  }

  async function ask(): Promise<void> {
    const askedAt = clock.monotonic();
    try {
      if (await claim(db, name, holder, options.replica, ttlMs)) gained(askedAt);
      else lost('another replica has taken over');
    } catch (error) {
      // The database is away: the lease goes on for as long as we may believe in it, then `expiry` ends it.
      log.debug({ err: error, name }, 'a leadership could not be renewed');
    }
  }

  return {
    get held() {
      // A process that was stopped for a while must not believe what it knew before its timers run again.
      return current !== undefined && clock.monotonic() < believedUntil;
    },

    async guard(tx) {
      // FOR SHARE: a claim updates the row, so it waits until this transaction has ended.
      const { rows } = await sql`
        SELECT FROM leader WHERE name = ${name} AND holder = ${holder} AND until > clock_timestamp() FOR SHARE
      `.execute(tx);
      if (rows.length === 0) throw new BacklotError(storeErrors.lease_lost, { params: { name } });
    },

    async start() {
      if (loop) return;
      const first = ask();
      loop = first.then(async () => {
        while (!closing.signal.aborted) {
          await clock.sleep(renewalPauseMs(ttlMs), closing.signal).catch(() => undefined);
          if (!closing.signal.aborted) await ask();
        }
      });
      await first;
    },

    close() {
      closed ??= (async () => {
        closing.abort();
        await loop;
        cancelExpiry();
        current?.abort(new BacklotError(storeErrors.lease_lost, { params: { name } }));
        current = undefined;
        await db
          .deleteFrom('leader')
          .where('name', '=', name)
          .where('holder', '=', holder)
          .execute()
          .catch((error: unknown) =>
            log.debug({ err: error, name }, 'a leadership was not given up; it will run out'),
          );
      })();
      return closed;
    },
  };
};

/** Takes or renews the row if it is free, run out, ours, or of an earlier life of this replica. */
async function claim(db: Db, name: string, holder: string, replica: string, ttlMs: number): Promise<boolean> {
  const { rows } = await sql`
    INSERT INTO leader (name, holder, until)
    VALUES (${name}, ${holder}, clock_timestamp() + ${ttlMs} * interval '1 millisecond')
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE leader.until < clock_timestamp() OR starts_with(leader.holder, ${`${replica}/`})
    RETURNING name
  `.execute(db);
  return rows.length === 1;
}
