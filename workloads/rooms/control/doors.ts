import type { App, EventReaction, Kernel } from '@backlot/control/workload';
import { RECORDING_JOB } from '../contract/recording.ts';
import { ConsoleService } from './console/console-service.ts';
import { MediaHosts } from './console/media-hosts.ts';
import { consoleRoutes } from './console/routes.ts';
import { eventMigrations } from './events/migrations.ts';
import { RoomLog } from './events/room-log.ts';
import { Broadcasters } from './http/broadcasters/broadcasters.ts';
import { broadcasterRoutes } from './http/broadcasters/routes.ts';
import { eventRoutes } from './http/rest/event-routes.ts';
import { participantRoutes } from './http/rest/participant-routes.ts';
import { roomRoutes } from './http/rest/room-routes.ts';
import { tokenRoutes } from './http/rest/token-routes.ts';
import { HttpSessions } from './http/whip/http-sessions.ts';
import { httpSessionMigrations } from './http/whip/migrations.ts';
import { whipRoutes } from './http/whip/routes.ts';
import { HostSampler } from './metrics/host-sampler.ts';
import { watchRooms } from './metrics/room-metrics.ts';
import { type RoomCounts, RovMetrics } from './metrics/rov-metrics.ts';
import { readSuperService } from './nuve/authenticate.ts';
import { nuveMigrations } from './nuve/migrations.ts';
import type { NuveStore } from './nuve/nuve-store.ts';
import { nuveRoutes } from './nuve/routes.ts';
import type { Rooms } from './ports.ts';
import { recordingMigrations } from './recordings/migrations.ts';
import { Recordings } from './recordings/recordings.ts';
import { recordingRoutes } from './recordings/routes.ts';

/** Tables of what is behind these doors, in order, after those of the rooms themselves. */
export const doorMigrations = [
  ...eventMigrations,
  ...httpSessionMigrations,
  ...nuveMigrations,
  ...recordingMigrations,
];

export interface DoorOptions {
  readonly rooms: Rooms;
  /** Rooms may be entered without a token. */
  readonly open: boolean;
  /** How many of what there are, from memory. */
  readonly counts: () => RoomCounts;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const forgetMs = 10 * 60_000;

/**
 * The doors to rooms beside signalling: REST, broadcasters, WHIP and WHEP, Nuve, the console; and what listens to rooms:
 * their log, recordings, metrics. All of them use the one service, `Rooms`.
 */
export class Doors {
  readonly log: RoomLog;
  readonly recordings: Recordings;
  readonly metrics: RovMetrics;
  readonly sampler: HostSampler;
  readonly #kernel: Kernel;
  readonly #options: DoorOptions;
  readonly #hosts: MediaHosts;
  readonly #sessions: HttpSessions;
  readonly #broadcasters: Broadcasters;
  readonly #unwatch: () => void;
  #nuve: NuveStore | undefined;
  #cancelForget: () => void = () => undefined;

  constructor(kernel: Kernel, options: DoorOptions) {
    const { rooms, open, counts, env } = options;
    this.#kernel = kernel;
    this.#options = options;
    this.#hosts = new MediaHosts(kernel);
    this.sampler = new HostSampler(kernel, this.#hosts);
    this.metrics = new RovMetrics({
      registry: kernel.metrics,
      counts,
      workers: () => this.sampler.workers,
      prefix: env.BACKLOT_ROV_PREFIX ?? '',
    });
    this.#unwatch = watchRooms(kernel, rooms, this.metrics);
    this.log = new RoomLog(kernel, rooms);
    this.recordings = new Recordings(kernel, rooms, this.log);
    this.#sessions = new HttpSessions(kernel, rooms);
    this.#broadcasters = new Broadcasters({ kernel, rooms, open });
  }

  routes(app: App): void {
    const kernel = this.#kernel;
    const { rooms, open, env } = this.#options;
    roomRoutes(app, kernel, rooms);
    participantRoutes(app, kernel, rooms);
    tokenRoutes(app, kernel, rooms);
    eventRoutes(app, rooms, this.log);
    recordingRoutes(app, kernel, rooms, this.recordings);
    consoleRoutes(app, kernel, rooms, { hosts: this.#hosts, service: new ConsoleService(this.#hosts) });
    broadcasterRoutes(app, rooms, this.#broadcasters);
    whipRoutes(app, { kernel, rooms, open, sessions: this.#sessions, iceServers: kernel.turn });
    this.#nuve = nuveRoutes(app, { kernel, rooms, superService: readSuperService(env) });
  }

  async start(): Promise<void> {
    this.sampler.start();
    await this.#sessions.sweep();
    await this.recordings.takeUp();
    this.#forgetLater();
  }

  async close(): Promise<void> {
    this.#cancelForget();
    this.#unwatch();
    this.#sessions.close();
    this.#broadcasters.close();
    this.recordings.close();
    await this.sampler.close();
    await this.log.close();
  }

  #forgetLater(): void {
    this.#cancelForget = this.#kernel.clock.after(forgetMs, () => {
      void this.#nuve?.forgetNonces().catch(() => undefined);
      this.#forgetLater();
    });
  }
}

/** Finishes a recording when its job has ended. `doorsOf` finds the doors of a kernel. */
export function recordingReaction(doorsOf: (kernel: Kernel) => Doors): EventReaction {
  return {
    name: 'rooms.recordings',
    kinds: ['job.ended'],
    async react(event, kernel) {
      if (event.body.kind !== undefined && event.body.kind !== RECORDING_JOB) return;
      await doorsOf(kernel).recordings.jobEnded(event.subject.id);
    },
  };
}
