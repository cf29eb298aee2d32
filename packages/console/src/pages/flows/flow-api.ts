import { artifactErrors } from '@backlot/contract/errors/artifacts';
import { flowErrors } from '@backlot/contract/errors/flows';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import {
  Flow,
  FlowCatalogue,
  FlowCheckAnswer,
  type FlowCreate,
  FlowDetail,
  FlowRun,
  FlowRunDetail,
  type FlowRunRetry,
  type FlowRunStart,
  type FlowSave,
  FlowTemplate,
  FlowVersion,
  FlowVersionSummary,
  openFlowRunStates,
} from '@backlot/contract/flow/api';
import { flowPhrases } from '@backlot/contract/flow/phrases';
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { z } from 'zod';
import { listQuery } from '../../api/queries.ts';
import { progressOf } from '../../api/subjects.ts';
import { transport } from '../../api/transport.ts';
import { registerErrors, registerPhrases } from '../../parts/phrases.ts';
import type { JsonSchema } from '../../parts/schema-form/index.ts';
import type { CatalogueView } from './editor/catalogue.ts';

// Why a step failed or waits, in the reader's language.
registerPhrases(flowPhrases);
for (const table of [kernelErrors, artifactErrors, flowErrors]) registerErrors(table);

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export const flowPath = (id: string) => `/api/v1/flows/${encodeURIComponent(id)}`;
export const runPath = (id: string) => `/api/v1/flow-runs/${encodeURIComponent(id)}`;

export const flowsQuery = (query: Query) => listQuery('/api/v1/flows', Flow, query, ['flow', 'flow-run']);

/** To choose a flow from: stale when one of them changes, not with each of their runs. */
export const flowChoices = (projectId: string | undefined) =>
  listQuery('/api/v1/flows', Flow, { projectId }, ['flow']);

export const flowQuery = (id: string) =>
  queryOptions({
    queryKey: ['flow', id],
    queryFn: ({ signal }) => transport().call('GET', flowPath(id), FlowDetail, { signal }),
    meta: { subjects: [`flow:${id}`] },
  });

export const versionsQuery = (id: string) =>
  listQuery(`${flowPath(id)}/versions`, FlowVersionSummary, {}, [`flow:${id}`]);

export const versionQuery = (id: string, number: number) =>
  queryOptions({
    queryKey: ['flow', id, 'version', number],
    queryFn: ({ signal }) =>
      transport().call('GET', `${flowPath(id)}/versions/${number}`, FlowVersion, { signal }),
    // A version never changes.
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: false,
  });

/** What flows can be made of here; it changes only with the installation. */
export const catalogueQuery = () =>
  queryOptions({
    queryKey: ['flow-catalogue'],
    queryFn: async ({ signal }) =>
      toCatalogue(await transport().call('GET', '/api/v1/flows/catalogue', FlowCatalogue, { signal })),
    staleTime: 5 * 60_000,
    refetchInterval: false,
  });

export const templatesQuery = () =>
  queryOptions({
    queryKey: ['flow-templates'],
    queryFn: async ({ signal }) =>
      (
        await transport().call('GET', '/api/v1/flows/templates', z.object({ items: z.array(FlowTemplate) }), {
          signal,
        })
      ).items,
    staleTime: 5 * 60_000,
    refetchInterval: false,
  });

/** What the server finds wrong with a text; the answer before stays until the next one is there. */
export const checkQuery = (text: string) =>
  queryOptions({
    queryKey: ['flow-check', text],
    queryFn: ({ signal }) =>
      transport().call('POST', '/api/v1/flows/check', FlowCheckAnswer, { json: { text }, signal }),
    placeholderData: keepPreviousData,
    gcTime: 30_000,
    staleTime: 60_000,
    refetchInterval: false,
  });

export const runsQuery = (query: Query) => listQuery('/api/v1/flow-runs', FlowRun, query, ['flow-run']);

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: ['flow-run', id],
    queryFn: ({ signal }) => transport().call('GET', runPath(id), FlowRunDetail, { signal }),
    refetchInterval: (query) =>
      query.state.data && !openFlowRunStates.includes(query.state.data.state) ? 60_000 : 5_000,
    meta: { subjects: [`flow-run:${id}`] },
  });

/** Also stale while tasks of its job progress; known only once the run is. */
export const runSubjects = (id: string, jobId: string | undefined) => [
  `flow-run:${id}`,
  ...(jobId === undefined ? [] : [`job:${jobId}`, progressOf(jobId)]),
];

/** Everything that changes a flow or a run. */
export const flowActions = {
  create: (input: z.input<typeof FlowCreate>) =>
    transport().call('POST', '/api/v1/flows', FlowDetail, { json: input }),
  save: (id: string, input: z.input<typeof FlowSave>) =>
    transport().call('PUT', flowPath(id), FlowDetail, { json: input }),
  enable: (id: string, enabled: boolean) => transport().run('PATCH', flowPath(id), { json: { enabled } }),
  remove: (id: string) => transport().run('DELETE', flowPath(id)),
  run: (id: string, input: z.input<typeof FlowRunStart>) =>
    transport().call('POST', `${flowPath(id)}/runs`, FlowRun, { json: input }),
  cancel: (id: string) => transport().run('POST', `${runPath(id)}/cancel`, { json: {} }),
  retry: (id: string, input: z.input<typeof FlowRunRetry>) =>
    transport().call('POST', `${runPath(id)}/retry`, FlowRun, { json: input }),
} satisfies Record<string, (...input: never[]) => Promise<unknown>>;

function toCatalogue(catalogue: FlowCatalogue): CatalogueView {
  const view = <Kind extends { icon: string | null; parameters: Record<string, unknown> }>(kind: Kind) => ({
    ...kind,
    icon: kind.icon ?? undefined,
    // Its shape is the standard's; a field that no form knows is entered as JSON.
    parameters: kind.parameters as JsonSchema,
  });
  return {
    steps: new Map(catalogue.steps.map((kind) => [kind.kind, view(kind)])),
    triggers: new Map(catalogue.triggers.map((kind) => [kind.kind, view(kind)])),
  };
}
