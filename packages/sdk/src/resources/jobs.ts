import { Page } from '@backlot/contract/api/common';
import { Job, type JobPatch, type JobQuery } from '@backlot/contract/api/jobs';
import type { z } from 'zod';
import { type QueryOf, Resource, segment, withSignal } from '../resource.ts';

/** What people submitted, of every kind of work. The routes of a workload make them. */
export class JobsApi extends Resource {
  /** Newest first. */
  list(query: QueryOf<typeof JobQuery> = {}, signal?: AbortSignal): AsyncGenerator<Job, void, undefined> {
    return this.every('/api/v1/jobs', Page(Job), query, signal);
  }

  get(id: string, signal?: AbortSignal): Promise<Job> {
    return this.transport.call('GET', `/api/v1/jobs/${segment(id)}`, Job, withSignal(signal));
  }

  /** Changes its intent (run, pause, cancel), priority or name. */
  change(id: string, patch: z.input<typeof JobPatch>, signal?: AbortSignal): Promise<Job> {
    return this.transport.call('PATCH', `/api/v1/jobs/${segment(id)}`, Job, {
      json: patch,
      ...withSignal(signal),
    });
  }

  /** Queues its failed tasks again, with fresh attempts. */
  retryFailed(id: string, signal?: AbortSignal): Promise<Job> {
    return this.transport.call('POST', `/api/v1/jobs/${segment(id)}/retry-failed`, Job, {
      json: {},
      ...withSignal(signal),
    });
  }
}
