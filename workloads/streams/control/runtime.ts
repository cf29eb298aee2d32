import type { Kernel } from '@backlot/control/workload';
import { ticketPurpose } from '../contract.ts';
import { AppCatalogue } from './apps/catalogue.ts';
import type { Ground } from './ground.ts';
import { createInstances } from './instances/instances.ts';
import { Keeper } from './instances/keeper.ts';
import { StreamerSockets } from './instances/streamer-sockets.ts';
import { Hub } from './sessions/hub.ts';
import { createSessions } from './sessions/sessions.ts';
import { type SignallingRoom, signallingOf } from './signalling/index.ts';
import { StatsBuffer } from './stats/stats-buffer.ts';
import { createTickets } from './tickets/tickets.ts';
import { Words } from './words.ts';

/** Streams of one control process. */
export interface StreamsRuntime {
  readonly ground: Ground;
  readonly signalling: SignallingRoom;
}

const runtimes = new WeakMap<Kernel, StreamsRuntime>();

/** What belongs to a kernel; put together when it is first asked for, started and closed by `start` in `index.ts`. */
export function runtimeOf(kernel: Kernel): StreamsRuntime {
  const known = runtimes.get(kernel);
  if (known) return known;
  const made = build(kernel);
  runtimes.set(kernel, made);
  return made;
}

function build(kernel: Kernel): StreamsRuntime {
  const keeper = new Keeper();
  const room: { signalling?: SignallingRoom } = {};
  const signalling = (): SignallingRoom => {
    if (!room.signalling) throw new Error('Signalling is used before it is there.');
    return room.signalling;
  };
  const hub = new Hub(kernel.log);
  const streamers = new StreamerSockets();
  const ground: Ground = {
    kernel,
    tickets: createTickets(() => kernel.key(ticketPurpose), kernel.clock),
    apps: new AppCatalogue(kernel.db, kernel.clock),
    hub,
    streamers,
    words: new Words(kernel, { hub, streamers, signalling }),
    stats: new StatsBuffer(() => kernel.clock.monotonic()),
    keeper,
    random: Math.random,
    signalling,
  };
  keeper.use(ground);
  room.signalling = signallingOf(kernel, {
    sessions: createSessions(ground),
    instances: createInstances(ground),
  });
  return { ground, signalling: room.signalling };
}
