import type { Reason } from '@backlot/contract';
import { sql } from 'kysely';
import { faultyEnds, type InstanceEnd } from '../../contract.ts';
import type { Change } from '../change.ts';
import { pauseAfter } from './back-off.ts';

/**
 * Books the end of an instance with its version: a faulty one makes the next start wait, and after a few in a row there
 * is none until a person says so. Locks the version's row, nothing else.
 */
export async function bookEnd(
  change: Change,
  instance: { readonly app_id: string; readonly version: number },
  end: InstanceEnd,
  sentence: Reason,
): Promise<void> {
  if (!faultyEnds.includes(end)) return;
  const row = await change.db
    .updateTable('streams_app_version')
    .set((eb) => ({ failures: eb('failures', '+', 1), last_failure: JSON.stringify(sentence) }))
    .where('app_id', '=', instance.app_id)
    .where('version', '=', instance.version)
    .returning(['failures', 'blocked_at'])
    .executeTakeFirst();
  if (!row) return;
  const pause = pauseAfter(row.failures);
  await change.db
    .updateTable('streams_app_version')
    .set(
      pause === null
        ? { blocked_at: sql<Date>`coalesce(blocked_at, now())`, next_start_at: null }
        : { next_start_at: sql<Date>`now() + ${pause}::float8 * interval '1 millisecond'` },
    )
    .where('app_id', '=', instance.app_id)
    .where('version', '=', instance.version)
    .execute();
  if (pause !== null || row.blocked_at !== null) return;
  const app = await change.db
    .selectFrom('streams_app')
    .select(['id', 'project_id', 'slug'])
    .where('id', '=', instance.app_id)
    .executeTakeFirst();
  if (app) change.tellApp(app, 'crash-loop', { version: instance.version, failures: row.failures });
}

/** A picture was seen, or a person has said so: the version is as good as new. */
export async function forgive(change: Change, appId: string, version: number | null): Promise<boolean> {
  const result = await change.db
    .updateTable('streams_app_version')
    .set({ failures: 0, next_start_at: null, blocked_at: null, last_failure: null })
    .where('app_id', '=', appId)
    .$if(version !== null, (query) => query.where('version', '=', version as number))
    .where('failures', '>', 0)
    .executeTakeFirst();
  return result.numUpdatedRows > 0n;
}
