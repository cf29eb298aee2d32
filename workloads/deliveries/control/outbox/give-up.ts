import { reason } from '@backlot/contract';
import type { Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import { deliveryPhrases } from '../../contract.ts';
import { givenUpAfterS } from './retry-pause.ts';

/** Rows in one look; the next look takes the rest. */
const batch = 1_000;

const { message: words } = reason(deliveryPhrases, 'deliveries.message_too_old', {
  days: givenUpAfterS / 86_400,
});

/**
 * Settles what is too old to be news, tried or not: its target was switched off, or this installation was. Without this it
 * would lie there without end, and come out months later. What is on its way is left to whoever sends it.
 *
 * @returns how many were given up
 */
export async function giveUpOld(tx: Tx): Promise<number> {
  const { rows } = await sql`
    UPDATE delivery_message m
    SET state = 'failed', next_at = NULL, ended_at = now(),
      -- What the last try failed with says more.
      fault = CASE WHEN m.attempts > 0 THEN coalesce(m.fault, ${words}) ELSE ${words} END
    FROM (
      SELECT id FROM delivery_message
      WHERE state = 'pending' AND next_at <= now()
        AND created_at <= now() - make_interval(secs => ${givenUpAfterS})
      ORDER BY id LIMIT ${batch} FOR UPDATE SKIP LOCKED
    ) old
    WHERE m.id = old.id RETURNING m.id`.execute(tx);
  return rows.length;
}
