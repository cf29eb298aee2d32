import { BacklotError } from '@backlot/contract';
import type { Kernel, SocketRoute } from '@backlot/control/workload';
import { closeCodes, wireErrors } from '../../contract.ts';
import type { SignallingRoom } from './create-signalling.ts';
import { usualLimits } from './limits.ts';

/**
 * The addresses of signalling on the control plane's one port. Each proves itself by what is in its address, so any page
 * may connect. `/` is where Epic's page goes when nobody tells it more than a host: `/?app=<slug>`, or the open mode.
 */
export function signallingSockets(roomOf: (kernel: Kernel) => SignallingRoom): SocketRoute[] {
  const shared = {
    origin: 'any',
    // Media goes on without the socket; whoever was connected comes back to where it was.
    goodbye: {
      code: closeCodes.comeBack,
      reason: new BacklotError(wireErrors.signalling_restarts).sentence('en'),
    },
  } as const;
  const player = (path: string): SocketRoute => ({
    path,
    ...shared,
    maxPayload: usualLimits.player.maxBytes,
    connect: (socket, request, params, kernel) =>
      roomOf(kernel).player(socket, request, params.app, kernel.addressOf(request)),
  });
  const streamer = (path: string): SocketRoute => ({
    path,
    ...shared,
    maxPayload: usualLimits.streamer.maxBytes,
    connect: (socket, request, params, kernel) => roomOf(kernel).streamer(socket, request, params.ticket),
  });
  return [
    player('/signal/player/:app'),
    player('/signal/player'),
    player('/'),
    streamer('/signal/streamer/:ticket'),
    streamer('/signal/streamer'),
  ];
}
