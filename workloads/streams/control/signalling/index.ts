import type { Kernel } from '@backlot/control/workload';
import type { Instances, Sessions } from '../ports.ts';
import { credentialSeconds, peerConnectionOptions, streamerCredentialSeconds } from '../turn/peer-options.ts';
import { createSignalling, type SignallingRoom } from './create-signalling.ts';

export type { SignallingRoom } from './create-signalling.ts';
export { signallingSockets } from './sockets.ts';

/** Signalling of this control process, with the kernel's TURN servers, open mode and metrics. */
export function signallingOf(
  kernel: Kernel,
  rooms: { readonly sessions: Sessions; readonly instances: Instances },
): SignallingRoom {
  const { clock, log, turn, openMode, metrics } = kernel;
  const room = createSignalling({
    ...rooms,
    clock,
    log,
    openMode,
    peerOptions: ({ side, user, relayOnly }) =>
      peerConnectionOptions({
        turn,
        user,
        relayOnly,
        ttlSeconds: side === 'streamer' ? streamerCredentialSeconds : credentialSeconds,
        now: clock.now(),
      }),
  });
  room.counters.expose(metrics);
  return room;
}
