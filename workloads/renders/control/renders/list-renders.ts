import type { Job } from '@backlot/contract';
import { type Actor, type Kernel, toArtifact } from '@backlot/control/workload';
import { sql } from 'kysely';
import {
  outputs,
  RENDER_JOB,
  RenderFacts,
  RenderJob,
  type RenderQuery,
  type RenderSummary,
} from '../../contract.ts';

export interface RenderFilter extends Omit<RenderQuery, 'cursor'> {
  /** Only what was submitted before this render. */
  readonly before: string | undefined;
}

/** Ids of the renders that the actor may see, newest first; one more than `limit` when there are more. */
export async function findRenders(kernel: Kernel, filter: RenderFilter, actor: Actor): Promise<string[]> {
  const projects = kernel.access.projectsWith(actor, 'jobs.read');
  if (projects !== 'all' && projects.length === 0) return [];
  let query = kernel.db.selectFrom('job').select('id').where('kind', '=', RENDER_JOB);
  if (projects !== 'all') query = query.where('project_id', 'in', projects);
  if (filter.projectId !== undefined) query = query.where('project_id', '=', filter.projectId);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.modelId !== undefined)
    query = query.where(sql<boolean>`parameters->>'modelId' = ${filter.modelId}`);
  if (filter.text !== undefined && filter.text.trim() !== '') {
    const pattern = `%${filter.text.trim().replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where('name', 'ilike', pattern);
  }
  const rows = await query
    .orderBy('id', 'desc')
    .limit(filter.limit + 1)
    .execute();
  return rows.map(({ id }) => id);
}

/** Renders as a list shows them: the job, how many frames are there, and the newest picture that the actor may see. */
export async function summarise(
  kernel: Kernel,
  jobs: readonly Job[],
  actor: Actor,
): Promise<RenderSummary[]> {
  const ids = jobs.map(({ id }) => id);
  if (ids.length === 0) return [];
  const newest = await kernel.db
    .selectFrom('artifact')
    .selectAll()
    .distinctOn('job_id')
    .where('job_id', 'in', ids)
    .where('kind', 'in', [outputs.frame.kind, outputs.preview.kind])
    .where('deleted_at', 'is', null)
    // A browser shows no EXR; and a frame says more than the preview.
    .where('media_type', 'in', ['image/png', 'image/jpeg'])
    .orderBy('job_id')
    .orderBy(sql`kind = ${outputs.frame.kind}`, 'desc')
    .orderBy('id', 'desc')
    .execute();
  const pictures = await kernel.artifacts.visibleTo(actor, newest.map(toArtifact));
  const done = await kernel.db
    .selectFrom('artifact')
    .select(['job_id', sql<number>`count(*)::int`.as('frames')])
    .where('job_id', 'in', ids)
    .where('kind', '=', outputs.frame.kind)
    .where('deleted_at', 'is', null)
    .groupBy('job_id')
    .execute();
  return jobs.map((job) => {
    const parameters = RenderJob.parse(job.parameters);
    const facts = RenderFacts.parse(job.facts);
    const picture = pictures.find(({ jobId }) => jobId === job.id);
    return {
      job,
      modelId: parameters.modelId,
      subject: parameters.settings.subject.kind,
      frames: { done: done.find((row) => row.job_id === job.id)?.frames ?? 0, total: facts.frameCount ?? 0 },
      picture: picture ?? null,
    };
  });
}
