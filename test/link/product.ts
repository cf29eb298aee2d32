import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Control, createControl } from '@backlot/control';
import { systemActor } from '@backlot/control/kernel';
import type { NodeSettings } from '@backlot/control/nodes/settings';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import type { AllocationStep } from '@backlot/node/allocations/facts';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { tinyControl, tinyNode } from '@backlot/testkit/tiny/index';
import pino from 'pino';
import { until } from './link-node.ts';

const adminToken = 'the-administration-token-of-link-tests';

export const log = pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' });

export interface Product {
  readonly database: TestDatabase;
  control: Control;
  readonly controlDir: string;
  readonly project: string;
  /** A control process more, or again, on the same port unless told. */
  startControl(): Promise<Control>;
  startAgent(options?: {
    url?: string;
    dataDir?: string;
    observer?: (allocation: string, step: AllocationStep) => void;
  }): Promise<Agent & { readonly dataDir: string }>;
  /** A request to the API as an administrator. */
  api<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }>;
  submit(parameters: Record<string, unknown>): Promise<string>;
  ended(job: string, ms?: number): Promise<string>;
  close(): Promise<void>;
}

/** A real control plane with the tiny workload on a real database, and real agents. */
export async function startProduct(nodeSettings: Partial<NodeSettings> = {}): Promise<Product> {
  const database = await createTestDatabase({
    migrations: [{ name: tinyControl.name, migrations: [...(tinyControl.migrations ?? [])] }],
  });
  const controlDir = await mkdtemp(join(tmpdir(), 'backlot-product-'));
  const folders = [controlDir];
  const agents: Agent[] = [];
  const start = (port: number) =>
    createControl({
      config: { host: '127.0.0.1', port, dataDir: controlDir, adminToken },
      database: database.address,
      workloads: [tinyControl],
      log,
      nodeSettings: { heartbeatMs: 500, leaseMs: 3_000, ...nodeSettings },
    });
  let control = await start(0);
  const project = (await control.kernel.db.selectFrom('project').select('id').limit(1).executeTakeFirst())
    ?.id;
  const projectId = project ?? (await makeProject(control));
  const product: Product = {
    database,
    get control() {
      return control;
    },
    set control(value) {
      control = value;
    },
    controlDir,
    project: projectId,
    async startControl() {
      control = await start(control.port);
      return control;
    },
    async startAgent({ url, dataDir, observer } = {}) {
      const folder = dataDir ?? (await mkdtemp(join(tmpdir(), 'backlot-agent-')));
      folders.push(folder);
      const agent = await createAgent({
        controlUrl: url ?? control.url,
        joinToken: dataDir ? undefined : await control.localJoinToken(),
        dataDir: folder,
        name: 'tester',
        workloads: [tinyNode],
        log,
        ...(observer ? { observer } : {}),
      });
      agents.push(agent);
      return Object.assign(agent, { dataDir: folder });
    },
    async api<T>(method: string, path: string, body?: unknown) {
      const response = await fetch(new URL(path, control.url), {
        method,
        headers: {
          authorization: `Bearer ${adminToken}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as T };
    },
    async submit(parameters) {
      const job = await control.kernel.jobs.submit({
        kind: 'tiny.count',
        projectId,
        name: 'test',
        parameters,
        actor: systemActor,
      });
      return job.id;
    },
    async ended(job, ms = 150_000) {
      let state = '';
      await until(
        `job ${job} has ended`,
        async () => {
          state = (await control.kernel.jobs.get(job)).state;
          return ['succeeded', 'failed', 'canceled'].includes(state);
        },
        ms,
      );
      return state;
    },
    async close() {
      for (const agent of agents) await agent.close({ work: 'end', graceMs: 3_000 });
      await control.close({ graceMs: 500 });
      await database.close();
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
    },
  };
  return product;
}

async function makeProject(control: Control): Promise<string> {
  const id = crypto.randomUUID();
  await control.kernel.db.insertInto('project').values({ id, slug: 'test', name: 'Test' }).execute();
  return id;
}
