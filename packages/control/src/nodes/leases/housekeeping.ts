import type { NodesDependencies } from '../dependencies.ts';
import type { InventoryStore } from '../inventory/inventory-store.ts';
import type { LinkDirectory } from '../link/directory.ts';
import type { NodeSettings } from '../settings.ts';
import { forgetSamples, keepSamples } from './load-samples.ts';

/** How often other replicas' links are read from the database; presence messages tell most of it sooner. */
const DIRECTORY_MS = 5_000;
const TOTALS_MS = 30_000;
const FORGET_MS = 600_000;

export interface HousekeepingOptions {
  readonly deps: NodesDependencies;
  readonly settings: NodeSettings;
  readonly inventories: InventoryStore;
  readonly directory: LinkDirectory;
}

/** What has to be done for nodes from time to time, each at its own pace and never twice at once. */
export class Housekeeping {
  readonly #options: HousekeepingOptions;
  readonly #cancels = new Set<() => void>();
  readonly #running = new Set<Promise<void>>();
  #closed = false;

  constructor(options: HousekeepingOptions) {
    this.#options = options;
  }

  start(): void {
    const { deps, settings, inventories } = this.#options;
    this.#every(settings.sampleMs, 'samples', () => keepSamples(deps.store.relaxed, settings.sampleMs));
    this.#every(FORGET_MS, 'old samples', () =>
      forgetSamples(deps.store.relaxed, settings.sampleRetentionMs),
    );
    this.#every(TOTALS_MS, 'totals', () => inventories.settleTotals());
    this.#every(DIRECTORY_MS, 'directory', () => this.#readDirectory());
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#cancels) cancel();
    await Promise.all(this.#running);
  }

  #every(ms: number, what: string, work: () => Promise<unknown>): void {
    if (this.#closed) return;
    const cancel = this.#options.deps.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      const run = work()
        .then(() => undefined)
        .catch((error: unknown) =>
          this.#options.deps.log.warn({ err: error, what }, 'housekeeping of nodes failed'),
        )
        .finally(() => {
          this.#running.delete(run);
          this.#every(ms, what, work);
        });
      this.#running.add(run);
    });
    this.#cancels.add(cancel);
  }

  async #readDirectory(): Promise<void> {
    const { deps, directory } = this.#options;
    const rows = await deps.store.db
      .selectFrom('node')
      .select(['id', 'replica'])
      .where('state', '=', 'ready')
      .where('replica', '<>', deps.replica)
      .execute();
    const elsewhere = rows.flatMap(({ id, replica }) =>
      replica !== null && !directory.session(id) ? [[id, replica] as const] : [],
    );
    directory.replaceReplicas(elsewhere);
  }
}
