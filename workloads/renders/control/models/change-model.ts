import { BacklotError, kernelErrors } from '@backlot/contract';
import type { Actor, Kernel } from '@backlot/control/workload';
import type { z } from 'zod';
import type { ModelPatch } from '../../contract.ts';
import { tables } from '../tables.ts';
import { getModel, type LibraryModel } from './library.ts';

/** The model, when the actor may change it. @throws not_found, forbidden */
async function changeable(kernel: Kernel, id: string, actor: Actor): Promise<LibraryModel> {
  const model = await getModel(kernel, id, actor);
  if (!model.may.change)
    throw new BacklotError(kernelErrors.forbidden, { params: { permission: 'renders.models.manage' } });
  return model;
}

/** Renames a model, opens or closes it, and says who else may see or use it. @throws not_found, forbidden */
export async function changeModel(
  kernel: Kernel,
  id: string,
  patch: z.output<typeof ModelPatch>,
  actor: Actor,
): Promise<LibraryModel> {
  const before = await changeable(kernel, id, actor);
  await kernel.transaction(async (tx) => {
    const db = tables(tx);
    const set = {
      ...(patch.name === undefined ? {} : { name: patch.name }),
      ...(patch.visibility === undefined ? {} : { visibility: patch.visibility }),
    };
    if (Object.keys(set).length > 0)
      await db.updateTable('renders_model').set(set).where('id', '=', id).execute();
    if (patch.grants) {
      await db.deleteFrom('renders_model_grant').where('model_id', '=', id).execute();
      // The last word about somebody counts, when somebody is named twice.
      const named = new Map(patch.grants.map(({ accountId, right }) => [accountId, right]));
      const known =
        named.size === 0
          ? []
          : await db
              .selectFrom('account')
              .select('id')
              .where('id', 'in', [...named.keys()])
              .execute();
      const stranger = [...named.keys()].find(
        (accountId) => !known.some((account) => account.id === accountId),
      );
      if (stranger)
        throw new BacklotError(kernelErrors.not_found, { params: { what: 'account', id: stranger } });
      if (named.size > 0)
        await db
          .insertInto('renders_model_grant')
          .values([...named].map(([account_id, right]) => ({ model_id: id, account_id, right })))
          .execute();
    }
    const subject = { kind: 'model', id };
    const projectId = before.row.project_id;
    await kernel.audit.record(tx, {
      actor,
      action: 'model.change',
      subject,
      projectId,
      before: { name: before.row.name, visibility: before.row.visibility, grants: before.grants },
      after: patch,
    });
    await kernel.events.append(tx, [{ projectId, kind: 'renders.model.changed', subject }]);
  });
  kernel.events.wake();
  return getModel(kernel, id, actor);
}

/**
 * Takes a model out of the library, and its bytes with it as far as nothing else needs them.
 * @throws not_found, forbidden, conflict while a render of it is open: its tasks still fetch the files
 */
export async function removeModel(kernel: Kernel, id: string, actor: Actor): Promise<void> {
  const { row } = await changeable(kernel, id, actor);
  await kernel.transaction(async (tx) => {
    const db = tables(tx);
    const open = await db
      .selectFrom('renders_use as u')
      .innerJoin('job as j', 'j.id', 'u.job_id')
      .select('j.id')
      .where('u.model_id', '=', id)
      .where('j.ended_at', 'is', null)
      .limit(1)
      .executeTakeFirst();
    if (open)
      throw new BacklotError(kernelErrors.conflict, {
        params: { reason: 'a render of this model is not finished' },
      });
    await db
      .updateTable('renders_model')
      .set({ deleted_at: new Date(kernel.clock.now()) })
      .where('id', '=', id)
      .execute();
    await kernel.artifacts.remove(tx, await onlyHere(tx, row));
    const subject = { kind: 'model', id };
    await kernel.audit.record(tx, {
      actor,
      action: 'model.delete',
      subject,
      projectId: row.project_id,
      before: { name: row.name, files: row.files.length },
    });
    await kernel.events.append(tx, [{ projectId: row.project_id, kind: 'renders.model.deleted', subject }]);
  });
  kernel.events.wake();
}

/** Artifacts of a model that no other model of the project consists of. */
async function onlyHere(
  tx: Parameters<Kernel['artifacts']['remove']>[0],
  row: LibraryModel['row'],
): Promise<string[]> {
  const others = await tables(tx)
    .selectFrom('renders_model')
    .select('files')
    .where('project_id', '=', row.project_id)
    .where('deleted_at', 'is', null)
    .execute();
  const used = new Set(others.flatMap(({ files }) => files.map(({ artifactId }) => artifactId)));
  return row.files.map(({ artifactId }) => artifactId).filter((artifactId) => !used.has(artifactId));
}
