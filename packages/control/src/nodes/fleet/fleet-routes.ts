import { IdParams, Page, PageQuery, Slug } from '@backlot/contract/api/common';
import {
  NodeDrainPreview,
  NodePatch,
  NodeQuery,
  NodeSamples,
  NodeSamplesQuery,
  NodeTimelineEntry,
  NodeView,
  Pool,
  PoolPut,
} from '@backlot/contract/api/nodes';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { Id } from '@backlot/contract/id';
import { linkCloseCodes } from '@backlot/contract/link/close-codes';
import { z } from 'zod';
import { decodeCursor, page } from '../../http/paging.ts';
import type { Actor } from '../../kernel.ts';
import type { App, RouteAccess } from '../../workload.ts';
import type { NodesDependencies } from '../dependencies.ts';
import type { NodeRegistry } from '../leases/node-registry.ts';
import type { LinkServer } from '../link/link-server.ts';
import { drainPreview } from './drain-preview.ts';
import { changeNode } from './node-changes.ts';
import { readNodes, readTimeline, type VisibleProjects } from './node-views.ts';
import { listPools, putPool, removePool } from './pools.ts';
import { readSamples } from './samples.ts';

const mayRead: RouteAccess = { kind: 'permission', permission: 'nodes.read', project: 'any' };
const mayOperate: RouteAccess = { kind: 'permission', permission: 'nodes.operate', project: 'everywhere' };
const mayManagePools: RouteAccess = { kind: 'permission', permission: 'pools.manage', project: 'everywhere' };
const IdCursor = z.object({ id: Id });
const PoolParams = z.object({ name: Slug });

export interface FleetRoutesOptions {
  readonly deps: NodesDependencies;
  readonly registry: NodeRegistry;
  readonly links: LinkServer;
}

/** The machines of the fleet and their pools. */
export function fleetRoutes(app: App, { deps, registry, links }: FleetRoutesOptions): void {
  const { db } = deps.store;
  const visibleTo = (actor: Actor): VisibleProjects => deps.access.projectsWith(actor, 'jobs.read');

  async function one(id: string, actor: Actor): Promise<NodeView> {
    const [node] = await readNodes(db, { ids: [id], limit: 1 }, visibleTo(actor));
    if (!node) throw new BacklotError(kernelErrors.not_found, { params: { what: 'node', id } });
    return node;
  }

  app.route({
    method: 'GET',
    url: '/api/v1/nodes',
    config: { access: mayRead },
    schema: {
      summary: 'Nodes, with their load and what runs on them.',
      tags: ['nodes'],
      querystring: NodeQuery,
      response: { 200: Page(NodeView) },
    },
    async handler({ query, actor }) {
      const after = decodeCursor(query.cursor, IdCursor)?.id;
      const nodes = await readNodes(db, { ...query, after, limit: query.limit + 1 }, visibleTo(actor));
      return page(
        nodes,
        query.limit,
        ({ id }) => ({ id }),
        (node) => node,
      );
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/nodes/:id',
    config: { access: mayRead },
    schema: {
      summary: 'One node.',
      tags: ['nodes'],
      params: IdParams,
      response: { 200: NodeView },
    },
    handler: ({ params, actor }) => one(params.id, actor),
  });

  app.route({
    method: 'PATCH',
    url: '/api/v1/nodes/:id',
    config: { access: mayOperate },
    schema: {
      summary: 'Changes name, labels or pool of a node, cordons, drains or opens it.',
      tags: ['nodes'],
      params: IdParams,
      body: NodePatch,
      response: { 200: NodeView },
    },
    async handler({ params, body, actor }) {
      await changeNode(deps, params.id, body, actor);
      return one(params.id, actor);
    },
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/nodes/:id',
    config: { access: mayOperate },
    schema: {
      summary: 'Removes a node for good: its key is void and its work goes to others.',
      tags: ['nodes'],
      params: IdParams,
      response: { 204: z.undefined() },
    },
    async handler({ params, actor }, reply) {
      const removed = await registry.remove(params.id, actor);
      if (!removed)
        throw new BacklotError(kernelErrors.not_found, { params: { what: 'node', id: params.id } });
      links.disconnect(params.id, linkCloseCodes.refused, 'node_removed');
      deps.placement().wake('node-changed');
      return reply.code(204).send(undefined);
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/nodes/:id/drain-preview',
    config: { access: mayOperate },
    schema: {
      summary: 'What would move and what would be waited for if the node were drained now.',
      tags: ['nodes'],
      params: IdParams,
      response: { 200: NodeDrainPreview },
    },
    async handler({ params, actor }) {
      return drainPreview((await one(params.id, actor)).allocations);
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/nodes/:id/samples',
    config: { access: mayRead },
    schema: {
      summary: 'Load of a node over time.',
      tags: ['nodes'],
      params: IdParams,
      querystring: NodeSamplesQuery,
      response: { 200: NodeSamples },
    },
    async handler({ params, query }) {
      return { samples: await readSamples(db, params.id, query) };
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/nodes/:id/timeline',
    config: { access: mayRead },
    schema: {
      summary: 'Who had the machine when, newest first.',
      tags: ['nodes'],
      params: IdParams,
      querystring: PageQuery,
      response: { 200: Page(NodeTimelineEntry) },
    },
    async handler({ params, query, actor }) {
      const before = decodeCursor(query.cursor, IdCursor)?.id;
      const entries = await readTimeline(db, params.id, { before, limit: query.limit + 1 }, visibleTo(actor));
      return page(
        entries,
        query.limit,
        ({ id }) => ({ id }),
        (entry) => entry,
      );
    },
  });

  app.route({
    method: 'GET',
    url: '/api/v1/pools',
    config: { access: mayRead },
    schema: {
      summary: 'Pools and their policies.',
      tags: ['nodes'],
      response: { 200: Page(Pool) },
    },
    async handler() {
      return { items: await listPools(db) };
    },
  });

  app.route({
    method: 'PUT',
    url: '/api/v1/pools/:name',
    config: { access: mayManagePools },
    schema: {
      summary: 'Makes a pool, or changes its policy.',
      tags: ['nodes'],
      params: PoolParams,
      body: PoolPut,
      response: { 200: Pool },
    },
    handler: ({ params, body, actor }) => putPool(deps, params.name, body, actor),
  });

  app.route({
    method: 'DELETE',
    url: '/api/v1/pools/:name',
    config: { access: mayManagePools },
    schema: {
      summary: 'Removes a pool that has no nodes.',
      tags: ['nodes'],
      params: PoolParams,
      response: { 204: z.undefined() },
    },
    async handler({ params, actor }, reply) {
      await removePool(deps, params.name, actor);
      return reply.code(204).send(undefined);
    },
  });
}
