import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { createTestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { tinyControl } from '@backlot/testkit/tiny/control';

/** A whole control plane with the tiny workload, on a real database and a free port. */
export interface TestControl {
  readonly control: Control;
  readonly adminToken: string;
  close(): Promise<void>;
}

export async function startControl(): Promise<TestControl> {
  const adminToken = 'the-administration-token-of-tests';
  const dataDir = await mkdtemp(join(tmpdir(), 'backlot-api-'));
  const database = await createTestDatabase({ empty: true });
  const control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir, adminToken },
    database: database.url,
    workloads: [tinyControl],
    log: createLog({ name: 'control', level: 'silent' }),
    passwordCost: cheapPasswords,
  });
  return {
    control,
    adminToken,
    async close() {
      await control.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
