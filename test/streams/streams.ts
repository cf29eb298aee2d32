import type { NodeView } from '@backlot/contract';
import {
  type App,
  type AppCreationInput,
  type AppRecipeInput,
  DEMO_PROGRAM,
  type Instance,
  type Session,
} from '@backlot/streams/contract';
import { openSession, type SessionPlayer } from '@backlot/streams/testing/session-player';
import { all, firstProject } from '../system/jobs.ts';
import type { Studio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';

/** The demo application, small enough that ten of them fit on a machine of two cores. */
export const demoRecipe: AppRecipeInput = {
  launch: {
    argv: [
      DEMO_PROGRAM,
      ...['--url', '{signallingUrl}', '--id', '{instanceId}', '--port', '{port}'],
      ...['--width', '{width}', '--height', '{height}', '--fps', '{fps}'],
    ],
  },
  resources: { cpu: 0.1, memory: 256 * 1024 * 1024 },
  picture: { width: 320, height: 180, fps: 10 },
  reset: { kind: 'message', payload: { demo: 'reset' }, acknowledge: '"demo":"reset"' },
};

/** Anyone may open it, and nothing ends a session but what a test does. */
export async function createDemoApp(
  studio: Studio,
  slug: string,
  more: Partial<AppCreationInput> = {},
): Promise<App> {
  const creation: AppCreationInput = {
    projectId: await firstProject(studio),
    slug,
    name: slug,
    access: 'anyone',
    maxInstances: 20,
    limits: { idleSeconds: null, disconnectSeconds: 120 },
    recipe: demoRecipe,
    ...more,
  };
  return await studio.api<App>('POST', '/api/v1/streams/apps', creation);
}

/** Until the machine has proved that it can run applications. */
export async function waitForStreamsNode(studio: Studio): Promise<NodeView> {
  return await waitUntil('a machine can run applications', async () =>
    (await nodesOf(studio)).find(({ capabilities }) =>
      capabilities.some(({ name, features }) => name === 'streams' && features.includes('webrtc')),
    ),
  );
}

export const nodesOf = (studio: Studio) => all<NodeView>(studio, '/api/v1/nodes');
export const openInstances = (studio: Studio, app: App) =>
  all<Instance>(studio, `/api/v1/streams/instances?appId=${app.id}&open=true`);
export const sessionOf = (studio: Studio, id: string) =>
  studio.api<Session>('GET', `/api/v1/streams/sessions/${id}`);

/** Somebody opens the app's link, and sees its picture. */
export async function openAndSee(studio: Studio, app: string): Promise<SessionPlayer> {
  const player = openSession({ baseUrl: studio.url, app });
  try {
    await waitUntil(`a picture of ${app} is there`, () => {
      if (player.over)
        throw new Error(
          `refused: ${JSON.stringify(player.signals.slice(-3))} ${player.socketClosed?.reason}`,
        );
      return player.frameNumber !== undefined && player.channelOpen;
    });
    return player;
  } catch (error) {
    player.close();
    throw new Error(`${String(error)}; it was told ${JSON.stringify(player.signals.slice(-4))}`, {
      cause: error,
    });
  }
}
