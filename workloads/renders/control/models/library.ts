import { BacklotError, kernelErrors, newId } from '@backlot/contract';
import { type Actor, type Kernel, type Tx, toArtifact } from '@backlot/control/workload';
import { sql } from 'kysely';
import { formatOf, type Model, type ModelFacts } from '../../contract.ts';
import { type ModelRow, type StoredFile, tables } from '../tables.ts';
import { fingerprintOf } from './model-files.ts';
import { type ModelMay, readerIn, rightsTo } from './rights.ts';

/** A model with everything that is decided about it. */
export interface LibraryModel {
  readonly row: ModelRow;
  readonly grants: readonly {
    readonly accountId: string;
    readonly name: string;
    readonly right: 'see' | 'use';
  }[];
  readonly may: ModelMay;
}

export interface NewModel {
  readonly projectId: string;
  readonly name: string;
  readonly main: string;
  readonly files: readonly StoredFile[];
  readonly visibility: 'project' | 'private';
}

/** Stores a model, or finds the one that its owner has stored from the same files before. */
export async function keepModel(kernel: Kernel, tx: Tx, model: NewModel, actor: Actor): Promise<string> {
  const db = tables(tx);
  const fingerprint = fingerprintOf(model.main, model.files);
  const inserted = await db
    .insertInto('renders_model')
    .values({
      id: newId(),
      project_id: model.projectId,
      name: model.name,
      main: model.main,
      files: JSON.stringify(model.files),
      size: model.files.reduce((sum, file) => sum + file.size, 0),
      fingerprint,
      owner_id: actor.id,
      owner_name: actor.name,
      visibility: model.visibility,
      preview_artifact_id: null,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst();
  if (inserted) {
    const subject = { kind: 'model', id: inserted.id };
    await kernel.audit.record(tx, {
      actor,
      action: 'model.create',
      subject,
      projectId: model.projectId,
      after: { name: model.name, files: model.files.length, visibility: model.visibility },
    });
    const body = { name: model.name };
    await kernel.events.append(tx, [
      { projectId: model.projectId, kind: 'renders.model.created', subject, body },
    ]);
    return inserted.id;
  }
  const { id } = await db
    .selectFrom('renders_model')
    .select('id')
    .where('project_id', '=', model.projectId)
    .where('fingerprint', '=', fingerprint)
    .where('owner_id', 'is not distinct from', actor.id)
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  return id;
}

/**
 * One model, with what the actor may do with it.
 * @throws not_found also when the actor may not see it: that it exists is nobody's business
 */
export async function getModel(kernel: Kernel, id: string, actor: Actor): Promise<LibraryModel> {
  const row = await tables(kernel.db)
    .selectFrom('renders_model')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  const [model] = row ? await withRights(kernel, [row], actor) : [];
  if (!model?.may.see) throw new BacklotError(kernelErrors.not_found, { params: { what: 'model', id } });
  return model;
}

/**
 * The owner's model that consists of these files and perhaps more of them: a model that was completed once (with the
 * textures it was missing) is not asked for them again when only its main file is brought anew.
 */
export async function findModelWith(
  kernel: Kernel,
  projectId: string,
  given: { readonly main: string; readonly files: readonly StoredFile[] },
  actor: Actor,
): Promise<ModelRow | undefined> {
  const candidates = await tables(kernel.db)
    .selectFrom('renders_model')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('owner_id', 'is not distinct from', actor.id)
    .where('main', '=', given.main)
    .where('deleted_at', 'is', null)
    .orderBy('id', 'desc')
    .limit(50)
    .execute();
  return candidates.find((row) =>
    given.files.every(({ path, digest }) =>
      row.files.some((file) => file.path === path && file.digest === digest),
    ),
  );
}

export interface ModelFilter {
  readonly projectId: string | undefined;
  readonly text: string | undefined;
  readonly before: string | undefined;
  readonly limit: number;
}

/** Models that the actor may see, newest first; one more than `limit` when there are more. */
export async function listModels(kernel: Kernel, filter: ModelFilter, actor: Actor): Promise<LibraryModel[]> {
  const projects = kernel.access.projectsWith(actor, 'renders.models.read');
  const manages = kernel.access.projectsWith(actor, 'renders.models.manage');
  const me = actor.id;
  let query = tables(kernel.db)
    .selectFrom('renders_model as m')
    .selectAll('m')
    .where('m.deleted_at', 'is', null)
    .where((where) =>
      where.or([
        where('m.visibility', '=', 'project'),
        ...(me === null ? [] : [where('m.owner_id', '=', me)]),
        ...(manages === 'all'
          ? [where.lit(true)]
          : manages.length > 0
            ? [where('m.project_id', 'in', manages)]
            : []),
        ...(me === null
          ? []
          : [
              where.exists(
                where
                  .selectFrom('renders_model_grant as g')
                  .select('g.model_id')
                  .whereRef('g.model_id', '=', 'm.id')
                  .where('g.account_id', '=', me),
              ),
            ]),
      ]),
    );
  if (projects !== 'all') {
    if (projects.length === 0) return [];
    query = query.where('m.project_id', 'in', projects);
  }
  if (filter.projectId !== undefined) query = query.where('m.project_id', '=', filter.projectId);
  if (filter.before !== undefined) query = query.where('m.id', '<', filter.before);
  if (filter.text !== undefined && filter.text.trim() !== '') {
    // A person's text is no pattern: its wildcards are taken literally.
    const pattern = `%${filter.text.trim().replace(/[\\%_]/g, '\\$&')}%`;
    query = query.where('m.name', 'ilike', pattern);
  }
  const rows = await query
    .orderBy('m.id', 'desc')
    .limit(filter.limit + 1)
    .execute();
  return withRights(kernel, rows, actor);
}

async function withRights(kernel: Kernel, rows: readonly ModelRow[], actor: Actor): Promise<LibraryModel[]> {
  if (rows.length === 0) return [];
  const grants = await tables(kernel.db)
    .selectFrom('renders_model_grant as g')
    .innerJoin('account as a', 'a.id', 'g.account_id')
    .select(['g.model_id', 'g.account_id', 'g.right', 'a.name'])
    .where(
      'g.model_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('a.name')
    .execute();
  return rows.map((row) => {
    const own = grants
      .filter((grant) => grant.model_id === row.id)
      .map((grant) => ({ accountId: grant.account_id, name: grant.name, right: grant.right }));
    const rights = {
      projectId: row.project_id,
      ownerId: row.owner_id,
      visibility: row.visibility,
      grants: own,
    };
    return { row, grants: own, may: rightsTo(rights, readerIn(kernel.access, actor, row.project_id)) };
  });
}

/** Models as the API shows them, with previews and how often they were rendered: two queries for a page. */
export async function viewModels(kernel: Kernel, models: readonly LibraryModel[]): Promise<Model[]> {
  const ids = models.map(({ row }) => row.id);
  if (ids.length === 0) return [];
  const uses = await tables(kernel.db)
    .selectFrom('renders_use')
    .select(['model_id', sql<number>`count(*)::int`.as('renders')])
    .where('model_id', 'in', ids)
    .groupBy('model_id')
    .execute();
  const previewIds = models.flatMap(({ row }) => row.preview_artifact_id ?? []);
  const previews =
    previewIds.length === 0
      ? []
      : await kernel.db
          .selectFrom('artifact')
          .selectAll()
          .where('id', 'in', previewIds)
          .where('deleted_at', 'is', null)
          .execute();
  return models.map(({ row, grants, may }) => {
    const preview = previews.find(({ id }) => id === row.preview_artifact_id);
    return {
      id: row.id,
      projectId: row.project_id,
      name: row.name,
      format: row.facts?.format ?? formatOf(row.main) ?? 'zip',
      main: row.main,
      files: row.files.map(({ path, size, digest }) => ({ path, size, digest })),
      size: row.size,
      facts: row.facts,
      preview: preview ? toArtifact(preview) : null,
      owner: { id: row.owner_id, name: row.owner_name },
      visibility: row.visibility,
      // Who else may see it is only for those who decide that.
      grants: may.change ? grants.map((grant) => ({ ...grant })) : [],
      may: { use: may.use, change: may.change },
      renders: uses.find(({ model_id }) => model_id === row.id)?.renders ?? 0,
      createdAt: row.created_at.toISOString(),
    };
  });
}

/** Remembers what an import has found out about a model. */
export async function describeModel(
  kernel: Kernel,
  id: string,
  facts: ModelFacts,
  previewArtifactId: string | null,
): Promise<void> {
  await tables(kernel.db)
    .updateTable('renders_model')
    .set({
      facts: JSON.stringify(facts),
      ...(previewArtifactId === null ? {} : { preview_artifact_id: previewArtifactId }),
    })
    .where('id', '=', id)
    .execute();
}
