import { systemClock } from '@backlot/contract/clock';
import { vi } from 'vitest';
import { codecsOf } from '../contract/media/codecs.ts';
import type { MediaEvent, MediaEventKind } from '../contract/media/events.ts';
import { MediaHostSettings, type MediaHostSettingsInput, ShardSettings } from '../contract/media/settings.ts';
import { MediaHost } from '../node/media/media-host.ts';
import { locateWorkers } from '../node/worker/locate.ts';
import { openShard, type Shard } from './shard.ts';

/** Where the worker of this machine is; nothing when none has been built or downloaded. */
export async function findWorker(): Promise<string | undefined> {
  return (await locateWorkers(process.env))[0];
}
export const noWorker = 'no mediasoup worker on this machine (scripts/setup/mediasoup-worker.mjs makes one)';

/** A room as control sees it, and what a test wants to know of its events. */
export interface TestRoom extends Shard {
  /** All events of a kind so far. */
  told<K extends MediaEventKind>(kind: K): Extract<MediaEvent, { event: K }>[];
  /** Waits for something, with an event of the kind that satisfies. */
  hear<K extends MediaEventKind>(
    kind: K,
    test?: (event: Extract<MediaEvent, { event: K }>) => boolean,
  ): Promise<Extract<MediaEvent, { event: K }>>;
}

export interface MediaHouse {
  readonly host: MediaHost;
  openRoom(settings?: Partial<Parameters<typeof ShardSettings.parse>[0] & object>): Promise<TestRoom>;
  close(): Promise<void>;
}

/** Long enough for any machine; a wait that fails has failed. */
export const patience = { timeout: 60_000, interval: 20 };

/** A media host in this process, on loopback and free ports, with real workers. */
export async function openMediaHouse(
  settings: Partial<MediaHostSettingsInput> & { workerBin: string },
): Promise<MediaHouse> {
  const host = await MediaHost.open({
    settings: MediaHostSettings.parse({
      workers: 2,
      listenIp: '127.0.0.1',
      basePort: 0,
      logLevel: 'error',
      logTags: [],
      statusLogMs: 0,
      ...settings,
    }),
    clock: systemClock,
    random: Math.random,
    log: () => {},
  });
  const rooms = new Set<TestRoom>();
  return {
    host,
    async openRoom(shard = {}) {
      const room = await openRoom(host, ShardSettings.parse({ codecs: codecsOf(['opus', 'vp8']), ...shard }));
      rooms.add(room);
      return room;
    },
    async close() {
      await Promise.all([...rooms].map((room) => room.close()));
      host.close();
    },
  };
}

async function openRoom(host: MediaHost, settings: ShardSettings): Promise<TestRoom> {
  const shard = await openShard(host, settings);
  const { events } = shard;
  return {
    ...shard,
    told: (kind) => events.filter((event) => event.event === kind) as never,
    hear: (kind, test = () => true) =>
      vi.waitFor(() => {
        const found = events.findLast((event) => event.event === kind && test(event as never));
        if (!found) throw new Error(`no ${kind} among ${events.length} events`);
        return found as never;
      }, patience),
  };
}
