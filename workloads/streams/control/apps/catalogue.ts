import { BacklotError, type Clock } from '@backlot/contract';
import type { Db } from '@backlot/control/workload';
import { streamErrors } from '../../contract.ts';
import { type AppRow, tables } from '../tables.ts';

/** How long a copy in memory is believed, in milliseconds. Another replica's change is seen after so long. */
const believedMs = 2_000;
const capacity = 10_000;

/**
 * Apps by slug and by id, with copies in memory: every arrival asks for one, and they hardly ever change. Whatever is
 * decided for good is decided again in a transaction.
 */
export class AppCatalogue {
  readonly #db: Db;
  readonly #clock: Clock;
  readonly #bySlug = new Map<string, { readonly app: AppRow; readonly at: number }>();

  constructor(db: Db, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** @throws app_unknown */
  async bySlug(slug: string): Promise<AppRow> {
    const copy = this.#bySlug.get(slug);
    if (copy && this.#clock.monotonic() - copy.at < believedMs) return copy.app;
    const app = await this.#find('slug', slug);
    if (this.#bySlug.size >= capacity) this.#bySlug.clear();
    this.#bySlug.set(slug, { app, at: this.#clock.monotonic() });
    return app;
  }

  /** By id, or by slug where it is none. @throws app_unknown */
  byIdOrSlug(name: string): Promise<AppRow> {
    const isId = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i.test(name);
    return isId ? this.#find('id', name) : this.#find('slug', name);
  }

  /** Something of an app has changed here. */
  forget(slug: string): void {
    this.#bySlug.delete(slug);
  }

  async #find(column: 'id' | 'slug', value: string): Promise<AppRow> {
    const app = await tables(this.#db)
      .selectFrom('streams_app')
      .selectAll()
      .where(column, '=', value)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    if (!app) throw new BacklotError(streamErrors.app_unknown, { params: { app: value.slice(0, 60) } });
    return app;
  }
}
