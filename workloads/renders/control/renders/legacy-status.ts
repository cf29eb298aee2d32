import { IdParams, type Job, type Usage } from '@backlot/contract';
import { type App, type Kernel, toArtifact } from '@backlot/control/workload';
import { LegacyStatus, outputs, RenderFacts } from '../../contract.ts';
import { readAttempts } from './read-tasks.ts';
import { inProjectOfRender, renderJobOf } from './routes.ts';

const statusOf: Readonly<Record<Job['state'], LegacyStatus['data']['status']>> = {
  waiting: 'pending',
  held: 'pending',
  running: 'processing',
  canceling: 'processing',
  paused: 'paused',
  canceled: 'cancelled',
  failed: 'failed',
  succeeded: 'completed',
};

/**
 * `GET /api/tasks/{id}/status`, the one route that the documents of the render orchestration system promise. What it
 * called a task is a job here. It takes the same credentials and rights as everything else.
 */
export function legacyStatusRoute(app: App, kernel: Kernel): void {
  app.get(
    '/api/tasks/:id/status',
    {
      config: { access: inProjectOfRender('jobs.read') },
      schema: {
        summary: 'State of a render, as the render orchestration system documented it.',
        params: IdParams,
        response: { 200: LegacyStatus },
      },
    },
    async (request) => {
      const job = await renderJobOf(kernel, request.params.id);
      const rows = await kernel.db
        .selectFrom('artifact')
        .selectAll()
        .where('job_id', '=', job.id)
        .where('kind', 'in', [outputs.frame.kind, outputs.film.kind, outputs.sheet.kind])
        .where('deleted_at', 'is', null)
        .orderBy('name')
        .execute();
      const results = rows.map(toArtifact);
      const total = RenderFacts.parse(job.facts).frameCount ?? 0;
      const answer: LegacyStatus = {
        code: 200,
        message: 'success',
        data: {
          taskId: job.id,
          status: statusOf[job.state],
          progress: Math.round(job.progress.fraction * 1000) / 10,
          frames: { done: results.filter(({ kind }) => kind === outputs.frame.kind).length, total },
          results: results.map(({ id, name, size }) => ({
            name,
            url: `/api/v1/artifacts/${id}/content`,
            size,
          })),
          error: job.failure ? { code: job.failure.reason.code, message: job.failure.reason.message } : null,
          usage: await usageOf(kernel, job.id),
          createdAt: job.createdAt,
          updatedAt: job.endedAt ?? results.at(-1)?.createdAt ?? job.startedAt ?? job.createdAt,
        },
      };
      return answer;
    },
  );
}

async function usageOf(kernel: Kernel, jobId: string): Promise<Usage | null> {
  const usages = (await readAttempts(kernel, jobId)).flatMap(({ usage }) => usage ?? []);
  if (usages.length === 0) return null;
  return {
    wallMs: usages.reduce((sum, { wallMs }) => sum + wallMs, 0),
    cpuMs: usages.reduce((sum, { cpuMs }) => sum + (cpuMs ?? 0), 0),
    peakMemory: Math.max(...usages.map(({ peakMemory }) => peakMemory ?? 0)),
  };
}
