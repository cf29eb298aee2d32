import { hkdf, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Db } from '../db/schema.ts';

const derive = promisify(hkdf);
const rootSetting = 'secret.installation-key';

/**
 * Keys that only the control planes of one database know, one for each purpose, for signing what nobody else has to
 * verify (tickets, room tokens). All are derived (HKDF-SHA256, RFC 5869) from one random secret in the database, so
 * that any replica accepts what another has issued, and a backup brings them along. The same purpose gives the same
 * 32 bytes for as long as the database lives.
 */
export function createInstallationKeys(db: Db): (purpose: string) => Promise<Uint8Array> {
  let root: Promise<Buffer> | undefined;
  const keys = new Map<string, Promise<Uint8Array>>();
  return (purpose) => {
    let key = keys.get(purpose);
    if (!key) {
      root ??= readSecret(db, rootSetting);
      key = root.then(async (secret) => new Uint8Array(await derive('sha256', secret, '', purpose, 32)));
      keys.set(purpose, key);
      // A database that was away for a moment must not leave a rejection behind for good.
      key.catch(() => {
        keys.delete(purpose);
        root = undefined;
      });
    }
    return key;
  };
}

/** 256 random bits kept under a name in the settings; made by whichever replica comes first. */
export async function readSecret(db: Db, setting: string): Promise<Buffer> {
  await db
    .insertInto('setting')
    .values({ key: setting, value: JSON.stringify(randomBytes(32).toString('base64url')) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .execute();
  const row = await db
    .selectFrom('setting')
    .select('value')
    .where('key', '=', setting)
    .executeTakeFirstOrThrow();
  return Buffer.from(z.string().parse(row.value), 'base64url');
}
