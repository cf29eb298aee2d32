import { newId, reason } from '@backlot/contract';
import type { Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { deliveryPhrases } from '../../contract.ts';
import { tables } from '../tables.ts';
import { listedTitles, overflow, summaryOf } from './enqueue.ts';
import { givenUpAfterS } from './retry-pause.ts';

interface Switched {
  readonly id: string;
  readonly projectId: string;
  readonly name: string;
}

/** Why a message waits for a target that is switched off. */
export function offWords(target: string): string {
  return reason(deliveryPhrases, 'deliveries.target_disabled', { target }).message;
}

/** What waits for a target says that it is switched off; what a try has failed with says more, and stays. */
export async function afterSwitchOff(tx: Tx, { id, name }: Switched): Promise<void> {
  await sql`
    UPDATE delivery_message m SET fault = ${offWords(name)}
    FROM (
      SELECT id FROM delivery_message WHERE target_id = ${id} AND state = 'pending' AND fault IS NULL
      ORDER BY id FOR UPDATE SKIP LOCKED
    ) waiting
    WHERE m.id = waiting.id`.execute(tx);
}

/**
 * What has waited for a target is told in one message instead of one after the other; what programs want each stays as it
 * is. What is too old is left to `giveUpOld`. A message that is just being noted is left alone.
 *
 * @returns how many are told together
 */
export async function afterSwitchOn(tx: Tx, { id, projectId }: Switched): Promise<number> {
  const { rows } = await sql<{ id: string; group_key: string; title: string }>`
    SELECT id, group_key, notice ->> 'title' AS title FROM delivery_message
    WHERE target_id = ${id} AND state = 'pending' AND created_at > now() - make_interval(secs => ${givenUpAfterS})
    ORDER BY id FOR UPDATE SKIP LOCKED`.execute(tx);
  const told = rows.filter(({ group_key }) => group_key !== '');
  const together = told.length > 1 ? told : [];
  const alone = rows.filter((row) => !together.includes(row));
  await sql`
    UPDATE delivery_message SET fault = NULL
    WHERE id = ANY(${alone.map((one) => one.id)}::uuid[]) AND attempts = 0`.execute(tx);
  if (together.length === 0) return 0;
  await sql`
    UPDATE delivery_message SET state = 'folded', next_at = NULL, ended_at = now(), fault = NULL
    WHERE id = ANY(${together.map((one) => one.id)}::uuid[])`.execute(tx);
  const titles = together.slice(0, listedTitles).map(({ title }) => title.slice(0, 200));
  const message = newId();
  await tables(tx)
    .insertInto('delivery_message')
    .values({
      id: message,
      project_id: projectId,
      target_id: id,
      occasion: `switched-on:${message}`,
      group_key: overflow,
      notice: JSON.stringify(summaryOf(together.length, titles, 'switched-off')),
      next_at: sql<Date>`now()`,
    })
    .execute();
  return together.length;
}
