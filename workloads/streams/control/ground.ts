import type { Kernel } from '@backlot/control/workload';
import type { AppCatalogue } from './apps/catalogue.ts';
import type { Keeper } from './instances/keeper.ts';
import type { StreamerSockets } from './instances/streamer-sockets.ts';
import type { Signalling } from './ports.ts';
import type { Hub } from './sessions/hub.ts';
import type { StatsBuffer } from './stats/stats-buffer.ts';
import type { Tickets } from './tickets/tickets.ts';
import type { Words } from './words.ts';

/** What the rooms of this half share. One for each kernel; put together in `runtime.ts`. */
export interface Ground {
  readonly kernel: Kernel;
  readonly tickets: Tickets;
  readonly apps: AppCatalogue;
  readonly hub: Hub;
  readonly streamers: StreamerSockets;
  readonly stats: StatsBuffer;
  readonly keeper: Keeper;
  /** Tells whoever holds the sockets, here or on another control process. */
  readonly words: Words;
  readonly signalling: () => Signalling;
  /** In [0, 1). */
  readonly random: () => number;
}
