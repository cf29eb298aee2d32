import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AllocationState, Findings, ReportAck, StateReport } from '@backlot/contract';
import { systemClock } from '@backlot/contract/clock';
import { BacklotError, toProblem } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { newId } from '@backlot/contract/id';
import { linkMaxBytes } from '@backlot/contract/link/envelope';
import { PollRequest } from '@backlot/contract/link/poll';
import { createLocalFabric } from '@backlot/control/fabric/local-fabric';
import { SocketRoutes } from '@backlot/control/http/sockets';
import {
  type AuditRecord,
  type EventDraft,
  type Fabric,
  type NodeReports,
  systemActor,
} from '@backlot/control/kernel';
import type { NodesDependencies } from '@backlot/control/nodes/dependencies';
import { InventoryStore } from '@backlot/control/nodes/inventory/inventory-store';
import { joinNode } from '@backlot/control/nodes/join/join';
import { JoinTokens } from '@backlot/control/nodes/join/join-tokens';
import { LeaseSweep } from '@backlot/control/nodes/leases/lease-sweep';
import { NodeRegistry } from '@backlot/control/nodes/leases/node-registry';
import { LinkServer } from '@backlot/control/nodes/link/link-server';
import { defaultNodeSettings, type NodeSettings } from '@backlot/control/nodes/settings';
import pino from 'pino';
import { Registry } from 'prom-client';
import type { TestDatabase } from './database.ts';

export interface LinkControlOptions {
  readonly database: TestDatabase;
  readonly settings?: Partial<NodeSettings>;
  readonly replica?: string;
  readonly fabric?: Fabric;
  /** Port to listen on, to come back where one was before; any free one unless told. */
  readonly port?: number;
  readonly reports?: Partial<NodeReports>;
}

/** The control plane's end of the link, alone: real database, sockets and leases; what nodes report is only noted. */
export interface LinkControl {
  readonly url: string;
  readonly port: number;
  readonly links: LinkServer;
  readonly registry: NodeRegistry;
  readonly sweep: LeaseSweep;
  readonly fabric: Fabric;
  readonly events: EventDraft[];
  readonly audit: AuditRecord[];
  readonly reports: StateReport[];
  readonly findings: Findings[];
  readonly accepted: string[];
  readonly unreachable: string[];
  readonly lost: string[];
  joinToken(uses?: number): Promise<string>;
  close(): Promise<void>;
}

export async function startLinkControl(options: LinkControlOptions): Promise<LinkControl> {
  const { database } = options;
  const log = pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' });
  const events: EventDraft[] = [];
  const audit: AuditRecord[] = [];
  const reports: StateReport[] = [];
  const findings: Findings[] = [];
  const accepted: string[] = [];
  const unreachable: string[] = [];
  const lost: string[] = [];
  const fabric = options.fabric ?? createLocalFabric({ log });
  const settings = { ...defaultNodeSettings, ...options.settings };
  const seqs = new Map<string, number>();

  const noted: NodeReports = {
    connected: async () => [] as { allocation: string; fence: number; state: AllocationState }[],
    accept: async (_nodeId, { allocation }) => {
      accepted.push(allocation);
      return 'applied';
    },
    reject: async () => undefined,
    report: async (_nodeId, report): Promise<ReportAck> => {
      const { allocation, fence, seq } = report;
      const duplicate = (seqs.get(allocation) ?? 0) >= seq;
      if (!duplicate) {
        seqs.set(allocation, seq);
        reports.push(report);
      }
      return { allocation, fence, seq, verdict: duplicate ? 'duplicate' : 'applied' };
    },
    findings: async (_nodeId, message) => {
      findings.push(message);
      return { allocation: message.allocation, fence: message.fence, seq: 0, verdict: 'applied' };
    },
    progress: () => undefined,
    reconcile: async () => [],
    unreachable: async (_tx, nodeId) => void unreachable.push(nodeId),
    lost: async (_tx, nodeId) => void lost.push(nodeId),
    ...options.reports,
  };
  const deps: NodesDependencies = {
    store: database.store,
    reports: () => noted,
    placement: () => ({ wake: () => undefined }),
    events: {
      append: async (_tx, drafts) => void events.push(...drafts),
      wake: () => undefined,
      live: () => undefined,
    },
    audit: { record: async (_tx, record) => void audit.push(record) },
    access: {
      permissions: {},
      may: () => true,
      require: () => undefined,
      projectsWith: () => 'all',
    },
    tokens: {
      issue: async ({ allocation }) => `token-of-${allocation}-${newId()}`,
      verify: () => Promise.reject(new BacklotError(kernelErrors.unauthenticated)),
    },
    fabric,
    clock: systemClock,
    log,
    metrics: new Registry(),
    publicUrl: () => 'http://127.0.0.1',
    replica: options.replica ?? newId(),
    settings,
  };
  const registry = new NodeRegistry(deps, settings);
  const inventories = new InventoryStore({ store: deps.store, events: deps.events, audit: deps.audit });
  const links = new LinkServer({ deps, settings, registry, inventories });
  const sweep = new LeaseSweep({
    db: database.db,
    registry,
    clock: systemClock,
    log,
    settings,
    changed: () => undefined,
  });
  const sockets = new SocketRoutes({ log, publicOrigin: () => 'http://127.0.0.1' });
  sockets.route({
    path: '/api/v1/node/link',
    maxPayload: linkMaxBytes,
    connect: (socket, request) => links.connect(socket, request),
  });
  const server = createServer((request, response) => void answer(deps, links, request, response));
  server.on('upgrade', (request, socket, head) => sockets.upgrade(request, socket, head));
  const port = await listen(server, options.port ?? 0);
  links.start();

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    links,
    registry,
    sweep,
    fabric,
    events,
    audit,
    reports,
    findings,
    accepted,
    unreachable,
    lost,
    async joinToken(uses = 1) {
      const draft = { pool: 'default', labels: {}, uses, expiresInMinutes: 5 };
      return (await new JoinTokens(deps).create(draft, systemActor)).secret;
    },
    async close() {
      await sweep.close();
      await links.close(Math.random);
      await sockets.close(systemClock.sleep(200));
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** The two routes that machines use, without the rest of the server. */
async function answer(
  deps: NodesDependencies,
  links: LinkServer,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const send = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString() || '{}');
    if (request.url === '/api/v1/node/join') {
      const secret = (request.headers.authorization ?? '').slice('Bearer '.length);
      send(201, await joinNode(deps, secret, body as Parameters<typeof joinNode>[2], systemActor));
    } else if (request.url === '/api/v1/node/poll') {
      send(200, await links.poll(PollRequest.parse(body), '127.0.0.1', gone.signal));
    } else {
      throw new BacklotError(kernelErrors.not_found, { params: { what: 'route', id: request.url ?? '' } });
    }
  } catch (error) {
    const typed = error instanceof BacklotError ? error : new BacklotError(kernelErrors.internal);
    send(typed.kind.status, toProblem(typed, 'en'));
  }
}
