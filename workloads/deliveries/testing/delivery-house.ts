import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Artifact,
  FlowDetail,
  FlowRun,
  FlowRunDetail,
  NodeView,
  Page,
  Project,
} from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { ApiClient } from '@backlot/sdk';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { vi } from 'vitest';
import { z } from 'zod';
import { DeliveryTarget, type TargetCreate } from '../contract.ts';
import { deliveriesControl } from '../control/index.ts';
import { deliveriesNode } from '../node/index.ts';
import { alarmVariable } from '../node/work/start-work.ts';

/** Deliveries inside the whole product: a control plane, a database, an agent that runs real processes. */
export interface DeliveryHouse {
  readonly folder: string;
  readonly database: TestDatabase;
  readonly control: Control;
  readonly agent: Agent;
  readonly api: ApiClient;
  readonly projectId: string;
  readonly nodeDir: string;
  target(
    more: Partial<z.input<typeof TargetCreate>> & Pick<TargetCreate, 'name' | 'kind'>,
  ): Promise<DeliveryTarget>;
  upload(bytes: Buffer, name: string): Promise<Artifact>;
  flow(name: string, steps: readonly object[]): Promise<string>;
  run(flowId: string, artifactId: string, data?: Record<string, unknown>): Promise<FlowRun>;
  detail(runId: string): Promise<FlowRunDetail>;
  ended(runId: string): Promise<FlowRunDetail>;
  events(kind: string): Promise<readonly { readonly kind: string; readonly body: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

/** @param nodeDir for a node whose data lie elsewhere, as on a disk of their own */
export async function openDeliveryHouse({
  nodeDir: given,
}: {
  nodeDir?: string;
} = {}): Promise<DeliveryHouse> {
  process.env[alarmVariable] = '1';
  const folder = await mkdtemp(join(tmpdir(), 'backlot-deliveries-'));
  const database = await createTestDatabase({ empty: true });
  const log = createLog({ name: 'test', level: 'silent' });
  const adminToken = 'the-administration-token-of-tests';
  const control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: join(folder, 'control'), adminToken },
    database: database.url,
    workloads: [deliveriesControl],
    log,
    passwordCost: cheapPasswords,
  });
  const api = new ApiClient({ baseUrl: control.url, token: adminToken });
  const call = api.transport.call.bind(api.transport);
  await call('PATCH', '/api/v1/settings', z.unknown(), {
    json: { webhooks: { allowLoopback: true, allowPrivateNetworks: true } },
  });
  const projectId = (await call('GET', '/api/v1/projects', Page(Project))).items[0]?.id ?? '';
  const nodeDir = given ?? join(folder, 'node');
  const agent = await createAgent({
    controlUrl: control.url,
    joinToken: await control.localJoinToken(),
    dataDir: nodeDir,
    name: 'studio-1',
    workloads: [deliveriesNode],
    log,
  });
  await agent.ready;
  await vi.waitUntil(
    async () =>
      (await call('GET', '/api/v1/nodes', Page(NodeView))).items.some(
        ({ capabilities }) => capabilities.length > 0,
      ),
    { timeout: 110_000, interval: 100 },
  );
  const detail = (id: string) => call('GET', `/api/v1/flow-runs/${id}`, FlowRunDetail);
  return {
    folder,
    database,
    control,
    agent,
    api,
    projectId,
    nodeDir,
    detail,
    target: (more) =>
      call('POST', '/api/v1/delivery-targets', DeliveryTarget, { json: { projectId, ...more } }),
    upload: async (bytes, name) =>
      (await api.artifacts.upload(new Blob([new Uint8Array(bytes)]), { projectId, name })).artifact,
    async flow(name, steps) {
      const definition = { version: 1, name, trigger: { kind: 'flow.manual' }, steps };
      return (await call('POST', '/api/v1/flows', FlowDetail, { json: { projectId, definition } })).id;
    },
    run: (flowId, artifactId, data = {}) =>
      call('POST', `/api/v1/flows/${flowId}/runs`, FlowRun, {
        json: { artifacts: { file: [artifactId] }, data },
      }),
    async ended(id) {
      return await vi.waitUntil(
        async () => {
          const run = await detail(id);
          return run.endedAt === null ? false : run;
        },
        { timeout: 90_000, interval: 100 },
      );
    },
    async events(kind) {
      return await control.store.db
        .selectFrom('event')
        .select(['kind', 'body'])
        .where('kind', '=', kind)
        .orderBy('seq')
        .execute();
    },
    async close() {
      await agent.close({ work: 'end' });
      await control.close();
      await database.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** What a receiver was sent. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}
export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  /** Taken for each answer; 200 and nothing unless told. */
  answer: { status: number; body?: string; headers?: Record<string, string> };
  close(): Promise<void>;
}

/** An HTTP service that writes down what it is sent. */
export async function openReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const receiver: Receiver = { url: '', received, answer: { status: 200 }, close: async () => undefined };
  const server: Server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    const { method = '', url = '', headers } = request;
    received.push({ method, path: url, headers, body: Buffer.concat(pieces).toString('utf8') });
    response.writeHead(receiver.answer.status, receiver.answer.headers);
    response.end(receiver.answer.body ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
