import { BacklotError, deleteStep, filesOf, flowErrors, verifiedDigests } from '@backlot/contract';
import { systemActor } from '../kernel.ts';
import type { PerformStep } from '../workload.ts';
import type { InstalledKinds } from './flow-kinds.ts';
import { inputOfRun, loadRun } from './runs/run-rows.ts';

/**
 * Puts the files of a `flow.delete` into the trash. The flow was refused when a verified copy was not sure; here it is
 * looked at once more what this very run has verified, byte for byte, because nothing stands above that.
 */
export function performDelete(installed: () => InstalledKinds): PerformStep {
  return async (tx, input, { kernel, projectId, runId }) => {
    const files = filesOf(input.inputs.files);
    const run = await loadRun(tx, { runId });
    const verified = run ? verifiedDigests(inputOfRun(run, installed().steps)) : new Set<string>();
    const bare = files.find(({ digest }) => !verified.has(digest));
    if (bare) throw new BacklotError(flowErrors.flow_not_verified, { params: { name: bare.name } });
    const named = files.flatMap(({ artifactId }) => artifactId ?? []);
    const unnamed = files.filter(({ artifactId }) => artifactId === undefined).map(({ digest }) => digest);
    // Only artifacts of the run's own project, whatever a trigger's port may say.
    const rows = await tx
      .selectFrom('artifact')
      .select(['id', 'size'])
      .where('project_id', '=', projectId)
      .where('deleted_at', 'is', null)
      .where((is) =>
        is.or([
          ...(named.length > 0 ? [is('id', 'in', named)] : []),
          ...(unnamed.length > 0 ? [is('digest', 'in', unnamed)] : []),
          is.lit(false),
        ]),
      )
      .execute();
    await kernel.artifacts.trash(
      tx,
      rows.map(({ id }) => id),
      systemActor,
    );
    const bytes = rows.reduce((sum, { size }) => sum + size, 0);
    return { ports: { report: { type: 'data', data: { files: rows.length, bytes } } } };
  };
}

export const kernelPerforms = (installed: () => InstalledKinds): Readonly<Record<string, PerformStep>> => ({
  [deleteStep.kind]: performDelete(installed),
});
