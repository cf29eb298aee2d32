import type { IncomingMessage } from 'node:http';
import type { Clock } from '@backlot/contract/clock';
import { WebSocket } from 'ws';
import type { LinkTransport, TransportEvents } from './transport.ts';

/** Above this many bytes waiting for the node, nothing new is handed over. */
const FULL_BYTES = 1024 * 1024;
/** A node that reads nothing at all is cut off here. */
const CUT_BYTES = 4 * 1024 * 1024;
/** How long a closing handshake may take before the socket is destroyed. */
const CLOSE_MS = 2_000;

/** A link over a WebSocket that is open already. `events` is wired before this returns. */
export function webSocketTransport(
  socket: WebSocket,
  request: IncomingMessage,
  clock: Clock,
  events: TransportEvents,
): LinkTransport {
  socket.on('message', (data, binary) => {
    // Text only: a binary frame becomes a message that fits nothing, and is answered as malformed.
    events.message(binary ? '' : data.toString());
  });
  socket.on('pong', () => events.alive());
  socket.on('ping', () => events.alive());
  // 'close' follows every error; the code says enough for the log.
  socket.on('error', () => undefined);
  socket.on('close', (code, reason) => events.closed(code, reason.toString()));
  return {
    kind: 'websocket',
    address: request.socket.remoteAddress ?? '',
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      if (socket.bufferedAmount > FULL_BYTES) {
        if (socket.bufferedAmount > CUT_BYTES) socket.terminate();
        return false;
      }
      socket.send(text);
      return true;
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    ping() {
      if (socket.readyState === WebSocket.OPEN) socket.ping();
    },
    close(code, reason) {
      if (socket.readyState === WebSocket.CLOSED) return;
      // A paused socket would never see the other side's closing frame.
      socket.resume();
      socket.close(code, reason.slice(0, 120));
      const cancel = clock.after(CLOSE_MS, () => socket.terminate());
      socket.once('close', cancel);
    },
  };
}
