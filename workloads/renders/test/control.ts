import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Project } from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { createTestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { rendersControl } from '../control/index.ts';

/** A control plane with renders on a real database, and no machine: for who may do what, nothing needs to be rendered. */
export interface RendersControl {
  readonly control: Control;
  readonly adminToken: string;
  /** Makes a project and answers its id. */
  project(slug: string): Promise<string>;
  close(): Promise<void>;
}

export async function startRendersControl(): Promise<RendersControl> {
  const adminToken = 'the-administration-token-of-tests';
  const dataDir = await mkdtemp(join(tmpdir(), 'backlot-renders-control-'));
  const database = await createTestDatabase({ empty: true });
  const control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir, adminToken },
    database: database.url,
    workloads: [rendersControl],
    log: createLog({ name: 'control', level: 'silent' }),
    passwordCost: cheapPasswords,
  });
  return {
    control,
    adminToken,
    async project(slug) {
      const answer = await control.http.app.inject({
        method: 'POST',
        url: '/api/v1/projects',
        headers: { authorization: `Bearer ${adminToken}` },
        payload: { slug, name: slug },
      });
      return Project.parse(answer.json()).id;
    },
    async close() {
      await control.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
