import type { Kernel } from '@backlot/control/workload';
import { z } from 'zod';

/** Key of the setting: what an hour of one core costs, in the installation's currency. */
const KEY = 'renders.price-per-core-hour';
const Price = z.number().nonnegative();

/** What an hour of one core costs; null when nobody has said. */
export async function readPrice(kernel: Kernel): Promise<number | null> {
  const row = await kernel.db.selectFrom('setting').select('value').where('key', '=', KEY).executeTakeFirst();
  const parsed = Price.safeParse(row?.value);
  return parsed.success ? parsed.data : null;
}

/** Says what an hour of one core costs; null takes the price away. */
export async function writePrice(kernel: Kernel, price: number | null): Promise<void> {
  if (price === null) {
    await kernel.db.deleteFrom('setting').where('key', '=', KEY).execute();
    return;
  }
  const value = JSON.stringify(Price.parse(price));
  await kernel.db
    .insertInto('setting')
    .values({ key: KEY, value, updated_at: new Date(kernel.clock.now()) })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ value, updated_at: new Date(kernel.clock.now()) }),
    )
    .execute();
}
