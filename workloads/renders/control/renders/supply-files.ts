import { type Artifact, BacklotError, kernelErrors, type TaskInput } from '@backlot/contract';
import type { Actor, Kernel } from '@backlot/control/workload';
import {
  type ImportParametersInput,
  RENDER_JOB,
  RenderJob,
  renderErrors,
  type SupplyFiles,
  taskKinds,
} from '../../contract.ts';
import { artifactIn, fingerprintOf, modelPath, requireVisible } from '../models/model-files.ts';
import { type StoredFile, tables } from '../tables.ts';
import { readTasks } from './read-tasks.ts';

/**
 * Gives a render the files that its model was missing, or lets it go on without them. One at a time is fine: it waits
 * again for those that are still missing.
 * @throws not_found, forbidden, render_not_waiting, model_name_invalid
 */
export async function supplyFiles(
  kernel: Kernel,
  jobId: string,
  supply: SupplyFiles,
  actor: Actor,
): Promise<void> {
  const job = await kernel.jobs.get(jobId);
  if (job.kind !== RENDER_JOB)
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'render', id: jobId } });
  if (job.createdBy.id !== actor.id) kernel.access.require(actor, 'jobs.operate', job.projectId);
  const held = (await readTasks(kernel, jobId)).find(
    (task) => task.kind === taskKinds.import && task.state === 'held',
  );
  if (!held) throw new BacklotError(renderErrors.render_not_waiting);

  const parameters = RenderJob.parse(job.parameters);
  const files: StoredFile[] = [];
  const artifacts: Artifact[] = [];
  for (const { artifactId, path } of supply.files) {
    const artifact = await artifactIn(kernel, job.projectId, artifactId);
    artifacts.push(artifact);
    files.push({
      path: besideMain(parameters.main, modelPath(path)),
      digest: artifact.digest,
      size: artifact.size,
      artifactId,
    });
  }
  await requireVisible(kernel, artifacts, actor);
  const inputs: TaskInput[] = files.map(({ path, digest, size }) => ({
    name: `model/${path}`,
    digest,
    size,
  }));
  await kernel.jobs.release(
    held.id,
    {
      inputs,
      parameters: {
        supplied: [...(await suppliedBefore(kernel, held.id)), ...inputs],
        ...(supply.acceptMissing ? { acceptMissing: true } : {}),
      } satisfies Partial<ImportParametersInput>,
    },
    actor,
  );
  if (parameters.modelId !== null && files.length > 0) await completeModel(kernel, parameters.modelId, files);
}

/** A missing file is named relative to the model's own file, which may lie in a folder itself. */
export function besideMain(main: string, path: string): string {
  const folder = main.split('/').slice(0, -1).join('/');
  return folder === '' ? path : `${folder}/${path}`;
}

async function suppliedBefore(kernel: Kernel, taskId: string): Promise<TaskInput[]> {
  const task = await kernel.db.selectFrom('task').select('spec').where('id', '=', taskId).executeTakeFirst();
  const supplied: unknown = task?.spec.parameters.supplied;
  return Array.isArray(supplied) ? (supplied as TaskInput[]) : [];
}

/** The library's model becomes whole too, so that nobody is asked again. */
async function completeModel(kernel: Kernel, modelId: string, files: readonly StoredFile[]): Promise<void> {
  await kernel.transaction(async (tx) => {
    const db = tables(tx);
    const row = await db
      .selectFrom('renders_model')
      .select(['main', 'files'])
      .where('id', '=', modelId)
      .where('deleted_at', 'is', null)
      .forUpdate()
      .executeTakeFirst();
    if (!row) return;
    const renewed = new Set(files.map(({ path }) => path));
    const all = [...row.files.filter(({ path }) => !renewed.has(path)), ...files];
    await db
      .updateTable('renders_model')
      .set({
        files: JSON.stringify(all),
        size: all.reduce((sum, { size }) => sum + size, 0),
        fingerprint: fingerprintOf(row.main, all),
      })
      .where('id', '=', modelId)
      .execute();
  });
}
