import { AuditEntry } from '@backlot/contract/api/access';
import { Page } from '@backlot/contract/api/common';
import { Event } from '@backlot/contract/api/events';
import { Job, Task } from '@backlot/contract/api/jobs';
import { NodeTimelineEntry, NodeView } from '@backlot/contract/api/nodes';
import { queryOptions } from '@tanstack/react-query';
import type { z } from 'zod';
import { progressOf, type Subject } from './subjects.ts';
import { api, transport } from './transport.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** A list of the API: where it is, what its items are, how it is narrowed, and which events make it stale. */
export interface ListSource<Item extends z.ZodType> {
  readonly path: string;
  readonly item: Item;
  readonly query: Query;
  readonly subjects: readonly Subject[];
}

export function listQuery<Item extends z.ZodType>(
  path: string,
  item: Item,
  query: Query,
  subjects: readonly Subject[],
): ListSource<Item> {
  return { path, item, query, subjects };
}

export const overviewQuery = () =>
  queryOptions({
    queryKey: ['overview'],
    queryFn: ({ signal }) => api().overview(signal),
    refetchInterval: 10_000,
    meta: { subjects: ['overview'] },
  });

export const healthQuery = () =>
  queryOptions({
    queryKey: ['health'],
    queryFn: ({ signal }) => api().health(signal),
    refetchInterval: 10_000,
  });

export const nodesQuery = (query: Query = {}) => listQuery('/api/v1/nodes', NodeView, query, ['node']);

export const nodeQuery = (id: string) =>
  queryOptions({
    queryKey: ['node', id],
    queryFn: ({ signal }) => api().nodes.get(id, signal),
    meta: { subjects: [`node:${id}`, 'allocation'] },
  });

export const nodeSamplesQuery = (id: string, minutes: number) =>
  queryOptions({
    queryKey: ['node', id, 'samples', minutes],
    queryFn: ({ signal }) => api().nodes.samples(id, { minutes, points: 240 }, signal),
    refetchInterval: 15_000,
  });

export const nodeTimelineQuery = (id: string, minutes: number) =>
  queryOptions({
    queryKey: ['node', id, 'timeline', minutes],
    queryFn: ({ signal }) =>
      transport().call('GET', `/api/v1/nodes/${encodeURIComponent(id)}/timeline`, Page(NodeTimelineEntry), {
        query: { minutes },
        signal,
      }),
    meta: { subjects: [`node:${id}`, 'allocation'] },
  });

export const jobsQuery = (query: Query) => listQuery('/api/v1/jobs', Job, query, ['job', 'progress']);

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: ['job', id],
    queryFn: ({ signal }) => api().jobs.get(id, signal),
    // The time left changes with time alone, too.
    refetchInterval: (query) => (query.state.data?.endedAt === null ? 10_000 : 60_000),
    meta: { subjects: [`job:${id}`, progressOf(id)] },
  });

export const tasksQuery = (query: Query) =>
  listQuery('/api/v1/tasks', Task, query, [
    'task',
    ...(typeof query.jobId === 'string' ? [`job:${query.jobId}`] : []),
  ]);

export const taskQuery = (id: string) =>
  queryOptions({
    queryKey: ['task', id],
    queryFn: ({ signal }) => api().tasks.get(id, signal),
    meta: { subjects: [`task:${id}`, 'allocation'] },
  });

export const eventsQuery = (query: Query) => listQuery('/api/v1/events', Event, query, []);

export const auditQuery = (query: Query) => listQuery('/api/v1/audit', AuditEntry, query, ['audit']);
