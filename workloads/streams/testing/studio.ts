import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeView, Page, Project } from '@backlot/contract';
import { type Control, type ControlConfig, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { ApiClient } from '@backlot/sdk';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { WebSocket } from 'ws';
import type { z } from 'zod';
import {
  App,
  type AppCreationInput,
  type AppRecipeInput,
  type Instance,
  InstancePage,
  type Session,
  SessionDetail,
  SessionPage,
  TicketAnswer,
  type TicketRequestInput,
} from '../contract.ts';
import { streamsControl } from '../control/index.ts';
import { streamsNode } from '../node/index.ts';

/** A control plane with streams, and an agent on this machine when one is started, on a real database. */
export interface Studio {
  readonly control: Control;
  readonly database: TestDatabase;
  readonly api: ApiClient;
  readonly adminToken: string;
  readonly projectId: string;
  call<Schema extends z.ZodType>(
    method: string,
    path: string,
    schema: Schema,
    json?: unknown,
  ): Promise<z.output<Schema>>;
  createApp(app: Partial<AppCreationInput> & { readonly slug: string }): Promise<App>;
  ticket(request: TicketRequestInput): Promise<TicketAnswer>;
  sessions(query?: string): Promise<readonly Session[]>;
  session(id: string): Promise<SessionDetail>;
  instances(query?: string): Promise<readonly Instance[]>;
  /** Connects to an app as our page does. */
  play(app: string, query?: string): Promise<Play>;
  /** Asks until the answer is there. @throws after two minutes */
  until<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T>;
  startNode(): Promise<void>;
  /** Ends the control plane and starts it anew on the same database and the same port. The agent goes on. */
  restartControl(): Promise<void>;
  close(): Promise<void>;
}

/** A message as it came. */
export type Word = Readonly<Record<string, unknown>> & { readonly type: string };

/** A player's socket, and all that was said to it. */
export interface Play {
  readonly socket: WebSocket;
  readonly heard: readonly Word[];
  /** The close code, once it is closed. */
  readonly closed: { readonly code: number; readonly reason: string } | undefined;
  say(message: object): void;
  /** The first message of a type for which the test holds, also one that was said before. */
  hear(type: string, test?: (message: Word) => boolean): Promise<Word>;
  ended(): Promise<{ readonly code: number; readonly reason: string }>;
  leave(code?: number): void;
}

const PATIENCE_MS = 120_000;
const streamerFile = fileURLToPath(new URL('./plain-streamer.ts', import.meta.url));

/** How the plain streamer of the tests is started. */
export function plainRecipe(
  args: readonly string[] = [],
  rest: Omit<AppRecipeInput, 'launch'> = {},
): AppRecipeInput {
  return {
    launch: { argv: [process.execPath, streamerFile, '--url={signallingUrl}', ...args] },
    resources: { cpu: 0.1, memory: 256 * 1024 ** 2 },
    stopGraceSeconds: 0.2,
    ...rest,
  };
}

export interface StudioOptions {
  /** A folder with `pages/streams/`: then the player page is served. */
  readonly consoleDir?: string;
  readonly turn?: ControlConfig['turn'];
  /** With the demo app, as `backlot up` is. */
  readonly openMode?: boolean;
}

export async function startStudio(options: StudioOptions = {}): Promise<Studio> {
  const adminToken = 'the-administration-token-of-tests';
  const dataDir = await mkdtemp(join(tmpdir(), 'backlot-streams-studio-'));
  const database = await createTestDatabase({ empty: true });
  const log = createLog({ name: 'test', level: (process.env.BACKLOT_TEST_LOG as 'debug') ?? 'silent' });
  const startControl = (port: number) =>
    createControl({
      config: {
        host: '127.0.0.1',
        port,
        dataDir: join(dataDir, 'control'),
        adminToken,
        turn: options.turn,
        openMode: options.openMode,
      },
      consoleDir: options.consoleDir,
      database: database.url,
      workloads: [streamsControl],
      log,
      passwordCost: cheapPasswords,
    });
  let control = await startControl(0);
  const api = new ApiClient({ baseUrl: control.url, token: adminToken });
  const { items } = await api.transport.call('GET', '/api/v1/projects', Page(Project));
  const projectId = items[0]?.id ?? '';
  const plays = new Set<Play>();
  let agent: Agent | undefined;

  const call: Studio['call'] = (method, path, schema, json) =>
    api.transport.call(method as 'GET', `/api/v1/streams${path}`, schema, json === undefined ? {} : { json });
  const until: Studio['until'] = async (what, ask) => {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined && answer !== false) return answer;
      if (Date.now() > end) throw new Error(`It did not come to pass: ${what}.`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return {
    get control() {
      return control;
    },
    database,
    api,
    adminToken,
    projectId,
    call,
    until,
    createApp: (app) =>
      call('POST', '/apps', App, {
        projectId,
        name: app.slug,
        access: 'anyone',
        recipe: plainRecipe(),
        ...app,
      }),
    ticket: (request) => call('POST', '/tickets', TicketAnswer, request),
    sessions: async (query = '') => (await call('GET', `/sessions?${query}`, SessionPage)).items,
    session: (id) => call('GET', `/sessions/${id}`, SessionDetail),
    instances: async (query = '') => (await call('GET', `/instances?${query}`, InstancePage)).items,
    async play(app, query = '') {
      const play = await connect(
        `${control.url.replace(/^http/, 'ws')}/signal/player/${app}?extensions=1&${query}`,
        until,
      );
      plays.add(play);
      return play;
    },
    async startNode() {
      agent = await createAgent({
        controlUrl: control.url,
        joinToken: await control.localJoinToken(),
        dataDir: join(dataDir, 'node'),
        name: 'studio-1',
        workloads: [streamsNode],
        log,
      });
      await agent.ready;
      await until('the node can run streams', async () => {
        const nodes = await api.transport.call('GET', '/api/v1/nodes', Page(NodeView));
        return nodes.items.some((node) => node.capabilities.some(({ name }) => name === 'streams'));
      });
    },
    async restartControl() {
      const { port } = control;
      await control.close({ graceMs: 500 });
      control = await startControl(port);
    },
    async close() {
      for (const play of plays) play.socket.terminate();
      await agent?.close({ work: 'end' });
      await control.close();
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function connect(url: string, until: Studio['until']): Promise<Play> {
  const socket = new WebSocket(url);
  const heard: Word[] = [];
  let closed: Play['closed'];
  socket.on('message', (data) => heard.push(JSON.parse(data.toString()) as Word));
  socket.on('close', (code, reason) => {
    closed = { code, reason: reason.toString() };
  });
  socket.on('error', () => undefined);
  await once(socket, 'open');
  return {
    socket,
    heard,
    get closed() {
      return closed;
    },
    say: (message) => socket.send(JSON.stringify(message)),
    hear: (type, test = () => true) =>
      until(
        `“${type}” is heard; so far ${JSON.stringify(heard.slice(-6))}, ${JSON.stringify(closed)}`,
        async () => heard.find((word) => word.type === type && test(word)),
      ),
    ended: () => until('the socket is closed', async () => closed),
    leave: (code = 1000) => socket.close(code),
  };
}
