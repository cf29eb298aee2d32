import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Project } from '@backlot/contract';
import type { Tracer } from '@backlot/contract/trace/tracer';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { createTestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { roomsControl } from '../control/index.ts';

/** A control plane with rooms on a real database, and no machine. */
export interface RoomsControl {
  readonly control: Control;
  readonly adminToken: string;
  readonly headers: { readonly authorization: string };
  readonly dataDir: string;
  /** Makes a project and answers its id. */
  project(slug: string): Promise<string>;
  close(): Promise<void>;
}

export async function startRoomsControl(options: { tracer?: Tracer } = {}): Promise<RoomsControl> {
  const adminToken = 'the-administration-token-of-tests';
  const headers = { authorization: `Bearer ${adminToken}` };
  const dataDir = await mkdtemp(join(tmpdir(), 'backlot-rooms-'));
  const database = await createTestDatabase({ empty: true });
  const control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: join(dataDir, 'control'), adminToken },
    database: database.url,
    workloads: [roomsControl],
    log: createLog({ name: 'control', level: (process.env.TEST_LOG as 'silent' | undefined) ?? 'silent' }),
    passwordCost: cheapPasswords,
    ...options,
  });
  return {
    control,
    adminToken,
    headers,
    dataDir,
    async project(slug) {
      const payload = { slug, name: slug };
      const answer = await control.http.app.inject({
        method: 'POST',
        url: '/api/v1/projects',
        headers,
        payload,
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
