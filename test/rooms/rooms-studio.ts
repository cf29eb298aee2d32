import type { NodeView } from '@backlot/contract';
import type { Room, RoomSettingsInput } from '@backlot/rooms/contract';
import { processesOf } from '../system/processes.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';

/** The product with two media workers on loopback and free ports, once it has proved that it can carry rooms. */
export async function startRoomsStudio(env: Readonly<Record<string, string>> = {}): Promise<Studio> {
  const worker = process.env.BACKLOT_MEDIASOUP_WORKER;
  const studio = await startStudio({
    env: {
      BACKLOT_ROOMS_PORT: '0',
      BACKLOT_ROOMS_LISTEN_IP: '127.0.0.1',
      BACKLOT_ROOMS_WORKERS: '2',
      ...(worker ? { BACKLOT_MEDIASOUP_WORKER: worker } : {}),
      ...env,
    },
  });
  await waitUntil(
    'the machine can carry rooms',
    async () => {
      const { items } = await studio.api<{ items: NodeView[] }>('GET', '/api/v1/nodes');
      return items.some((node) => node.capabilities.some(({ name }) => name === 'sfu'));
    },
    { limitMs: 120_000 },
  );
  return studio;
}

export async function createRoom(
  studio: Studio,
  name: string,
  settings: RoomSettingsInput = {},
): Promise<Room> {
  const { items } = await studio.api<{ items: { id: string }[] }>('GET', '/api/v1/projects');
  return studio.api<Room>('POST', '/api/v1/rooms', { projectId: items[0]?.id, name, settings });
}

/** Process ids of the media workers. */
export function workersOf(studio: Studio): number[] {
  return processesOf(studio.dataDir)
    .filter(({ command }) => /mediasoup-worker/.test(command.split(' ')[0] ?? ''))
    .map(({ pid }) => pid);
}
