import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId, type Role, systemClock } from '@backlot/contract';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import pino from 'pino';
import { createAllocationTokens } from '../../access/allocation-tokens.ts';
import { auditLog } from '../../access/audit-log.ts';
import { Authenticator } from '../../access/authentication.ts';
import { createAccessControl, mergePermissions } from '../../access/permissions.ts';
import { hashSecret, newSecret } from '../../access/secrets.ts';
import type { BlobAdapter } from '../../blobs/blob-adapter.ts';
import { openFsBlobStore } from '../../blobs/fs-blob-store.ts';
import { createEventLog } from '../../events/event-log.ts';
import { createLocalFabric } from '../../fabric/local-fabric.ts';
import { createHttpServer, type HttpServer } from '../../http/server.ts';
import type { Kernel } from '../../kernel.ts';
import { HealthBoard } from '../../telemetry/health.ts';
import { createMetrics } from '../../telemetry/metrics.ts';
import type { ControlWorkload } from '../../workload.ts';
import { type ArtifactsRoom, createArtifacts } from '../create-artifacts.ts';
import type { ArtifactSettings } from '../dependencies.ts';
import { recordBlob } from '../record-blob.ts';

/** An allocation with the token that a node would hold. */
export interface TestAllocation {
  readonly id: string;
  readonly taskId: string;
  readonly jobId: string;
  readonly token: string;
}

/** The room as it stands in the control plane: the real server, access, audit, events and database. */
export interface TestRoom {
  readonly url: string;
  readonly database: TestDatabase;
  readonly blobs: BlobAdapter;
  readonly artifacts: ArtifactsRoom;
  readonly directory: string;
  /** A project of its own for each test. */
  project(retentionDays?: number): Promise<string>;
  /** The bearer token of a new account with this role in the project. */
  person(projectId: string, role: Role): Promise<string>;
  allocation(
    projectId: string,
    inputs?: { name: string; digest: string; size: number }[],
  ): Promise<TestAllocation>;
  /** Plays kill -9 and a new start of the control plane: nothing in memory survives, the port stays. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

const log = pino({ level: 'silent' });

export async function openTestRoom(
  settings: Partial<ArtifactSettings> = {},
  workloads: readonly ControlWorkload[] = [],
): Promise<TestRoom> {
  const database = await createTestDatabase();
  const { store, db } = database;
  const directory = await mkdtemp(join(tmpdir(), 'backlot-artifacts-'));
  const tokens = await createAllocationTokens(db, systemClock);
  const clock = systemClock;
  let port = 0;
  let server: HttpServer;
  let blobs: BlobAdapter;
  let artifacts: ArtifactsRoom;

  async function start(): Promise<void> {
    const access = createAccessControl(mergePermissions(workloads));
    const metrics = createMetrics();
    const health = new HealthBoard(clock, ['database']);
    const events = createEventLog(createLocalFabric({ log }));
    blobs = await openFsBlobStore({ directory, beforePublish: recordBlob(db) });
    artifacts = createArtifacts({
      store,
      blobs,
      events,
      audit: auditLog,
      access,
      health,
      metrics: metrics.registry,
      clock,
      log,
      replica: 'test',
      guards: workloads.flatMap(({ artifactGuard }) => artifactGuard ?? []),
      kernel: () => ({ db, access }) as Kernel,
      settings: { sweepEveryMs: 3_600_000, ...settings },
    });
    server = await createHttpServer({
      store,
      access,
      audit: auditLog,
      authenticator: new Authenticator({ store, tokens, adminToken: undefined, log }),
      kernel: () => ({ db }) as Kernel,
      metrics,
      clock,
      log,
      version: '0.0.0',
      publicUrl: () => 'http://127.0.0.1',
    });
    artifacts.routes(server.app);
    await server.ready();
    ({ port } = await server.listen('127.0.0.1', port));
    await artifacts.start();
  }
  await start();

  const room: TestRoom = {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    get blobs() {
      return blobs;
    },
    get artifacts() {
      return artifacts;
    },
    database,
    directory,

    async project(retentionDays) {
      const id = newId();
      const slug = `p${randomBytes(6).toString('hex')}`;
      await db
        .insertInto('project')
        .values({ id, slug, name: slug, retention_days: retentionDays ?? null })
        .execute();
      return id;
    },

    async person(projectId, role) {
      const account = newId();
      const secret = newSecret('blt_');
      await db
        .insertInto('account')
        .values({ id: account, email: `${account}@example.com`, name: role })
        .execute();
      await db
        .insertInto('role_grant')
        .values({ account_id: account, project_id: projectId, role })
        .execute();
      await db
        .insertInto('api_token')
        .values({
          id: newId(),
          account_id: account,
          name: 'test',
          token_hash: hashSecret(secret),
          scopes: ['*'],
          project_id: null,
        })
        .execute();
      return secret;
    },

    async allocation(projectId, inputs = []) {
      const [node, jobId, taskId, id] = [newId(), newId(), newId(), newId()];
      await db
        .insertInto('node')
        .values({ id: node, name: node, public_key: 'x', pool: 'default' })
        .execute();
      await db
        .insertInto('job')
        .values({ id: jobId, project_id: projectId, kind: 'test', name: 'test' })
        .execute();
      await db
        .insertInto('task')
        .values({
          id: taskId,
          job_id: jobId,
          project_id: projectId,
          key: 'only',
          kind: 'test.run',
          class: 'batch',
          state: 'running',
          spec: JSON.stringify({ inputs }),
        })
        .execute();
      const row = await db
        .insertInto('allocation')
        .values({
          id,
          task_id: taskId,
          job_id: jobId,
          project_id: projectId,
          node_id: node,
          node_epoch: 1,
          attempt: 1,
          class: 'batch',
          resources: '{}',
          known_state: null,
          outcome: null,
          stop_why: null,
          offer_until: new Date(Date.now() + 60_000),
        })
        .returning('fence')
        .executeTakeFirstOrThrow();
      const token = await tokens.issue({ allocation: id, fence: row.fence, nodeId: node, projectId });
      return { id, taskId, jobId, token };
    },

    async restart() {
      await artifacts.close();
      await server.close(100);
      await blobs.close();
      await start();
    },

    async close() {
      await artifacts.close();
      await server.close(100);
      await blobs.close();
      await database.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return room;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** `Upload-Metadata` of tus: keys with their values in base64. */
export function uploadMetadata(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${Buffer.from(value, 'utf8').toString('base64')}`)
    .join(',');
}
