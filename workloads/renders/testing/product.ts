import { openAsBlob } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Artifact, NodeView, Page, Project } from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { ApiClient } from '@backlot/sdk';
import { createTestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { Render, type RenderSettingsInput, type RenderSubmissionInput } from '../contract.ts';
import { rendersControl } from '../control/index.ts';
import { rendersNode } from '../node/index.ts';

/** A control plane with renders, and an agent with a real Blender, in this process, on a real database. */
export interface Product {
  readonly control: Control;
  readonly api: ApiClient;
  readonly adminToken: string;
  readonly projectId: string;
  upload(path: string, name?: string): Promise<Artifact>;
  submit(
    model: RenderSubmissionInput['model'],
    settings: RenderSettingsInput,
    name?: string,
  ): Promise<Render>;
  get(id: string): Promise<Render>;
  /** Looks until it is so; throws with the last state after two minutes. */
  waitFor(id: string, what: (render: Render) => boolean): Promise<Render>;
  /** Starts the machine; without it work waits. */
  startNode(): Promise<void>;
  close(): Promise<void>;
}

const PATIENCE_MS = 120_000;

export async function startProduct(): Promise<Product> {
  const adminToken = 'the-administration-token-of-tests';
  const dataDir = await mkdtemp(join(tmpdir(), 'backlot-renders-product-'));
  const database = await createTestDatabase({ empty: true });
  const log = createLog({ name: 'test', level: 'silent' });
  const control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: join(dataDir, 'control'), adminToken },
    database: database.url,
    workloads: [rendersControl],
    log,
    passwordCost: cheapPasswords,
  });
  const api = new ApiClient({ baseUrl: control.url, token: adminToken });
  const { items } = await api.transport.call('GET', '/api/v1/projects', Page(Project));
  const projectId = items[0]?.id ?? '';
  let agent: Agent | undefined;
  const get = (id: string) => api.transport.call('GET', `/api/v1/renders/${id}`, Render);
  return {
    control,
    api,
    adminToken,
    projectId,
    get,
    async upload(path, name = basename(path)) {
      const { artifact } = await api.artifacts.upload(await openAsBlob(path), { projectId, name });
      return artifact;
    },
    submit(model, settings, name) {
      const json = { projectId, model, settings, ...(name === undefined ? {} : { name }) };
      return api.transport.call('POST', '/api/v1/renders', Render, { json });
    },
    async waitFor(id, what) {
      const until = Date.now() + PATIENCE_MS;
      for (;;) {
        const render = await get(id);
        if (what(render)) return render;
        if (Date.now() > until)
          throw new Error(
            `It did not come to pass: ${JSON.stringify({ ...render, frames: render.frames.length })}`,
          );
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async startNode() {
      agent = await createAgent({
        controlUrl: control.url,
        joinToken: await control.localJoinToken(),
        dataDir: join(dataDir, 'node'),
        name: 'studio-1',
        workloads: [rendersNode],
        log,
      });
      await agent.ready;
      for (;;) {
        const nodes = await api.transport.call('GET', '/api/v1/nodes', Page(NodeView));
        if (nodes.items.some((node) => node.capabilities.some(({ name }) => name === 'blender'))) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    async close() {
      await agent?.close({ work: 'end' });
      await control.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
