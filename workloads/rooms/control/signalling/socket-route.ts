import type { SocketRoute } from '@backlot/control/workload';
import { closeCodes, maxFrameBytes, subprotocol } from '../../contract/signalling.ts';
import { runtimeOf } from '../runtime.ts';
import { connect } from './connect.ts';

/** Where clients of rooms connect. Whoever comes proves itself by a token, so pages of any site may. */
export const signallingRoute: SocketRoute = {
  path: '/rooms/ws',
  protocols: [subprotocol],
  maxPayload: maxFrameBytes,
  origin: 'any',
  goodbye: { code: closeCodes.again, reason: 'signalling restarts' },
  connect(socket, request, _params, kernel) {
    const { rooms, sessions } = runtimeOf(kernel);
    connect({ kernel, rooms, sessions, settings: rooms.settings }, socket, request);
  },
};
