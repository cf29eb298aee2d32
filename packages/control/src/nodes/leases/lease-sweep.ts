import { PoolPolicy } from '@backlot/contract/api/nodes';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { NodeSettings } from '../settings.ts';
import type { NodeRegistry } from './node-registry.ts';

export interface LeaseSweepOptions {
  readonly db: Db;
  readonly registry: NodeRegistry;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: NodeSettings;
  /** The state of nodes has changed. */
  changed(nodeIds: readonly string[]): void;
}

/** The longest of a pool's limits: only then all of a node's work has been given away. */
export function lostAfter(policy: PoolPolicy): number {
  return Math.max(policy.lostAfterMs.interactive, policy.lostAfterMs.live, policy.lostAfterMs.batch);
}

/** Looks through the leases once a second: ready -> unreachable -> lost, all times the database's. */
export class LeaseSweep {
  readonly #options: LeaseSweepOptions;
  #cancel: (() => void) | undefined;
  #running: Promise<void> | undefined;
  #closed = false;
  /** Monotonic time of the last sweep that worked; nothing before the first. */
  #worked: number | undefined;

  constructor(options: LeaseSweepOptions) {
    this.#options = options;
  }

  start(): void {
    this.#schedule();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel?.();
    await this.#running;
  }

  /** One sweep. Exposed for tests, which move time by hand. */
  async sweep(): Promise<void> {
    const { registry, clock, log, settings } = this.#options;
    const now = clock.monotonic();
    // While we were not looking (just started, database away, process stopped) no heartbeat could be written either.
    const blind = this.#worked === undefined || now - this.#worked > Math.max(settings.leaseMs / 2, 2_000);
    if (blind) {
      await registry.grace();
      this.#worked = clock.monotonic();
      return;
    }
    const expired = await registry.expireLeases();
    const lost = await registry.giveUp(await this.#limits());
    this.#worked = clock.monotonic();
    if (expired.length > 0) log.warn({ nodes: expired }, 'nodes became unreachable: their lease has passed');
    if (lost.length > 0) log.warn({ nodes: lost }, 'nodes are lost: their work is given to others');
    if (expired.length + lost.length > 0) this.#options.changed([...expired, ...lost]);
  }

  async #limits(): Promise<Map<string, number>> {
    const pools = await this.#options.db.selectFrom('pool').select(['name', 'policy']).execute();
    return new Map(pools.map(({ name, policy }) => [name, lostAfter(PoolPolicy.parse(policy))]));
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(this.#options.settings.sweepMs, () => {
      this.#running = this.sweep()
        .catch((error: unknown) =>
          this.#options.log.warn({ err: error }, 'leases could not be looked through'),
        )
        .finally(() => this.#schedule());
    });
  }
}
