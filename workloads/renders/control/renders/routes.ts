import { BacklotError, IdParams, type Job, kernelErrors } from '@backlot/contract';
import {
  type App,
  contentDisposition,
  decodeCursor,
  inAnyProject,
  inProjectOfBody,
  inProjectOfJob,
  type Kernel,
  page,
  toArtifact,
  zipArtifacts,
} from '@backlot/control/workload';
import { z } from 'zod';
import {
  Estimate,
  EstimateQuestion,
  outputs,
  RENDER_JOB,
  Render,
  RenderOptions,
  RenderOptionsPatch,
  RenderPage,
  RenderQuery,
  RenderSubmission,
  renderErrors,
  SupplyFiles,
} from '../../contract.ts';
import { readRenderFleet } from '../fleet.ts';
import { readPrice, writePrice } from '../price.ts';
import { answerEstimate } from './answer-estimate.ts';
import { findRenders, summarise } from './list-renders.ts';
import { submitRender } from './submit-render.ts';
import { supplyFiles } from './supply-files.ts';
import { viewRender } from './view-render.ts';

/** Permission in the project of the render that the path names. */
export const inProjectOfRender = (permission: string) => inProjectOfJob(permission, RENDER_JOB);

/** A render by id; a job of another kind is none. @throws not_found */
export async function renderJobOf(kernel: Kernel, id: string): Promise<Job> {
  const job = await kernel.jobs.get(id);
  if (job.kind !== RENDER_JOB)
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'render', id } });
  return job;
}

/** Renders: `/api/v1/renders`. Pausing, canceling and retrying are the kernel's, as for every job. */
export function renderRoutes(app: App, kernel: Kernel): void {
  app.post(
    '/api/v1/renders',
    {
      config: { access: inProjectOfBody('jobs.submit'), audited: 'by-handler' },
      schema: { summary: 'Render a model.', body: RenderSubmission, response: { 201: Render } },
    },
    async (request, reply) => {
      const job = await submitRender(kernel, request.body, request.actor);
      return reply.code(201).send(await viewRender(kernel, job, request.actor));
    },
  );
  app.get(
    '/api/v1/renders',
    {
      config: { access: inAnyProject('jobs.read') },
      schema: { summary: 'Renders, newest first.', querystring: RenderQuery, response: { 200: RenderPage } },
    },
    async (request) => {
      const { cursor, limit, ...filter } = request.query;
      const before = decodeCursor(cursor, z.object({ id: z.uuid() }))?.id;
      const ids = await findRenders(kernel, { ...filter, before, limit }, request.actor);
      const jobs = await Promise.all(ids.slice(0, limit).map((id) => kernel.jobs.get(id)));
      const shown = new Map(
        (await summarise(kernel, jobs, request.actor)).map((summary) => [summary.job.id, summary]),
      );
      const answer = page(
        ids,
        limit,
        (id) => ({ id }),
        (id) => shown.get(id),
      );
      return { ...answer, items: answer.items.filter((item) => item !== undefined) };
    },
  );
  app.get(
    '/api/v1/renders/:id',
    {
      config: { access: inProjectOfRender('jobs.read') },
      schema: {
        summary: 'One render: facts of its model, the frame map, results, time and cost.',
        params: IdParams,
        response: { 200: Render },
      },
    },
    async (request) => viewRender(kernel, await renderJobOf(kernel, request.params.id), request.actor),
  );
  app.post(
    '/api/v1/renders/:id/files',
    {
      config: { access: inProjectOfRender('jobs.control'), audited: 'by-handler' },
      schema: {
        summary: 'Bring files that the model was missing, or go on without them.',
        params: IdParams,
        body: SupplyFiles,
        response: { 200: Render },
      },
    },
    async (request) => {
      await supplyFiles(kernel, request.params.id, request.body, request.actor);
      return viewRender(kernel, await renderJobOf(kernel, request.params.id), request.actor);
    },
  );
  downloadRoute(app, kernel);
  optionRoutes(app, kernel);
}

/** Kinds of artifacts that a person wants to have in the end. */
const resultKinds = [outputs.frame.kind, outputs.film.kind, outputs.sheet.kind];

function downloadRoute(app: App, kernel: Kernel): void {
  app.get(
    '/api/v1/renders/:id/download',
    {
      config: { access: inProjectOfRender('artifacts.read'), stream: true },
      schema: {
        summary: 'All results as one zip.',
        description:
          'Streamed as it is packed: there is no size in advance, and nothing is kept on the server.',
        params: IdParams,
        produces: ['application/zip'],
      },
    },
    async (request, reply) => {
      const job = await renderJobOf(kernel, request.params.id);
      const rows = await kernel.db
        .selectFrom('artifact')
        .selectAll()
        .where('job_id', '=', job.id)
        .where('kind', 'in', resultKinds)
        .where('deleted_at', 'is', null)
        .orderBy('name')
        .execute();
      if (rows.length === 0) throw new BacklotError(renderErrors.render_without_results);
      const gone = new AbortController();
      request.raw.once('close', () => gone.abort());
      const name = `${job.name.replace(/\.[a-z]{2,5}$/i, '')}.zip`;
      return reply
        .type('application/zip')
        .header('content-disposition', contentDisposition('attachment', name))
        .send(zipArtifacts(rows.map(toArtifact), kernel.blobs, kernel.log, gone.signal));
    },
  );
}

function optionRoutes(app: App, kernel: Kernel): void {
  const options = async (): Promise<RenderOptions> => ({
    ...(await readRenderFleet(kernel)).options,
    pricePerCoreHour: await readPrice(kernel),
  });
  app.get(
    '/api/v1/renders/options',
    {
      config: { access: inAnyProject('jobs.read') },
      schema: { summary: 'What the fleet has proved it can render.', response: { 200: RenderOptions } },
    },
    options,
  );
  app.patch(
    '/api/v1/renders/options',
    {
      config: { access: { kind: 'permission', permission: 'settings.manage', project: 'everywhere' } },
      schema: {
        summary: 'Say what an hour of one core costs.',
        body: RenderOptionsPatch,
        response: { 200: RenderOptions },
      },
    },
    async (request) => {
      await writePrice(kernel, request.body.pricePerCoreHour);
      return options();
    },
  );
  app.post(
    '/api/v1/renders/estimate',
    {
      // Changes nothing: a question that is too large for an address.
      config: { access: inProjectOfBody('jobs.submit'), audited: 'by-handler' },
      schema: {
        summary: 'How long a render would take and what it would cost.',
        body: EstimateQuestion,
        response: { 200: Estimate },
      },
    },
    async (request) => answerEstimate(kernel, request.body, request.actor),
  );
}
