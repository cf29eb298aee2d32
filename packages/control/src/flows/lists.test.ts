import { newId } from '@backlot/contract';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { openPlans, type Plans } from '@backlot/testkit/plans';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listArtifacts } from '../artifacts/list.ts';
import type { Tables } from '../db/schema.ts';
import { type InstalledKinds, installedKinds } from './flow-kinds.ts';
import { kernelPerforms } from './perform-delete.ts';
import { runsWhere } from './routes/run-routes.ts';
import { readRuns } from './runs/run-view.ts';
import { viewFlows } from './store/flow-view.ts';

/** What lists cost in an installation that has been at work for a year: 10,000 runs of a hundred flows, as many files. */
const many = 10_000;
const flows = 100;
const limit = 50;
/** Rows that a page may look at in one table: the page, and a little around it. */
const enough = 4 * limit;

let database: TestDatabase;
let plans: Plans<Tables>;
const project = newId();
beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await sql`INSERT INTO project (id, slug, name) VALUES (${project}, 'film', 'Film')`.execute(db);
  await sql`
    INSERT INTO flow (id, project_id, name, version, version_id, trigger_kind, trigger, step_kinds, step_count)
    SELECT gen_random_uuid(), ${project}, 'flow ' || n, 1, gen_random_uuid(), 'flow.manual', '{}', '[]', 2
    FROM generate_series(1, ${flows}) n`.execute(db);
  await sql`
    INSERT INTO flow_version (id, flow_id, number, definition, text)
    SELECT version_id, id, 1, '{"steps":[{},{}]}', '' FROM flow`.execute(db);
  // Of each hundred one has failed; the newest twenty are open.
  await sql`
    INSERT INTO flow_run (id, flow_id, version_id, project_id, job_id, name, key, trigger_kind, trigger_data, trigger_ports,
                          subject_kind, subject_id, state, ended_at)
    SELECT gen_random_uuid(), f.id, f.version_id, ${project}, gen_random_uuid(), f.name, n::text, 'flow.manual', '{}', '{}',
      'broadcast', 'broadcast ' || n,
      CASE WHEN n > ${many} - 20 THEN 'running' WHEN n % 100 = 0 THEN 'failed' ELSE 'succeeded' END,
      CASE WHEN n > ${many} - 20 THEN NULL ELSE now() END
    FROM generate_series(1, ${many}) n
    JOIN (SELECT *, row_number() OVER (ORDER BY id) AS place FROM flow) f ON f.place = 1 + n % ${flows}`.execute(
    db,
  );
  await sql`
    INSERT INTO flow_step (run_id, key, id, step, at, kind, state, ended_at)
    SELECT r.id, 's' || n, gen_random_uuid(), 's' || n, '[]', 'lab.make', 'succeeded', now()
    FROM flow_run r, generate_series(1, 2) n`.execute(db);
  await sql`
    INSERT INTO blob (digest, size) SELECT encode(sha256(n::text::bytea), 'hex'), 1 FROM generate_series(1, ${many}) n`.execute(
    db,
  );
  await sql`
    INSERT INTO artifact (id, project_id, name, kind, digest, size, media_type)
    SELECT gen_random_uuid(), ${project}, 'file ' || n, CASE WHEN n % 500 = 0 THEN 'film' ELSE 'segment' END,
      encode(sha256(n::text::bytea), 'hex'), 1, 'video/mp4'
    FROM generate_series(1, ${many}) n`.execute(db);
  await sql`ANALYZE flow, flow_version, flow_run, flow_step, artifact, blob`.execute(db);
  plans = openPlans(database.url);
});
afterAll(async () => {
  await plans?.close();
  await database?.close();
});

/** The most rows that one question has looked at in one table, for a message that says where. */
async function costs(work: () => Promise<unknown>) {
  const reads = await plans.of(work);
  expect(reads.length).toBeGreaterThan(0);
  return reads.filter(({ rows }) => rows > enough);
}
const runs = (query: Parameters<typeof runsWhere>[0], after?: string) => () =>
  readRuns(plans.db, runsWhere(query, 'all', after), limit + 1);

describe('a page of a list looks at its own rows and few others', () => {
  it('of runs: all, of a project, further on', async () => {
    expect(await costs(runs({}))).toEqual([]);
    expect(await costs(runs({ projectId: project }))).toEqual([]);
    const { rows } = await sql<{
      id: string;
    }>`SELECT id FROM flow_run ORDER BY id DESC OFFSET 5000 LIMIT 1`.execute(database.db);
    expect(await costs(runs({}, rows[0]?.id))).toEqual([]);
  });

  it('of runs in a state that few are in, open or not, of a flow, of a broadcast', async () => {
    expect(await costs(runs({ state: 'running' }))).toEqual([]);
    expect(await costs(runs({ state: 'failed' }))).toEqual([]);
    expect(await costs(runs({ state: 'failed', projectId: project }))).toEqual([]);
    expect(await costs(runs({ open: true }))).toEqual([]);
    expect(await costs(runs({ open: false }))).toEqual([]);
    const flow = await database.db.selectFrom('flow').select('id').executeTakeFirstOrThrow();
    expect(await costs(runs({ flowId: flow.id }))).toEqual([]);
    expect(await costs(runs({ subject: 'broadcast 77' }))).toEqual([]);
  });

  it('of flows, with the last run and the number of open ones of each', async () => {
    const rows = await database.db.selectFrom('flow').selectAll().orderBy('id').limit(limit).execute();
    const installed: InstalledKinds = installedKinds(
      [],
      kernelPerforms(() => installed),
    );
    const deps = { db: plans.db, installed, hookKey: async () => new Uint8Array() };
    expect(await costs(() => viewFlows(deps, rows, () => false))).toEqual([]);
  });

  it('of files: all, of a project, of a kind that is rare', async () => {
    const deps = {
      db: plans.db,
      access: { projectsWith: () => 'all' as const },
      visibility: { visibleTo: async <T>(_actor: unknown, all: readonly T[]) => [...all] },
    };
    const list = (query: object) => () =>
      listArtifacts(deps as never, { limit, ...query } as never, {} as never);
    expect(await costs(list({}))).toEqual([]);
    expect(await costs(list({ projectId: project }))).toEqual([]);
    expect(await costs(list({ kind: 'film' }))).toEqual([]);
    expect(await costs(list({ kind: 'film', projectId: project }))).toEqual([]);
  });
});
