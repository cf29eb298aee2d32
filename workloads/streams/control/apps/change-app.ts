import { BacklotError, newId } from '@backlot/contract';
import type { Actor } from '@backlot/control/workload';
import { sql } from 'kysely';
import {
  type AppCreation,
  type AppPatch,
  type AppRecipe,
  type AppRelease,
  AppSettings,
  streamErrors,
} from '../../contract.ts';
import { type Change, now, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import { forgive } from '../instances/failures.ts';
import { type AppRow, tables } from '../tables.ts';

/** Everything that changes an app. Each is one transaction with its event and its line in the audit. */

async function audited(
  ground: Ground,
  change: Change,
  actor: Actor,
  what: string,
  app: Pick<AppRow, 'id' | 'project_id'>,
  more: { readonly before?: unknown; readonly after?: unknown } = {},
): Promise<void> {
  await ground.kernel.audit.record(change.tx, {
    actor,
    action: `streams.app.${what}`,
    subject: { kind: 'app', id: app.id },
    projectId: app.project_id,
    ...more,
  });
}

/** @throws app_slug_taken */
export async function createApp(ground: Ground, creation: AppCreation, actor: Actor): Promise<AppRow> {
  const { projectId, slug, recipe, ...rest } = creation;
  const settings = AppSettings.parse(rest);
  return runChange(ground.kernel, async (change) => {
    const app = await insertApp(change, { project_id: projectId, slug, settings });
    const version = recipe ? await insertVersion(change, app, recipe, '', actor) : null;
    const row = version === null ? app : await setVersions(change, app.id, { active: version, canary: null });
    change.tellApp(row, 'created', { name: settings.name, by: actor.name });
    await audited(ground, change, actor, 'create', row, { after: { slug, settings, version } });
    change.after(() => ground.keeper.wake(row.id));
    return row;
  });
}

async function insertApp(
  change: Change,
  app: { readonly project_id: string; readonly slug: string; readonly settings: AppSettings },
): Promise<AppRow> {
  const row = await change.db
    .insertInto('streams_app')
    .values({
      id: newId(),
      project_id: app.project_id,
      slug: app.slug,
      settings: JSON.stringify(app.settings),
      enabled: app.settings.enabled,
      warm: app.settings.warm,
      max_instances: app.settings.maxInstances,
      active_version: null,
      canary_version: null,
      canary_share: null,
    })
    .onConflict((conflict) => conflict.column('slug').where('deleted_at', 'is', null).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (!row)
    throw new BacklotError(streamErrors.app_slug_taken, { params: { slug: app.slug }, pointer: 'slug' });
  return row;
}

async function insertVersion(
  change: Change,
  app: Pick<AppRow, 'id'>,
  recipe: AppRecipe,
  note: string,
  actor: Actor,
): Promise<number> {
  const { last_version: version } = await change.db
    .updateTable('streams_app')
    .set((eb) => ({ last_version: eb('last_version', '+', 1), updated_at: now }))
    .where('id', '=', app.id)
    .returning('last_version')
    .executeTakeFirstOrThrow();
  await change.db
    .insertInto('streams_app_version')
    .values({ app_id: app.id, version, recipe: JSON.stringify(recipe), note, created_by: actor.name })
    .execute();
  return version;
}

function setVersions(
  change: Change,
  appId: string,
  release: { readonly active: number; readonly canary: AppRelease['canary'] },
): Promise<AppRow> {
  return change.db
    .updateTable('streams_app')
    .set({
      active_version: release.active,
      canary_version: release.canary?.version ?? null,
      canary_share: release.canary?.share ?? null,
      updated_at: now,
    })
    .where('id', '=', appId)
    .returningAll()
    .executeTakeFirstOrThrow();
}

/** Changes what may be changed at any time. */
export async function changeApp(ground: Ground, app: AppRow, patch: AppPatch, actor: Actor): Promise<AppRow> {
  return runChange(ground.kernel, async (change) => {
    const before = await lockApp(change, app);
    const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
    const settings = AppSettings.parse({ ...before.settings, ...given });
    const row = await change.db
      .updateTable('streams_app')
      .set({
        settings: JSON.stringify(settings),
        enabled: settings.enabled,
        warm: settings.warm,
        max_instances: settings.maxInstances,
        updated_at: now,
      })
      .where('id', '=', app.id)
      .returningAll()
      .executeTakeFirstOrThrow();
    change.tellApp(row, 'changed', { by: actor.name, changed: Object.keys(given) });
    await audited(ground, change, actor, 'change', row, { before: before.settings, after: given });
    touched(ground, change, row);
    return row;
  });
}

/**
 * Says which versions new instances are started from. Nothing that runs is touched: instances of other versions end when
 * their sessions do, or when their replacements are ready.
 * @throws app_version_unknown
 */
export async function releaseVersions(
  ground: Ground,
  app: AppRow,
  release: AppRelease,
  actor: Actor,
): Promise<AppRow> {
  return runChange(ground.kernel, async (change) => {
    const before = await lockApp(change, app);
    for (const version of [release.active, ...(release.canary ? [release.canary.version] : [])])
      await requireVersion(change, before, version);
    const canary = release.canary?.version === release.active ? null : release.canary;
    const row = await setVersions(change, app.id, { active: release.active, canary });
    change.tellApp(row, 'released', { active: release.active, canary, by: actor.name });
    await audited(ground, change, actor, 'release', row, {
      before: { active: before.active_version, canary: before.canary_version, share: before.canary_share },
      after: { active: release.active, canary },
    });
    touched(ground, change, row);
    return row;
  });
}

/** A new version; with `activate` new instances are started from it. */
export async function addVersion(
  ground: Ground,
  app: AppRow,
  creation: { readonly recipe: AppRecipe; readonly note: string; readonly activate: boolean },
  actor: Actor,
): Promise<{ readonly app: AppRow; readonly version: number }> {
  return runChange(ground.kernel, async (change) => {
    const locked = await lockApp(change, app);
    const version = await insertVersion(change, locked, creation.recipe, creation.note, actor);
    const first = locked.active_version === null;
    const row =
      creation.activate || first
        ? await setVersions(change, app.id, { active: version, canary: null })
        : locked;
    change.tellApp(row, 'version', { version, active: row.active_version === version, by: actor.name });
    await audited(ground, change, actor, 'version', row, { after: { version, note: creation.note } });
    touched(ground, change, row);
    return { app: row, version };
  });
}

/** Corrects a version that nothing was started from yet. @throws app_version_used, app_version_unknown */
export async function correctVersion(
  ground: Ground,
  app: AppRow,
  version: number,
  correction: { readonly recipe: AppRecipe; readonly note: string },
  actor: Actor,
): Promise<void> {
  await runChange(ground.kernel, async (change) => {
    await lockApp(change, app);
    await requireUnused(change, app, version);
    await change.db
      .updateTable('streams_app_version')
      .set({ recipe: JSON.stringify(correction.recipe), note: correction.note })
      .where('app_id', '=', app.id)
      .where('version', '=', version)
      .execute();
    await audited(ground, change, actor, 'version', app, { after: { version, corrected: true } });
    touched(ground, change, app);
  });
}

/** Takes a version away that nothing was started from. @throws app_version_used, app_version_active */
export async function removeVersion(
  ground: Ground,
  app: AppRow,
  version: number,
  actor: Actor,
): Promise<void> {
  await runChange(ground.kernel, async (change) => {
    const locked = await lockApp(change, app);
    if (locked.active_version === version || locked.canary_version === version)
      throw new BacklotError(streamErrors.app_version_active, { params: { version } });
    await requireUnused(change, app, version);
    await change.db
      .deleteFrom('streams_app_version')
      .where('app_id', '=', app.id)
      .where('version', '=', version)
      .execute();
    await audited(ground, change, actor, 'version-remove', app, { before: { version } });
  });
}

/** A new app with the settings and the active version of another one. @throws app_slug_taken */
export async function cloneApp(
  ground: Ground,
  app: AppRow,
  to: { readonly slug: string; readonly name: string },
  actor: Actor,
): Promise<AppRow> {
  const source = await tables(ground.kernel.db)
    .selectFrom('streams_app_version')
    .select(['recipe', 'version'])
    .where('app_id', '=', app.id)
    .where('version', '=', app.active_version ?? app.last_version)
    .executeTakeFirst();
  return createApp(
    ground,
    {
      ...app.settings,
      name: to.name,
      slug: to.slug,
      projectId: app.project_id,
      // A copy is first looked at, then kept warm.
      warm: 0,
      ...(source ? { recipe: source.recipe } : {}),
    },
    actor,
  );
}

/** A person says that a version which failed again and again may be started once more. */
export async function clearFailures(ground: Ground, app: AppRow, actor: Actor): Promise<void> {
  await runChange(ground.kernel, async (change) => {
    if (!(await forgive(change, app.id, null))) return;
    change.tellApp(app, 'cleared', { by: actor.name });
    await audited(ground, change, actor, 'clear', app);
    change.after(() => ground.keeper.wake(app.id));
  });
}

/** Removes an app that nobody uses; what it keeps ready is stopped. @throws app_in_use */
export async function removeApp(ground: Ground, app: AppRow, actor: Actor): Promise<void> {
  await runChange(ground.kernel, async (change) => {
    await lockApp(change, app);
    const { rows } = await sql<{ sessions: number }>`
      SELECT count(*)::int AS sessions FROM streams_session WHERE app_id = ${app.id} AND state <> 'ended'
    `.execute(change.tx);
    const sessions = rows[0]?.sessions ?? 0;
    if (sessions > 0)
      throw new BacklotError(streamErrors.app_in_use, { params: { app: app.settings.name, sessions } });
    await change.db.updateTable('streams_app').set({ deleted_at: now }).where('id', '=', app.id).execute();
    change.tellApp(app, 'removed', { by: actor.name });
    await audited(ground, change, actor, 'remove', app, {
      before: { slug: app.slug, settings: app.settings },
    });
    touched(ground, change, app);
  });
}

function touched(ground: Ground, change: Change, app: Pick<AppRow, 'id' | 'slug'>): void {
  change.after(() => {
    ground.apps.forget(app.slug);
    ground.keeper.wake(app.id);
  });
}

async function lockApp(change: Change, app: AppRow): Promise<AppRow> {
  const row = await change.db
    .selectFrom('streams_app')
    .selectAll()
    .where('id', '=', app.id)
    .where('deleted_at', 'is', null)
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!row) throw new BacklotError(streamErrors.app_unknown, { params: { app: app.slug } });
  return row;
}

async function requireVersion(change: Change, app: AppRow, version: number) {
  const row = await change.db
    .selectFrom('streams_app_version')
    .select(['version', 'used_at'])
    .where('app_id', '=', app.id)
    .where('version', '=', version)
    .executeTakeFirst();
  if (!row) throw new BacklotError(streamErrors.app_version_unknown, { params: { app: app.slug, version } });
  return row;
}

async function requireUnused(change: Change, app: AppRow, version: number): Promise<void> {
  const { used_at: used } = await requireVersion(change, app, version);
  if (used !== null) throw new BacklotError(streamErrors.app_version_used, { params: { version } });
}
