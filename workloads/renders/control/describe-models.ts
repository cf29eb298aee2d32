import type { EventReaction } from '@backlot/control/workload';
import { outputs, RENDER_JOB, RenderFacts, RenderJob, taskKinds } from '../contract.ts';
import { describeModel } from './models/library.ts';

/**
 * What a render's import has found out is remembered with the model: facts and preview in the library come from the
 * latest render of it. Called at least once per event; writing the same facts twice is harmless.
 */
export const describeModels: EventReaction = {
  name: 'renders.describe-models',
  kinds: ['task.ended'],
  async react(event, kernel) {
    if (event.body.kind !== taskKinds.import || event.body.state !== 'succeeded') return;
    const jobId = event.body.jobId;
    if (typeof jobId !== 'string') return;
    const job = await kernel.db
      .selectFrom('job')
      .select(['parameters', 'facts'])
      .where('id', '=', jobId)
      .where('kind', '=', RENDER_JOB)
      .executeTakeFirst();
    if (!job) return;
    const { modelId } = RenderJob.parse(job.parameters);
    const { model } = RenderFacts.parse(job.facts);
    if (modelId === null || !model) return;
    const preview = await kernel.db
      .selectFrom('artifact')
      .select('id')
      .where('job_id', '=', jobId)
      .where('name', '=', outputs.preview.name)
      .where('deleted_at', 'is', null)
      .executeTakeFirst();
    await describeModel(kernel, modelId, model, preview?.id ?? null);
  },
};
