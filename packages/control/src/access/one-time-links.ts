import { accessErrors, BacklotError } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, Tx } from '../db/schema.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** For whom: nobody yet (`setup`, the first administrator), or an account that chooses a password. */
export type LinkPurpose =
  | { readonly kind: 'setup' }
  | { readonly kind: 'password'; readonly accountId: string };

const validHours = { setup: 24, password: 72 } as const;

/**
 * Makes a one-time link's token. The token goes behind the `#` of an address, so that no server on the way, and no
 * log of ours, ever sees it.
 *
 * Of the links to an account's password only the newest works. Set-up links all work until the first of them is
 * used: every start prints one, and whoever reads an earlier one on their screen must not find it dead because
 * the control plane has been restarted meanwhile.
 */
export async function createLink(tx: Tx, purpose: LinkPurpose): Promise<string> {
  const accountId = purpose.kind === 'password' ? purpose.accountId : null;
  if (accountId !== null) await tx.deleteFrom('one_time_link').where('account_id', '=', accountId).execute();
  const token = newSecret('');
  await tx
    .insertInto('one_time_link')
    .values({
      token_hash: hashSecret(token),
      purpose: purpose.kind,
      account_id: accountId,
      expires_at: sql<Date>`now() + make_interval(hours => ${validHours[purpose.kind]})`,
    })
    .execute();
  return token;
}

/** What a token is for. @throws link_used_up */
export async function readLink(db: Db, token: string): Promise<LinkPurpose> {
  const row = await db
    .selectFrom('one_time_link')
    .select(['purpose', 'account_id'])
    .where('token_hash', '=', hashSecret(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .executeTakeFirst();
  return toPurpose(row);
}

/** Uses a token up; of two that try at once only one succeeds. @throws link_used_up */
export async function redeemLink(tx: Tx, token: string): Promise<LinkPurpose> {
  const row = await tx
    .updateTable('one_time_link')
    .set({ used_at: sql<Date>`now()` })
    .where('token_hash', '=', hashSecret(token))
    .where('used_at', 'is', null)
    .where('expires_at', '>', sql<Date>`now()`)
    .returning(['purpose', 'account_id'])
    .executeTakeFirst();
  return toPurpose(row);
}

/** The installation is set up: no set-up link works any more. */
export async function voidSetupLinks(tx: Tx): Promise<void> {
  await tx.deleteFrom('one_time_link').where('purpose', '=', 'setup').execute();
}

function toPurpose(
  row: { readonly purpose: 'setup' | 'password'; readonly account_id: string | null } | undefined,
): LinkPurpose {
  if (row?.purpose === 'setup') return { kind: 'setup' };
  if (row?.account_id) return { kind: 'password', accountId: row.account_id };
  throw new BacklotError(accessErrors.link_used_up);
}

/** The address that a person opens. */
export function linkAddress(publicUrl: string, token: string): string {
  return `${publicUrl}/setup#token=${token}`;
}
