import type { Kernel } from '@backlot/control/workload';
import { Doors } from './doors.ts';
import { countRooms } from './metrics/count-rooms.ts';
import { timedKernel } from './metrics/timed-kernel.ts';
import { wholeAnswers } from './rooms/place/whole-answers.ts';
import { RoomService } from './rooms/service.ts';
import { Sessions } from './signalling/sessions.ts';

/** What rooms keep for one control plane. */
export interface RoomsRuntime {
  readonly rooms: RoomService;
  readonly sessions: Sessions;
  /** REST, WHIP, Nuve and the rest, and what listens to rooms. */
  readonly doors: Doors;
}

const runtimes = new WeakMap<Kernel, RoomsRuntime>();

/** One for each kernel: routes, sockets and timers are registered apart and share it. */
export function runtimeOf(kernel: Kernel): RoomsRuntime {
  let runtime = runtimes.get(kernel);
  if (!runtime) {
    runtime = createRuntime(kernel);
    runtimes.set(kernel, runtime);
  }
  return runtime;
}

function createRuntime(kernel: Kernel): RoomsRuntime {
  const timed = wholeAnswers(
    timedKernel(kernel, (method, ms, outcome) => doors.metrics.called(method, ms, outcome)),
  );
  const rooms = new RoomService(timed);
  const doors: Doors = new Doors(timed, {
    rooms,
    open: rooms.settings.open,
    counts: () => countRooms(rooms.live),
    env: process.env,
  });
  return { rooms, sessions: new Sessions(), doors };
}

export function roomsOf(kernel: Kernel): RoomService {
  return runtimeOf(kernel).rooms;
}
