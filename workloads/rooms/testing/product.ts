import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { NodeView, Page } from '@backlot/contract';
import type { Tracer } from '@backlot/contract/trace/tracer';
import { createLog } from '@backlot/control/telemetry/log';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { ApiClient } from '@backlot/sdk';
import { TokenAnswer } from '../contract/api.ts';
import { Room, type RoomSettingsInput } from '../contract/room.ts';
import { roomsNode } from '../node/index.ts';
import { locateWorkers } from '../node/worker/locate.ts';
import { type RoomsControl, startRoomsControl } from './control.ts';

/** The whole product with rooms in this process: control plane, agent, and a media host with real mediasoup workers. */
export interface RoomsProduct extends RoomsControl {
  readonly api: ApiClient;
  readonly url: string;
  readonly projectId: string;
  readonly agent: Agent;
  openRoom(name: string, settings?: RoomSettingsInput): Promise<Room>;
  token(room: string, identity: string, more?: Record<string, unknown>): Promise<string>;
}

/** Whether a worker is on this machine; without one the tests of the whole product are skipped. */
export async function hasWorker(): Promise<boolean> {
  const [path] = await locateWorkers(process.env);
  return (
    path !== undefined &&
    (await access(path).then(
      () => true,
      () => false,
    ))
  );
}

export interface ProductOptions {
  readonly tracer?: Tracer;
  readonly nodeTracer?: Tracer;
  readonly hostEnvironment?: Readonly<Record<string, string>>;
}

export async function startRoomsProduct(options: ProductOptions = {}): Promise<RoomsProduct> {
  // The media host reads its settings from the agent's environment: loopback only, ports that are free.
  Object.assign(process.env, {
    BACKLOT_ROOMS_PORT: '0',
    BACKLOT_ROOMS_LISTEN_IP: '127.0.0.1',
    BACKLOT_ROOMS_WORKERS: '2',
  });
  const { tracer, nodeTracer, hostEnvironment } = options;
  const control = await startRoomsControl(tracer ? { tracer } : {});
  const { url } = control.control;
  const api = new ApiClient({ baseUrl: url, token: control.adminToken });
  const projectId = await control.project('meetings');
  const agent = await createAgent({
    controlUrl: url,
    joinToken: await control.control.localJoinToken(),
    dataDir: join(control.dataDir, 'node'),
    name: 'studio-1',
    workloads: [roomsNode],
    log: createLog({ name: 'node', level: (process.env.TEST_LOG as 'silent' | undefined) ?? 'silent' }),
    ...(nodeTracer ? { tracer: nodeTracer } : {}),
    ...(hostEnvironment ? { hostEnvironment } : {}),
  });
  await agent.ready;
  const until = Date.now() + 120_000;
  for (;;) {
    const nodes = await api.transport.call('GET', '/api/v1/nodes', Page(NodeView));
    if (nodes.items.some((node) => node.capabilities.some(({ name }) => name === 'sfu'))) break;
    if (Date.now() > until) throw new Error('The node has not proved that it has a media worker.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    ...control,
    api,
    url,
    projectId,
    agent,
    openRoom: (name, settings = {}) =>
      api.transport.call('POST', '/api/v1/rooms', Room, { json: { projectId, name, settings } }),
    async token(room, identity, more = {}) {
      const json = { identity, ...more };
      const path = `/api/v1/rooms/${room}/tokens`;
      return (await api.transport.call('POST', path, TokenAnswer, { json })).token;
    },
    async close() {
      await agent.close({ work: 'end' });
      await control.close();
    },
  };
}
