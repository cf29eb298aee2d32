import { listQuery, progressOf, transport } from '@backlot/console/workload';
import { queryOptions } from '@tanstack/react-query';
import {
  Estimate,
  type EstimateQuestion,
  Model,
  Render,
  RenderOptions,
  RenderSummary,
} from '../contract/api.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export const renderQuery = (id: string) =>
  queryOptions({
    queryKey: ['renders', id],
    queryFn: ({ signal }) =>
      transport().call('GET', `/api/v1/renders/${encodeURIComponent(id)}`, Render, { signal }),
    // Tasks and artifacts of the job come as events about themselves; the time left changes with time alone, too.
    meta: { subjects: [`job:${id}`, 'task', 'artifact', progressOf(id)] },
    refetchInterval: (query) => (query.state.data?.job.endedAt === null ? 10_000 : 60_000),
  });

export const rendersQuery = (query: Query) =>
  listQuery('/api/v1/renders', RenderSummary, query, ['job', 'artifact', 'progress']);

export const modelsQuery = (query: Query) =>
  listQuery('/api/v1/models', Model, query, ['model', 'artifact', 'job']);

export const modelQuery = (id: string) =>
  queryOptions({
    queryKey: ['models', id],
    queryFn: ({ signal }) =>
      transport().call('GET', `/api/v1/models/${encodeURIComponent(id)}`, Model, { signal }),
    meta: { subjects: [`model:${id}`, 'job', 'artifact'] },
  });

export const optionsQuery = () =>
  queryOptions({
    queryKey: ['renders', 'options'],
    queryFn: ({ signal }) => transport().call('GET', '/api/v1/renders/options', RenderOptions, { signal }),
    staleTime: 60_000,
    meta: { subjects: ['node'] },
  });

export const estimateQuery = (question: EstimateQuestionInput) =>
  queryOptions({
    queryKey: ['renders', 'estimate', question],
    queryFn: ({ signal }) =>
      transport().call('POST', '/api/v1/renders/estimate', Estimate, { json: question, signal }),
    staleTime: 30_000,
    refetchInterval: false,
    retry: false,
  });

type EstimateQuestionInput = typeof EstimateQuestion._zod.input;

/** Where a picture's or a film's bytes are. */
export const contentUrl = (artifactId: string) =>
  `/api/v1/artifacts/${encodeURIComponent(artifactId)}/content`;

export const downloadUrl = (jobId: string) => `/api/v1/renders/${encodeURIComponent(jobId)}/download`;
