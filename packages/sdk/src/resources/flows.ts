import { Page, type PageQuery } from '@backlot/contract/api/common';
import {
  Flow,
  FlowCatalogue,
  type FlowCheck,
  FlowCheckAnswer,
  type FlowCreate,
  FlowDetail,
  type FlowPatch,
  type FlowQuery,
  FlowRun,
  FlowRunDetail,
  type FlowRunQuery,
  type FlowRunRetry,
  type FlowRunStart,
  type FlowSave,
  FlowTemplate,
  FlowVersion,
  FlowVersionSummary,
} from '@backlot/contract/flow/api';
import { z } from 'zod';
import { type QueryOf, Resource, segment, withSignal } from '../resource.ts';

const Templates = z.object({ items: z.array(FlowTemplate) });

/** Flows: stored graphs of steps, their versions, and their runs. */
export class FlowsApi extends Resource {
  /** By name. */
  list(query: QueryOf<typeof FlowQuery> = {}, signal?: AbortSignal): AsyncGenerator<Flow, void, undefined> {
    return this.every('/api/v1/flows', Page(Flow), query, signal);
  }

  get(id: string, signal?: AbortSignal): Promise<FlowDetail> {
    return this.transport.call('GET', path(id), FlowDetail, withSignal(signal));
  }

  create(flow: z.input<typeof FlowCreate>, signal?: AbortSignal): Promise<FlowDetail> {
    return this.transport.call('POST', '/api/v1/flows', FlowDetail, { json: flow, ...withSignal(signal) });
  }

  /** Saves a new version; nothing changes when it says the same. */
  save(id: string, flow: z.input<typeof FlowSave>, signal?: AbortSignal): Promise<FlowDetail> {
    return this.transport.call('PUT', path(id), FlowDetail, { json: flow, ...withSignal(signal) });
  }

  /** Turns its trigger on or off. */
  change(id: string, patch: z.input<typeof FlowPatch>, signal?: AbortSignal): Promise<FlowDetail> {
    return this.transport.call('PATCH', path(id), FlowDetail, { json: patch, ...withSignal(signal) });
  }

  remove(id: string, signal?: AbortSignal): Promise<void> {
    return this.transport.run('DELETE', path(id), withSignal(signal));
  }

  /** Newest first. */
  versions(
    id: string,
    query: QueryOf<typeof PageQuery> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<FlowVersionSummary, void, undefined> {
    return this.every(`${path(id)}/versions`, Page(FlowVersionSummary), query, signal);
  }

  version(id: string, number: number, signal?: AbortSignal): Promise<FlowVersion> {
    return this.transport.call('GET', `${path(id)}/versions/${number}`, FlowVersion, withSignal(signal));
  }

  /** What is wrong with a flow, without saving it. */
  check(flow: z.input<typeof FlowCheck>, signal?: AbortSignal): Promise<FlowCheckAnswer> {
    return this.transport.call('POST', '/api/v1/flows/check', FlowCheckAnswer, {
      json: flow,
      ...withSignal(signal),
    });
  }

  /** What flows can be made of here. */
  catalogue(signal?: AbortSignal): Promise<FlowCatalogue> {
    return this.transport.call('GET', '/api/v1/flows/catalogue', FlowCatalogue, withSignal(signal));
  }

  async templates(signal?: AbortSignal): Promise<FlowTemplate[]> {
    const { items } = await this.transport.call(
      'GET',
      '/api/v1/flows/templates',
      Templates,
      withSignal(signal),
    );
    return items;
  }

  /** Starts a run by hand. */
  run(id: string, start: z.input<typeof FlowRunStart> = {}, signal?: AbortSignal): Promise<FlowRun> {
    return this.transport.call('POST', `${path(id)}/runs`, FlowRun, { json: start, ...withSignal(signal) });
  }

  /** Newest first. */
  runs(
    query: QueryOf<typeof FlowRunQuery> = {},
    signal?: AbortSignal,
  ): AsyncGenerator<FlowRun, void, undefined> {
    return this.every('/api/v1/flow-runs', Page(FlowRun), query, signal);
  }

  getRun(id: string, signal?: AbortSignal): Promise<FlowRunDetail> {
    return this.transport.call('GET', runPath(id), FlowRunDetail, withSignal(signal));
  }

  cancelRun(id: string, signal?: AbortSignal): Promise<FlowRun> {
    return this.transport.call('POST', `${runPath(id)}/cancel`, FlowRun, { json: {}, ...withSignal(signal) });
  }

  /** Does an ended run again, as a new one that takes over what succeeded. */
  retryRun(id: string, retry: z.input<typeof FlowRunRetry> = {}, signal?: AbortSignal): Promise<FlowRun> {
    return this.transport.call('POST', `${runPath(id)}/retry`, FlowRun, {
      json: retry,
      ...withSignal(signal),
    });
  }
}

const path = (id: string) => `/api/v1/flows/${segment(id)}`;
const runPath = (id: string) => `/api/v1/flow-runs/${segment(id)}`;
