import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { createTestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { AppRecipe } from '../contract.ts';
import { streamsControl } from '../control/index.ts';
import { tables } from '../control/tables.ts';

let dataDir: string;
let database: Awaited<ReturnType<typeof createTestDatabase>>;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backlot-streams-demo-'));
  database = await createTestDatabase({ empty: true });
});
afterEach(async () => {
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

/** The apps that there are after a start and an end of a control plane. */
async function appsAfterStart(openMode: boolean, meanwhile?: (token: string) => object): Promise<string[]> {
  const adminToken = 'the-administration-token-of-tests';
  const control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir, adminToken, openMode },
    database: database.url,
    workloads: [streamsControl],
    log: createLog({ name: 'control', level: 'silent' }),
    passwordCost: cheapPasswords,
  });
  try {
    if (meanwhile) await control.http.app.inject(meanwhile(adminToken));
    const rows = await tables(control.store.db)
      .selectFrom('streams_app as a')
      .innerJoin('streams_app_version as v', 'v.app_id', 'a.id')
      .select(['slug', 'v.recipe'])
      .where('deleted_at', 'is', null)
      .execute();
    for (const { recipe } of rows) expect(AppRecipe.parse(recipe).launch.argv).toContain('{signallingUrl}');
    return rows.map(({ slug }) => slug);
  } finally {
    await control.close();
  }
}

it('comes with an open installation once, and stays away when a person has removed it', async () => {
  expect(await appsAfterStart(false)).toEqual([]);
  expect(await appsAfterStart(true)).toEqual(['demo']);
  expect(await appsAfterStart(true)).toEqual(['demo']);
  const remove = (token: string) => ({
    method: 'DELETE',
    url: '/api/v1/streams/apps/demo',
    headers: { authorization: `Bearer ${token}` },
  });
  expect(await appsAfterStart(true, remove)).toEqual([]);
  expect(await appsAfterStart(true)).toEqual([]);
}, 180_000);
