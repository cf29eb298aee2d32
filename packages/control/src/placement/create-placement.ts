import type { Clock } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../db/schema.ts';
import type { Placement } from '../kernel.ts';
import type { Leadership, LeadershipFactory } from '../leader/leadership.ts';
import type { WakeReason } from '../tasks/change.ts';
import { type LoopDeps, PoolLoop } from './pool-loop.ts';

export interface PlacementDeps extends LoopDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly replica: string;
  readonly leadership: LeadershipFactory;
}

/** Placement with what its owner does to it. */
export interface PlacementRoom extends Placement {
  start(): Promise<void>;
  close(): Promise<void>;
}

/** How often pools are looked for that were added, removed, or are asked for by a task. */
const poolsMs = 2_000;

interface Seat {
  readonly leadership: Leadership;
  loop: PoolLoop | undefined;
}

/**
 * Runs one loop for each pool whose leadership this replica holds. A pool that tasks ask for and nobody has made
 * gets a loop too: somebody must say that it has no node.
 */
export function createPlacement(deps: PlacementDeps): PlacementRoom {
  const seats = new Map<string, Seat>();
  let cancelTimer: (() => void) | undefined;
  let looking: Promise<void> = Promise.resolve();
  let closed = false;

  const open = async (pool: string): Promise<void> => {
    const seat: Seat = {
      loop: undefined,
      leadership: deps.leadership({
        db: deps.db,
        name: `placement/${pool}`,
        replica: deps.replica,
        log: deps.log,
        clock: deps.clock,
        onGained: (until) => {
          const loop = new PoolLoop(pool, deps);
          seat.loop = loop;
          loop.start();
          until.addEventListener('abort', () => {
            if (seat.loop === loop) seat.loop = undefined;
            void loop.close();
          });
        },
      }),
    };
    seats.set(pool, seat);
    await seat.leadership.start();
  };
  const shut = async (pool: string): Promise<void> => {
    const seat = seats.get(pool);
    seats.delete(pool);
    await seat?.loop?.close();
    await seat?.leadership.close();
  };

  const lookForPools = async (): Promise<void> => {
    const wanted = await readPools(deps.db);
    for (const pool of wanted) if (!seats.has(pool) && !closed) await open(pool);
    for (const pool of seats.keys()) if (!wanted.has(pool)) await shut(pool);
  };
  const lookSoon = (): void => {
    cancelTimer?.();
    schedule(0);
  };
  const schedule = (ms = poolsMs): void => {
    if (closed) return;
    cancelTimer = deps.clock.after(ms, () => {
      cancelTimer = undefined;
      looking = lookForPools()
        .catch((error: unknown) => deps.log.warn({ err: error }, 'pools could not be read'))
        .finally(() => schedule());
    });
  };

  return {
    wake(why: WakeReason) {
      // A pool may have been made or removed; the next look is at most a moment away anyway.
      if (why === 'policy-changed' && cancelTimer) lookSoon();
      for (const seat of seats.values()) seat.loop?.wake(why);
    },
    async start() {
      await lookForPools();
      schedule();
    },
    async close() {
      closed = true;
      cancelTimer?.();
      await looking;
      await Promise.all([...seats.keys()].map(shut));
    },
  };
}

/** Pools that exist, and those that a queued task names; found by leaping, not by reading the queue. */
async function readPools(db: Db): Promise<Set<string>> {
  const { rows } = await sql<{ pool: string }>`
    WITH RECURSIVE leap AS (
      (SELECT pool FROM task WHERE state = 'queued' AND NOT paused ORDER BY pool LIMIT 1)
      UNION ALL
      SELECT n.pool FROM leap, LATERAL (
        SELECT pool FROM task WHERE state = 'queued' AND NOT paused AND pool > leap.pool ORDER BY pool LIMIT 1
      ) n
    )
    SELECT name AS pool FROM pool UNION SELECT pool FROM leap
  `.execute(db);
  return new Set(rows.map((row) => row.pool));
}
