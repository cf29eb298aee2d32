import { BacklotError, type Job } from '@backlot/contract';
import type { Actor, Kernel } from '@backlot/control/workload';
import { RENDER_JOB, type RenderJob, type RenderSubmission, renderErrors } from '../../contract.ts';
import { findModelWith, getModel, keepModel } from '../models/library.ts';
import { resolveFiles } from '../models/model-files.ts';
import { type StoredFile, tables } from '../tables.ts';

interface Source {
  readonly modelId: string | null;
  readonly name: string;
  readonly main: string;
  readonly files: readonly StoredFile[];
}

/**
 * Stores a render job, and its model in the library when it is new, in one transaction: all of it or nothing.
 * @throws what `resolveFiles` and `getModel` throw, model_not_usable, and what the kernel says about jobs
 */
export async function submitRender(kernel: Kernel, submission: RenderSubmission, actor: Actor): Promise<Job> {
  const { projectId, settings, keepModel: keep } = submission;
  const source = await sourceOf(kernel, submission, actor);
  const name = submission.name ?? source.name;
  const job = await kernel.transaction(async (tx) => {
    const modelId =
      source.modelId ??
      (keep
        ? await keepModel(
            kernel,
            tx,
            { projectId, name, main: source.main, files: source.files, visibility: 'project' },
            actor,
          )
        : null);
    const parameters: RenderJob = {
      modelId,
      main: source.main,
      files: source.files.map(({ path, digest, size }) => ({ name: path, digest, size })),
      settings,
    };
    const stored = await kernel.jobs.submit(
      {
        kind: RENDER_JOB,
        projectId,
        name,
        parameters,
        actor,
        ...(submission.priority === undefined ? {} : { priority: submission.priority }),
      },
      tx,
    );
    if (modelId !== null)
      await tables(tx).insertInto('renders_use').values({ job_id: stored.id, model_id: modelId }).execute();
    return stored;
  });
  kernel.events.wake();
  kernel.placement.wake('task-ready');
  return job;
}

async function sourceOf(
  kernel: Kernel,
  { projectId, model, keepModel: keep }: RenderSubmission,
  actor: Actor,
): Promise<Source> {
  if ('files' in model) {
    const resolved = await resolveFiles(kernel, projectId, model.files, actor);
    const known = keep ? await findModelWith(kernel, projectId, resolved, actor) : undefined;
    if (known) return { modelId: known.id, name: known.name, main: known.main, files: known.files };
    return { modelId: null, name: resolved.main, ...resolved };
  }
  const { row, may } = await getModel(kernel, model.modelId, actor);
  if (!may.use || row.project_id !== projectId)
    throw new BacklotError(renderErrors.model_not_usable, { params: { name: row.name } });
  return { modelId: row.id, name: row.name, main: row.main, files: row.files };
}
