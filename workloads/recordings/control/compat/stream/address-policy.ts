import { WebhookSettings } from '@backlot/contract';
import type { Db, Tx } from '@backlot/control/workload';

/** Which addresses the control plane may dial for NGlive: the same that an administrator has set for webhooks. */
export async function addressPolicy(db: Db | Tx): Promise<WebhookSettings> {
  const row = await db.selectFrom('setting').select('value').where('key', '=', 'webhooks').executeTakeFirst();
  return WebhookSettings.safeParse(row?.value ?? {}).data ?? WebhookSettings.parse({});
}
