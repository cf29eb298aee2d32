import { Page } from '@backlot/contract/api/common';
import {
  JoinToken,
  type JoinTokenCreate,
  JoinTokenCreated,
  NodeDrainPreview,
  type NodePatch,
  type NodeQuery,
  NodeSamples,
  type NodeSamplesQuery,
  NodeView,
} from '@backlot/contract/api/nodes';
import type { z } from 'zod';
import { type QueryOf, Resource, segment, withSignal } from '../resource.ts';

/** The machines of the fleet, and the tokens by which new ones join. */
export class NodesApi extends Resource {
  list(
    query: QueryOf<typeof NodeQuery> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<NodeView, void, undefined> {
    return this.every('/api/v1/nodes', Page(NodeView), query, signal);
  }

  get(id: string, signal?: AbortSignal): Promise<NodeView> {
    return this.transport.call('GET', `/api/v1/nodes/${segment(id)}`, NodeView, withSignal(signal));
  }

  /** Changes name, labels, pool, or whether new work may come (`schedulable`: yes, cordoned, draining). */
  change(id: string, patch: z.input<typeof NodePatch>, signal?: AbortSignal): Promise<NodeView> {
    return this.transport.call('PATCH', `/api/v1/nodes/${segment(id)}`, NodeView, {
      json: patch,
      ...withSignal(signal),
    });
  }

  /** What would move and what would be waited for if the node were drained now. */
  drainPreview(id: string, signal?: AbortSignal): Promise<z.output<typeof NodeDrainPreview>> {
    return this.transport.call(
      'GET',
      `/api/v1/nodes/${segment(id)}/drain-preview`,
      NodeDrainPreview,
      withSignal(signal),
    );
  }

  /** Load over time. */
  samples(
    id: string,
    query: QueryOf<typeof NodeSamplesQuery> = {},
    signal?: AbortSignal,
  ): Promise<z.output<typeof NodeSamples>> {
    return this.transport.call('GET', `/api/v1/nodes/${segment(id)}/samples`, NodeSamples, {
      query,
      ...withSignal(signal),
    });
  }

  /** Takes a node out of the fleet for good: its key is void, its work goes elsewhere. */
  remove(id: string, signal?: AbortSignal): Promise<void> {
    return this.transport.run('DELETE', `/api/v1/nodes/${segment(id)}`, withSignal(signal));
  }

  joinTokens(signal?: AbortSignal): AsyncGenerator<z.output<typeof JoinToken>, void, undefined> {
    return this.every('/api/v1/join-tokens', Page(JoinToken), {}, signal);
  }

  /** The secret is told once, with the complete commands for a new machine. */
  createJoinToken(
    body: z.input<typeof JoinTokenCreate> = {},
    signal?: AbortSignal,
  ): Promise<z.output<typeof JoinTokenCreated>> {
    return this.transport.call('POST', '/api/v1/join-tokens', JoinTokenCreated, {
      json: body,
      ...withSignal(signal),
    });
  }

  revokeJoinToken(id: string, signal?: AbortSignal): Promise<void> {
    return this.transport.run('DELETE', `/api/v1/join-tokens/${segment(id)}`, withSignal(signal));
  }
}
