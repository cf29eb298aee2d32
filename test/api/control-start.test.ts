import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ControlOptions, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { tinyControl } from '@backlot/testkit/tiny/control';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let database: TestDatabase;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'backlot-start-'));
  database = await createTestDatabase({ empty: true });
});
afterAll(async () => {
  await database.close();
  await rm(dataDir, { recursive: true, force: true });
});

const options = (port = 0): ControlOptions => ({
  config: { host: '127.0.0.1', port, dataDir },
  database: database.url,
  workloads: [tinyControl],
  log: createLog({ name: 'control', level: 'silent' }),
});
const connections = async (): Promise<number> => {
  const { rows } = await database.store
    .connect()
    .then((client) =>
      client
        .query(
          `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
        )
        .finally(() => client.release()),
    );
  return rows[0].n;
};

describe('the control plane', () => {
  it('that can’t have its port says so, and leaves nothing behind', async () => {
    const before = await connections();
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(createControl(options(port))).rejects.toMatchObject({
      code: 'address_in_use',
      params: { port },
    });
    await new Promise((resolve) => other.close(resolve));
    await expect.poll(connections).toBe(before);
  });

  it('without a database says so', async () => {
    const nowhere = { ...options(), database: 'postgresql://nobody@127.0.0.1:1/nothing' };
    await expect(createControl(nowhere)).rejects.toMatchObject({ code: 'database_unavailable' });
  });

  it('starts again on what it left, with one set-up link as long as nobody is administrator', async () => {
    const before = await connections();
    const first = await createControl(options());
    expect(first.url).toBe(`http://127.0.0.1:${first.port}`);
    expect(await first.setupLink()).toMatch(new RegExp(`^${first.url}/setup#token=[\\w-]{43}$`));
    await first.close();
    await first.close();
    await expect(fetch(`${first.url}/healthz`)).rejects.toThrow();

    const second = await createControl(options());
    const token = new URL((await second.setupLink()) ?? '').hash.replace('#token=', '');
    const answer = await fetch(`${second.url}/api/v1/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, email: 'ada@example.com', name: 'Ada', password: 'long enough for us' }),
    });
    expect(answer.status).toBe(200);
    expect(await second.setupLink()).toBeNull();
    expect(await second.localJoinToken()).toMatch(/\S{20,}/);
    await second.close();
    await expect.poll(connections).toBe(before);
  });
});
