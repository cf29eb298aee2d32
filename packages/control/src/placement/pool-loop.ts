import type { Clock, Reason, TaskClass } from '@backlot/contract';
import { taskClasses } from '@backlot/contract';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../db/schema.ts';
import type { WakeReason } from '../tasks/change.ts';
import { commitDecisions } from './commit.ts';
import { dominantShare, totalsOf } from './fair-share.ts';
import { FleetIndex, type PoolRules, readRules, Warmth } from './load-fleet.ts';
import { QueueReader, readAvoidances } from './load-queue.ts';
import { ShareIndex } from './load-shares.ts';
import { type RoomDeps, RoomMaker, readFrozen } from './make-room.ts';
import type { PlacementMetrics } from './metrics.ts';
import type { World } from './model.ts';
import { type SearchResult, search } from './search.ts';
import { WaitWriter } from './waits.ts';
import { explain } from './why.ts';

export interface LoopDeps extends RoomDeps {
  /** Connections that don't wait for the disk, for what may be lost. */
  readonly relaxed: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: PlacementMetrics;
  /** Sends what was placed to its nodes; `allocations` does. */
  readonly sendOffers: (ids: readonly string[]) => Promise<void>;
}

/** Placements in one transaction. */
const batchSize = 200;
/** Wake-ups within this time are one round. */
const coalesceMs = 5;
/** Without any wake-up a round is made anyway. */
const sweepMs = 1_000;
/** Nodes and rules are looked through at least this often, even when nobody says that they have changed. */
const nodesMs = 1_000;
const depthMs = 10_000;
const retryMs = 500;

/**
 * The run loop of one pool: one round at a time, woken by what happens and by a sweep. What it holds in memory is
 * only a copy; every decision is checked again under the locks of the commit.
 */
export class PoolLoop {
  readonly pool: string;
  readonly #deps: LoopDeps;
  readonly #fleet: FleetIndex;
  readonly #queue: QueueReader;
  readonly #shares: ShareIndex;
  readonly #waits: WaitWriter;
  readonly #room: RoomMaker;
  readonly #warmth = new Warmth();
  readonly #reasons = new Set<WakeReason>();
  #rules: PoolRules | undefined;
  #nodesAt = Number.NEGATIVE_INFINITY;
  #depthAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  readonly #offering = new Set<Promise<void>>();
  #perGroup = batchSize;
  /** What is used is not what memory says: something was refused, or nothing is known yet. */
  #usageStale = true;

  constructor(pool: string, deps: LoopDeps) {
    this.pool = pool;
    this.#deps = deps;
    this.#fleet = new FleetIndex(deps.db, pool, deps.nodes, this.#warmth);
    this.#queue = new QueueReader(deps.db, pool);
    this.#shares = new ShareIndex(deps.db, pool, () => deps.clock.monotonic());
    this.#waits = new WaitWriter(deps.relaxed, () => deps.clock.monotonic());
    this.#room = new RoomMaker(deps);
  }

  /** Asks for a round soon. Any number of calls before it begins are one. */
  wake(why: WakeReason): void {
    this.#reasons.add(why);
    if (this.#closed || this.#running) return;
    this.#schedule(coalesceMs);
  }

  start(): void {
    this.wake('node-changed');
  }

  /** Ends after the round in progress. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTimer?.();
    await this.#running;
    await Promise.allSettled(this.#offering);
  }

  #schedule(ms: number): void {
    this.#cancelTimer?.();
    if (this.#closed) return;
    this.#cancelTimer = this.#deps.clock.after(ms, () => {
      this.#running = this.#turn().finally(() => {
        this.#running = undefined;
      });
    });
  }

  async #turn(): Promise<void> {
    const reasons = new Set(this.#reasons);
    this.#reasons.clear();
    let pause = sweepMs;
    try {
      const more = await this.round(reasons);
      if (more) pause = 0;
    } catch (error) {
      // The database may be away; nothing is placed from memory meanwhile.
      this.#deps.log.warn({ err: error, pool: this.pool }, 'a round of placement failed');
      this.#nodesAt = Number.NEGATIVE_INFINITY;
      this.#usageStale = true;
      pause = retryMs;
    }
    // What came in the meantime has waited long enough already.
    this.#schedule(this.#reasons.size > 0 ? Math.min(pause, coalesceMs) : pause);
  }

  /** One round; public for tests and measurements. Answers whether another one should follow at once. */
  async round(reasons: ReadonlySet<WakeReason>): Promise<boolean> {
    const end = this.#deps.metrics.round.startTimer({ pool: this.pool });
    try {
      await this.#refresh(reasons);
      const world = await this.#look();
      const found = search(world, batchSize);
      const placed = await this.#commit(found);
      await this.#afterwards(world, found);
      const more = found.more || cutOff(world, found, this.#perGroup);
      this.#perGroup = headsFor(world.groups.length);
      return placed > 0 && more;
    } finally {
      end();
    }
  }

  async #refresh(reasons: ReadonlySet<WakeReason>): Promise<void> {
    const now = this.#deps.clock.monotonic();
    const due = now - this.#nodesAt >= nodesMs;
    if (due || reasons.has('node-changed') || reasons.has('policy-changed') || !this.#rules) {
      this.#rules = await readRules(this.#deps.db, this.pool);
      await this.#fleet.readNodes(this.#rules.selector);
      this.#nodesAt = now;
    } else if (this.#usageStale || reasons.has('slot-free')) {
      await this.#fleet.readUsage();
    }
    this.#usageStale = false;
    if (now - this.#depthAt >= depthMs) {
      this.#depthAt = now;
      await this.#measureDepth();
    }
  }

  async #look(): Promise<World> {
    const { db } = this.#deps;
    const nodes = this.#fleet.nodes;
    // Frozen work on nodes of other pools is simply not found among these nodes.
    const [groups, avoidances, frozen] = await Promise.all([
      this.#queue.read(this.#perGroup),
      readAvoidances(db),
      readFrozen(db),
    ]);
    const projects = await this.#shares.read(
      new Set(groups.map((group) => group.projectId)),
      totalsOf(nodes),
    );
    const strategy = this.#rules?.policy.strategy ?? 'pack';
    return { pool: this.pool, strategy, nodes, groups, projects, avoidances, frozen };
  }

  async #commit(found: SearchResult): Promise<number> {
    const { metrics } = this.#deps;
    const { placed, refused } = await commitDecisions(this.#deps, found.decisions);
    const totals = totalsOf(found.nodes);
    for (const { decision, candidate } of placed) {
      const { group, task } = decision;
      const { resources, host } = group.demand;
      metrics.placed.inc({ pool: this.pool, class: group.class });
      metrics.waited.observe({ pool: this.pool, class: group.class }, task.waitedMs / 1000);
      this.#warmth.placed(candidate.nodeId, task.jobId, host);
      this.#shares.placed(
        group.projectId,
        dominantShare(resources, totals),
        group.class === 'batch' ? resources.cpu : 0,
      );
    }
    // What the search booked is what was written, so the next round need not read it again.
    const asDecided = placed.every(
      ({ decision, candidate }) => decision.candidates[0]?.nodeId === candidate.nodeId,
    );
    this.#usageStale = refused.length > 0 || !asDecided || found.thaw.length > 0;
    this.#fleet.replace(found.nodes);
    if (refused.length > 0) metrics.refused.inc({ pool: this.pool }, refused.length);
    this.#offer(placed.map((entry) => entry.allocationId));
    return placed.length;
  }

  /** Offers go out while the next round is already looking. */
  #offer(ids: readonly string[]): void {
    if (ids.length === 0) return;
    const sending: Promise<void> = this.#deps
      .sendOffers(ids)
      .catch((error: unknown) => {
        this.#deps.log.warn({ err: error }, 'offers could not be sent; the sweep repeats them');
      })
      .finally(() => this.#offering.delete(sending));
    this.#offering.add(sending);
  }

  async #afterwards(world: World, found: SearchResult): Promise<void> {
    await this.#room.thaw(found.thaw);
    await this.#room.drain(world.nodes);
    const reasons = new Map<string, Reason>();
    for (const stuck of found.stuck) {
      reasons.set(stuck.task.id, explain(stuck, world, found.nodes));
    }
    if (this.#rules?.policy.preemption) {
      const making = await this.#room.preempt(world, found.stuck, found.nodes);
      if (making.size > 0) this.#deps.metrics.preempted.inc({ pool: this.pool }, making.size);
      for (const [id, reason] of making) reasons.set(id, reason);
    }
    await this.#waits.write(reasons);
  }

  async #measureDepth(): Promise<void> {
    const { rows } = await sql<{ class: TaskClass; n: number }>`
      SELECT class, count(*)::int AS n FROM task
      WHERE pool = ${this.pool} AND state = 'queued' AND NOT paused GROUP BY class
    `.execute(this.#deps.db);
    for (const taskClass of taskClasses) {
      const n = rows.find((row) => row.class === taskClass)?.n ?? 0;
      this.#deps.metrics.queued.set({ pool: this.pool, class: taskClass }, n);
    }
  }
}

/** Tasks to read of each group: enough for a batch when there are few groups, and a few when there are many. */
function headsFor(groups: number): number {
  return Math.max(4, Math.min(batchSize, Math.ceil((2 * batchSize) / Math.max(1, groups))));
}

/** Whether a group that got all its tasks placed has more of them in the database. */
function cutOff(world: World, found: SearchResult, perGroup: number): boolean {
  const stuck = new Set(found.stuck.map(({ group }) => group.key));
  return world.groups.some((group) => group.tasks.length >= perGroup && !stuck.has(group.key));
}
