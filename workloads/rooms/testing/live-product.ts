import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeView, Page, Project } from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { systemActor } from '@backlot/control/kernel';
import { createLog } from '@backlot/control/telemetry/log';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { ApiClient } from '@backlot/sdk';
import { createTestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import {
  type MediaMethod,
  type MediaPayload,
  MediaReply,
  type MediaResult,
  mediaCalls,
} from '../contract/media.ts';
import type { GrantsInput, RoomSettingsInput } from '../contract.ts';
import { roomsControl } from '../control/index.ts';
import type { RoomService } from '../control/rooms/service.ts';
import { roomsOf } from '../control/runtime.ts';
import { roomsNode } from '../node/index.ts';

/**
 * Rooms inside the real product, in the open mode: database, control plane, agent, media host, mediasoup workers. The
 * control plane can be started again while everything else goes on.
 */
export interface LiveProduct {
  readonly control: Control;
  readonly rooms: RoomService;
  readonly projectId: string;
  readonly api: ApiClient;
  /** Of the signalling socket. */
  readonly wsUrl: string;
  readonly dataDir: string;
  room(name: string, settings?: RoomSettingsInput): Promise<string>;
  token(identity: string, grants: GrantsInput): Promise<string>;
  /** One question to the media host of a room. */
  media<M extends MediaMethod>(room: string, method: M, payload: MediaPayload<M>): Promise<MediaResult<M>>;
  /** Ends the control plane without a goodbye to rooms, and starts it anew on the same port and database. */
  restartControl(): Promise<void>;
  close(): Promise<void>;
}

const log = createLog({ name: 'test', level: 'silent' });

/** For control plane and media host: anybody may enter, loopback and free ports only, two workers, no logs. */
export const liveEnvironment: Readonly<Record<string, string>> = {
  BACKLOT_ROOMS_OPEN: '1',
  BACKLOT_ROOMS_THROTTLE_SECRET: 'a secret of tests',
  BACKLOT_ROOMS_LISTEN_IP: '127.0.0.1',
  BACKLOT_ROOMS_PORT: '0',
  BACKLOT_ROOMS_WORKERS: '2',
  BACKLOT_ROOMS_STATUS_LOG_MS: '0',
  BACKLOT_ROOMS_LOG_LEVEL: 'none',
};

/** @param options.agent false: a test starts an agent of its own */
export async function openLiveProduct(options: { readonly agent?: boolean } = {}): Promise<LiveProduct> {
  const dataDir = await mkdtemp(join(tmpdir(), 'backlot-live-'));
  const database = await createTestDatabase({ empty: true });
  Object.assign(process.env, liveEnvironment);
  const adminToken = 'the-administration-token-of-tests';
  const start = (port: number) =>
    createControl({
      config: { host: '127.0.0.1', port, dataDir: join(dataDir, 'control'), adminToken },
      database: database.url,
      workloads: [roomsControl],
      log,
      passwordCost: cheapPasswords,
    });
  let control = await start(0);
  const { port } = control;
  const api = new ApiClient({ baseUrl: control.url, token: adminToken });
  const { items } = await api.transport.call('GET', '/api/v1/projects', Page(Project));
  const projectId = items[0]?.id ?? '';
  let agent: Agent | undefined;
  if (options.agent !== false) {
    agent = await createAgent({
      controlUrl: control.url,
      joinToken: await control.localJoinToken(),
      dataDir: join(dataDir, 'node'),
      name: 'studio-1',
      workloads: [roomsNode],
      log,
    });
    await agent.ready;
    await untilCapable(api);
  }
  return {
    get control() {
      return control;
    },
    get rooms() {
      return roomsOf(control.kernel);
    },
    projectId,
    api,
    wsUrl: `ws://127.0.0.1:${port}/rooms/ws`,
    dataDir,
    async room(name, settings) {
      const draft = { name, projectId, ...(settings ? { settings } : {}) };
      return (await roomsOf(control.kernel).create(draft, systemActor)).name;
    },
    async token(identity, grants) {
      return (await roomsOf(control.kernel).tokens.issue({ identity, grants, projectId })).token;
    },
    async media(room, method, payload) {
      const media = await roomsOf(control.kernel).media(room);
      const reply = MediaReply.parse(await media.call(method, payload));
      if (!reply.ok) throw new Error(`${reply.code}: ${reply.message}`);
      return mediaCalls[method].result.parse(reply.data) as never;
    },
    async restartControl() {
      await control.close({ graceMs: 0 });
      control = await start(port);
    },
    async close() {
      await agent?.close({ work: 'end' });
      await control.close({ graceMs: 500 });
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Waits until a node has proved that it can carry media. @throws after two minutes */
export async function untilCapable(api: ApiClient): Promise<void> {
  const until = Date.now() + 120_000;
  for (;;) {
    const nodes = await api.transport.call('GET', '/api/v1/nodes', Page(NodeView));
    if (nodes.items.some((node) => node.capabilities.some(({ name }) => name === 'sfu'))) return;
    if (Date.now() > until) throw new Error('No node has proved that it can carry media.');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
