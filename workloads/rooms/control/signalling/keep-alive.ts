import type { Clock } from '@backlot/contract';
import type { WebSocket } from 'ws';

/** Milliseconds between two pings; a socket that answers none in that time is dead. */
const everyMs = 12_000;

/** Finds sockets whose other end is gone without a word (a phone that left the network), and cuts them. */
export function keepAlive(clock: Clock, socket: WebSocket): void {
  let alive = true;
  let cancel = () => {};
  socket.on('pong', () => {
    alive = true;
  });
  const next = () => {
    cancel = clock.after(everyMs, () => {
      if (!alive) {
        socket.terminate();
        return;
      }
      alive = false;
      socket.ping();
      next();
    });
  };
  next();
  socket.once('close', () => cancel());
}
