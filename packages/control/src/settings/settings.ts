import {
  InstallationSettings,
  RetentionSettings,
  type SettingsPatch,
  type Settings as SettingsView,
  WebhookSettings,
} from '@backlot/contract';
import type { z } from 'zod';
import type { Store } from '../db/database.ts';
import type { Db, Tx } from '../db/schema.ts';
import type { Actor, AuditLog } from '../kernel.ts';

/**
 * The parts of the settings and their shapes. Rows of the table `setting` that are no settings of people (keys
 * that begin with `secret.`) are not among them, so no route can ever show them.
 */
const parts = {
  installation: InstallationSettings,
  webhooks: WebhookSettings,
  retention: RetentionSettings,
} as const;
type Part = keyof typeof parts;

/** What an administrator can change while the system runs. Read from the database each time: another replica may have changed it. */
export class Settings {
  readonly #store: Store;
  readonly #audit: AuditLog;

  constructor(deps: { readonly store: Store; readonly audit: AuditLog }) {
    this.#store = deps.store;
    this.#audit = deps.audit;
  }

  /** One part, with the defaults for what was never set. */
  async read<P extends Part>(part: P, db: Db | Tx = this.#store.db): Promise<z.output<(typeof parts)[P]>> {
    const row = await db.selectFrom('setting').select('value').where('key', '=', part).executeTakeFirst();
    return parse(part, row?.value);
  }

  async readAll(db: Db | Tx = this.#store.db): Promise<SettingsView> {
    const rows = await db
      .selectFrom('setting')
      .select(['key', 'value'])
      .where('key', 'in', Object.keys(parts))
      .execute();
    const stored = new Map(rows.map((row) => [row.key, row.value]));
    return {
      installation: parse('installation', stored.get('installation')),
      webhooks: parse('webhooks', stored.get('webhooks')),
      retention: parse('retention', stored.get('retention')),
    };
  }

  /** Replaces the parts that are given. */
  async change(patch: z.output<typeof SettingsPatch>, actor: Actor): Promise<SettingsView> {
    return await this.#store.transaction(async (tx) => {
      const before = await this.readAll(tx);
      for (const [key, value] of Object.entries(patch)) {
        if (value === undefined) continue;
        const row = { key, value: JSON.stringify(value) };
        await tx
          .insertInto('setting')
          .values(row)
          .onConflict((conflict) =>
            conflict.column('key').doUpdateSet({ value: row.value, updated_at: new Date() }),
          )
          .execute();
      }
      const after = await this.readAll(tx);
      await this.#audit.record(tx, {
        actor,
        action: 'settings.change',
        subject: { kind: 'settings', id: null },
        before,
        after,
      });
      return after;
    });
  }
}

/** A stored value that no longer fits (an older or newer release wrote it) falls back to the defaults. */
function parse<P extends Part>(part: P, value: unknown): z.output<(typeof parts)[P]> {
  const schema: z.ZodType = parts[part];
  const parsed = schema.safeParse(value ?? {});
  return (parsed.success ? parsed.data : schema.parse({})) as z.output<(typeof parts)[P]>;
}
