import {
  BacklotError,
  FlowRun,
  FlowRunDetail,
  FlowRunQuery,
  FlowRunRetry,
  Id,
  IdParams,
  kernelErrors,
  Page,
} from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Db } from '../../db/schema.ts';
import { decodeCursor, page } from '../../http/paging.ts';
import type { AccessControl } from '../../kernel.ts';
import type { App, RouteAccess } from '../../workload.ts';
import type { InstalledKinds } from '../flow-kinds.ts';
import { readRunDetail, readRuns, viewRun } from '../runs/run-view.ts';
import { cancelRun, retryRun, type SteerRunsDeps } from '../runs/steer-runs.ts';

export interface RunRoutesDeps {
  readonly db: Db;
  readonly access: AccessControl;
  readonly installed: InstalledKinds;
  readonly steer: SteerRunsDeps;
}

/** The condition of a list, on the alias `r`. @param after id of the last run of the page before */
export function runsWhere(
  query: Pick<z.output<typeof FlowRunQuery>, 'projectId' | 'flowId' | 'state' | 'open' | 'subject'>,
  projects: 'all' | readonly string[],
  after?: string,
): ReturnType<typeof sql> {
  const { projectId, flowId, state, open, subject } = query;
  const where = [
    sql`true`,
    ...(projects === 'all' ? [] : [sql`r.project_id = ANY(${[...projects]}::uuid[])`]),
    ...(projectId ? [sql`r.project_id = ${projectId}`] : []),
    ...(flowId ? [sql`r.flow_id = ${flowId}`] : []),
    ...(state ? [sql`r.state = ${state}`] : []),
    // Written so that the index of open runs is of use.
    ...(open === undefined ? [] : [open ? sql`r.ended_at IS NULL` : sql`r.ended_at IS NOT NULL`]),
    ...(subject ? [sql`r.subject_id = ${subject}`] : []),
    ...(after ? [sql`r.id < ${after}`] : []),
  ];
  return sql`${sql.join(where, sql` AND `)}`;
}

/** Runs of flows: lists, one with its steps, cancel and retry. */
export function runRoutes(app: App, deps: RunRoutesDeps): void {
  const { db, access, installed } = deps;
  const inRun = (permission: string): RouteAccess => ({
    kind: 'permission',
    permission,
    project: async (request: FastifyRequest) => {
      const { id } = request.params as { id: string };
      const row = await db
        .selectFrom('flow_run')
        .select('project_id')
        .where('id', '=', id)
        .executeTakeFirst();
      return row?.project_id ?? null;
    },
  });
  const one = async (id: string): Promise<FlowRun> => {
    const [row] = await readRuns(db, sql`r.id = ${id}`, 1);
    if (row) return viewRun(row);
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'flow run', id } });
  };

  app.get(
    '/api/v1/flow-runs',
    {
      config: { access: { kind: 'permission', permission: 'flows.read', project: 'any' } },
      schema: {
        summary: 'Runs of flows, newest first.',
        querystring: FlowRunQuery,
        response: { 200: Page(FlowRun) },
      },
    },
    async (request) => {
      const { query } = request;
      const after = decodeCursor(query.cursor, z.object({ id: Id }));
      const projects = access.projectsWith(request.actor, 'flows.read');
      const rows = await readRuns(db, runsWhere(query, projects, after?.id), query.limit + 1);
      return page(rows, query.limit, (last) => ({ id: last.id }), viewRun);
    },
  );

  app.get(
    '/api/v1/flow-runs/:id',
    {
      config: { access: inRun('flows.read') },
      schema: {
        summary: 'A run with its steps: states, times, progress, failures, inputs and outputs.',
        params: IdParams,
        response: { 200: FlowRunDetail },
      },
    },
    async (request) => {
      const { id } = request.params;
      const run = await readRunDetail(db, installed, id);
      if (run) return run;
      throw new BacklotError(kernelErrors.not_found, { params: { what: 'flow run', id } });
    },
  );

  app.post(
    '/api/v1/flow-runs/:id/cancel',
    {
      config: { access: inRun('flows.run') },
      schema: {
        summary: 'Cancels a run: what waits ends at once, what runs is asked to stop.',
        params: IdParams,
        response: { 200: FlowRun },
      },
    },
    async (request) => {
      await cancelRun(deps.steer, request.params.id, request.actor);
      return one(request.params.id);
    },
  );

  app.post(
    '/api/v1/flow-runs/:id/retry',
    {
      config: { access: inRun('flows.run') },
      schema: {
        summary: 'Does an ended run again, as a new one that takes over what succeeded; answers the new run.',
        params: IdParams,
        body: FlowRunRetry,
        response: { 201: FlowRun },
      },
    },
    async (request, reply) => {
      const id = await retryRun(deps.steer, request.params.id, request.body, request.actor);
      return reply.code(201).send(await one(id));
    },
  );
}
