import { BacklotError, IdParams, type Job, kernelErrors } from '@backlot/contract';
import {
  type Actor,
  type App,
  inProjectOfBody,
  inProjectOfJob,
  type Kernel,
  toArtifact,
} from '@backlot/control/workload';
import { TRANSCODE_JOB, Transcode, TranscodeFacts, TranscodeJob, TranscodeSubmission } from '../contract.ts';
import { submitTranscode } from './submit-transcode.ts';

/** Transcodes: `/api/v1/transcodes`. Lists, pausing, canceling and retrying are the kernel's, as for every job. */
export function transcodeRoutes(app: App, kernel: Kernel): void {
  app.post(
    '/api/v1/transcodes',
    {
      config: { access: inProjectOfBody('jobs.submit'), audited: 'by-handler' },
      schema: {
        summary: 'Make another film of an artifact.',
        body: TranscodeSubmission,
        response: { 201: Transcode },
      },
    },
    async (request, reply) => {
      const job = await submitTranscode(kernel, request.body, request.actor);
      return reply.code(201).send(await viewTranscode(kernel, job, request.actor));
    },
  );
  app.get(
    '/api/v1/transcodes/:id',
    {
      config: { access: inProjectOfJob('jobs.read', TRANSCODE_JOB) },
      schema: {
        summary: 'One transcode: its settings, what it has made, and what proves the mode.',
        params: IdParams,
        response: { 200: Transcode },
      },
    },
    async (request) => {
      const job = await kernel.jobs.get(request.params.id);
      if (job.kind !== TRANSCODE_JOB) {
        throw new BacklotError(kernelErrors.not_found, { params: { what: 'transcode', id: job.id } });
      }
      return viewTranscode(kernel, job, request.actor);
    },
  );
}

async function viewTranscode(kernel: Kernel, job: Job, actor: Actor): Promise<Transcode> {
  const { settings } = TranscodeJob.parse(job.parameters);
  const row = await kernel.db
    .selectFrom('artifact')
    .selectAll()
    .where('job_id', '=', job.id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  const [output] = row ? await kernel.artifacts.visibleTo(actor, [toArtifact(row)]) : [];
  const { result } = TranscodeFacts.parse(job.facts);
  return { job, settings, result: result ?? null, output: output ?? null };
}
