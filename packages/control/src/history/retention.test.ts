import { newId } from '@backlot/contract';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyRetention, usualRetention } from './retention.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.close());

describe('retention', () => {
  it('removes events past their time, sooner for a project that wants it, and never the audit', async () => {
    const { db } = database;
    const project = newId();
    await db.insertInto('project').values({ id: project, slug: 'p', name: 'P', retention_days: 5 }).execute();
    for (const [days, projectId] of [
      [100, null],
      [10, null],
      [10, project],
      [1, project],
    ] as const) {
      await sql`
        INSERT INTO event (id, at, project_id, kind, subject_kind, subject_id)
        VALUES (${newId()}, now() - ${days}::int * interval '1 day', ${projectId}, 'x', 'x', ${String(days)})
      `.execute(db);
    }
    await sql`
      INSERT INTO audit (at, actor_kind, actor_name, action, subject_kind)
      VALUES (now() - interval '10 years', 'system', 'system', 'x', 'x')
    `.execute(db);
    expect(await applyRetention(db, usualRetention)).toEqual({ event: 2 });
    const left = await db.selectFrom('event').select('subject_id').orderBy('seq').execute();
    expect(left).toEqual([{ subject_id: '10' }, { subject_id: '1' }]);
    expect(await db.selectFrom('audit').select('action').execute()).toHaveLength(1);
    // Again: nothing is left to do.
    expect(await applyRetention(db, usualRetention)).toEqual({});
  });

  it('keeps what a reader of the log has not read yet', async () => {
    const { db } = database;
    await db.deleteFrom('event').execute();
    const { rows } = await sql<{ seq: number }>`
      INSERT INTO event (id, at, kind, subject_kind, subject_id)
      SELECT gen_random_uuid(), now() - interval '1 year', 'x', 'x', n::text FROM generate_series(1, 3) n RETURNING seq
    `.execute(db);
    await db
      .insertInto('event_cursor')
      .values({ name: 'slow', seq: rows[0]?.seq ?? 0 })
      .execute();
    expect(await applyRetention(db, usualRetention)).toEqual({ event: 1 });
  });
});
