import { BacklotError, newId } from '@backlot/contract';
import { systemActor } from '@backlot/control/workload';
import { INSTANCE_JOB, streamErrors } from '../../contract.ts';
import { type Change, now } from '../change.ts';
import type { Ground } from '../ground.ts';
import type { AppRow } from '../tables.ts';
import { demandOf, type InstanceJobParameters, launchOf } from './instance-job.ts';

/**
 * Asks for an instance of a version: its row and its job in one transaction. The scheduler finds it a place.
 * @param trialFor the session that tries this version, which alone gets it
 */
export async function startInstance(
  ground: Ground,
  change: Change,
  app: AppRow,
  version: number,
  trialFor?: string,
): Promise<string> {
  const { kernel, tickets } = ground;
  const row = await change.db
    .updateTable('streams_app_version')
    .set((eb) => ({ used_at: eb.fn.coalesce('used_at', now) }))
    .where('app_id', '=', app.id)
    .where('version', '=', version)
    .returning('recipe')
    .executeTakeFirst();
  if (!row) throw new BacklotError(streamErrors.app_version_unknown, { params: { app: app.slug, version } });
  const { recipe } = row;
  const { secrets, ...launch } = launchOf(recipe);
  const instanceId = newId();
  const job = await kernel.jobs.submit(
    {
      kind: INSTANCE_JOB,
      projectId: app.project_id,
      name: `${app.settings.name} · ${version}`,
      actor: systemActor,
      parameters: {
        instance: {
          instanceId,
          app: app.slug,
          appId: app.id,
          version,
          ...launch,
          picture: recipe.picture,
          signallingBase: signallingBase(kernel.publicUrl()),
          reset: recipe.reset,
          watch: { memoryLimit: recipe.memoryLimit },
        },
        ...demandOf(app.id, recipe),
        secrets: { ticket: await tickets.launch(instanceId), ...secrets },
      } satisfies InstanceJobParameters,
    },
    change.tx,
  );
  const instance = await change.db
    .insertInto('streams_instance')
    .values({
      id: instanceId,
      app_id: app.id,
      project_id: app.project_id,
      version,
      state: 'requested',
      trial: trialFor !== undefined,
      job_id: job.id,
      last_session_id: trialFor ?? null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  change.tellInstance(instance);
  change.after(() => kernel.placement.wake('task-ready'));
  return instanceId;
}

/** Where streamers connect, without the ticket: the address of this installation, as WebSocket. */
export function signallingBase(publicUrl: string): string {
  return `${publicUrl.replace(/^http/, 'ws')}/signal/streamer`;
}
