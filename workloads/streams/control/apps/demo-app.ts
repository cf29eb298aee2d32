import { systemActor } from '@backlot/control/workload';
import { AppCreation, type AppCreationInput, DEMO_PROGRAM } from '../../contract.ts';
import type { Ground } from '../ground.ts';
import { createApp } from './change-app.ts';

/** Remembered in the settings, so that a person who removes the app is not given it again. */
const setting = 'streams.demo-app';

/** The application that comes along, for trying everything without an engine: a moving picture that shows its input. */
export function demoApp(projectId: string): AppCreationInput {
  return {
    projectId,
    slug: 'demo',
    name: 'Demo',
    description: 'A small application of our own: a moving picture that shows what it is told.',
    access: 'anyone',
    limits: { idleSeconds: 300, disconnectSeconds: 20 },
    recipe: {
      launch: {
        argv: [
          DEMO_PROGRAM,
          '--url',
          '{signallingUrl}',
          '--id',
          '{instanceId}',
          '--port',
          '{port}',
          '--width',
          '{width}',
          '--height',
          '{height}',
          '--fps',
          '{fps}',
        ],
      },
      picture: { width: 1280, height: 720, fps: 30 },
      resources: { cpu: 0.5, memory: 640 * 1024 ** 2 },
      reset: { kind: 'message', payload: { demo: 'reset' }, acknowledge: '"demo":"reset"' },
      recycle: { memory: 560 * 1024 ** 2, sessions: 100 },
    },
  };
}

/** Makes the app once in the life of an installation that is open to stock tools, as `backlot up` is. */
export async function ensureDemoApp(ground: Ground): Promise<void> {
  const { db, openMode, log } = ground.kernel;
  if (!openMode) return;
  const known = await db.selectFrom('setting').select('key').where('key', '=', setting).executeTakeFirst();
  if (known) return;
  const project = await db.selectFrom('project').select('id').orderBy('created_at').executeTakeFirst();
  if (!project) return;
  const first = await db
    .insertInto('setting')
    .values({ key: setting, value: JSON.stringify(true) })
    .onConflict((conflict) => conflict.column('key').doNothing())
    .returning('key')
    .executeTakeFirst();
  if (!first) return;
  await createApp(ground, AppCreation.parse(demoApp(project.id)), systemActor).catch((error: unknown) => {
    log.warn({ err: error }, 'the demo app could not be made');
  });
}
