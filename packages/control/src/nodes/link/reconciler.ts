import type { Heartbeat } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { NodeReports } from '../../kernel.ts';

/** A node that has work is compared this often, even when its heartbeat says the same as before. */
const REPEAT_MS = 15_000;
/** How often the database is asked which nodes should have work. */
const EXPECTED_MS = 5_000;

export interface ReconcilerOptions {
  readonly db: Db;
  readonly reports: () => NodeReports;
  readonly clock: Clock;
  readonly log: Logger;
  /** Tells the node to end an allocation that is not its own any more. */
  stop(nodeId: string, ref: { readonly allocation: string; readonly fence: number }): void;
}

/**
 * Compares what nodes say they run with what they should. A node without work that should have none, which is what
 * an idle fleet consists of, costs nothing: one query for all finds the nodes that should have some.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #compared = new Map<string, { readonly said: string; readonly at: number }>();
  #expected: ReadonlySet<string> = new Set();
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** @param connected ids of the nodes whose links end here */
  start(connected: () => readonly string[]): void {
    this.#cancel = this.#options.clock.after(EXPECTED_MS, () => {
      this.#ask(connected())
        .catch((error: unknown) => this.#options.log.debug({ err: error }, 'expected work could not be read'))
        .finally(() => {
          if (!this.#closed) this.start(connected);
        });
    });
  }

  async heartbeat(nodeId: string, heartbeat: Heartbeat): Promise<void> {
    const { allocations } = heartbeat;
    if (allocations.length === 0 && !this.#expected.has(nodeId)) {
      this.#compared.delete(nodeId);
      return;
    }
    const now = this.#options.clock.monotonic();
    const said = allocations.map(({ allocation, fence, state }) => `${allocation}/${fence}/${state}`).join();
    const before = this.#compared.get(nodeId);
    if (before && before.said === said && now - before.at < REPEAT_MS) return;
    this.#compared.set(nodeId, { said, at: now });
    const foreign = await this.#options.reports().reconcile(nodeId, heartbeat);
    for (const ref of foreign) this.#options.stop(nodeId, ref);
  }

  /** Compares anew at the node's next heartbeat. */
  forget(nodeId: string): void {
    this.#compared.delete(nodeId);
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  async #ask(connected: readonly string[]): Promise<void> {
    if (connected.length === 0) {
      this.#expected = new Set();
      return;
    }
    // Not filtered by the connected ids: the partial index of open allocations is small, the list of ids is not.
    const rows = await this.#options.db
      .selectFrom('allocation')
      .select('node_id')
      .distinct()
      .where('state', '<>', 'ended')
      .execute();
    this.#expected = new Set(rows.map((row) => row.node_id));
  }
}
