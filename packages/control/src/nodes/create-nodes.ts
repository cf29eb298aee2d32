import type { Call } from '@backlot/contract';
import { linkMaxBytes } from '@backlot/contract/link/envelope';
import { noTracer } from '@backlot/contract/trace/tracer';
import type { SocketRoutes } from '../http/sockets.ts';
import { type Nodes, systemActor } from '../kernel.ts';
import type { App } from '../workload.ts';
import type { NodesDependencies } from './dependencies.ts';
import { noteDisk } from './fleet/disk-notices.ts';
import { fleetRoutes } from './fleet/fleet-routes.ts';
import { InventoryStore } from './inventory/inventory-store.ts';
import { joinRoutes } from './join/join-routes.ts';
import { JoinTokens } from './join/join-tokens.ts';
import { Housekeeping } from './leases/housekeeping.ts';
import { LeaseSweep } from './leases/lease-sweep.ts';
import { NodeRegistry } from './leases/node-registry.ts';
import { linkRoutes } from './link/link-routes.ts';
import { LinkServer } from './link/link-server.ts';
import { defaultNodeSettings } from './settings.ts';

/** The room of nodes: joining, links, leases, inventory, pools. */
export interface NodesRoom extends Nodes {
  /** A token for the agent on this same machine: one use, a few minutes. */
  localJoinToken(): Promise<string>;
  routes(app: App): void;
  sockets(routes: SocketRoutes): void;
  start(): void;
  close(): Promise<void>;
}

/** Assembles the room. Nothing runs before `start`. */
export function createNodes(deps: NodesDependencies): NodesRoom {
  const { tracer = noTracer } = deps;
  const settings = { ...defaultNodeSettings, ...deps.settings };
  const registry = new NodeRegistry(deps, settings);
  const inventories = new InventoryStore({ store: deps.store, events: deps.events, audit: deps.audit });
  const links = new LinkServer({ deps, settings, registry, inventories });
  const sweep = new LeaseSweep({
    db: deps.store.db,
    registry,
    clock: deps.clock,
    log: deps.log,
    settings,
    changed: () => deps.placement().wake('node-changed'),
  });
  const housekeeping = new Housekeeping({ deps, settings, inventories, directory: links.directory });

  links.calls.on('kernel.', noteDisk(deps));

  return {
    connected: (nodeId) => links.directory.connected(nodeId),
    send: (nodeId, type, body) => links.send(nodeId, type, body),
    call: (nodeId: string, call: Call) =>
      tracer.span(call.method, { kind: 'client', attributes: { 'backlot.node': nodeId } }, (span) =>
        links.call(nodeId, { ...call, traceparent: span.traceparent ?? call.traceparent }),
      ),
    onCall: (prefix, handler) => links.calls.on(prefix, handler),

    async localJoinToken() {
      const draft = { pool: 'default', labels: {}, uses: 1, expiresInMinutes: 10 };
      return (await new JoinTokens(deps).create(draft, systemActor)).secret;
    },
    routes(app) {
      joinRoutes(app, deps);
      linkRoutes(app, links);
      fleetRoutes(app, { deps, registry, links });
    },
    sockets(routes) {
      routes.route({
        path: '/api/v1/node/link',
        maxPayload: linkMaxBytes,
        connect: (socket, request) => links.connect(socket, request),
      });
    },
    start() {
      links.start();
      sweep.start();
      housekeeping.start();
    },
    async close() {
      await sweep.close();
      await housekeeping.close();
      await links.close(deps.random ?? Math.random);
    },
  };
}
