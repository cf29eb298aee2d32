import type { Kernel } from '@backlot/control/workload';
import { RoomService } from './rooms/service.ts';
import { Sessions } from './signalling/sessions.ts';

/** What rooms keep for one control plane. */
export interface RoomsRuntime {
  readonly rooms: RoomService;
  readonly sessions: Sessions;
}

const runtimes = new WeakMap<Kernel, RoomsRuntime>();

/** One for each kernel: routes, sockets and timers are registered apart and share it. */
export function runtimeOf(kernel: Kernel): RoomsRuntime {
  let runtime = runtimes.get(kernel);
  if (!runtime) {
    runtime = { rooms: new RoomService(kernel), sessions: new Sessions() };
    runtimes.set(kernel, runtime);
  }
  return runtime;
}

export function roomsOf(kernel: Kernel): RoomService {
  return runtimeOf(kernel).rooms;
}
