import { Id, IdParams, Job, JobCreate, JobPatch, JobQuery, Page } from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import { z } from 'zod';
import type { Db } from '../db/schema.ts';
import { decodeCursor, page } from '../http/paging.ts';
import type { AccessControl, Artifacts } from '../kernel.ts';
import type { App, RouteAccess } from '../workload.ts';
import { type JobsRoom, projectOfJob } from './create-jobs.ts';
import { viewJobs } from './job-view.ts';
import { requireOwnOrOperator } from './ownership.ts';
import { requireInputs } from './require-inputs.ts';

export interface JobRouteDeps {
  readonly db: Db;
  readonly jobs: JobsRoom;
  readonly access: AccessControl;
  readonly artifacts: Pick<Artifacts, 'visibleTo'>;
}

/** What people submit and steer, of every kind of work. */
export function jobRoutes(app: App, deps: JobRouteDeps): void {
  const inJob = (permission: string): RouteAccess => ({
    kind: 'permission',
    permission,
    project: (request) => projectOfJob(deps.db, (request.params as { id: string }).id),
  });

  app.get(
    '/api/v1/jobs',
    {
      config: { access: { kind: 'permission', permission: 'jobs.read', project: 'any' } },
      schema: {
        summary: 'Jobs, newest first.',
        querystring: JobQuery,
        response: { 200: Page(Job) },
      },
    },
    async (request) => {
      const { query } = request;
      const after = decodeCursor(query.cursor, z.object({ id: Id }));
      const projects = deps.access.projectsWith(request.actor, 'jobs.read');
      let select = deps.db
        .selectFrom('job')
        .selectAll()
        .orderBy('id', 'desc')
        .limit(query.limit + 1);
      if (projects !== 'all') {
        select = select.where(sql<boolean>`project_id = ANY(${[...projects]}::uuid[])`);
      }
      if (query.projectId) select = select.where('project_id', '=', query.projectId);
      if (query.kind) select = select.where('kind', '=', query.kind);
      if (query.state) select = select.where('state', '=', query.state);
      if (query.text) select = select.where(sql<boolean>`strpos(lower(name), lower(${query.text})) > 0`);
      if (after) select = select.where('id', '<', after.id);
      const rows = await select.execute();
      const jobs = await viewJobs(deps.db, rows);
      return page(
        jobs,
        query.limit,
        (last) => ({ id: last.id }),
        (job) => job,
      );
    },
  );

  app.post(
    '/api/v1/jobs',
    {
      config: {
        access: {
          kind: 'permission',
          permission: 'jobs.submit',
          project: (request: FastifyRequest) => {
            const body = request.body as { projectId?: unknown } | null;
            return typeof body?.projectId === 'string' ? body.projectId : null;
          },
        },
      },
      schema: {
        summary: 'Submits a job of any kind; its kind’s own schema checks the parameters.',
        body: JobCreate,
        response: { 201: Job },
      },
    },
    async (request, reply) => {
      const submission = { ...request.body, actor: request.actor };
      await requireInputs(deps, request.actor, submission.projectId, deps.jobs.plannedInputs(submission));
      const job = await deps.jobs.submit(submission);
      return reply.code(201).send(job);
    },
  );

  app.get(
    '/api/v1/jobs/:id',
    {
      config: { access: inJob('jobs.read') },
      schema: {
        summary: 'A job with its progress, estimate, and why it waits.',
        params: IdParams,
        response: { 200: Job },
      },
    },
    (request) => deps.jobs.get(request.params.id),
  );

  app.patch(
    '/api/v1/jobs/:id',
    {
      config: { access: inJob('jobs.control') },
      schema: {
        summary: 'Runs, pauses or cancels a job, changes its priority or its name.',
        params: IdParams,
        body: JobPatch,
        response: { 200: Job },
      },
    },
    async (request) => {
      const { id } = request.params;
      const { intent, priority, name } = request.body;
      await requireOwnOrOperator(deps, request.actor, { jobId: id });
      if (name !== undefined) await deps.jobs.rename(id, name, request.actor);
      if (priority !== undefined) await deps.jobs.setPriority(id, priority, request.actor);
      if (intent !== undefined) await deps.jobs.setIntent(id, intent, request.actor);
      return deps.jobs.get(id);
    },
  );

  app.post(
    '/api/v1/jobs/:id/retry-failed',
    {
      config: { access: inJob('jobs.control') },
      schema: {
        summary: 'Queues the failed and canceled tasks again, with their attempts forgiven.',
        params: IdParams,
        response: { 200: Job },
      },
    },
    async (request) => {
      await requireOwnOrOperator(deps, request.actor, { jobId: request.params.id });
      return deps.jobs.retryFailed(request.params.id, request.actor);
    },
  );

  app.delete(
    '/api/v1/jobs/:id',
    {
      config: { access: inJob('jobs.control') },
      schema: {
        summary: 'Deletes an ended job with its results and logs.',
        params: IdParams,
        response: { 204: z.undefined() },
      },
    },
    async (request, reply) => {
      await requireOwnOrOperator(deps, request.actor, { jobId: request.params.id });
      await deps.jobs.remove(request.params.id, request.actor);
      return reply.code(204).send(undefined);
    },
  );
}
